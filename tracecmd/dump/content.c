/*
 * content.c - the metadata parts: their summary lines and their texts. Layer 5.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dump/formats.h"
#include "dump/item.h"

/* The selections that show something of part @id, besides the summary. */
static unsigned int part_selections(unsigned int id)
{
	switch (id) {
	case DAT_HEADER_INFO:
		return DUMP_HEAD_PAGE | DUMP_HEAD_EVENT;
	case DAT_FTRACE_EVENTS:
		return DUMP_FTRACE_EVENTS;
	case DAT_EVENT_FORMATS:
		return DUMP_SYSTEMS | DUMP_EVENTS;
	case DAT_KALLSYMS:
		return DUMP_KALLSYMS;
	case DAT_PRINTK:
		return DUMP_PRINTK;
	case DAT_CMDLINES:
		return DUMP_CMDLINES;
	case DAT_MODULES_FILE:
		return DUMP_MODULES;
	default:
		return 0;
	}
}

/* "[TITLE, N bytes]" if the summary or @selection is wanted, and the text for the latter. */
static void print_text(struct dump *d, const char *title, unsigned int selection, const char *text,
		       size_t len)
{
	if (dump_wants(d, DUMP_SUMMARY | selection))
		fprintf(d->out, "\t[%s, %zu bytes]\n", title, len);
	if (!dump_wants(d, selection))
		return;
	fwrite(text, 1, len, d->out);
	fputc('\n', d->out);
}

/* A text with its size in front. 0; -EBADMSG. */
static int print_sized(struct dump *d, struct cursor *c, const char *title, unsigned int selection,
		       bool wide)
{
	uint64_t size = wide ? cursor_u64(c) : cursor_u32(c);
	const char *text = size <= cursor_left(c) ? cursor_bytes(c, size) : NULL;

	if (!text)
		return -EBADMSG;
	print_text(d, title, selection, text, size);
	return 0;
}

static int print_headers(struct dump *d, struct cursor *c)
{
	int ret;

	cursor_cstr(c, 32);
	ret = print_sized(d, c, "Header page", DUMP_HEAD_PAGE, true);
	if (ret)
		return ret;
	cursor_cstr(c, 32);
	return print_sized(d, c, "Header event", DUMP_HEAD_EVENT, true);
}

static int on_system(void *data, const char *name, uint32_t events)
{
	struct dump *d = data;

	if (dump_wants(d, DUMP_SYSTEMS))
		fprintf(d->out, "\t\t%s %" PRIu32 " [system, events]\n", name, events);
	return 0;
}

static int on_event(void *data, const char *text, size_t len)
{
	struct dump *d = data;

	fwrite(text, 1, len, d->out);
	fputc('\n', d->out);
	return 0;
}

/* The formats of events or, if not @systems, of ftrace's own records. */
static int print_formats(struct dump *d, struct cursor *c, bool systems)
{
	unsigned int selection = systems ? DUMP_EVENTS : DUMP_FTRACE_EVENTS;
	struct formats_visitor v = { .system = on_system, .data = d };
	struct cursor count = *c;

	fprintf(d->out, "\t[%s format, %" PRIu32 " %s]\n", systems ? "Events" : "Ftrace",
		cursor_u32(&count), systems ? "systems" : "events");
	if (!dump_wants(d, part_selections(systems ? DAT_EVENT_FORMATS : DAT_FTRACE_EVENTS)))
		return 0;
	if (dump_wants(d, selection))
		v.event = on_event;
	return formats_walk(c, systems, &v);
}

/* BTF is binary: only its size is told. */
static int print_btf(struct dump *d, const struct buf *text)
{
	fprintf(d->out, "\t[BTF, %zu bytes]\n", text->len);
	return 0;
}

static int print_modules(struct dump *d, const struct buf *text)
{
	if (!dump_wants(d, DUMP_MODULES)) {
		fprintf(d->out, "\t[Saved modules, %zu bytes]\n", text->len);
		return 0;
	}
	fprintf(d->out, "\t[Saved modules]\n");
	dump_text(d, text->data, text->len);
	fprintf(d->out, "\t[%zu bytes]\n", text->len);
	return 0;
}

static int print_part(struct dump *d, unsigned int id, const struct buf *text)
{
	struct cursor c = cursor_over(text->data, text->len, d->file->head.order);

	switch (id) {
	case DAT_HEADER_INFO:
		return print_headers(d, &c);
	case DAT_FTRACE_EVENTS:
		return print_formats(d, &c, false);
	case DAT_EVENT_FORMATS:
		return print_formats(d, &c, true);
	case DAT_KALLSYMS:
		return print_sized(d, &c, "Kallsyms", DUMP_KALLSYMS, false);
	case DAT_PRINTK:
		return print_sized(d, &c, "Trace printk", DUMP_PRINTK, false);
	case DAT_CMDLINES:
		return print_sized(d, &c, "Saved command lines", DUMP_CMDLINES, true);
	case DAT_BTF_FILE:
		return print_btf(d, text);
	case DAT_MODULES_FILE:
		return print_modules(d, text);
	default:
		return 0;
	}
}

static void dump_part(struct dump *d, unsigned int id)
{
	const struct in_part *part = &d->file->part[id];
	_cleanup_buf_ struct buf text = BUF_INIT;
	unsigned int selections = part_selections(id);

	if (!part->present || !dump_wants(d, DUMP_SUMMARY | selections))
		return;
	if (in_file_load(d->file, id, &text, &d->bad))
		return;
	if (dump_is_v7(d) && dump_wants(d, selections))
		dump_section_line(d, part->offset);
	if (print_part(d, id, &text))
		err_set(&d->bad, -EBADMSG, "cannot read the %s: damaged", dat_id_find(id)->section);
}

/* Later options first. */
static int by_option(const void *a, const void *b, void *data)
{
	const struct in_part *parts = data;
	unsigned int x = parts[*(const unsigned int *)a].option;
	unsigned int y = parts[*(const unsigned int *)b].option;

	return (x < y) - (x > y);
}

void dump_content(struct dump *d)
{
	unsigned int order[IN_PART_COUNT], n = 0, i;

	for (i = DAT_HEADER_INFO; i < IN_PART_COUNT; i++) {
		if (d->file->part[i].present)
			order[n++] = i;
	}
	if (dump_is_v7(d))
		qsort_r(order, n, sizeof(*order), by_option, d->file->part);
	for (i = 0; i < n; i++)
		dump_part(d, order[i]);
}
