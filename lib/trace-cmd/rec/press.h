/*
 * press.h - compresses a recorder's sub-buffers on their way into a file (see wire/chunked.h).
 *
 * Layer 3, for the recorder's thread alone. A chunk that isn't full yet can be written
 * all the same, so that a crash costs little: the full one takes its place.
 */
#ifndef REC_PRESS_H
#define REC_PRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "zip/zip.h"

struct press {
	struct zip_packer zip;
	uint8_t *in, *out;	/* the chunk being filled; the same, packed */
	size_t size, fill;	/* bytes that a chunk takes, has */
	size_t out_size;
	size_t settled;		/* of fill: bytes that are in the file */
	off_t pos;		/* where the chunk goes */
	off_t end;		/* of what was written, at least pos */
};

/* For whole sub-buffers of @page_size bytes. 0; -ENOMEM. */
int press_init(struct press *p, const struct zip_algo *zip, uint32_t page_size);
void press_release(struct press *p);

/* Begin the file @fd, from its start. 0; -errno. */
int press_begin(struct press *p, int fd);

/* Room for the next bytes, at least 1; *@ret_len is how many. */
uint8_t *press_room(struct press *p, size_t *ret_len);

/* @len bytes were put there; a full chunk is written to @fd. 0; -ENOSPC; -errno. */
int press_add(struct press *p, int fd, size_t len);

/* Write what there is of a chunk. Errors as above. */
int press_settle(struct press *p, int fd);

/* No more will come into @fd: settle, and end the file there. */
int press_finish(struct press *p, int fd);

/* After an error, anybody's: as press_finish(), else end the file behind the last chunk that is whole. */
void press_cut(struct press *p, int fd);

#endif
