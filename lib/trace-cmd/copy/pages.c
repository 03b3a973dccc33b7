/*
 * pages.c - struct copy_pages, see copy.h. Layer 2.
 *
 * In falling order of speed: ranges of the old file, chunks unpacked to where they
 * are packed again, pages one by one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "copy/copy.h"
#include "copy/page-word.h"

#define CHUNK_HEAD	8	/* u32 packed size, u32 unpacked size */

/* Let the page say that events were lost in front of it, nobody knows how many. */
static void page_set_lost(const struct in_page_format *format, uint8_t *page)
{
	if (!format->old)
		page_word_put(format, page, (page_word_get(format, page) & ~PAGE_WORD_STORED) |
			      PAGE_WORD_LOST);
}

/*
 * End the page's data behind the last event that is whole in its first @size bytes,
 * which are all there is. False if there is none.
 */
static bool page_mend(const struct in_page_format *format, uint8_t *page, uint32_t size)
{
	uint32_t end = 0, start = 8 + format->long_size;
	struct in_event ev;
	struct in_page p;
	bool cut, lost;

	if (in_page_init(&p, format, page, size) || size < start)
		return false;
	cut = p.end == size;
	lost = p.lost;
	while (in_page_next(&p, &ev) > 0)
		end = ev.pos + ev.length;
	if (!end)
		return false;
	if (cut)
		page_word_put(format, page, (end < size ? end - start : size - start) |
			      (lost ? PAGE_WORD_LOST : 0));
	return true;
}

/* The same chunk or page need not be tried again. */
static void skip_damage(struct copy_pages *p)
{
	p->next = in_data_next_chunk(p->data, p->cpu, p->next);
	p->lost = true;
}

/* Put one page into @data. Bytes; 0: it couldn't be read or isn't worth it; -ENOMEM. */
static ssize_t next_page(struct copy_pages *p, uint8_t *data)
{
	const struct in_page_format *format = &p->data->format;
	int ret = in_data_page(p->data, p->cpu, p->next, &p->ref);

	if (ret == -ENOMEM)
		return ret;
	if (ret) {
		skip_damage(p);
		return 0;
	}
	memcpy(data, p->ref.data, p->ref.size);
	memset(data + p->ref.size, 0, p->page_size - p->ref.size);
	p->next++;
	if (p->ref.size < format->page_size && !page_mend(format, data, p->ref.size))
		return 0;
	return p->page_size;
}

/* The pages up to the next hole of the file; those of a hole, which have no events, are left out. */
static void next_range(struct copy_pages *p, uint64_t limit, struct out_range *range)
{
	const struct in_source *src = &p->data->file->src;
	uint64_t at, start, end, n;

	p->next = in_data_skip_hole(p->data, p->cpu, p->next);
	if (p->next >= limit)
		return;
	at = p->c->offset + p->next * p->page_size;
	in_source_data(src, at, &start, &end);
	/* it may begin inside of a page, even of this one */
	n = end > at ? (end - at + p->page_size - 1) / p->page_size : 1;
	n = n < limit - p->next ? n : limit - p->next;
	*range = (struct out_range){ .fd = src->fd, .offset = at, .size = n * p->page_size };
	p->next += n;
}

/* Plain pages: where they are, or, from memory, themselves. */
static ssize_t next_plain(struct copy_pages *p, void *data, size_t size, struct out_range *range)
{
	const struct in_source *src = &p->data->file->src;
	uint32_t page_size = p->page_size;
	uint64_t whole = p->c->size / page_size, limit = whole < p->end ? whole : p->end;
	uint64_t n = limit - p->next, at = p->c->offset + p->next * page_size;
	int ret;

	if (src->fd >= 0) {
		next_range(p, limit, range);
		return 0;
	}
	n = n < size / page_size ? n : size / page_size;
	ret = in_source_read(src, data, n * page_size, at);
	p->next += n;
	return ret ? ret : (ssize_t)(n * page_size);
}

/* Give away the ready-made chunks from the current one on. False: it isn't one. */
static bool next_chunks(struct copy_pages *p, struct out_range *range)
{
	const struct in_chunk_pos *first = &p->c->chunks[p->chunk], *c = first;
	const struct in_file *f = p->data->file;
	uint64_t end = p->end * p->page_size;

	if (p->lost || p->zip != f->zip || f->src.fd < 0)
		return false;
	while (c < p->c->chunks + p->c->nr_chunks && c->raw % p->page_size == 0 &&
	       c->start + c->raw <= end)
		c++;
	if (c == first)
		return false;
	range->fd = f->src.fd;
	range->offset = first->offset - CHUNK_HEAD;
	range->size = c[-1].offset + c[-1].packed - range->offset;
	range->raw_size = c[-1].start + c[-1].raw - first->start;
	range->nr_chunks = c - first;
	p->next += range->raw_size / p->page_size;
	return true;
}

/* Unpack the current chunk into @data. Bytes; 0: it is damaged; -ENOMEM. */
static ssize_t next_unpacked(struct copy_pages *p, void *data)
{
	const struct in_chunk_pos *c = &p->c->chunks[p->chunk];
	const struct in_file *f = p->data->file;
	int ret;

	if (c->packed > p->packed_alloc) {
		free(p->packed);
		p->packed = malloc(c->packed);
		p->packed_alloc = p->packed ? c->packed : 0;
		if (!p->packed)
			return -ENOMEM;
	}
	ret = in_source_read(&f->src, p->packed, c->packed, c->offset);
	if (!ret)
		ret = zip_unpack(&p->data->unpack.unpacker, f->zip, p->packed, c->packed, data, c->raw);
	/* the second try tells the file what is wrong */
	if (ret)
		return next_page(p, data);
	p->next += c->raw / p->page_size;
	return c->raw;
}

/* Compressed pages. */
static ssize_t next_packed(struct copy_pages *p, void *data, size_t size, struct out_range *range)
{
	uint64_t at = p->next * p->page_size;
	const struct in_chunk_pos *c;

	while (p->c->chunks[p->chunk].start + p->c->chunks[p->chunk].raw <= at)
		p->chunk++;
	c = &p->c->chunks[p->chunk];
	if (at == c->start && next_chunks(p, range))
		return 0;
	if (at == c->start && c->raw <= size && c->raw % p->page_size == 0 &&
	    c->start + c->raw <= p->end * p->page_size)
		return next_unpacked(p, data);
	return next_page(p, data);
}

static ssize_t pages_next(struct out_source *s, void *data, size_t size, struct out_range *range)
{
	struct copy_pages *p = (struct copy_pages *)s;
	uint32_t page_size = p->data->format.page_size;
	ssize_t n = 0;

	/* pages that give nothing are behind us then, so this ends */
	while (!n && !range->size && p->next < p->end) {
		bool whole = (p->next + 1) * page_size <= p->c->size;

		if (!whole || p->page_size != page_size)
			n = next_page(p, data);
		else if (p->c->chunks)
			n = next_packed(p, data, size, range);
		else
			n = next_plain(p, data, size, range);
	}
	if (n > 0 && p->lost) {
		page_set_lost(&p->data->format, data);
		p->lost = false;
	}
	if (n <= 0 && !range->size)
		copy_pages_release(p);
	return n;
}

void copy_pages_init(struct copy_pages *p, struct in_data *data, unsigned int cpu,
		     const struct out_file *o, uint32_t page_size, uint64_t from, uint64_t to)
{
	const struct in_cpu_data *c = &data->cpus[cpu];

	*p = (struct copy_pages){
		.source.next = pages_next, .data = data, .c = c, .cpu = cpu, .zip = out_zip(o),
		.page_size = page_size, .next = from,
		.end = to < c->nr_pages ? to : c->nr_pages,
	};
}

void copy_pages_release(struct copy_pages *p)
{
	in_page_ref_release(&p->ref);
	free(p->packed);
	p->packed = NULL;
	p->packed_alloc = 0;
}
