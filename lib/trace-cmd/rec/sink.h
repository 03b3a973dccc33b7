/*
 * sink.h - where a recorder's sub-buffers go: a file, or a socket or pipe.
 *
 * Layer 3. The recorder's thread writes; other threads may ask for the bytes
 * written, tell it to give up, and hand in another file to go on with.
 */
#ifndef REC_SINK_H
#define REC_SINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "zip/zip.h"

struct budget;
struct press;

struct sink {
	int fd;			/* our own duplicate: outlives the caller's if we are abandoned */
	int spare_fd;		/* -1, or the file to turn to when fd's is full, and back */
	uint64_t full_bytes;	/* 0: a file is never full */
	uint64_t here;		/* bytes since its start in the file being written */
	atomic_int next_fd;	/* the file to go on with instead, -1: none; ours */
	atomic_bool switching;	/* that was taken, the old file is being completed */
	struct press *press;	/* NULL, or what compresses the data; a file's */
	struct budget *budget;	/* NULL, or who wants to know how much all write */
	int quit_fd;		/* eventfd that ends the wait for a reader */
	atomic_bool quit;
	atomic_uint_least64_t bytes;
	bool is_file;
	off_t start;		/* where our bytes begin in a file */
	bool no_splice;		/* it has refused to be spliced to, or must not be */
};

/* A closed sink. */
void sink_init(struct sink *s);

/*
 * Use @fd, which stays the caller's; a socket or pipe is made non-blocking. @datagrams: it is
 * never spliced to, which would put several sub-buffers, or part of one, into a datagram.
 * 0; -errno.
 */
int sink_open(struct sink *s, int fd, bool datagrams);
void sink_close(struct sink *s);

/*
 * Keep the latest data only: @fd, a file as well, takes what comes after @full_bytes, and when it
 * has as many the first file is emptied and goes on, and so forth. 0; -errno.
 */
int sink_alternate(struct sink *s, int fd, uint64_t full_bytes);

/* Compress sub-buffers of @page_size bytes by @zip; @s has a file that is empty. 0; -errno. */
int sink_compress(struct sink *s, const struct zip_algo *zip, uint32_t page_size);

/* Have all that was written in the file, even if more could be compressed better. 0; as sink_write(). */
int sink_settle(struct sink *s);

/* Nothing more will be written. 0; as sink_write(). */
int sink_finish(struct sink *s);

/* Go on with the file @fd, which stays the caller's, at the next sink_ready(). Any thread may. 0; -errno. */
int sink_switch(struct sink *s, int fd);

/* Has it done so? */
bool sink_switched(const struct sink *s);

/*
 * Between two sub-buffers: be ready for more. *@ret_room (may be NULL): bytes that may be written
 * before the next call. 0; -errno.
 */
int sink_ready(struct sink *s, uint64_t *ret_room);

/* Make a blocked or later write end with -ETIMEDOUT. Any thread may. */
void sink_give_up(struct sink *s);

/* Write all of @data. 0; -ENOSPC; -EPIPE: the reader has gone; -ETIMEDOUT: given up; -errno. */
int sink_write(struct sink *s, const uint8_t *data, size_t len);

/*
 * Move @len bytes, which must be in it, from @pipe; through the @size bytes at @scratch if the sink
 * can't be spliced to. Errors as of sink_write().
 */
int sink_splice(struct sink *s, int pipe, size_t len, uint8_t *scratch, size_t size);

/*
 * After an error: cut what was written to a file back to whole units of @unit bytes, unless
 * others have written behind it. For sockets nothing is done.
 */
void sink_trim(struct sink *s, uint32_t unit);

#endif
