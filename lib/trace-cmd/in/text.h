/*
 * text.h - the text of a latency tracer that a file holds instead of CPU data.
 *
 * Layer 2. Read in pieces, unpacked chunk by chunk.
 */
#ifndef IN_TEXT_H
#define IN_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "in/pages.h"

struct in_text {
	struct in_file *file;		/* the caller keeps it */
	const struct in_buffer *buffer;
	uint64_t pos;			/* plain text: bytes read so far */
	struct in_chunk_pos *chunks;	/* compressed text */
	unsigned int nr_chunks, next;
	uint8_t *data;			/* the unpacked chunk */
	uint32_t len, used;		/* bytes in it, and read of it */
};

/* Start at the first byte of @buffer, which is text. 0; -ENOMEM. */
int in_text_open(struct in_text *t, struct in_file *f, const struct in_buffer *buffer);
void in_text_close(struct in_text *t);

/* Up to @size more bytes. Their number; 0 at the end; -errno, noted as damage. */
ssize_t in_text_read(struct in_text *t, void *buf, size_t size);

#endif
