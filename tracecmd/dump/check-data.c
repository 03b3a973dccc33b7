/*
 * check-data.c - the tables of the buffers: where the data of CPUs is.
 *
 * Layer 5. What is in there is the matter of check-pages.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dump/check.h"
#include "in/text.h"

#define NAMES_MAX 256	/* names of buffers that others are compared with */

/* What a finding calls data of CPU @cpu in @b. */
static void part_name(const struct in_buffer *b, uint32_t cpu, char *name, size_t size)
{
	snprintf(name, size, "buffer '%.80s', CPU %" PRIu32, b->name, cpu);
}

/* Where the entry of a CPU may lead. */
static void check_entry(struct check *c, const struct in_buffer *b, const struct in_buffer_cpu *cpu)
{
	const struct in_file *f = c->file;
	uint64_t end = cpu->offset + cpu->size;
	char part[128];

	if (!cpu->size)
		return;
	part_name(b, cpu->cpu, part, sizeof(part));
	if (end < cpu->offset || end > f->src.size) {
		check_found(c, -ENODATA, cpu->offset, part, "needs %" PRIu64
			    " bytes, but the file ends at offset %" PRIu64, cpu->size, f->src.size);
		return;
	}
	if (cpu->overlaps)
		check_found(c, -EBADMSG, cpu->offset, part, "overlaps other data");
	if (cpu->offset % b->page_size)
		check_found(c, -EBADMSG, cpu->offset, part,
			    "does not begin at a multiple of the page size");
	if (!b->compressed && cpu->size % b->page_size)
		check_found(c, -EBADMSG, end - cpu->size % b->page_size, part,
			    "the last page is cut off");
	if (f->head.version >= 7 && (cpu->offset < b->offset + DAT_SECTION_HEADER_LEN ||
				     end - b->offset - DAT_SECTION_HEADER_LEN > b->size))
		check_found(c, -EBADMSG, cpu->offset, part, "is outside of the buffer's section");
}

/* A latency tracer's text only has to be there. */
static int check_latency(struct check *c, const struct in_buffer *b)
{
	char block[4096];
	struct in_text t;
	ssize_t len;
	int ret = in_text_open(&t, c->file, b);

	if (ret)
		return ret;
	do
		len = in_text_read(&t, block, sizeof(block));
	while (len > 0);
	in_text_close(&t);
	if (len < 0)
		check_found(c, (int)len, b->text_offset, "latency text", "cannot be unpacked");
	return len == -ENOMEM ? -ENOMEM : 0;
}

/* Two buffers of one name hide each other from who asks for it. */
static void check_name(struct check *c, unsigned int i)
{
	const struct in_buffer *b = c->file->buffers;
	unsigned int k;

	for (k = 0; k < i && k < NAMES_MAX; k++) {
		if (!strcmp(b[k].name, b[i].name)) {
			check_found(c, -EBADMSG, b[i].offset, "buffers", "the name '%s' is there twice",
				    b[i].name);
			return;
		}
	}
}

/* Version 6: options that announce a buffer, and where there is none. */
static void check_instances6(struct check *c)
{
	const struct in_file *f = c->file;
	unsigned int i, k = 0;

	for (i = 0; i < f->nr_options; i++) {
		const struct in_option *o = &f->options[i];
		struct cursor w = cursor_over(o->data, o->size, f->head.order);
		uint64_t offset = cursor_u64(&w);

		/* 0: announced, but never written */
		if (o->id != DAT_BUFFER || w.failed || !offset)
			continue;
		/* both are in the same order */
		while (k < f->nr_buffers && f->buffers[k].option < (int)i)
			k++;
		if (k == f->nr_buffers || f->buffers[k].option != (int)i)
			check_found(c, -EBADMSG, offset, "option BUFFER",
				    "there is no data of '%.80s' here", (const char *)o->data + w.pos);
	}
}

/* Version 6: the tables are there. */
static void check_table6(struct check *c, const struct in_buffer *b)
{
	const struct in_file *f = c->file;
	uint32_t want = f->info.has_cpu_count ? f->info.cpu_count : f->v6.cpus;

	if (b->nr_entries != want)
		check_found(c, -EBADMSG, b->offset + DAT_TAG_LEN, "table of CPUs",
			    "%" PRIu32 " CPUs do not fit here", want);
}

int check_data(struct check *c)
{
	const struct in_file *f = c->file;
	unsigned int i, k;
	int ret = 0;

	if (f->head.version < 7)
		check_instances6(c);
	for (i = 0; !ret && i < f->nr_buffers; i++) {
		const struct in_buffer *b = &f->buffers[i];

		check_name(c, i);
		if (b->text) {
			ret = check_latency(c, b);
			continue;
		}
		if (f->head.version < 7)
			check_table6(c, b);
		for (k = 0; k < b->nr_entries; k++)
			check_entry(c, b, &b->cpus[k]);
		ret = check_pages(c, b);
	}
	return ret;
}
