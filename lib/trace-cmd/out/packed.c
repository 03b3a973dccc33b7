/*
 * packed.c - a CPU's pages in compressed chunks.
 *
 * Layer 2. Chunks can be unpacked one by one: u32 count, then for each u32 packed
 * size, u32 size, bytes. Those that come ready-made are copied.
 */
#include <errno.h>

#include "base/io.h"
#include "out/feed.h"
#include "out/packer.h"
#include "out/range.h"

#define COUNT_LEN	4
#define CHUNK_BYTES	(128 << 10)	/* at least, if that isn't many pages */
#define CHUNK_MAX_BYTES	(1 << 20)	/* unless one page has more */

/* One CPU's data on its way. */
struct packing {
	struct out_file *o;
	const struct out_buffer *b;
	struct feed *feed;
	struct out_cpu *cpu;
	uint64_t pos;		/* of the count */
	size_t last_size;	/* of the chunk written last */
	size_t last_raw;
};

/*
 * Bytes of a chunk of pages: as many as stock has, if they aren't huge. Of small pages more, as
 * that makes compression faster and better, and readers take any number.
 */
static size_t chunk_bytes(uint32_t page_size)
{
	size_t most = CHUNK_MAX_BYTES / page_size, pages = CHUNK_BYTES / page_size;

	if (pages < DAT_CHUNK_PAGES)
		pages = DAT_CHUNK_PAGES;
	if (pages > most)
		pages = most;
	return page_size * (pages ? pages : 1);
}

/* The file's packer, for chunks of @chunk bytes. 0; -ENOMEM. */
static int packer_get(struct out_file *o, size_t chunk, struct packer **ret)
{
	int error;

	if (o->packer && packer_chunk(o->packer) != chunk) {
		packer_free(o->packer);
		o->packer = NULL;
	}
	if (!o->packer) {
		error = packer_new(o->zip, o->order, chunk, &o->packer);
		if (error)
			return error;
	}
	*ret = o->packer;
	return 0;
}

/* Count @n more chunks of @size bytes, @raw unpacked, that are in the file. 0; -EFBIG. */
static int count_chunks(struct packing *x, uint32_t n, uint64_t size, uint64_t raw)
{
	if (n > UINT32_MAX - 1 - x->cpu->nr_chunks)
		return -EFBIG;
	x->cpu->nr_chunks += n;
	x->cpu->size += size;
	x->cpu->raw_size += raw;
	return 0;
}

/* Write the oldest chunk of the packer. */
static int chunk_write(struct packing *x, struct packer *p)
{
	const uint8_t *data;
	size_t len, raw;
	int ret = packer_take(p, &data, &len, &raw);

	if (!ret)
		ret = io_pwrite_full(x->o->fd, data, len, x->pos + x->cpu->size);
	if (!ret)
		ret = count_chunks(x, 1, len, raw);
	if (ret)
		return ret;
	x->last_size = len;
	x->last_raw = raw;
	/* what comes next may fail, and this chunk then goes as well */
	feed_consume(x->feed, x->b, x->cpu->raw_size - raw);
	return 0;
}

static int flush(struct packing *x, struct packer *p)
{
	int ret = 0;

	while (!ret && !packer_empty(p))
		ret = chunk_write(x, p);
	return ret;
}

/* Copy the feed's ready-made chunks. */
static int chunks_copy(struct packing *x, struct packer *p)
{
	struct out_range r = x->feed->range;
	uint64_t done = 0;
	int ret = flush(x, p);

	if (!ret)
		ret = out_copy_range(r.fd, r.offset, x->o->fd, x->pos + x->cpu->size, r.size, &done);
	if (!ret)
		ret = count_chunks(x, r.nr_chunks, r.size, r.raw_size);
	x->feed->range = (struct out_range){ 0 };
	/* where the last one of them starts isn't known: after a failure all are kept */
	x->last_size = x->last_raw = 0;
	return ret;
}

/* All that the feed has. */
static int pack_all(struct packing *x, struct packer *p)
{
	for (;;) {
		uint8_t *room;
		ssize_t n;
		int ret = packer_full(p) ? chunk_write(x, p) : 0;

		if (!ret)
			ret = packer_room(p, &room);
		if (ret)
			return ret;
		n = feed_fill(x->feed, room, packer_chunk(p));
		if (n < 0)
			return n;
		if (n)
			packer_put(p, n);
		if (!x->feed->range.nr_chunks && (size_t)n < packer_chunk(p))
			return flush(x, p);
		ret = x->feed->range.nr_chunks ? chunks_copy(x, p) : 0;
		if (ret)
			return ret;
	}
}

int out_packed_data(struct out_file *o, const struct out_buffer *b, struct feed *f,
		    struct out_cpu *cpu, uint64_t pos)
{
	struct packing x = { .o = o, .b = b, .feed = f, .cpu = cpu, .pos = pos };
	struct packer *p;
	int patch, ret = packer_get(o, chunk_bytes(b->page_size), &p);

	if (ret)
		return ret;
	cpu->size = COUNT_LEN;
	ret = pack_all(&x, p);
	packer_drop(p);
	if (ret && x.last_size) {
		cpu->size -= x.last_size;
		cpu->raw_size -= x.last_raw;
		cpu->nr_chunks--;
	}
	patch = cpu->nr_chunks ? out_patch_u32(o, pos, cpu->nr_chunks) : 0;
	if (patch || !cpu->nr_chunks)
		cpu->size = cpu->raw_size = cpu->nr_chunks = 0;
	return ret ? ret : patch;
}
