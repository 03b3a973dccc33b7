/*
 * raw.h - the pages of a CPU's ring buffer, out of its trace_pipe_raw and into a sink.
 *
 * Layer 3, private to rec/. All calls but the first two are the recorder thread's.
 */
#ifndef REC_RAW_H
#define REC_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sink;

#define RAW_HEADER_BYTES	(8 + sizeof(unsigned long))	/* a sub-buffer's own, in front of its events */

/*
 * Sub-buffers of which less than a quarter is used, in a row, that mean that we
 * read faster than events come in. Closed sub-buffers can't do that: an event that
 * fits the next one would have fitted there.
 */
#define RAW_CAUGHT_UP_DRAIN	4
#define RAW_CAUGHT_UP_LIVE	1

struct raw {
	int fd;				/* trace_pipe_raw; ours */
	int cpu;			/* for messages */
	uint32_t page_size;
	struct sink *sink;
	int pipe[2];
	size_t pipe_bytes;		/* most that one splice may bring */
	bool splice_in;
	uint8_t *page;			/* one sub-buffer, for read() */
	size_t page_fill;
};

/* What it takes to move pages of @w->fd to @sink; the other fields above are set. 0; -errno. */
int raw_open(struct raw *w, struct sink *sink, bool no_splice);
void raw_release(struct raw *w);

/* Move all full sub-buffers there are, to about @limit bytes. Returns the bytes moved or -errno. */
int64_t raw_move_full(struct raw *w, int64_t limit);

/*
 * Move everything, the last sub-buffer with its few events too, until there is nothing, or
 * @caught_up sparse ones came in a row (events of a running trace, ours among them), or about
 * @limit bytes have been moved. Returns the bytes moved or -errno.
 */
int64_t raw_move_everything(struct raw *w, int caught_up, int64_t limit);

/*
 * The bytes that this CPU's buffer can hold, sub-buffer headers included. Who has moved as much
 * since the stop has all that was recorded before it, even if tracing was switched on again by
 * others and our own moving is traced. INT64_MAX if it can't be told.
 */
int64_t raw_capacity(const struct raw *w);

#endif
