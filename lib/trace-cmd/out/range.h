/*
 * range.h - bytes from file to file, by the kernel where it can.
 *
 * Layer 2, private to out/.
 */
#ifndef OUT_RANGE_H
#define OUT_RANGE_H

#include <stddef.h>
#include <stdint.h>

/* Write @len bytes at @pos + *@done, which moves on by what a full disk still took. 0; -errno. */
int out_write_range(int fd, const char *data, size_t len, uint64_t pos, uint64_t *done);

/*
 * Copy @len bytes at @from in @in to @pos in @out. *@done, which may be more than 0 at the start,
 * counts those that have arrived. 0; -errno.
 */
int out_copy_range(int in, uint64_t from, int out, uint64_t pos, uint64_t len, uint64_t *done);

#endif
