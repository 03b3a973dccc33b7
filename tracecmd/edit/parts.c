/*
 * parts.c - see parts.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "edit/parts.h"
#include "edit/seconds.h"
#include "in/merge.h"
#include "message.h"

void parts_release(struct parts *p)
{
	unsigned int i, k;

	for (i = 0; i < p->count; i++) {
		struct part *part = &p->part[i];

		for (k = 0; part->cpus && k < part->buffer->nr_entries; k++)
			in_stream_release(&part->cpus[k].stream);
		free(part->cpus);
		in_data_close(part->data);
	}
	free(p->part);
	*p = (struct parts){ 0 };
}

static const struct in_buffer *find_buffer(const struct in_file *f, const char *name)
{
	unsigned int i;

	for (i = 0; i < f->nr_buffers; i++)
		if (!strcmp(f->buffers[i].name, name))
			return &f->buffers[i];
	return NULL;
}

static int part_open(struct part *part, struct in_file *f, const struct in_buffer *b, int cpu)
{
	unsigned int i;

	part->buffer = b;
	part->cpus = calloc((size_t)b->nr_entries + 1, sizeof(*part->cpus));
	if (!part->cpus || in_data_open(f, b, &part->data))
		return -ENOMEM;
	in_timeline_init(&part->timeline, &f->info, in_info_shifts(&f->info, b->name, b->clock), 0);
	for (i = 0; i < b->nr_entries; i++) {
		struct part_cpu *c = &part->cpus[i];

		c->cpu = b->cpus[i].cpu;
		c->wanted = cpu < 0 || c->cpu == (unsigned int)cpu;
		c->limit = slice_end(part->data, c->cpu);
		in_stream_init(&c->stream, part->data, c->cpu);
	}
	return 0;
}

/* One more buffer, called @name in the new file; the top one goes first. */
static int add(struct parts *p, struct in_file *f, const struct in_buffer *b, const char *name,
	       const struct split_plan *plan, struct err *err)
{
	struct part part = { .name = name };
	int ret;

	if (b->text)
		return err_set(err, -ENOTSUP, "trace-cmd split does not work with latency traces: "
			       "%s", plan->input);
	ret = part_open(&part, f, b, plan->cpu);
	if (name[0] || !p->count) {
		p->part[p->count] = part;
	} else {
		memmove(p->part + 1, p->part, p->count * sizeof(*p->part));
		p->part[0] = part;
	}
	p->count++;
	return ret ? err_set(err, ret, "%s: out of memory", plan->input) : 0;
}

static int add_all(struct parts *p, struct in_file *f, const struct split_plan *plan,
		   struct err *err)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && !plan->nr_keep && i < f->nr_buffers; i++)
		ret = add(p, f, &f->buffers[i], f->buffers[i].name, plan, err);
	for (i = 0; !ret && i < plan->nr_keep; i++) {
		const struct split_keep *k = &plan->keep[i];
		const struct in_buffer *b = find_buffer(f, k->name);

		if (b)
			ret = add(p, f, b, k->as, plan, err);
		else
			cmd_warn(0, k->name[0] ? "Requested instance %s was not found in trace." :
				 "There is no top buffer in the trace.%s", k->name);
	}
	if (!ret && !p->count && in_file_damage(f))
		return err_set(err, f->damage.code, "error reading %s: %s", plan->input, f->damage.text);
	if (!ret && !p->count)
		ret = err_set(err, -ENOENT, "%s: nothing is left to write", plan->input);
	return ret;
}

/* Begin and end of what is wanted, by time. */
static int set_limits(struct parts *p, uint64_t start_ns, bool started)
{
	unsigned int i, k;
	int ret = 0;

	for (i = 0; i < p->count; i++) {
		struct part *part = &p->part[i];

		for (k = 0; !ret && k < part->buffer->nr_entries; k++) {
			struct part_cpu *c = &part->cpus[k];

			if (started)
				ret = slice_find(part->data, c->cpu, &part->timeline, SLICE_START,
						 start_ns, &c->from);
			if (!ret && p->end_ns < UINT64_MAX)
				ret = slice_find(part->data, c->cpu, &part->timeline, c->from,
						 p->end_ns + 1, &c->limit);
			if (!c->wanted)
				c->from = c->limit;
		}
	}
	return ret;
}

int parts_open(struct parts *p, struct in_file *f, const struct split_plan *plan, struct err *err)
{
	bool ns = f->info.has_tsc2nsec || in_clock_is_ns(f->info.clock);
	struct seconds_span start = { 0 }, end = { .last = UINT64_MAX };
	int ret;

	*p = (struct parts){ 0 };
	if (plan->start && seconds_parse(plan->start, ns, &start))
		return err_set(err, 0, "Start value not floating point: %s", plan->start), -EINVAL;
	if (plan->end && seconds_parse(plan->end, ns, &end))
		return err_set(err, 0, "End value not floating point: %s", plan->end), -EINVAL;
	p->end_ns = end.last;
	if (p->end_ns < start.first)
		return err_set(err, 0, "Error: end is less than start"), -EINVAL;
	p->part = calloc((size_t)f->nr_buffers + plan->nr_keep + 1, sizeof(*p->part));
	if (!p->part)
		return err_set(err, -ENOMEM, "%s: out of memory", plan->input);
	ret = add_all(p, f, plan, err);
	if (!ret && set_limits(p, start.first, plan->start))
		ret = err_set(err, -ENOMEM, "%s: out of memory", plan->input);
	return ret;
}

/* --- where a file ends ---------------------------------------------------- */

/* Call @fn for all CPUs until one fails. */
static int each_cpu(struct parts *p, int (*fn)(struct part *part, struct part_cpu *c, void *arg),
		    void *arg)
{
	unsigned int i, k;
	int ret = 0;

	for (i = 0; !ret && i < p->count; i++)
		for (k = 0; !ret && k < p->part[i].buffer->nr_entries; k++)
			ret = fn(&p->part[i], &p->part[i].cpus[k], arg);
	return ret;
}

/* The time of the first event of all, in *@arg. */
static int first_time(struct part *part, struct part_cpu *c, void *arg)
{
	uint64_t *first = arg, time;
	const struct in_event *ev;

	slice_seek(&c->stream, c->from);
	ev = slice_before(c->from, c->limit) ? in_stream_peek(&c->stream) : NULL;
	if (!ev)
		return 0;
	time = in_time_convert(&part->timeline, in_timeline_cpu(&part->timeline, c->cpu),
			       ev->time).ns;
	*first = time < *first ? time : *first;
	return 0;
}

static int end_by_time(struct part *part, struct part_cpu *c, void *arg)
{
	return slice_find(part->data, c->cpu, &part->timeline, c->from, *(uint64_t *)arg, &c->to);
}

static int end_by_pages(struct part *part, struct part_cpu *c, void *arg)
{
	uint64_t n = *(uint64_t *)arg, left = slice_end(part->data, c->cpu).page - c->from.page;

	c->to = n < left ? (struct slice_edge){ .page = c->from.page + n } :
			   slice_end(part->data, c->cpu);
	return 0;
}

static int end_by_own_events(struct part *part, struct part_cpu *c, void *arg)
{
	uint64_t n = *(uint64_t *)arg;

	slice_seek(&c->stream, c->from);
	while (n-- && in_stream_next(&c->stream))
		;
	c->to = slice_at(&c->stream);
	return 0;
}

static int merge_add(struct part *part, struct part_cpu *c, void *arg)
{
	slice_seek(&c->stream, c->from);
	return c->wanted ? in_merge_add(arg, &c->stream, &part->timeline, NULL) : 0;
}

static int take_place(struct part *part, struct part_cpu *c, void *arg)
{
	c->to = slice_at(&c->stream);
	return 0;
}

/* The first @n events of all CPUs by time. */
static int end_by_events(struct parts *p, uint64_t n)
{
	struct in_merge m;
	struct in_merged x;
	int ret;

	in_merge_init(&m, false);
	ret = each_cpu(p, merge_add, &m);
	if (!ret)
		ret = in_merge_start(&m);
	while (!ret && n-- && in_merge_next(&m, &x) && x.time.ns <= p->end_ns)
		;
	in_merge_release(&m);
	return ret ? ret : each_cpu(p, take_place, NULL);
}

static int end_by_limit(struct part *part, struct part_cpu *c, void *arg)
{
	c->to = c->limit;
	return 0;
}

/* No further than the limit; *@arg: is there more? */
static int keep_limit(struct part *part, struct part_cpu *c, void *arg)
{
	bool *more = arg;

	if (!slice_before(c->to, c->limit))
		c->to = c->limit;
	else if (c->wanted)
		*more = true;
	return 0;
}

int parts_cut(struct parts *p, const struct split_plan *plan)
{
	uint64_t n = plan->count, first = UINT64_MAX;
	bool more = false;
	int ret;

	switch (plan->unit) {
	case SPLIT_TIME:
		each_cpu(p, first_time, &first);
		if (__builtin_add_overflow(first, n, &n))
			n = UINT64_MAX;
		ret = each_cpu(p, end_by_time, &n);
		break;
	case SPLIT_PAGES:
		ret = each_cpu(p, end_by_pages, &n);
		break;
	case SPLIT_EVENTS:
		ret = plan->per_cpu ? each_cpu(p, end_by_own_events, &n) : end_by_events(p, n);
		break;
	default:
		ret = each_cpu(p, end_by_limit, NULL);
		break;
	}
	each_cpu(p, keep_limit, &more);
	p->ended = !more;
	return ret;
}

static int step(struct part *part, struct part_cpu *c, void *arg)
{
	c->from = c->to;
	return 0;
}

void parts_advance(struct parts *p)
{
	each_cpu(p, step, NULL);
}
