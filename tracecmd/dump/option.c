/*
 * option.c - the lines of one option, by the kind that the table of ids gives it.
 *
 * Layer 5. Payloads come from the file: those that don't parse are called broken.
 */
#include <inttypes.h>

#include "base/cleanup.h"
#include "dump/item.h"
#include "wire/opts.h"

/* The option's cursor in the file's byte order. */
static struct cursor payload(const struct dump *d, const struct in_option *o)
{
	return cursor_over(o->data, o->size, d->file->head.order);
}

static void broken(struct dump *d, const char *what)
{
	fprintf(d->out, "Broken %s option\n", what);
}

static void print_number(struct dump *d, const struct in_option *o)
{
	struct cursor c = payload(d, o);

	if (o->id == DAT_TRACEID)
		fprintf(d->out, "0x%" PRIX64 "\n", cursor_u64(&c));
	else
		fprintf(d->out, "%" PRIu32 "\n", cursor_u32(&c));
}

static void print_buffer(struct dump *d, const struct in_option *o)
{
	_cleanup_(opt_buffer_release) struct opt_buffer b = { 0 };
	bool text = o->id == DAT_BUFFER_TEXT;
	unsigned int i;

	if (opt_buffer_parse(o->data, o->size, d->file->head.order, d->file->head.version, text,
			     &b)) {
		broken(d, "buffer");
		return;
	}
	fprintf(d->out, "%" PRIu64 " [offset]\n\"%s\" [name]\n", b.offset, b.name);
	if (!dump_is_v7(d))
		return;
	fprintf(d->out, "\"%s\" [clock]\n", b.clock);
	if (text)
		return;
	fprintf(d->out, "%" PRIu32 " [Page size, bytes]\n%" PRIu32 " [CPUs]:\n", b.page_size,
		b.nr_cpus);
	for (i = 0; i < b.nr_cpus; i++)
		fprintf(d->out, "   %" PRIu32 " %" PRIu64 "\t%" PRIu64
			"\t[id, data offset and size]\n", b.cpus[i].cpu, b.cpus[i].offset,
			b.cpus[i].size);
}

static void print_guest(struct dump *d, const struct in_option *o)
{
	_cleanup_(opt_guest_release) struct opt_guest g = { 0 };
	unsigned int i;

	if (opt_guest_parse(o->data, o->size, d->file->head.order, &g)) {
		broken(d, "guest");
		return;
	}
	fprintf(d->out, "%s [Guest name]\n0x%" PRIX64 " [trace id]\n%" PRIu32 " [Guest CPUs]\n",
		g.name, g.trace_id, g.nr_cpus);
	for (i = 0; i < g.nr_cpus; i++)
		fprintf(d->out, "  %" PRIu32 " %" PRId32 " [guest cpu, host pid]\n", g.cpus[i].vcpu,
			g.cpus[i].host_pid);
}

static void print_tsc2nsec(struct dump *d, const struct in_option *o)
{
	struct opt_tsc2nsec t;

	if (opt_tsc2nsec_parse(o->data, o->size, d->file->head.order, &t)) {
		broken(d, "tsc2nsec");
		return;
	}
	fprintf(d->out, "%" PRIu32 " %" PRIu32 " %" PRIu64 " [multiplier, shift, offset]\n", t.mult,
		t.shift, t.offset);
}

static void print_struct(struct dump *d, const struct in_option *o)
{
	switch (o->id) {
	case DAT_BUFFER:
	case DAT_BUFFER_TEXT:
		print_buffer(d, o);
		break;
	case DAT_TIME_SHIFT:
		dump_timeshift(d, o->data, o->size);
		break;
	case DAT_TSYNC:
		dump_tsync(d, o->data, o->size);
		break;
	case DAT_GUEST:
		print_guest(d, o);
		break;
	case DAT_TSC2NSEC:
		print_tsc2nsec(d, o);
		break;
	}
}

/* What follows the line with the option's name. */
static void print_value(struct dump *d, const struct in_option *o, const struct dat_id_info *info)
{
	struct cursor c = payload(d, o);

	if (o->size < info->min_size) {
		broken(d, info->option);
		return;
	}
	switch (info->kind) {
	case DAT_KIND_STRING:
		dump_text(d, o->data, o->size);
		fputc('\n', d->out);
		break;
	case DAT_KIND_NUMBER:
		print_number(d, o);
		break;
	case DAT_KIND_STRUCT:
		print_struct(d, o);
		break;
	default:	/* DONE: where the chain goes on */
		if (o->id == DAT_DONE)
			fprintf(d->out, "%" PRIu64 "\n", cursor_u64(&c));
		break;
	}
}

void dump_option(struct dump *d, const struct in_option *o)
{
	const struct dat_id_info *info = dat_id_find(o->id);
	struct cursor c = payload(d, o);

	/* other programs know nothing of it */
	if (!info || o->id == DAT_STRINGS || (o->id == DAT_TSYNC && d->old_timeshift)) {
		fprintf(d->out, " %u %" PRIu32 "\t[Unknown option, size - skipping]\n", o->id,
			o->size);
		return;
	}
	if (o->id == DAT_TSC2NSEC)	/* as it has always been */
		fputc('\n', d->out);
	fprintf(d->out, "\t\t[Option %s, %" PRIu32 " bytes]",
		o->id == DAT_BUFFER_TEXT ? "BUFFER" : info->option, o->size);
	if (info->kind == DAT_KIND_SECTION && o->size >= info->min_size) {
		fprintf(d->out, " @ %" PRIu64 "\n", cursor_u64(&c));
		return;
	}
	fputc('\n', d->out);
	print_value(d, o, info);
}
