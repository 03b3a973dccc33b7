/*
 * merge.c - see merge.h. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>

#include "in/merge.h"

void in_merge_init(struct in_merge *m, bool reverse)
{
	*m = (struct in_merge){ .reverse = reverse };
	heap_init(&m->heap, in_merge_before, m);
}

void in_merge_release(struct in_merge *m)
{
	unsigned int i;

	for (i = 0; i < m->count; i++)
		if (m->source[i].candidate)
			in_stream_next(m->source[i].stream);
	heap_release(&m->heap);
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
	m->source[m->count++] = (struct in_merge_source){
		.stream = stream, .timeline = timeline, .owner = owner,
		.shift = in_timeline_cpu(timeline, stream->cpu),
	};
	return 0;
}

/* Find the source's candidate and its time. False: it has none left. */
static bool look(struct in_merge *m, struct in_merge_source *s)
{
	const struct in_event *ev = m->reverse ? in_stream_prev(s->stream) :
						 in_stream_peek(s->stream);

	s->candidate = m->reverse && ev;
	if (!ev)
		return false;
	s->raw = ev->time;
	s->time = in_time_convert(s->timeline, s->shift, ev->time);
	return true;
}

int in_merge_start(struct in_merge *m)
{
	unsigned int i;

	for (i = 0; i < m->count; i++)
		if (look(m, &m->source[i]) && heap_push(&m->heap, i))
			return -ENOMEM;
	return 0;
}

/* The top source's candidate was taken, or has changed: find its next one. */
static void advance(struct in_merge *m)
{
	if (look(m, &m->source[heap_top(&m->heap)]))
		heap_fix_top_by(&m->heap, in_merge_before);
	else
		heap_pop(&m->heap);
}

/* Until when source @top, the first one, needs no comparing. */
static void run_begin(struct in_merge *m, unsigned int top)
{
	unsigned int second = m->heap.count > 1 ? heap_second_by(&m->heap, in_merge_before) : top;

	m->run = &m->source[top];
	m->second = second;
	m->second_ns = second != top ? m->source[second].time.ns : UINT64_MAX;
	m->wins = top <= second;
}

/* Take the first source's candidate. False if there are no sources any more. */
static bool take(struct in_merge *m, struct in_merged *ret)
{
	while (m->heap.count) {
		unsigned int top = heap_top(&m->heap);
		struct in_merge_source *s = &m->source[top];
		const struct in_event *ev = in_stream_peek(s->stream);

		/* the caller may have moved the stream meanwhile */
		if (!ev || ev->time.count != s->raw.count) {
			advance(m);
			continue;
		}
		ret->ev = *ev;
		ret->time = s->time;
		ret->source = s;
		s->candidate = false;
		if (!m->reverse) {
			in_stream_next(s->stream);
			run_begin(m, top);
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
		advance(m);
	m->taken = false;
	return take(m, ret);
}
