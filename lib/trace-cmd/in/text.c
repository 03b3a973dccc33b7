/*
 * text.c - see text.h. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "in/chunks.h"
#include "in/text.h"

int in_text_open(struct in_text *t, struct in_file *f, const struct in_buffer *buffer)
{
	*t = (struct in_text){ .file = f, .buffer = buffer };
	if (!buffer->compressed)
		return 0;
	return in_chunks_read(f, buffer->text_offset, buffer->text_size, 0, &t->chunks,
			      &t->nr_chunks);
}

void in_text_close(struct in_text *t)
{
	free(t->chunks);
	free(t->data);
	*t = (struct in_text){ 0 };
}

/* Unpack the next chunk. 0; -errno, noted. */
static int chunk_load(struct in_text *t)
{
	const struct in_chunk_pos *pos = &t->chunks[t->next++];
	_cleanup_free_ uint8_t *packed = malloc(pos->packed);
	_cleanup_free_ uint8_t *raw = malloc(pos->raw);
	int ret;

	if (!packed || !raw)
		return in_file_note(t->file, -ENOMEM, "out of memory");
	ret = in_source_read(&t->file->src, packed, pos->packed, pos->offset);
	if (!ret)
		ret = t->file->zip->decompress(packed, pos->packed, raw, pos->raw);
	if (ret)
		return in_file_note(t->file, ret, "cannot uncompress the text at offset %llu: %s",
				    (unsigned long long)pos->offset, strerror(-ret));
	free(t->data);
	t->data = take_ptr(raw);
	t->len = pos->raw;
	t->used = 0;
	return 0;
}

static ssize_t plain_read(struct in_text *t, void *buf, size_t size)
{
	uint64_t left = t->buffer->text_size - t->pos;
	int ret;

	if (size > left)
		size = left;
	ret = in_source_read(&t->file->src, buf, size, t->buffer->text_offset + t->pos);
	if (ret)
		return in_file_note(t->file, ret, "cannot read the text at offset %llu: %s",
				    (unsigned long long)(t->buffer->text_offset + t->pos),
				    strerror(-ret));
	t->pos += size;
	return (ssize_t)size;
}

ssize_t in_text_read(struct in_text *t, void *buf, size_t size)
{
	if (!t->buffer->compressed)
		return plain_read(t, buf, size);
	while (t->used == t->len) {
		int ret;

		if (t->next == t->nr_chunks)
			return 0;
		ret = chunk_load(t);
		if (ret)
			return ret;
	}
	if (size > t->len - t->used)
		size = t->len - t->used;
	memcpy(buf, t->data + t->used, size);
	t->used += (uint32_t)size;
	return (ssize_t)size;
}
