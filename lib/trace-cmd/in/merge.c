/*
 * merge.c - see merge.h. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "in/merge.h"

void in_merge_init(struct in_merge *m, bool reverse)
{
	*m = (struct in_merge){ .reverse = reverse };
}

void in_merge_release(struct in_merge *m)
{
	unsigned int i;

	for (i = 0; i < m->count; i++)
		if (m->source[i].candidate)
			in_stream_next(m->source[i].stream);
	losers_release(&m->order);
	free(m->source);
	m->source = NULL;
	m->count = m->alloc = 0;
}

int in_merge_add(struct in_merge *m, struct in_stream *stream, const struct in_timeline *timeline,
		 void *owner)
{
	if (m->count == m->alloc) {
		unsigned int alloc = m->alloc ? 2 * m->alloc : 16;
		struct in_merge_source *more = reallocarray(m->source, alloc, sizeof(*more));

		if (!more)
			return -ENOMEM;
		m->source = more;
		m->alloc = alloc;
	}
	/* a merge steps over events without telling a pair that is under way */
	stream->pair = NULL;
	m->source[m->count++] = (struct in_merge_source){
		.stream = stream, .timeline = timeline, .owner = owner,
		.shift = in_timeline_cpu(timeline, stream->cpu),
	};
	return 0;
}

/* Find the source's candidate and its time. False: it has none left. */
static bool look(struct in_merge *m, struct in_merge_source *s)
{
	struct in_event common;
	const struct in_event *ev = &common;

	/* what is easily decoded again stays where it is: so a pair can begin with it */
	if (m->reverse)
		ev = in_stream_prev(s->stream);
	else if (!in_stream_glance(s->stream, &common))
		ev = in_stream_peek(s->stream);
	s->candidate = m->reverse && ev;
	if (!ev)
		return false;
	s->raw = ev->time;
	s->time = in_time_convert(s->timeline, s->shift, ev->time);
	return true;
}

/* The source's key, with its next candidate. */
static struct losers_key look_key(struct in_merge *m, struct in_merge_source *s)
{
	return look(m, s) ? in_merge_key(m, s) : losers_out((unsigned int)(s - m->source));
}

void in_merge_restart(struct in_merge *m)
{
	struct losers_key a = look_key(m, &m->source[0]), b = look_key(m, &m->source[1]);
	bool swap = losers_before(b, a);

	m->order.node[0] = swap ? b : a;
	m->order.node[1] = swap ? a : b;
	m->run = NULL;
	m->taken = false;
}

int in_merge_start(struct in_merge *m)
{
	_cleanup_free_ struct losers_key *key = calloc((size_t)m->count + 1, sizeof(*key));
	unsigned int i;

	if (!key)
		return -ENOMEM;
	for (i = 0; i < m->count; i++)
		key[i] = look_key(m, &m->source[i]);
	return losers_init(&m->order, key, m->count);
}

/* The first source's candidate was taken, or has changed: find its next one. */
static void advance(struct in_merge *m, struct in_merge_source *s)
{
	losers_replay(&m->order, look_key(m, s));
}

/* Begin the run of @s, the first source. */
static void begin(struct in_merge *m, struct in_merge_source *s)
{
	struct losers_key second = losers_out((unsigned int)m->count);

	if (m->count > 1)
		second = losers_second(&m->order);
	m->run = s;
	m->second_ns = second.value;
	m->wins = losers_first(&m->order).rank < second.rank;
	/* its turn comes when it is long out of the cache */
	if (!losers_is_out(second)) {
		const struct in_page *p = &m->source[losers_item(second)].stream->page;

		__builtin_prefetch(p->data + p->pos);
	}
}

const struct in_merge_source *in_merge_turn(struct in_merge *m, struct raw_time raw,
					    struct trace_time time)
{
	struct in_merge_source *s = m->run;

	/* its event stays where it is, and is decoded again when its turn comes */
	s->raw = raw;
	s->time = time;
	if (m->count == 2)
		losers_swap(&m->order, in_merge_key(m, s));
	else
		losers_replay(&m->order, in_merge_key(m, s));
	begin(m, &m->source[losers_item(losers_first(&m->order))]);
	return m->run;
}

/* Take the first source's candidate. False if there are no sources any more. */
static bool take(struct in_merge *m, struct in_merged *ret)
{
	while (m->count && !losers_is_out(losers_first(&m->order))) {
		struct in_merge_source *s = &m->source[losers_item(losers_first(&m->order))];
		const struct in_event *ev = in_stream_peek(s->stream);

		/* the caller may have moved the stream meanwhile */
		if (!ev || ev->time.count != s->raw.count) {
			advance(m, s);
			continue;
		}
		ret->ev = *ev;
		ret->time = s->time;
		ret->source = s;
		s->candidate = false;
		if (!m->reverse) {
			in_stream_next(s->stream);
			begin(m, s);
		}
		m->taken = true;
		return true;
	}
	return false;
}

bool in_merge_next_slow(struct in_merge *m, struct in_merged *ret)
{
	m->run = NULL;
	if (m->taken)
		advance(m, &m->source[losers_item(losers_first(&m->order))]);
	m->taken = false;
	return take(m, ret);
}
