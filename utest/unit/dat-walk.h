/*
 * dat-walk.h - a small trace.dat parser for tests of the writer.
 *
 * It shares no code with the library but the decompression, and fails the test
 * at the first thing that is not as the format says.
 */
#ifndef UTEST_DAT_WALK_H
#define UTEST_DAT_WALK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zip/zip.h"

#define WALK_MAX 64	/* sections, options, buffers */

struct walk_section {
	unsigned int id, flags;
	int32_t description;
	uint64_t at, size;	/* of the payload */
};

struct walk_option {
	unsigned int id;
	uint64_t at, size;	/* of the payload */
};

struct walk {
	uint8_t *data;
	uint64_t len, start;	/* bytes; end of the header */
	int version;
	bool big;
	uint32_t page_size;
	const struct zip_algo *zip;
	struct walk_section section[WALK_MAX];
	struct walk_option option[WALK_MAX];
	unsigned int nr_sections, nr_options, nr_lists;
	uint8_t *strings;
	uint64_t strings_len;
	uint64_t body;		/* version 6: of what follows the options */
};

static uint64_t walk_int(const struct walk *w, uint64_t at, unsigned int n)
{
	uint64_t v = 0;
	unsigned int i;

	assert_true(at + n <= w->len);
	for (i = 0; i < n; i++)
		v = v << 8 | w->data[w->big ? at + i : at + n - 1 - i];
	return v;
}

static inline const char *walk_str(const struct walk *w, uint64_t at)
{
	assert_true(at < w->len && memchr(w->data + at, 0, w->len - at));
	return (const char *)w->data + at;
}

/* The uncompressed payload of a block section, to be freed. */
static inline uint8_t *walk_payload(const struct walk *w, const struct walk_section *s,
				    uint64_t *ret_len)
{
	uint64_t packed = s->size, len = s->size;
	uint8_t *out;

	if (!(s->flags & 1)) {
		out = malloc(len + 1);
		memcpy(out, w->data + s->at, len);
	} else {
		packed = walk_int(w, s->at, 4);
		len = walk_int(w, s->at + 4, 4);
		assert_int_equal(s->size, 8 + packed);
		out = malloc(len + 1);
		assert_int_equal(w->zip->decompress(w->data + s->at + 8, packed, out, len), 0);
	}
	out[len] = 0;
	*ret_len = len;
	return out;
}

/* A CPU's unpacked data, to be freed; each chunk but the last must have @chunk bytes. */
static inline uint8_t *walk_chunks(const struct walk *w, uint64_t at, uint64_t size, uint64_t chunk,
				   uint64_t *ret_len)
{
	uint64_t end = at + size, n = walk_int(w, at, 4), i, len = 0;
	uint8_t *out = malloc(n * chunk + 1);

	at += 4;
	for (i = 0; i < n; i++) {
		uint64_t packed = walk_int(w, at, 4), here = walk_int(w, at + 4, 4);

		assert_true(i + 1 < n ? here == chunk : here <= chunk);
		assert_true(at + 8 + packed <= w->len);
		assert_int_equal(w->zip->decompress(w->data + at + 8, packed, out + len, here), 0);
		len += here;
		at += 8 + packed;
	}
	/* the size counts the word with the number of chunks */
	assert_int_equal(at, end);
	*ret_len = len;
	return out;
}

/* Bytes of a chunk of CPU data: 10 pages, or 128 KB if that is more. */
static inline uint64_t walk_chunk(uint64_t page_size)
{
	return 10 * page_size > 131072 ? 10 * page_size : 131072 / page_size * page_size;
}

static inline void walk_strings(struct walk *w, const struct walk_section *s)
{
	uint64_t len;
	uint8_t *text = walk_payload(w, s, &len);

	w->strings = realloc(w->strings, w->strings_len + len + 1);
	memcpy(w->strings + w->strings_len, text, len);
	w->strings_len += len;
	w->strings[w->strings_len] = 0;
	free(text);
}

static inline void walk_sections(struct walk *w)
{
	uint64_t at = w->start;

	while (at < w->len) {
		struct walk_section *s = &w->section[w->nr_sections++];

		assert_true(w->nr_sections < WALK_MAX);
		s->id = walk_int(w, at, 2);
		s->flags = walk_int(w, at + 2, 2);
		s->description = (int32_t)walk_int(w, at + 4, 4);
		s->size = walk_int(w, at + 8, 8);
		s->at = at + 16;
		at = s->at + s->size;
		if (s->id == 15)
			walk_strings(w, s);
	}
	/* the last section ends where the file does */
	assert_int_equal(at, w->len);
}

/* Options from @at up to DONE; returns where DONE's payload would be. */
static inline uint64_t walk_list(struct walk *w, uint64_t at)
{
	w->nr_lists++;
	for (;;) {
		struct walk_option *o = &w->option[w->nr_options];

		o->id = walk_int(w, at, 2);
		at += 2;
		if (!o->id)
			return at;
		o->size = walk_int(w, at, 4);
		o->at = at + 4;
		at = o->at + o->size;
		w->nr_options++;
		assert_true(w->nr_options < WALK_MAX);
	}
}

static inline void walk_chain(struct walk *w, uint64_t at)
{
	while (at) {
		uint64_t done;

		assert_int_equal(walk_int(w, at, 2), 0);
		assert_int_equal(walk_int(w, at + 2, 2), 0);
		done = walk_list(w, at + 16);
		assert_int_equal(walk_int(w, done, 4), 8);
		assert_int_equal(walk_int(w, at + 8, 8), done + 12 - (at + 16));
		at = walk_int(w, done + 4, 8);
	}
}

/* Step over the parts of version 6, checking tags. */
static inline void walk_v6(struct walk *w)
{
	uint64_t at = w->start, n, m;

	assert_string_equal(walk_str(w, at), "header_page");
	at += 12;
	at += 8 + walk_int(w, at, 8);
	assert_string_equal(walk_str(w, at), "header_event");
	at += 13;
	at += 8 + walk_int(w, at, 8);
	for (n = walk_int(w, at, 4), at += 4; n; n--)
		at += 8 + walk_int(w, at, 8);
	for (n = walk_int(w, at, 4), at += 4; n; n--) {
		at += strlen(walk_str(w, at)) + 1;
		for (m = walk_int(w, at, 4), at += 4; m; m--)
			at += 8 + walk_int(w, at, 8);
	}
	at += 4 + walk_int(w, at, 4);
	at += 4 + walk_int(w, at, 4);
	at += 8 + walk_int(w, at, 8);
	at += 4;	/* CPUs */
	assert_memory_equal(w->data + at, "options  ", 10);
	w->body = walk_list(w, at + 10);
}

/* Read and walk the file in @fd. */
static inline void walk_file(struct walk *w, int fd)
{
	struct stat st;
	uint64_t at = 18;

	*w = (struct walk){ 0 };
	assert_int_equal(fstat(fd, &st), 0);
	w->len = st.st_size;
	w->data = malloc(w->len + 1);
	assert_int_equal(pread(fd, w->data, w->len, 0), w->len);
	assert_true(w->len >= 18);
	assert_memory_equal(w->data, "\x17\x08\x44tracing", 10);
	w->version = strtol(walk_str(w, 10), NULL, 10);
	w->big = w->data[12];
	w->page_size = walk_int(w, 14, 4);
	if (w->version >= 7) {
		w->zip = zip_find(walk_str(w, at));
		at += strlen(walk_str(w, at)) + 1;
		at += strlen(walk_str(w, at)) + 1;
		w->start = at + 8;
		walk_sections(w);
		walk_chain(w, walk_int(w, at, 8));
	} else {
		w->start = at;
		walk_v6(w);
	}
}

static inline void walk_release(struct walk *w)
{
	free(w->data);
	free(w->strings);
}

/* The @nth option of @id, NULL if there are fewer. */
static inline const struct walk_option *walk_option(const struct walk *w, unsigned int id,
						    unsigned int nth)
{
	unsigned int i;

	for (i = 0; i < w->nr_options; i++)
		if (w->option[i].id == id && !nth--)
			return &w->option[i];
	return NULL;
}

/* The section whose header is at @offset. */
static inline const struct walk_section *walk_section_at(const struct walk *w, uint64_t offset)
{
	unsigned int i;

	for (i = 0; i < w->nr_sections; i++)
		if (w->section[i].at == offset + 16)
			return &w->section[i];
	fail_msg("no section at %llu", (unsigned long long)offset);
	return NULL;
}

/* One CPU's pages, to be freed, of the @nth buffer; NULL if it has none. */
static inline uint8_t *walk_cpu(const struct walk *w, unsigned int nth, unsigned int cpu,
				uint64_t *ret_len)
{
	const struct walk_option *o = walk_option(w, 3, nth);
	const struct walk_section *s;
	uint64_t at, i, n, page_size, off, size;

	assert_non_null(o);
	s = walk_section_at(w, walk_int(w, o->at, 8));
	assert_int_equal(s->id, 3);
	at = o->at + 8;
	at += strlen(walk_str(w, at)) + 1;
	at += strlen(walk_str(w, at)) + 1;
	page_size = walk_int(w, at, 4);
	n = walk_int(w, at + 4, 4);
	at += 8;
	assert_int_equal(at + n * 20, o->at + o->size);
	for (i = 0; i < n; i++, at += 20) {
		uint8_t *out;

		if (walk_int(w, at, 4) != cpu)
			continue;
		off = walk_int(w, at + 4, 8);
		size = walk_int(w, at + 12, 8);
		assert_int_equal(off % page_size, 0);
		assert_true(size && off >= s->at && off + size <= s->at + s->size);
		if (s->flags & 1)
			return walk_chunks(w, off, size, walk_chunk(page_size), ret_len);
		out = malloc(size);
		memcpy(out, w->data + off, size);
		*ret_len = size;
		return out;
	}
	*ret_len = 0;
	return NULL;
}

/* The same for version 6: of the buffer whose tag is at @at, with @nr_cpus CPUs. */
static inline uint8_t *walk_v6_cpu(const struct walk *w, uint64_t at, unsigned int nr_cpus,
				   unsigned int cpu, uint64_t *ret_len)
{
	uint64_t off, size;
	uint8_t *out;

	assert_true(at + 10 <= w->len);
	assert_memory_equal(w->data + at, "flyrecord", 10);
	assert_true(cpu < nr_cpus);
	off = walk_int(w, at + 10 + 16 * cpu, 8);
	size = walk_int(w, at + 18 + 16 * cpu, 8);
	assert_true(off <= w->len);
	*ret_len = size;
	if (!size)
		return NULL;
	assert_int_equal(off % w->page_size, 0);
	assert_true(off + size <= w->len);
	out = malloc(size);
	memcpy(out, w->data + off, size);
	return out;
}

#endif
