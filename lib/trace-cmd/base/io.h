/*
 * io.h - full reads and writes, with deadlines where the other end is a peer.
 *
 * Layer 0.
 */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"

/* Until when to wait: a point on CLOCK_MONOTONIC, in ns, or when somebody wants it to end. */
struct deadline {
	int64_t at_ns;
	int stop;	/* 1 + a descriptor that is readable when waiting shall end, 0: none */
};

#define DEADLINE_NEVER ((struct deadline){ .at_ns = INT64_MAX })

/* The deadline @ms milliseconds from now; a negative @ms never comes. */
struct deadline deadline_in_ms(int ms);

/* The same moment, but what waits on a descriptor ends with -ECANCELED once @stop_fd (-1: none) is readable. */
struct deadline deadline_or_stop(struct deadline d, int stop_fd);

/* The earlier one of two; what ends one of them (both: @a) ends it. */
struct deadline deadline_min(struct deadline a, struct deadline b);

/* Milliseconds left for poll(): 0 when it has passed, -1 for never, rounded up. */
int deadline_left_ms(struct deadline d);
bool deadline_passed(struct deadline d);

/* CLOCK_MONOTONIC now, in ns. */
int64_t mono_now_ns(void);

/* Wait until @fd has one of @events (POLLIN, ...). 0; -ETIMEDOUT; -ECANCELED; -errno. */
int io_wait(int fd, short events, struct deadline d);

/*
 * Read exactly @len bytes from a descriptor, blocking or not, before the
 * deadline. 0; -ETIMEDOUT; -ECANCELED; -ENODATA on end of file before the first byte;
 * -EPIPE on end of file later; -errno.
 */
int io_read_full(int fd, void *data, size_t len, struct deadline d);

/* Write all @len bytes before the deadline. 0; -ETIMEDOUT; -ECANCELED; -errno. Sockets raise no SIGPIPE. */
int io_write_full(int fd, const void *data, size_t len, struct deadline d);

/* Positional forms, for regular files. io_pread_full: -ENODATA if the file is too short. */
int io_pread_full(int fd, void *data, size_t len, uint64_t offset);
int io_pwrite_full(int fd, const void *data, size_t len, uint64_t offset);

/*
 * Append all that @fd (io_read_rest) or the file @path (io_read_path) still
 * holds to @b, also where stat() says 0 as in proc and tracefs. 0; -errno;
 * -E2BIG beyond the buffer's cap.
 */
int io_read_rest(int fd, struct buf *b);
int io_read_path(const char *path, struct buf *b);

/*
 * Copy @len bytes (or all, if @len is UINT64_MAX) from @in to @out, at both ends'
 * positions. Returns the number copied or -errno.
 */
int64_t io_copy(int in, int out, uint64_t len);

/* Each CPU of each peer takes some: let this process have as many descriptors as it may. */
void io_allow_descriptors(void);

#endif
