/*
 * pair.h - a merge of two streams that takes turns without a branch.
 *
 * Layer 2. Which of two CPUs has the next event cannot be foreseen, and a wrong guess costs as much
 * as all else of an event. So the next events of both are decoded ahead, some of each at a time, and the
 * earlier one is taken by its number. Only common events are: the merge (merge.h) does all others,
 * and goes on when a pair is over.
 */
#ifndef IN_PAIR_H
#define IN_PAIR_H

#include "in/merge.h"

#define IN_PAIR_AHEAD	128	/* events of a stream, about a page of them */
#define IN_PAIR_FIRST	4	/* at first: where many events are not common, those behind them are decoded in vain */

/* A common event that is to come; behind the last one there is one of time 0 without size. */
struct in_pair_event {
	uint64_t ns;		/* its time as shown */
	uint64_t count;		/* the same as counted */
	uint32_t pos;		/* of its header, bytes from the start of the page */
	uint32_t size;		/* bytes of payload */
};

/* A stream and its next events. */
struct in_pair_lane {
	struct in_stream *stream;
	const struct in_merge_source *source;
	const uint8_t *data;		/* its page */
	uint64_t key;			/* of the page */
};

/* The next events of both; as a variable of its own it stays in registers. */
struct in_pair_next {
	const struct in_pair_event *first, *second;
};

struct in_pair {
	struct in_pair_lane lane[2];
	unsigned int ahead;		/* events that are decoded at a time; more and more, as long as the pair goes on */
	struct in_pair_event event[2][IN_PAIR_AHEAD + 1];
};

/*
 * Begin a pair with the two sources of @m, forwards, between two events. False: something else than
 * a common event is next.
 */
bool in_pair_begin(struct in_pair *p, const struct in_merge *m);

/* Where a pair begins. */
static inline struct in_pair_next in_pair_first(const struct in_pair *p)
{
	return (struct in_pair_next){ p->event[0], p->event[1] };
}

/*
 * As in_merge_next(). False: a stream has no event ahead any more, or somebody else has moved one.
 */
static inline __attribute__((always_inline)) bool in_pair_take(struct in_pair *p, struct in_pair_next *next, struct in_merged *ret)
{
	/* of events of one time that of the first source is first */
	size_t i = next->second->ns < next->first->ns;
	uintptr_t a = (uintptr_t)next->first, b = (uintptr_t)next->second;
	const struct in_pair_event *e = (const void *)(a ^ ((a ^ b) & -i));
	const struct in_pair_lane *l = &p->lane[i];
	struct in_page *page = &l->stream->page;

	if (!e->size || p->lane[0].stream->pair != p || p->lane[1].stream->pair != p)
		return false;
	next->first += 1 - i;
	next->second += i;
	page->time = e->count;
	page->pos = e->pos + 4 + e->size;
	ret->ev.time.count = e->count;
	ret->ev.data = l->data + e->pos + 4;
	ret->ev.size = e->size;
	ret->ev.length = 4 + e->size;
	ret->ev.pos = e->pos;
	ret->ev.missed = 0;
	ret->ev.key = l->key + e->pos;
	ret->time.ns = e->ns;
	ret->source = l->source;
	return true;
}

/* Look further ahead in the lanes that are told. False as below. */
bool in_pair_look(struct in_pair *p, bool first, bool second);

/*
 * Look further ahead, after in_pair_take() has found nothing. False: the pair is over, and in_merge_restart()
 * must come next.
 */
static inline bool in_pair_more(struct in_pair *p, struct in_pair_next *next)
{
	bool first = !next->first->size, second = !next->second->size;

	if (first)
		next->first = p->event[0];
	if (second)
		next->second = p->event[1];
	return in_pair_look(p, first, second);
}

#endif
