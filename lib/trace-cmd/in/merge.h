/*
 * merge.h - the events of many streams in one order of time, forwards or backwards.
 *
 * Layer 2. Streams may be of several buffers and files; equal times are in the
 * order in which the streams were added (backwards: the reverse). The
 * streams' own positions move, so that a later merge goes on from there.
 */
#ifndef IN_MERGE_H
#define IN_MERGE_H

#include <stdbool.h>

#include "base/losers.h"
#include "in/stream.h"
#include "in/time.h"

struct in_merge_source {
	struct in_stream *stream;
	const struct in_timeline *timeline;
	const struct timeshift_cpu *shift;	/* of the stream's CPU */
	void *owner;				/* the caller's */
	int number;				/* the same */
	struct raw_time raw;			/* of the candidate, its next event */
	struct trace_time time;
	bool candidate;				/* backwards: its event was stepped over to see it */
};

struct in_merge {
	struct in_merge_source *source;
	unsigned int count, alloc;
	struct losers order;	/* of the sources, by their candidates */
	bool reverse;
	bool taken;		/* the first source's candidate was given out */
	/* forwards, if taken: the first source stays so until the second one's time */
	struct in_merge_source *run;	/* the first one, or NULL: not known */
	uint64_t second_ns;
	bool wins;		/* over the second one if times are equal */
};

/* An empty merge; release it in any case. */
void in_merge_init(struct in_merge *m, bool reverse);

/*
 * Give back what the caller did not take, so that streams stay where the
 * merge stopped, and free. The streams must still exist.
 */
void in_merge_release(struct in_merge *m);

/* Add a stream, which the merge only borrows. 0; -ENOMEM. */
int in_merge_add(struct in_merge *m, struct in_stream *stream, const struct in_timeline *timeline,
		 void *owner);

/* Once, when all streams are there. 0; -ENOMEM. */
int in_merge_start(struct in_merge *m);

/* Of two streams, after they were moved: go on from where they are. */
void in_merge_restart(struct in_merge *m);

/* An event of a merge. */
struct in_merged {
	struct in_event ev;	/* its data is valid until the next one; the stream is behind it */
	struct trace_time time;
	const struct in_merge_source *source;
};

/* As in_merge_next(), for what that leaves over. */
bool in_merge_next_slow(struct in_merge *m, struct in_merged *ret);

/* The key of source @s, by its candidate. */
static inline struct losers_key in_merge_key(const struct in_merge *m, const struct in_merge_source *s)
{
	unsigned int i = (unsigned int)(s - m->source);

	return m->reverse ? losers_key(i, ~s->time.ns, LOSERS_MAX - 1 - i) : losers_key(i, s->time.ns, i);
}

/*
 * The run ends, as its stream's next event has @raw and @time: begin one of the source that is
 * first now. It.
 */
const struct in_merge_source *in_merge_turn(struct in_merge *m, struct raw_time raw,
					    struct trace_time time);

/* The next event. False at the end. Always a part of its caller: a call would cost as much again. */
static inline __attribute__((always_inline)) bool in_merge_next(struct in_merge *m, struct in_merged *ret)
{
	const struct in_merge_source *s = m->run;
	/* nobody has their addresses, nor that of *ret: so they can stay in registers */
	struct in_merged slow;
	struct in_event ev;

	/* events come in runs of one source: no need to order the sources for each */
	while (s && in_stream_glance(s->stream, &ev)) {
		struct trace_time time = in_time_convert(s->timeline, s->shift, ev.time);

		if (time.ns < m->second_ns || (time.ns == m->second_ns && m->wins)) {
			in_stream_step(s->stream, &ev);
			ret->ev.time = ev.time;
			ret->ev.data = ev.data;
			ret->ev.size = ev.size;
			ret->ev.length = ev.length;
			ret->ev.pos = ev.pos;
			ret->ev.missed = ev.missed;
			ret->ev.key = ev.key;
			ret->time = time;
			ret->source = s;
			return true;
		}
		s = in_merge_turn(m, ev.time, time);
	}
	if (!in_merge_next_slow(m, &slow))
		return false;
	/* member by member, likewise */
	ret->ev.time = slow.ev.time;
	ret->ev.data = slow.ev.data;
	ret->ev.size = slow.ev.size;
	ret->ev.length = slow.ev.length;
	ret->ev.pos = slow.ev.pos;
	ret->ev.missed = slow.ev.missed;
	ret->ev.key = slow.ev.key;
	ret->time = slow.time;
	ret->source = slow.source;
	return true;
}

#endif
