/*
 * source.h - where the bytes of a trace come from: a file or memory.
 *
 * Layer 2. Reads at offsets only, never by mapping, so that a file cut short
 * while it is read gives an error and no signal.
 */
#ifndef IN_SOURCE_H
#define IN_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct in_source {
	int fd;			/* -1: memory */
	const uint8_t *mem;	/* the caller's */
	uint64_t size;		/* bytes, when it was opened */
	char *name;		/* for messages, never NULL once open */
	char *path;		/* NULL unless opened by path */
};

/* Open a regular file (or block device). 0; -errno of open(). */
int in_source_open(struct in_source *s, const char *path, struct err *err);

/* Use the seekable @fd, which is owned on success only. 0; -errno (-ESPIPE: cannot seek). */
int in_source_open_fd(struct in_source *s, int fd, struct err *err);

/* Use @size bytes that stay the caller's and must outlive the source. 0; -ENOMEM. */
int in_source_open_memory(struct in_source *s, const void *data, size_t size);

/* Close and free; a zeroed or half-opened struct (fd = -1) is fine. */
void in_source_close(struct in_source *s);

/* Read exactly @len bytes at @offset. 0; -ENODATA beyond the end; -errno. */
int in_source_read(const struct in_source *s, void *data, size_t len, uint64_t offset);

/*
 * The first bytes at or behind @offset that are no hole of the file: from *@ret_start to *@ret_end.
 * Both are the size if there are none; where holes cannot be told there is none.
 */
void in_source_data(const struct in_source *s, uint64_t offset, uint64_t *ret_start,
		    uint64_t *ret_end);

/* True if @len bytes at @offset are inside, without overflowing. */
static inline int in_source_has(const struct in_source *s, uint64_t offset, uint64_t len)
{
	return offset <= s->size && len <= s->size - offset;
}

#endif
