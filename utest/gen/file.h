/*
 * file.h - writes small trace.dat files for tests: both versions, byte orders and
 * long sizes, any compression, with the options and buffers a test wants.
 */
#ifndef GEN_FILE_H
#define GEN_FILE_H

#include <stdlib.h>

#include "gen/page.h"
#include "wire/dat.h"
#include "zip/zip.h"

#define GEN_CPUS	4	/* most CPUs of a buffer */
#define GEN_BUFFERS	4
#define GEN_OPTIONS	24
#define GEN_TICK	100	/* ids of the two events, test:tick and test:tock */
#define GEN_TOCK	101
#define GEN_STACK	4	/* of ftrace:kernel_stack */

struct gen_option {
	uint16_t id;
	const void *data;
	uint32_t len;
};

struct gen_cpu {
	uint32_t cpu;
	const void *data;	/* pages */
	size_t len;
};

struct gen_buffer {
	const char *name;	/* "" = top, which has to be the first */
	const char *clock;
	uint32_t page_size;	/* 0: the file's */
	struct gen_cpu cpus[GEN_CPUS];
	unsigned int nr_cpus;
	const char *text;	/* not NULL: a latency tracer's text instead */
};

struct gen_file {
	int version;
	enum byte_order order;
	unsigned int long_size;
	uint32_t page_size;
	const char *compression;	/* NULL: none */
	uint32_t v6_cpus;		/* 0: as many as the top buffer has */
	bool no_header_page;		/* the kernel has no such file */
	bool short_sizes;		/* sizes of compressed data as 3.0 and 3.1 write them */
	uint32_t chunk_pages;		/* 0: 10 */
	struct gen_option options[GEN_OPTIONS];
	unsigned int nr_options;
	struct gen_buffer buffers[GEN_BUFFERS];
	unsigned int nr_buffers;
	const char *kallsyms, *printk, *cmdlines;	/* NULL: those below */
	/* set by gen_write() */
	size_t options_pos;		/* v7: of the last pointer to options, to patch */
	size_t first_options;		/* v7: offset of the first OPTIONS section; v6: of the list */
	size_t meta_end;		/* all metadata is before it */
};

static inline void gen_option_add(struct gen_file *g, uint16_t id, const void *data, size_t len)
{
	assert(g->nr_options < GEN_OPTIONS);
	g->options[g->nr_options++] = (struct gen_option){ id, data, (uint32_t)len };
}

static inline void gen_text_option(struct gen_file *g, uint16_t id, const char *text)
{
	gen_option_add(g, id, text, strlen(text) + 1);
}

/* A u64 size (of @size_len bytes) and a text. */
static inline void gen_text(struct gen_file *g, struct buf *b, size_t size_len, const char *text)
{
	if (size_len == 8)
		put_u64(b, g->order, strlen(text));
	else
		put_u32(b, g->order, (uint32_t)strlen(text));
	buf_add_str(b, text);
}

static inline void gen_header_info(struct gen_file *g, struct buf *b)
{
	struct buf page = BUF_INIT;

	if (!g->no_header_page)
		buf_printf(&page, "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
			   "\tfield: local_t commit;\toffset:8;\tsize:%u;\tsigned:1;\n"
			   "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
			   "\tfield: char data;\toffset:%u;\tsize:%u;\tsigned:0;\n",
			   g->long_size, 8 + g->long_size, g->page_size - 8 - g->long_size);
	buf_add_cstr(b, "header_page");
	gen_text(g, b, 8, page.data ? (const char *)page.data : "");
	buf_add_cstr(b, "header_event");
	gen_text(g, b, 8, "# compressed entry header\n");
	buf_release(&page);
}

static inline void gen_format(struct gen_file *g, struct buf *b, const char *name, unsigned int id)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "name: %s\nID: %u\nformat:\n"
		   "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
		   "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
		   "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
		   "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
		   "\tfield:int value;\toffset:8;\tsize:4;\tsigned:1;\n\n"
		   "print fmt: \"value=%%d\", REC->value\n", name, id);
	gen_text(g, b, 8, (const char *)text.data);
	buf_release(&text);
}

/* The payload of metadata part @id. */
static inline void gen_part(struct gen_file *g, unsigned int id, struct buf *b)
{
	switch (id) {
	case DAT_HEADER_INFO:
		gen_header_info(g, b);
		break;
	case DAT_FTRACE_EVENTS:
		put_u32(b, g->order, 1);
		gen_format(g, b, "kernel_stack", GEN_STACK);
		break;
	case DAT_EVENT_FORMATS:
		put_u32(b, g->order, 1);
		buf_add_cstr(b, "test");
		put_u32(b, g->order, 2);
		gen_format(g, b, "tick", GEN_TICK);
		gen_format(g, b, "tock", GEN_TOCK);
		break;
	case DAT_KALLSYMS:
		gen_text(g, b, 4, g->kallsyms ? g->kallsyms :
			 "ffffffff81000000 T _text\nffffffff81000100 t helper\t[mod]\n");
		break;
	case DAT_PRINTK:
		gen_text(g, b, 4, g->printk ? g->printk : "0xffffffff82000000 : \"hello %d\\n\"\n");
		break;
	default:
		gen_text(g, b, 8, g->cmdlines ? g->cmdlines : "1 init\n42 answer\n");
	}
}

static inline size_t gen_header(struct gen_file *g, struct buf *b)
{
	const struct zip_algo *zip = g->compression ? zip_find(g->compression) : NULL;

	buf_add(b, "\x17\x08\x44tracing", 10);
	buf_add_cstr(b, g->version == 6 ? "6" : "7");
	put_u8(b, g->order == ORDER_BIG);
	put_u8(b, (uint8_t)g->long_size);
	put_u32(b, g->order, g->page_size);
	if (g->version == 6)
		return b->len;
	buf_add_cstr(b, g->compression ? g->compression : "none");
	buf_add_cstr(b, zip ? zip->version() : "");
	put_u64(b, g->order, 0);
	return b->len;
}

/* Zero bytes up to a multiple of @size. */
static inline void gen_align(struct buf *b, uint32_t size)
{
	if (b->len % size)
		buf_extend(b, size - b->len % size);
}

/* --- version 6 ----------------------------------------------------------- */

/* One buffer: tag, table of @cpus CPUs, clock, data. */
static inline void gen_buffer6(struct gen_file *g, struct buf *b, const struct gen_buffer *from,
			       uint32_t cpus, bool clock)
{
	size_t table;
	unsigned int i;

	buf_add(b, DAT_TAG_FLYRECORD, DAT_TAG_LEN);
	table = b->len;
	buf_extend(b, (size_t)cpus * 16);
	if (clock) {
		put_u64(b, g->order, strlen(from->clock) + 2);
		buf_printf(b, "[%s]", from->clock);
	}
	for (i = 0; i < from->nr_cpus; i++) {
		const struct gen_cpu *c = &from->cpus[i];

		gen_align(b, g->page_size);
		store_u64(b->data + table + 16 * c->cpu, g->order, b->len);
		store_u64(b->data + table + 16 * c->cpu + 8, g->order, c->len);
		buf_add(b, c->data, c->len);
	}
}

static inline void gen_options6(struct gen_file *g, struct buf *b, size_t positions[GEN_BUFFERS])
{
	unsigned int i;

	buf_add(b, DAT_TAG_OPTIONS, DAT_TAG_LEN);
	g->first_options = b->len;
	for (i = 0; i < g->nr_options; i++) {
		put_u16(b, g->order, g->options[i].id);
		put_u32(b, g->order, g->options[i].len);
		buf_add(b, g->options[i].data, g->options[i].len);
	}
	for (i = 1; i < g->nr_buffers; i++) {
		put_u16(b, g->order, DAT_BUFFER);
		put_u32(b, g->order, (uint32_t)(8 + strlen(g->buffers[i].name) + 1));
		positions[i] = b->len;
		put_u64(b, g->order, 0);
		buf_add_cstr(b, g->buffers[i].name);
	}
	put_u16(b, g->order, 0);
}

static inline void gen_write6(struct gen_file *g, struct buf *b)
{
	size_t positions[GEN_BUFFERS] = { 0 };
	bool clock = false;
	uint32_t cpus = g->v6_cpus;
	unsigned int i;

	for (i = 0; !g->v6_cpus && g->nr_buffers && i < g->buffers[0].nr_cpus; i++)
		if (g->buffers[0].cpus[i].cpu >= cpus)
			cpus = g->buffers[0].cpus[i].cpu + 1;
	for (i = DAT_HEADER_INFO; i <= DAT_CMDLINES; i++)
		gen_part(g, i, b);
	put_u32(b, g->order, cpus);
	for (i = 0; i < g->nr_options; i++)
		clock = clock || g->options[i].id == DAT_TRACECLOCK;
	if (g->nr_options || g->nr_buffers > 1)
		gen_options6(g, b, positions);
	g->meta_end = b->len;
	if (g->nr_buffers && g->buffers[0].text) {
		buf_add(b, DAT_TAG_LATENCY, DAT_TAG_LEN);
		buf_add_str(b, g->buffers[0].text);
		return;
	}
	for (i = 0; i < g->nr_buffers; i++) {
		if (i)
			store_u64(b->data + positions[i], g->order, b->len);
		gen_buffer6(g, b, &g->buffers[i], cpus, clock);
	}
}

/* --- version 7 ----------------------------------------------------------- */

/* Strings of the sections' descriptions, written at the end. */
static inline size_t gen_section(struct gen_file *g, struct buf *b, struct buf *strings,
				 uint16_t id, bool compressed, const char *description)
{
	put_u16(b, g->order, id);
	put_u16(b, g->order, compressed);
	put_u32(b, g->order, (uint32_t)strings->len);
	put_u64(b, g->order, 0);
	buf_add_cstr(strings, description);
	return b->len;
}

/* Fill in the size of the section whose payload starts at @payload. */
static inline void gen_section_end(struct gen_file *g, struct buf *b, size_t payload)
{
	store_u64(b->data + payload - 8, g->order, b->len - payload);
}

/* Both sizes and the packed bytes. */
static inline void gen_packed(struct gen_file *g, struct buf *b, const void *data, size_t len)
{
	const struct zip_algo *zip = zip_find(g->compression);
	size_t room = zip->bound(len), n = 0;
	uint8_t *packed = malloc(room);
	int ret = zip->compress(data, len, packed, room, &n);

	assert(packed && !ret);
	put_u32(b, g->order, (uint32_t)n);
	put_u32(b, g->order, (uint32_t)len);
	buf_add(b, packed, n);
	free(packed);
}

static inline void gen_chunks(struct gen_file *g, struct buf *b, const void *data, size_t len,
			      size_t chunk)
{
	size_t at, n;

	put_u32(b, g->order, (uint32_t)((len + chunk - 1) / chunk));
	for (at = 0; at < len; at += n) {
		n = len - at < chunk ? len - at : chunk;
		gen_packed(g, b, (const uint8_t *)data + at, n);
	}
}

/* A section with what is in @data, packed if the file is. Returns its offset. */
static inline size_t gen_block(struct gen_file *g, struct buf *b, struct buf *strings, uint16_t id,
			       const char *description, const struct buf *data)
{
	size_t offset = b->len;
	size_t payload = gen_section(g, b, strings, id, g->compression != NULL, description);

	if (g->compression)
		gen_packed(g, b, data->data, data->len);
	else
		buf_add(b, data->data, data->len);
	gen_section_end(g, b, payload);
	return offset;
}

static inline void gen_put_option(struct gen_file *g, struct buf *b, uint16_t id, const void *data,
				  size_t len)
{
	put_u16(b, g->order, id);
	put_u32(b, g->order, (uint32_t)len);
	buf_add(b, data, len);
}

/* An OPTIONS section with @options and DONE; the pointer before is made to lead here. */
static inline void gen_options7(struct gen_file *g, struct buf *b, struct buf *strings,
				const struct buf *options)
{
	size_t payload;

	store_u64(b->data + g->options_pos, g->order, b->len);
	payload = gen_section(g, b, strings, DAT_OPTIONS, false, "options");
	buf_add(b, options->data, options->len);
	put_u16(b, g->order, DAT_DONE);
	put_u32(b, g->order, 8);
	g->options_pos = b->len;
	put_u64(b, g->order, 0);
	gen_section_end(g, b, payload);
}

/* The CPU data of a buffer as a section; its BUFFER option's payload goes to @option. */
static inline void gen_buffer7(struct gen_file *g, struct buf *b, struct buf *strings,
			       const struct gen_buffer *from, struct buf *option)
{
	uint32_t page_size = from->page_size ? from->page_size : g->page_size;
	size_t offset = b->len, payload, start;
	unsigned int i;

	put_u64(option, g->order, offset);
	buf_add_cstr(option, from->name);
	buf_add_cstr(option, from->clock);
	payload = gen_section(g, b, strings, from->text ? DAT_BUFFER_TEXT : DAT_BUFFER,
			      g->compression != NULL, "buffer");
	if (from->text) {
		if (g->compression)
			gen_chunks(g, b, from->text, strlen(from->text), 40);
		else
			buf_add_str(b, from->text);
		gen_section_end(g, b, payload);
		return;
	}
	put_u32(option, g->order, page_size);
	put_u32(option, g->order, from->nr_cpus);
	for (i = 0; i < from->nr_cpus; i++) {
		const struct gen_cpu *c = &from->cpus[i];

		gen_align(b, page_size);
		start = b->len;
		if (g->compression)
			gen_chunks(g, b, c->data, c->len,
				   (size_t)page_size * (g->chunk_pages ? g->chunk_pages : 10));
		else
			buf_add(b, c->data, c->len);
		put_u32(option, g->order, c->cpu);
		put_u64(option, g->order, start);
		put_u64(option, g->order,
			b->len - start - (g->compression && g->short_sizes ? 4 : 0));
	}
	gen_section_end(g, b, payload);
}

/* The metadata sections and the first OPTIONS section. */
static inline void gen_meta7(struct gen_file *g, struct buf *b, struct buf *strings)
{
	struct buf options = BUF_INIT, word = BUF_INIT;
	unsigned int i;

	for (i = DAT_HEADER_INFO; i <= DAT_CMDLINES; i++) {
		struct buf data = BUF_INIT;

		gen_part(g, i, &data);
		buf_reset(&word);
		put_u64(&word, g->order, gen_block(g, b, strings, (uint16_t)i, "meta", &data));
		gen_put_option(g, &options, (uint16_t)i, word.data, 8);
		buf_release(&data);
	}
	for (i = 0; i < g->nr_options; i++)
		gen_put_option(g, &options, g->options[i].id, g->options[i].data, g->options[i].len);
	g->first_options = b->len;
	gen_options7(g, b, strings, &options);
	g->meta_end = b->len;
	buf_release(&options);
	buf_release(&word);
}

static inline void gen_write7(struct gen_file *g, struct buf *b)
{
	struct buf strings = BUF_INIT, all = BUF_INIT;
	unsigned int i;

	g->options_pos = b->len - 8;
	gen_meta7(g, b, &strings);
	for (i = 0; i < g->nr_buffers; i++) {
		struct buf payload = BUF_INIT, options = BUF_INIT;

		gen_buffer7(g, b, &strings, &g->buffers[i], &payload);
		gen_put_option(g, &options, g->buffers[i].text ? DAT_BUFFER_TEXT : DAT_BUFFER,
			       payload.data, payload.len);
		gen_options7(g, b, &strings, &options);
		buf_release(&payload);
		buf_release(&options);
	}
	/* it names itself, too */
	buf_add(&all, strings.data, strings.len);
	buf_add_cstr(&all, "strings");
	gen_block(g, b, &strings, DAT_STRINGS, "strings", &all);
	buf_release(&all);
	buf_release(&strings);
}

/* Append the whole file to the empty @b. */
static inline void gen_write(struct gen_file *g, struct buf *b)
{
	gen_header(g, b);
	if (g->version == 6)
		gen_write6(g, b);
	else
		gen_write7(g, b);
	assert(!b->error);
}

#endif
