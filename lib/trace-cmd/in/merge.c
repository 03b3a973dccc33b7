/*
 * merge.c - see merge.h. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>

#include "in/merge.h"

static bool before(unsigned int a, unsigned int b, void *data)
{
	const struct in_merge *m = data;
	uint64_t x = m->source[a].time.ns, y = m->source[b].time.ns;

	if (m->reverse)
		return x != y ? x > y : a > b;
	return x != y ? x < y : a < b;
}

void in_merge_init(struct in_merge *m, bool reverse)
{
	*m = (struct in_merge){ .reverse = reverse };
	heap_init(&m->heap, before, m);
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
		heap_fix_top(&m->heap);
	else
		heap_pop(&m->heap);
}

const struct in_event *in_merge_next(struct in_merge *m, unsigned int *ret_source,
				     struct trace_time *ret_time)
{
	if (m->taken)
		advance(m);
	m->taken = false;
	while (m->heap.count) {
		unsigned int top = heap_top(&m->heap);
		struct in_merge_source *s = &m->source[top];
		const struct in_event *ev = in_stream_peek(s->stream);

		/* the caller may have moved the stream meanwhile */
		if (!ev || ev->time.count != s->raw.count) {
			advance(m);
			continue;
		}
		s->candidate = false;
		if (!m->reverse)
			in_stream_next(s->stream);
		m->taken = true;
		*ret_source = top;
		*ret_time = s->time;
		return ev;
	}
	return NULL;
}
