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

#include "base/heap.h"
#include "in/stream.h"
#include "in/time.h"

struct in_merge_source {
	struct in_stream *stream;
	const struct in_timeline *timeline;
	const struct timeshift_cpu *shift;	/* of the stream's CPU */
	void *owner;				/* the caller's */
	struct raw_time raw;			/* of the candidate, its next event */
	struct trace_time time;
	bool candidate;				/* backwards: its event was stepped over to see it */
};

struct in_merge {
	struct in_merge_source *source;
	unsigned int count, alloc;
	struct heap heap;
	bool reverse;
	bool taken;		/* the first source's candidate was given out */
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

/*
 * The next event, its source and its time. NULL at the end. Valid until the next
 * call; the stream has stepped over it already.
 */
const struct in_event *in_merge_next(struct in_merge *m, unsigned int *ret_source,
				     struct trace_time *ret_time);

#endif
