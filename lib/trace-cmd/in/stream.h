/*
 * stream.h - the events of one CPU in the order of the file.
 *
 * Layer 2. The position is between two events; it moves forwards, backwards and
 * to a key. Pages that are damaged are noted in the file and left out; the
 * next event then has an unknown number of missed ones before it. Moving forwards
 * allocates nothing for an event.
 */
#ifndef IN_STREAM_H
#define IN_STREAM_H

#include <stdbool.h>

#include "in/event.h"
#include "in/pages.h"

/* An event of a page, and where the walk was before it, to go back there. */
struct in_stream_mark {
	uint32_t pos;		/* of the event */
	uint32_t walk_pos;	/* before it and the time extends in front of it */
	uint64_t walk_time;
};

struct in_stream {
	struct in_data *data;
	unsigned int cpu;
	uint64_t next_page;		/* number of the page behind the current one */
	uint64_t page_key;		/* key of the current page's first byte */
	struct in_page_ref ref;		/* the current page; its data is NULL if there is none */
	struct in_page page;		/* without entries if there is no current one */
	int64_t missed;			/* lost before the next page's first event */
	struct in_event ev;
	bool ahead;			/* ev is the event behind the position */
	const void *pair;		/* the struct in_pair whose view of it is right; NULL: none */
	/* the events of page number marked_page, for going backwards */
	struct in_stream_mark *marks;
	unsigned int nr_marks, alloc_marks;
	uint64_t marked_page;		/* UINT64_MAX: none */
	int64_t marked_lost;		/* what the page said */
};

/* A stream at the start of @cpu, which the buffer may not have: then it is empty. */
void in_stream_init(struct in_stream *s, struct in_data *data, unsigned int cpu);
void in_stream_release(struct in_stream *s);

/* Go before the first event; behind the last. */
void in_stream_rewind(struct in_stream *s);
void in_stream_to_end(struct in_stream *s);
/* Go before the first event of page @number, or behind the last of all. */
void in_stream_to_page(struct in_stream *s, uint64_t number);

/* If the current page has no events left, go on to the next one with any, or to the end. */
void in_stream_turn_page(struct in_stream *s);

/* Decode the next event into s->ev. False at the end. */
bool in_stream_fill(struct in_stream *s);

/*
 * Decode the next event into @ret_event without stepping over it, if that is easily done.
 * False: it isn't, which says nothing of the event.
 */
static inline bool in_stream_glance(const struct in_stream *s, struct in_event *ret_event)
{
	if (s->ahead || !in_page_peek_common(&s->page, ret_event))
		return false;
	ret_event->key = s->page_key + ret_event->pos;
	return true;
}

/* Step over what in_stream_glance() gave, just before. */
static inline void in_stream_step(struct in_stream *s, const struct in_event *ev)
{
	in_page_step(&s->page, ev);
}

/* The event behind the position, NULL at the end. Valid until the stream moves. */
static inline const struct in_event *in_stream_peek(struct in_stream *s)
{
	return s->ahead || in_stream_fill(s) ? &s->ev : NULL;
}

/* The same, and step over it. Valid until the next call. */
static inline const struct in_event *in_stream_next(struct in_stream *s)
{
	if (!s->ahead && !in_stream_fill(s))
		return NULL;
	s->ahead = false;
	return &s->ev;
}

/* Step back over the event before the position. NULL at the start (or if memory ran out). */
const struct in_event *in_stream_prev(struct in_stream *s);

/* Go before the event with @key. It, or NULL (then the position is somewhere). */
const struct in_event *in_stream_seek(struct in_stream *s, uint64_t key);

#endif
