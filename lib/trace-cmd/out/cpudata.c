/*
 * cpudata.c - see cpudata.h. Layer 2.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "out/cpudata.h"
#include "out/file.h"
#include "wire/chunked.h"
#include "zip/zip.h"

#define CHUNK_LIMIT	(64u << 20)	/* bytes; recorders write far smaller ones */
#define STEP_BYTES	(1u << 20)	/* of chunks that are handed out at a time */

struct chunk {
	uint32_t packed, size;	/* bytes */
};

struct cpudata {
	struct out_source source;	/* must be first */
	int fd;
	const struct zip_algo *zip;
	enum byte_order order;
	uint32_t page_size;
	bool as_is;		/* the trace.dat has chunks of this kind, too */
	bool consume;
	uint64_t pos, end;	/* of the next chunk; of the last one that is whole */
	uint64_t begun;		/* of the range handed out last */
	uint8_t *pages;		/* an unpacked chunk: */
	size_t have, used;
};

/* The head of the chunk at @pos. True if it is one and @end is far enough. */
static bool chunk_at(const struct cpudata *d, uint64_t pos, uint64_t end, struct chunk *ret)
{
	uint8_t head[CHUNKED_CHUNK_HEAD];
	struct cursor c = cursor_over(head, sizeof(head), d->order);

	if (end - pos < sizeof(head) || io_pread_full(d->fd, head, sizeof(head), pos))
		return false;
	ret->packed = cursor_u32(&c);
	ret->size = cursor_u32(&c);
	return ret->packed && ret->packed <= end - pos - sizeof(head) && ret->size &&
	       ret->size <= CHUNK_LIMIT && ret->size % d->page_size == 0;
}

/* Unpack @c at @pos into @to. 0; -errno. */
static int unpack(const struct cpudata *d, uint64_t pos, const struct chunk *c, uint8_t *to)
{
	_cleanup_free_ uint8_t *packed = malloc(c->packed);
	int ret = packed ? 0 : -ENOMEM;

	if (!ret)
		ret = io_pread_full(d->fd, packed, c->packed, pos + CHUNKED_CHUNK_HEAD);
	return ret ? ret : d->zip->decompress(packed, c->packed, to, c->size);
}

/*
 * Where the chunks end. Whoever was killed in the middle of writing the last one has left it with
 * parts missing, so that one has to prove itself.
 */
static int find_end(struct cpudata *d, uint64_t file_end)
{
	uint64_t pos = d->pos, last = 0;
	struct chunk c, last_chunk = { 0, 0 };
	_cleanup_free_ uint8_t *pages = NULL;
	int ret;

	for (; pos < file_end && chunk_at(d, pos, file_end, &c); pos += CHUNKED_CHUNK_HEAD + c.packed) {
		last = pos;
		last_chunk = c;
	}
	d->end = pos;
	if (!last)
		return 0;
	pages = malloc(last_chunk.size);
	if (!pages)
		return -ENOMEM;
	ret = unpack(d, last, &last_chunk, pages);
	if (ret && ret != -ENOMEM)
		d->end = last;
	return ret == -ENOMEM ? ret : 0;
}

/* What lies before the range handed out last is in the trace.dat. */
static void give_back(struct cpudata *d)
{
	if (d->consume && d->begun > CHUNKED_HEAD_LEN)
		fallocate(d->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, CHUNKED_HEAD_LEN,
			  d->begun - CHUNKED_HEAD_LEN);
}

/* Hand out some chunks as they are. */
static ssize_t next_chunks(struct cpudata *d, struct out_range *range)
{
	struct chunk c;

	give_back(d);
	*range = (struct out_range){ .fd = d->fd, .offset = d->pos };
	while (d->pos < d->end && range->size < STEP_BYTES && chunk_at(d, d->pos, d->end, &c)) {
		range->size += CHUNKED_CHUNK_HEAD + c.packed;
		range->raw_size += c.size;
		range->nr_chunks++;
		d->pos += CHUNKED_CHUNK_HEAD + c.packed;
	}
	d->begun = range->offset;
	return 0;
}

/* Unpack the next chunk. 1; 0 at the end; -errno. */
static int next_unpacked(struct cpudata *d)
{
	struct chunk c;
	uint8_t *more;
	int ret;

	if (d->pos >= d->end || !chunk_at(d, d->pos, d->end, &c))
		return 0;
	more = realloc(d->pages, c.size);
	if (!more)
		return -ENOMEM;
	d->pages = more;
	ret = unpack(d, d->pos, &c, d->pages);
	if (ret)
		return ret;
	d->pos += CHUNKED_CHUNK_HEAD + c.packed;
	d->have = c.size;
	d->used = 0;
	return 1;
}

static ssize_t cpudata_next(struct out_source *s, void *data, size_t size,
			    struct out_range *ret_range)
{
	struct cpudata *d = (struct cpudata *)s;
	size_t len;
	int ret;

	if (d->as_is)
		return next_chunks(d, ret_range);
	if (d->used == d->have) {
		ret = next_unpacked(d);
		if (ret <= 0)
			return ret;
	}
	len = d->have - d->used < size ? d->have - d->used : size - size % d->page_size;
	memcpy(data, d->pages + d->used, len);
	d->used += len;
	return len;
}

int cpudata_open(int fd, const struct out_file *o, uint32_t page_size, bool consume,
		 struct out_cpu *cpu, struct cpudata **ret)
{
	uint8_t head[CHUNKED_HEAD_LEN];
	char name[CHUNKED_HEAD_LEN];
	struct cpudata *d;
	struct stat st;
	int error;

	*ret = NULL;
	cpu->fd = fd;
	if (fd < 0 || fstat(fd, &st) || io_pread_full(fd, head, sizeof(head), 0) ||
	    !chunked_head_is(head, name))
		return 0;
	cpu->fd = -1;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	*d = (struct cpudata){
		.source.next = cpudata_next, .fd = fd, .zip = zip_find(name),
		.order = ORDER_NATIVE, .page_size = page_size, .consume = consume,
		.pos = sizeof(head),
	};
	d->as_is = d->zip && d->zip == out_zip(o) && (enum byte_order)out_order(o) == d->order;
	error = d->zip ? find_end(d, st.st_size) : -EBADMSG;
	if (error) {
		free(d);
		return error;
	}
	cpu->source = &d->source;
	*ret = d;
	return 0;
}

void cpudata_free(struct cpudata *d)
{
	if (!d)
		return;
	free(d->pages);
	free(d);
}
