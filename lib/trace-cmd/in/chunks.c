/*
 * chunks.c - see chunks.h. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "in/chunks.h"

#define CHUNK_HEAD	8	/* u32 packed size, u32 unpacked size */
#define COUNT_LEN	4	/* u32 number of chunks in front */

/* What a chunk's head may say. NULL if it is fine. */
static const char *chunk_wrong(const struct in_chunk_pos *c, uint32_t page_size, bool last)
{
	if (!c->packed || !c->raw || c->raw > IN_CHUNK_MAX)
		return "has an impossible size";
	/* no algorithm makes more of it than that */
	if (c->packed > c->raw + c->raw / 8 + 1024)
		return "has an impossible size";
	if (page_size && c->raw % page_size && !last)
		return "is no multiple of the page size";
	return NULL;
}

/* Read the head at @at of a chunk that must end by @end. 1; 0 stop here. */
static int chunk_head(struct in_file *f, uint64_t at, uint64_t end, uint32_t page_size, bool last,
		      struct in_chunk_pos *ret)
{
	uint8_t head[CHUNK_HEAD];
	struct cursor c = cursor_over(head, sizeof(head), f->head.order);
	const char *wrong;

	if (end - at < CHUNK_HEAD || in_source_read(&f->src, head, sizeof(head), at)) {
		in_file_note(f, -EBADMSG, "the list of chunks ends early at offset %llu",
			     (unsigned long long)at);
		return 0;
	}
	ret->offset = at + CHUNK_HEAD;
	ret->packed = cursor_u32(&c);
	ret->raw = cursor_u32(&c);
	wrong = chunk_wrong(ret, page_size, last);
	if (!wrong && ret->packed > end - ret->offset)
		wrong = "leaves its place";
	if (wrong)
		in_file_note(f, -EBADMSG, "the chunk at offset %llu %s", (unsigned long long)at, wrong);
	return !wrong;
}

int in_chunks_read(struct in_file *f, uint64_t offset, uint64_t size, uint32_t page_size,
		   struct in_chunk_pos **ret_chunks, unsigned int *ret_count)
{
	_cleanup_free_ struct in_chunk_pos *list = NULL;
	uint8_t word[COUNT_LEN];
	struct cursor c = cursor_over(word, sizeof(word), f->head.order);
	uint64_t end = f->src.size, at = offset + COUNT_LEN, start = 0;
	uint32_t i, alloc = 0, count;

	/* the caller has noted what is beyond the end of the file */
	if (offset > end || in_source_read(&f->src, word, sizeof(word), offset))
		return 0;
	if (size <= end - offset && end - offset - size > COUNT_LEN)
		end = offset + size + COUNT_LEN;
	count = cursor_u32(&c);
	for (i = 0; i < count; i++) {
		struct in_chunk_pos *more;

		if (i == alloc) {
			alloc = alloc ? 2 * alloc : 16;
			more = reallocarray(list, alloc, sizeof(*more));
			if (!more)
				return -ENOMEM;
			list = more;
		}
		if (!chunk_head(f, at, end, page_size, i + 1 == count, &list[i]))
			break;
		list[i].start = start;
		start += list[i].raw;
		at = list[i].offset + list[i].packed;
	}
	/* (whether the size has that of the count in it, writers don't agree) */
	if (i == count && size <= f->src.size - offset && at + COUNT_LEN < end)
		in_file_note(f, -EBADMSG, "the chunks at offset %llu have %llu bytes, of %llu",
			     (unsigned long long)offset, (unsigned long long)(at - offset),
			     (unsigned long long)size);
	*ret_chunks = take_ptr(list);
	*ret_count = i;
	return 0;
}

int in_chunks_index(struct in_data *d, unsigned int cpu, const struct in_buffer_cpu *pos)
{
	struct in_cpu_data *c = &d->cpus[cpu];
	uint64_t file_size = d->file->src.size;
	int ret;

	c->offset = pos->offset;
	if (!d->buffer->compressed) {
		if (pos->offset < file_size)
			c->size = pos->size < file_size - pos->offset ? pos->size :
								   file_size - pos->offset;
		return 0;
	}
	ret = in_chunks_read(d->file, pos->offset, pos->size, d->format.page_size, &c->chunks,
			     &c->nr_chunks);
	if (ret)
		return ret;
	if (c->nr_chunks)
		c->size = c->chunks[c->nr_chunks - 1].start + c->chunks[c->nr_chunks - 1].raw;
	return 0;
}

const struct in_chunk_pos *in_chunk_find(const struct in_cpu_data *c, uint64_t at)
{
	unsigned int low = 0, high = c->nr_chunks;

	/* the answer stays in [low, high) */
	while (high - low > 1) {
		unsigned int mid = low + (high - low) / 2;

		if (c->chunks[mid].start <= at)
			low = mid;
		else
			high = mid;
	}
	return &c->chunks[low];
}
