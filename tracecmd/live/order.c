/*
 * order.c - see order.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "live/order.h"

static bool before(unsigned int a, unsigned int b, void *data)
{
	const struct live_order *o = data;
	uint64_t x = o->source[a].time.ns, y = o->source[b].time.ns;

	return x != y ? x < y : a < b;
}

void live_order_init(struct live_order *o, int64_t hold_ns)
{
	*o = (struct live_order){ .hold_ns = hold_ns };
	heap_init(&o->heap, before, o);
}

void live_order_release(struct live_order *o)
{
	unsigned int i;

	for (i = 0; i < o->count; i++)
		live_source_release(&o->source[i]);
	heap_release(&o->heap);
	free(o->source);
	o->source = NULL;
	o->count = 0;
}

int live_order_add(struct live_order *o, unsigned int buffer, unsigned int cpu, int fd,
		   uint32_t page_size, const struct in_timeline *timeline)
{
	if (o->count == o->alloc) {
		unsigned int alloc = o->alloc ? 2 * o->alloc : 16;
		struct live_source *more = reallocarray(o->source, alloc, sizeof(*more));

		if (!more) {
			close(fd);
			return -ENOMEM;
		}
		o->source = more;
		o->alloc = alloc;
	}
	live_source_init(&o->source[o->count++], buffer, cpu, fd, page_size, timeline);
	return 0;
}

/* The event given out last is done with: where does its source go? */
static void finish_taken(struct live_order *o)
{
	struct live_source *s;

	if (!o->taken)
		return;
	o->taken = false;
	s = &o->source[heap_top(&o->heap)];
	live_source_take(s);
	if (live_source_peek(s)) {
		heap_fix_top(&o->heap);
	} else {
		s->queued = false;
		heap_pop(&o->heap);
	}
}

/* After a look: up to which time has all been read? */
static void settle(struct live_order *o, int64_t now_ns)
{
	uint64_t behind_ns = UINT64_MAX;	/* of the CPU that we are most behind with */
	unsigned int i;

	o->full = false;
	for (i = 0; i < o->count; i++) {
		const struct live_source *s = &o->source[i];

		o->newest_ns = s->newest_ns > o->newest_ns ? s->newest_ns : o->newest_ns;
		o->full |= live_source_full(s);
		if (!s->drained && s->newest_ns < behind_ns)
			behind_ns = s->newest_ns;
	}
	if (o->ended) {
		o->settled_ns = UINT64_MAX;
	} else if (o->full || now_ns - o->marked_ns >= o->hold_ns) {
		/* when it is full, waiting on would lose events */
		o->settled_ns = o->mark_ns;
		o->mark_ns = o->newest_ns;
		o->marked_ns = now_ns;
	}
	o->limit_ns = o->settled_ns < behind_ns ? o->settled_ns : behind_ns;
}

void live_order_end(struct live_order *o)
{
	unsigned int i;

	for (i = 0; i < o->count; i++)
		o->source[i].drained = false;
	o->ended = true;
}

int live_order_look(struct live_order *o, int64_t now_ns)
{
	unsigned int i;
	int ret;

	finish_taken(o);
	for (i = 0; i < o->count; i++) {
		struct live_source *s = &o->source[i];

		/* when nothing more is to come, the end is the end */
		if (!o->ended || !s->drained) {
			ret = live_source_read(s, now_ns);
			if (ret)
				return ret;
		}
		if (s->queued || !live_source_peek(s))
			continue;
		if (heap_push(&o->heap, i))
			return -ENOMEM;
		s->queued = true;
	}
	settle(o, now_ns);
	return 0;
}

bool live_order_busy(const struct live_order *o)
{
	unsigned int i;

	for (i = 0; i < o->count; i++) {
		if (!o->source[i].drained)
			return true;
	}
	return !o->held && o->heap.count && o->source[heap_top(&o->heap)].time.ns <= o->limit_ns;
}

struct live_source *live_order_next(struct live_order *o)
{
	struct live_source *s;

	finish_taken(o);
	o->held = false;
	if (!o->heap.count)
		return NULL;
	s = &o->source[heap_top(&o->heap)];
	if (s->time.ns > o->limit_ns)
		return NULL;
	o->taken = true;
	return s;
}

void live_order_hold(struct live_order *o)
{
	o->taken = false;
	o->held = true;
}
