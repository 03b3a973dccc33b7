/*
 * iterate.c - see iterate.h. Layer 2.
 */
#include <errno.h>
#include <pthread.h>

#include "base/cleanup.h"
#include "in/iterate.h"
#include "in/pair.h"
#include "in/pins.h"

static bool wanted(const struct in_iterate *it, unsigned int cpu)
{
	return !it->cpus || CPU_ISSET_S(cpu, it->cpu_size, it->cpus);
}

void in_iterate_rewind(const struct in_iterate *it, bool to_end)
{
	unsigned int i, cpu;

	for (i = 0; i < it->nr_handles; i++) {
		struct tracecmd_input *h = it->handles[i];

		for (cpu = 0; h->cpus && cpu < h->nr_cpus; cpu++) {
			if (!wanted(it, cpu))
				continue;
			in_filters_moved(&h->filters, cpu);
			if (to_end)
				in_stream_to_end(&h->cpus[cpu].stream);
			else
				in_stream_rewind(&h->cpus[cpu].stream);
		}
	}
}

/* Is there anybody to hand records to? Are all handles ready? */
static int check(const struct in_iterate *it)
{
	bool use = it->fn != NULL;
	unsigned int i;

	for (i = 0; i < it->nr_handles; i++) {
		if (!it->handles[i]->ready)
			return -ENODATA;
		use = use || it->handles[i]->followers || it->handles[i]->missed_followers;
	}
	return use ? 0 : -EINVAL;
}

/* Put the CPUs wanted of all handles into the merge, by numbers that count on. 0; -ENOMEM. */
static int add_all(const struct in_iterate *it, struct in_merge *m)
{
	unsigned int i, cpu;
	int number = 0;

	for (i = 0; i < it->nr_handles; i++) {
		struct tracecmd_input *h = it->handles[i];

		for (cpu = 0; h->cpus && cpu < h->nr_cpus; cpu++) {
			if (!wanted(it, cpu))
				continue;
			if (in_merge_add(m, &h->cpus[cpu].stream, &h->timeline, h))
				return -ENOMEM;
			m->source[m->count - 1].number = number + (int)cpu;
		}
		number += (int)h->nr_cpus;
	}
	for (i = 0; i < it->nr_handles; i++)
		if (it->handles[i]->data)
			it->handles[i]->data->crowded = m->count >= IN_CROWD;
	return in_merge_start(m);
}

/* Followers whose event is @event, NULL being that of all. */
static int call_followers(struct in_follower *f, bool any, struct tracecmd_input *h,
			  struct tep_event *event, struct tep_record *rec, int cpu)
{
	int ret = 0;

	for (; f && !ret; f = f->next)
		if (any || f->event == event)
			ret = f->fn(h, event, rec, cpu, f->data);
	return ret;
}

/* Around calls of the parser, which printers may be asking in other threads. */
static pthread_mutex_t *guard_begin(struct tracecmd_input *h)
{
	pthread_mutex_t *guard = in_handle_file(h)->guard;

	if (guard)
		pthread_mutex_lock(guard);
	return guard;
}

static void guard_end(pthread_mutex_t *guard)
{
	if (guard)
		pthread_mutex_unlock(guard);
}

static struct tep_event *find_event(struct tracecmd_input *h, struct tep_record *rec)
{
	struct tep_handle *tep = in_handle_tep(h);
	pthread_mutex_t *guard = guard_begin(h);
	struct tep_event *event = tep ? tep_find_event_by_record(tep, rec) : NULL;

	guard_end(guard);
	return event;
}

static bool filters_show(struct tracecmd_input *h, struct tep_record *rec)
{
	pthread_mutex_t *guard;
	bool show;
	int id;

	if (!h->filters.list)
		return true;
	/* who has filters has a parser */
	guard = guard_begin(h);
	id = in_filters_needs(&h->filters, in_handle_tep(h), rec);
	/* without it the event has no fields that are known */
	if (id >= 0)
		in_handle_formats(h, id);
	show = in_filters_show(&h->filters, in_handle_tep(h), rec);
	guard_end(guard);
	return show;
}

/* Followers, filters, callback, in that order. Non-zero stops. */
static int deliver_to_all(const struct in_iterate *it, struct tracecmd_input *h,
			  struct tep_record *rec, int cpu)
{
	struct tep_event *event = NULL;
	int ret = 0;

	if (h->followers || (rec->missed_events && h->missed_followers))
		event = find_event(h, rec);
	if (rec->missed_events)
		ret = call_followers(h->missed_followers, true, h, event, rec, cpu);
	if (ret || !filters_show(h, rec))
		return ret;
	if (event)
		ret = call_followers(h->followers, false, h, event, rec, cpu);
	if (!ret && it->fn)
		ret = it->fn(h, rec, cpu, it->data);
	return ret;
}

/* Everybody who is to see the record, most often the callback only. Non-zero stops. */
static inline __attribute__((always_inline)) int deliver(const struct in_iterate *it,
							 const struct in_merged *x,
							 struct tep_record *rec)
{
	struct tracecmd_input *h = x->source->owner;

	if (h->watched || x->ev.missed || !it->fn)
		return deliver_to_all(it, h, rec, x->source->number);
	return it->fn(h, rec, x->source->number, it->data);
}

/* Is it an event that filters hide, and nobody else asks for? Most often that takes no record. */
static inline bool is_hidden(const struct in_merged *x)
{
	const struct tracecmd_input *h = x->source->owner;

	return h->watched && h->filters.list && !h->followers && !x->ev.missed &&
	       in_filters_hide(&h->filters, x->ev.data, x->ev.size, x->source->stream->cpu);
}

/* Let the files know of each other, or not any more. */
static void set_peers(const struct in_iterate *it, const struct in_iterate *peers)
{
	unsigned int i;

	for (i = 0; i < it->nr_handles; i++)
		in_handle_set_peers(it->handles[i], it, peers);
}

/* Hand out @x, whose data stays in its page. Non-zero stops. */
static inline __attribute__((always_inline)) int deliver_in_place(const struct in_iterate *it,
								  const struct in_merged *x)
{
	struct in_place_record r;

	if (is_hidden(x))
		return 0;
	r = (struct in_place_record){
		.rec = {
			.ts = x->time.ns, .offset = x->ev.key, .missed_events = x->ev.missed,
			.record_size = (int)x->ev.length, .size = (int)x->ev.size,
			.data = (void *)x->ev.data, .cpu = (int)x->source->stream->cpu,
			.ref_count = 1,
		},
		.chunk = x->source->stream->ref.chunk,
	};
	return deliver(it, x, &r.rec);
}

/* The events of @p, likewise, up to its end. */
static int pair_in_place(const struct in_iterate *it, struct in_pair *p)
{
	struct in_pair_next next = in_pair_first(p);
	struct in_merged x;
	int stop = 0;

	do {
		while (!stop && in_pair_take(p, &next, &x))
			stop = deliver_in_place(it, &x);
	} while (!stop && in_pair_more(p, &next));
	return stop;
}

/* All events of @m, without copies. Returns what stopped it, 0 at the end. */
static int all_in_place(const struct in_iterate *it, struct in_merge *m)
{
	bool two = m->count == 2 && !m->reverse;
	struct in_pair pair;
	struct in_merged x;
	int stop = 0;

	while (!stop && in_merge_next(m, &x)) {
		stop = deliver_in_place(it, &x);
		if (two && !stop && in_pair_begin(&pair, m)) {
			stop = pair_in_place(it, &pair);
			if (!stop)
				in_merge_restart(m);
		}
	}
	return stop;
}

/*
 * The events of @p, in records of @pool, up to its end. Non-zero stops; so does having no memory, when
 * there is no *@rec_io any more.
 */
static __attribute__((noinline)) int pair_copies(const struct in_iterate *it, struct in_pair *p,
						 struct in_record_pool *pool,
						 struct tep_record **rec_io)
{
	struct in_pair_next next = in_pair_first(p);
	struct tep_record *rec = *rec_io;
	in_record_fn fn = it->fn;
	struct in_merged x;
	int stop = 0;

	do {
		/* have a record before the event: not much else needs to be at hand then */
		while (!stop && (rec = in_record_empty(rec, pool)) && in_pair_take(p, &next, &x)) {
			struct tracecmd_input *h = x.source->owner;
			bool all = h->watched || !fn;

			if (all && is_hidden(&x))
				continue;
			in_record_fill((struct in_record *)rec, &x.ev, x.time, x.source->stream->cpu);
			stop = all ? deliver_to_all(it, h, rec, x.source->number) :
				     fn(h, rec, x.source->number, it->data);
		}
	} while (!stop && rec && in_pair_more(p, &next));
	*rec_io = rec;
	return stop;
}

/* Can the events of @m come in pairs, in one record? */
static bool can_pair(const struct in_merge *m)
{
	const struct tracecmd_input *a, *b;

	if (m->count != 2 || m->reverse)
		return false;
	a = m->source[0].owner;
	b = m->source[1].owner;
	return a->pool == b->pool;
}

/*
 * All events of @m, in records that users may keep. 0, with what stopped it in @ret_stop; -ENOMEM. A
 * function of its own, as together there are too few registers for either.
 */
static __attribute__((noinline)) int all_copies(const struct in_iterate *it, struct in_merge *m,
						int *ret_stop)
{
	bool two = can_pair(m);
	struct tep_record *rec = NULL;
	struct in_pair pair;
	struct in_merged x;
	int stop = 0;

	while (!stop && in_merge_next(m, &x)) {
		struct tracecmd_input *h = x.source->owner;

		if (is_hidden(&x))
			continue;
		rec = in_record_renew(rec, h->pool, &x.ev, x.time, x.source->stream->cpu);
		if (!rec)
			return -ENOMEM;
		stop = deliver(it, &x, rec);
		if (!two || stop || !in_pair_begin(&pair, m))
			continue;
		stop = pair_copies(it, &pair, h->pool, &rec);
		if (!rec)
			return -ENOMEM;
		if (!stop)
			in_merge_restart(m);
	}
	in_record_unref(rec);
	*ret_stop = stop;
	return 0;
}

int in_iterate(const struct in_iterate *it, int *ret_stop)
{
	_cleanup_(in_merge_release) struct in_merge m;
	int ret;

	in_merge_init(&m, it->reverse);
	ret = check(it);
	if (!ret)
		ret = add_all(it, &m);
	if (!ret && it->in_place) {
		set_peers(it, it);
		*ret_stop = all_in_place(it, &m);
		set_peers(it, NULL);
		return 0;
	}
	if (!ret)
		ret = all_copies(it, &m, ret_stop);
	return ret;
}
