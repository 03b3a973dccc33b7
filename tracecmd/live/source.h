/*
 * source.h - one CPU's ring buffer, read while it is being written.
 *
 * Layer 5. read() of trace_pipe_raw gives what there is, also the part of a sub-buffer that
 * is being filled, so that an event need not wait for more to come. What was read is kept
 * until it is printed, up to a limit: beyond that it stays in the kernel.
 */
#ifndef LIVE_SOURCE_H
#define LIVE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "in/page.h"
#include "in/time.h"

struct live_page;

struct live_source {
	unsigned int buffer;		/* the caller's number of the buffer */
	unsigned int cpu;
	int fd;				/* trace_pipe_raw, non-blocking; owned */
	const struct in_timeline *timeline;
	struct in_page_format format;
	struct live_page *first, *last;	/* read, and not yet walked to their end */
	struct live_page *spare;
	unsigned int nr_pages, max_pages;
	struct in_page walk;		/* of the first page */
	struct in_event ev;		/* the next event, if @ahead */
	bool ahead;
	struct trace_time time;		/* of ev */
	int64_t missed;			/* lost before the next page's first event */
	uint64_t newest_ns;		/* time of the last event that was read */
	bool drained;			/* the last look found the end */
	bool queued;			/* it is in the order's heap */
	int64_t read_ns;		/* CLOCK_MONOTONIC: when the last page was read */
	bool told;			/* the next event was told with the one before */
};

/* A source that takes over @fd, whose sub-buffers have @page_size bytes. */
void live_source_init(struct live_source *s, unsigned int buffer, unsigned int cpu, int fd,
		      uint32_t page_size, const struct in_timeline *timeline);
void live_source_release(struct live_source *s);

/* Read what there is at @now_ns, within limits; s->drained tells if it was all. 0; -errno. */
int live_source_read(struct live_source *s, int64_t now_ns);

/* True if no more can be read before events are taken. */
static inline bool live_source_full(const struct live_source *s)
{
	return s->nr_pages >= s->max_pages;
}

/* Have the next event in s->ev, its time in s->time. False: none was read. */
bool live_source_peek(struct live_source *s);

/*
 * The event behind the one ahead into @ret (its missed without losses before its page). False: none was read yet. Its bytes
 * stay as long as those of the one ahead.
 */
bool live_source_behind(const struct live_source *s, struct in_event *ret);

/* Step over it. Its bytes stay until the next live_source_peek(). */
static inline void live_source_take(struct live_source *s)
{
	s->ahead = false;
}

#endif
