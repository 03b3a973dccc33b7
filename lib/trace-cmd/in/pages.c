/*
 * pages.c - see pages.h. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "in/ahead.h"
#include "in/chunks.h"

/* --- chunks in memory --------------------------------------------------- */

void in_chunk_ref(struct in_chunk *c)
{
	c->refs++;
}

void in_chunk_unref(struct in_chunk *c)
{
	struct in_data *d;

	if (!c || --c->refs)
		return;
	d = c->owner;
	d->live -= c->len;
	/* the next one is most often of the same size, and its memory is warm */
	free(d->spare);
	d->spare = c;
}

static void cache_drop(struct in_data *d)
{
	unsigned int i;

	for (i = 0; i < IN_CACHE_CHUNKS; i++)
		in_chunk_unref(take_ptr(d->cache[i]));
}

struct in_chunk *in_chunk_new(struct in_data *d, unsigned int cpu, uint64_t start, uint32_t len)
{
	struct in_chunk *c;

	if (d->live + len > IN_LIVE_MAX) {
		cache_drop(d);
		in_ahead_drop(d);
	}
	if (d->live + len > IN_LIVE_MAX)
		return NULL;
	c = take_ptr(d->spare);
	if (!c || c->len != len) {
		free(c);
		c = aligned_alloc(IN_CHUNK_ALIGN, sizeof(*c) + (len + IN_EVENT_SLACK + IN_CHUNK_ALIGN - 1) /
				  IN_CHUNK_ALIGN * IN_CHUNK_ALIGN);
	}
	if (!c)
		return NULL;
	memset(c->data + len, 0, IN_EVENT_SLACK);
	*c = (struct in_chunk){ .refs = 1, .owner = d, .cpu = cpu, .start = start, .len = len };
	d->live += len;
	return c;
}

/* Put @c at the front of the cache; it gets a reference of its own. */
static void cache_add(struct in_data *d, struct in_chunk *c)
{
	uint64_t bytes = c->len;
	unsigned int i;

	in_chunk_unref(d->cache[IN_CACHE_CHUNKS - 1]);
	memmove(d->cache + 1, d->cache, (IN_CACHE_CHUNKS - 1) * sizeof(*d->cache));
	d->cache[0] = c;
	c->refs++;
	for (i = 1; i < IN_CACHE_CHUNKS && d->cache[i]; i++) {
		bytes += d->cache[i]->len;
		if (bytes > IN_CACHE_BYTES)
			in_chunk_unref(take_ptr(d->cache[i]));
	}
	/* no holes, so that looking stops at the first NULL */
	for (i = 1; i < IN_CACHE_CHUNKS && d->cache[i]; i++)
		;
	for (; i < IN_CACHE_CHUNKS; i++)
		in_chunk_unref(take_ptr(d->cache[i]));
}

/* The cached chunk of @cpu with byte @at; it moves to the front. NULL: none. */
static struct in_chunk *cache_find(struct in_data *d, unsigned int cpu, uint64_t at)
{
	unsigned int i;

	for (i = 0; i < IN_CACHE_CHUNKS && d->cache[i]; i++) {
		struct in_chunk *c = d->cache[i];

		if (c->cpu != cpu || at < c->start || at - c->start >= c->len)
			continue;
		memmove(d->cache + 1, d->cache, i * sizeof(*d->cache));
		d->cache[0] = c;
		return c;
	}
	return NULL;
}

/* --- reading ------------------------------------------------------------ */

static int no_memory(struct in_data *d)
{
	return in_file_note(d->file, -ENOMEM, "out of memory for trace data");
}

/* Read the run of plain pages that byte @at is in. */
static int plain_load(struct in_data *d, unsigned int cpu, uint64_t at, struct in_chunk **ret_chunk)
{
	const struct in_cpu_data *c = &d->cpus[cpu];
	uint32_t run = in_chunk_run(d);
	uint64_t start = at - at % run;
	uint64_t len = c->size - start < run ? c->size - start : run;
	struct in_chunk *chunk = in_chunk_new(d, cpu, start, len);
	int ret;

	if (!chunk)
		return no_memory(d);
	ret = in_source_read(&d->file->src, chunk->data, len, c->offset + start);
	if (ret) {
		in_chunk_unref(chunk);
		return in_file_note(d->file, ret, "cannot read the data of CPU %u at offset %llu: %s",
				    cpu, (unsigned long long)(c->offset + start), strerror(-ret));
	}
	*ret_chunk = chunk;
	return 0;
}

/* Room for @len packed bytes. */
static bool packed_room(struct in_unpack *u, size_t len)
{
	uint8_t *more;

	if (len <= u->alloc)
		return true;
	more = realloc(u->packed, len);
	if (!more)
		return false;
	u->packed = more;
	u->alloc = len;
	return true;
}

int in_chunk_unpack(const struct in_data *d, const struct in_chunk_pos *pos, struct in_unpack *u,
		    struct in_chunk *chunk)
{
	int ret = packed_room(u, pos->packed) ? 0 : -ENOBUFS;

	if (!ret)
		ret = in_source_read(&d->file->src, u->packed, pos->packed, pos->offset);
	if (!ret)
		ret = zip_unpack(&u->unpacker, d->file->zip, u->packed, pos->packed, chunk->data,
				 pos->raw);
	return ret;
}

void in_unpack_release(struct in_unpack *u)
{
	free(u->packed);
	zip_unpacker_release(&u->unpacker);
	*u = (struct in_unpack){ .packed = NULL };
}

/* The chunk at @pos, unpacked here and now. */
static int packed_load(struct in_data *d, unsigned int cpu, const struct in_chunk_pos *pos,
		       struct in_chunk **ret_chunk)
{
	struct in_chunk *chunk = in_chunk_new(d, cpu, pos->start, pos->raw);
	int ret = chunk ? in_chunk_unpack(d, pos, &d->unpack, chunk) : -ENOBUFS;

	if (!ret) {
		*ret_chunk = chunk;
		return 0;
	}
	in_chunk_unref(chunk);
	if (ret == -ENOBUFS)
		return no_memory(d);
	return in_file_note(d->file, ret, "cannot uncompress the data of CPU %u at offset %llu: %s",
			    cpu, (unsigned long long)pos->offset, strerror(-ret));
}

/*
 * The chunk that byte @at is in, unpacked by another thread if it could know. @walks: the chunk
 * in front of it has been read just before.
 */
static int packed_get(struct in_data *d, unsigned int cpu, uint64_t at, bool walks,
		      struct in_chunk **ret_chunk)
{
	const struct in_chunk_pos *pos = in_chunk_find(&d->cpus[cpu], at);
	struct in_chunk *chunk = d->ahead ? in_ahead_take(d, cpu, pos) : NULL;
	int ret = chunk ? 0 : packed_load(d, cpu, pos, &chunk);

	if (d->ahead && walks)
		in_ahead_go_on(d, cpu, pos);
	if (!ret)
		*ret_chunk = chunk;
	return ret;
}

void in_page_ref_release(struct in_page_ref *ref)
{
	in_chunk_unref(ref->chunk);
	*ref = (struct in_page_ref){ 0 };
}

int in_data_page(struct in_data *d, unsigned int cpu, uint64_t number, struct in_page_ref *ref)
{
	const struct in_cpu_data *c = &d->cpus[cpu];
	uint64_t at = number * d->format.page_size;
	struct in_chunk *chunk = ref->chunk;
	int ret;

	if (!chunk || chunk->cpu != cpu || at < chunk->start || at - chunk->start >= chunk->len) {
		bool walks = chunk && chunk->cpu == cpu && at == chunk->start + chunk->len;

		in_page_ref_release(ref);
		chunk = cache_find(d, cpu, at);
		if (chunk) {
			chunk->refs++;
		} else {
			ret = c->chunks ? packed_get(d, cpu, at, walks, &chunk) :
					  plain_load(d, cpu, at, &chunk);
			if (ret)
				return ret;
			if (!walks)
				cache_add(d, chunk);
		}
	}
	ref->chunk = chunk;
	at -= chunk->start;
	ref->data = chunk->data + at;
	ref->size = chunk->len - at < d->format.page_size ? chunk->len - at : d->format.page_size;
	return 0;
}

uint64_t in_data_next_chunk(const struct in_data *d, unsigned int cpu, uint64_t number)
{
	const struct in_cpu_data *c = &d->cpus[cpu];
	uint64_t at = number * d->format.page_size;
	uint32_t run = in_chunk_run(d);

	if (c->chunks) {
		const struct in_chunk_pos *pos = in_chunk_find(c, at);

		at = pos->start + pos->raw;
	} else {
		at = at - at % run + run;
	}
	/* the last chunk may end inside a page: that page is not behind it */
	return at / d->format.page_size + !!(at % d->format.page_size);
}

uint64_t in_data_skip_hole(const struct in_data *d, unsigned int cpu, uint64_t number)
{
	const struct in_cpu_data *c = &d->cpus[cpu];
	uint64_t at = c->offset + number * d->format.page_size, start, end;

	if (c->chunks || number >= c->nr_pages)
		return number;
	in_source_data(&d->file->src, at, &start, &end);
	if (start > at)
		number += (start - at) / d->format.page_size;
	return number < c->nr_pages ? number : c->nr_pages;
}

int in_data_find(const struct in_data *d, uint64_t key, unsigned int *ret_cpu, uint64_t *ret_page)
{
	unsigned int i;

	for (i = 0; i < d->nr_cpus; i++) {
		const struct in_cpu_data *c = &d->cpus[i];

		if (key < c->key || key - c->key >= c->size)
			continue;
		*ret_cpu = i;
		*ret_page = (key - c->key) / d->format.page_size;
		return 0;
	}
	return -ENOENT;
}

/* --- opening ------------------------------------------------------------ */

/* Find out what of the CPUs' data can be read. */
static int data_index(struct in_data *d)
{
	uint64_t key = d->format.page_size;
	unsigned int i;

	for (i = 0; i < d->nr_cpus; i++) {
		struct in_cpu_data *c = &d->cpus[i];
		const struct in_buffer_cpu *pos = in_buffer_cpu(d->buffer, i);
		int ret = pos ? in_chunks_index(d, i, pos) : 0;

		if (ret)
			return ret;
		c->nr_pages = c->size / d->format.page_size + !!(c->size % d->format.page_size);
		/* plain data has its place in the file as key, compressed data one of its own */
		c->key = d->buffer->compressed ? key : c->offset;
		key += c->nr_pages * d->format.page_size;
	}
	return 0;
}

int in_data_open(struct in_file *f, const struct in_buffer *buffer, struct in_data **ret_data)
{
	struct in_data *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->file = in_file_ref(f);
	d->buffer = buffer;
	d->format = (struct in_page_format){
		.order = f->head.order, .long_size = f->long_size,
		.page_size = buffer->page_size, .old = f->old_pages,
	};
	d->nr_cpus = buffer->nr_cpus;
	d->cpus = calloc((size_t)d->nr_cpus + 1, sizeof(*d->cpus));
	if (!d->cpus || data_index(d)) {
		in_data_close(d);
		return -ENOMEM;
	}
	*ret_data = d;
	return 0;
}

void in_data_close(struct in_data *d)
{
	unsigned int i;

	if (!d)
		return;
	cache_drop(d);
	for (i = 0; d->cpus && i < d->nr_cpus; i++)
		free(d->cpus[i].chunks);
	free(d->cpus);
	free(d->spare);
	in_unpack_release(&d->unpack);
	in_file_unref(d->file);
	free(d);
}
