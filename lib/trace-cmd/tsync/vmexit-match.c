/*
 * vmexit-match.c - see vmexit-match.h. Layer 4, pure.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/timearith.h"
#include "tsync/vmexit-match.h"

void vmexit_log_release(struct vmexit_log *log)
{
	free(log->event);
	free(log->gap);
	*log = (struct vmexit_log){ 0 };
}

void vmexit_log_reset(struct vmexit_log *log)
{
	log->nr_events = log->nr_gaps = 0;
}

int vmexit_log_add(struct vmexit_log *log, const struct vmexit_event *event)
{
	if (log->nr_events == log->alloc_events) {
		size_t alloc = log->alloc_events ? log->alloc_events * 2 : 1024;
		struct vmexit_event *more = reallocarray(log->event, alloc, sizeof(*more));

		if (!more)
			return -ENOMEM;
		log->event = more;
		log->alloc_events = alloc;
	}
	log->event[log->nr_events] = *event;
	log->event[log->nr_events].order = log->nr_events;
	log->nr_events++;
	return 0;
}

int vmexit_log_gap(struct vmexit_log *log, const struct vmexit_gap *gap)
{
	if (log->nr_gaps == log->alloc_gaps) {
		size_t alloc = log->alloc_gaps ? log->alloc_gaps * 2 : 16;
		struct vmexit_gap *more = reallocarray(log->gap, alloc, sizeof(*more));

		if (!more)
			return -ENOMEM;
		log->gap = more;
		log->alloc_gaps = alloc;
	}
	log->gap[log->nr_gaps++] = *gap;
	return 0;
}

void vmexit_take_stamps(struct vmexit_tag *tags, unsigned int count,
			const struct vmexit_stamps *stamps)
{
	uint32_t i;

	for (i = 0; i < stamps->count; i++) {
		const struct vmexit_stamp *one = &stamps->stamp[i];

		if (one->number >= count)
			continue;
		tags[one->number].before = one->before;
		tags[one->number].after = one->after;
		tags[one->number].stamped = true;
	}
}

static int by_thread(const void *pa, const void *pb)
{
	const struct vmexit_event *a = pa, *b = pb;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* Whether events may be missing between two times. */
static bool doubtful(const struct vmexit_log *log, int64_t from, int64_t to)
{
	size_t i;

	for (i = 0; i < log->nr_gaps; i++)
		if (log->gap[i].after <= to && log->gap[i].until >= from)
			return true;
	return false;
}

/* Whether @a and @b are events of one thread that stayed on its CPU, and none is missing between. */
static bool adjacent(const struct vmexit_log *log, const struct vmexit_event *a,
		     const struct vmexit_event *b)
{
	return a->pid == b->pid && a->cpu == b->cpu && !doubtful(log, a->time, b->time);
}

/* The event at @i is that of @tag. */
static void take(const struct vmexit_log *log, size_t i, struct vmexit_tag *tag)
{
	const struct vmexit_event *e = &log->event[i];

	tag->pid = e->pid;
	if (i && adjacent(log, e - 1, e) && e[-1].kind == VMEXIT_EXIT && !e[-1].other) {
		tag->exit = e[-1].time;
		tag->exited = true;
	}
	if (i + 1 < log->nr_events && adjacent(log, e, e + 1) && e[1].kind == VMEXIT_ENTRY) {
		tag->entry = e[1].time;
		tag->entered = true;
	}
}

void vmexit_match(struct vmexit_log *log, const struct vmexit_start *start,
		  struct vmexit_tag *tags)
{
	size_t i;

	if (log->nr_events)
		qsort(log->event, log->nr_events, sizeof(*log->event), by_thread);
	for (i = 0; i < log->nr_events; i++) {
		const struct vmexit_event *e = &log->event[i];
		uint32_t number = e->index - start->base;

		if (e->kind != VMEXIT_CPUID || e->function != (VMEXIT_FUNCTION | start->mark) ||
		    number >= start->count)
			continue;
		if (!tags[number].seen++)
			take(log, i, &tags[number]);
	}
}

/* What one tag proves: adds to @sum and @bounds. 0; -ENOMEM. */
static int add_tag(const struct vmexit_tag *t, int64_t slack, struct bounds *bounds,
		   struct vmexit_sum *sum)
{
	struct bound up = { .time = t->before, .source = BOUND_VMEXIT, .upper = true };
	struct bound low = { .time = t->after, .source = BOUND_VMEXIT };
	int ret = 0;

	if (t->exited && !__builtin_sub_overflow(t->exit, t->before, &up.value) &&
	    !__builtin_add_overflow(up.value, slack, &up.value)) {
		sum->hi = up.value < sum->hi ? up.value : sum->hi;
		ret = bounds_add(bounds, &up);
	}
	if (!ret && t->entered && !__builtin_sub_overflow(t->entry, t->after, &low.value) &&
	    !__builtin_sub_overflow(low.value, slack, &low.value)) {
		sum->lo = low.value > sum->lo ? low.value : sum->lo;
		ret = bounds_add(bounds, &low);
	}
	return ret;
}

int vmexit_sum(const struct vmexit_tag *tags, unsigned int count, int64_t slack,
	       struct bounds *bounds, struct vmexit_sum *ret_sum)
{
	struct vmexit_sum sum = { .lo = INT64_MIN, .hi = INT64_MAX, .pid = -1 };
	int64_t first = INT64_MAX, last = INT64_MIN;
	unsigned int i;

	for (i = 0; i < count; i++) {
		const struct vmexit_tag *t = &tags[i];
		int ret;

		if (t->seen != 1 || !t->stamped)
			continue;
		ret = add_tag(t, slack, bounds, &sum);
		if (ret)
			return ret;
		sum.pid = !sum.seen || sum.pid == t->pid ? t->pid : -1;
		sum.seen++;
		first = t->before < first ? t->before : first;
		last = t->after > last ? t->after : last;
	}
	sum.time = sum.seen ? midpoint_s64(first, last) : 0;
	*ret_sum = sum;
	return sum.lo == INT64_MIN || sum.hi == INT64_MAX ? -ENODATA : 0;
}
