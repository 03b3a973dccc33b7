/*
 * press.c - see press.h. Layer 3.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "rec/press.h"
#include "wire/chunked.h"
#include "wire/cursor.h"

/* Larger chunks compress better and faster, smaller ones are quicker to get at. */
#define CHUNK_BYTES (128 << 10)

int press_init(struct press *p, const struct zip_algo *zip, uint32_t page_size)
{
	*p = (struct press){ .size = CHUNK_BYTES - CHUNK_BYTES % page_size };
	if (!p->size)
		p->size = page_size;
	p->out_size = CHUNKED_CHUNK_HEAD + zip->bound(p->size);
	p->in = malloc(p->size);
	p->out = malloc(p->out_size);
	if (p->in && p->out && !zip_packer_init(&p->zip, zip))
		return 0;
	press_release(p);
	return -ENOMEM;
}

void press_release(struct press *p)
{
	zip_packer_release(&p->zip);
	free(p->in);
	free(p->out);
	p->in = p->out = NULL;
}

int press_begin(struct press *p, int fd)
{
	uint8_t head[CHUNKED_HEAD_LEN];

	chunked_head_put(head, p->zip.algo->name);
	p->pos = p->end = CHUNKED_HEAD_LEN;
	p->fill = p->settled = 0;
	return io_pwrite_full(fd, head, sizeof(head), 0);
}

uint8_t *press_room(struct press *p, size_t *ret_len)
{
	*ret_len = p->size - p->fill;
	return p->in + p->fill;
}

/* Write the chunk, full or not. *@ret_len: bytes that it takes in the file. */
static int write_chunk(struct press *p, int fd, size_t *ret_len)
{
	size_t len;
	int ret = zip_pack(&p->zip, p->in, p->fill, p->out + CHUNKED_CHUNK_HEAD,
			   p->out_size - CHUNKED_CHUNK_HEAD, &len);

	if (ret)
		return ret;
	store_u32(p->out, ORDER_NATIVE, len);
	store_u32(p->out + 4, ORDER_NATIVE, p->fill);
	len += CHUNKED_CHUNK_HEAD;
	ret = io_pwrite_full(fd, p->out, len, p->pos);
	if (ret)
		return ret;
	if (p->pos + (off_t)len > p->end)
		p->end = p->pos + len;
	p->settled = p->fill;
	*ret_len = len;
	return 0;
}

int press_add(struct press *p, int fd, size_t len)
{
	size_t packed;
	int ret;

	p->fill += len;
	if (p->fill < p->size)
		return 0;
	ret = write_chunk(p, fd, &packed);
	if (ret)
		return ret;
	p->pos += packed;
	p->fill = p->settled = 0;
	return 0;
}

int press_settle(struct press *p, int fd)
{
	size_t packed;

	return p->fill > p->settled ? write_chunk(p, fd, &packed) : 0;
}

int press_finish(struct press *p, int fd)
{
	size_t packed;
	int ret = 0;

	if (p->fill) {
		ret = write_chunk(p, fd, &packed);
		if (ret)
			return ret;
		p->pos += packed;
		p->fill = p->settled = 0;
	}
	/* a longer chunk may have been here before it was full */
	if (p->end > p->pos && ftruncate(fd, p->pos))
		return -errno;
	p->end = p->pos;
	return 0;
}

void press_cut(struct press *p, int fd)
{
	/* it may be somebody else's error: what has come so far need not go with it */
	if (press_finish(p, fd))
		(void)!ftruncate(fd, p->pos);
}
