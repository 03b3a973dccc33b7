/*
 * buffers.c - where the data of the buffers is. Layer 5.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/cleanup.h"
#include "dump/item.h"
#include "wire/opts.h"

void dump_buffer_section(struct dump *d, const struct in_option *o)
{
	struct cursor c = cursor_over(o->data, o->size, d->file->head.order);
	uint64_t offset = cursor_u64(&c);

	if (!c.failed)
		dump_section_line(d, offset);
}

void dump_buffer_summary(struct dump *d, const struct in_option *o)
{
	_cleanup_(opt_buffer_release) struct opt_buffer b = { 0 };
	bool text = o->id == DAT_BUFFER_TEXT;
	uint64_t bytes = 0;
	unsigned int i;

	if (opt_buffer_parse(o->data, o->size, d->file->head.order, d->file->head.version, text, &b)) {
		err_set(&d->bad, -EBADMSG, "a BUFFER option is damaged");
		return;
	}
	fprintf(d->out, "\t[buffer \"%s\", \"%s\" clock, ", b.name, b.clock);
	if (text) {
		fprintf(d->out, "latency data]\n");
		return;
	}
	for (i = 0; i < b.nr_cpus; i++)
		bytes += b.cpus[i].size;
	fprintf(d->out, "%" PRIu32 " page size, %" PRIu32 " cpus, %" PRIu64 " bytes flyrecord data]\n",
		b.page_size, b.nr_cpus, bytes);
}

/* The table of the top buffer. */
static void table6(struct dump *d, const struct in_buffer *b)
{
	unsigned int i;

	for (i = 0; i < b->nr_entries; i++)
		fprintf(d->out, "\t %10lld %10lld\t[offset, size of cpu %" PRIu32 "]\n",
			(long long)b->cpus[i].offset, (long long)b->cpus[i].size, b->cpus[i].cpu);
}

static void clock6(struct dump *d)
{
	fprintf(d->out, "\t[Tracing clock]\n");
	if (d->file->v6.clock_text)
		fprintf(d->out, "\t\t%s\n", d->file->v6.clock_text);
	else
		fprintf(d->out, "\t\t No tracing clock saved in the file\n");
}

void dump_data6(struct dump *d)
{
	const struct in_buffer *top = in_file_buffer(d->file, "");
	bool text = top && top->text;

	if (!d->file->v6.data_offset)
		return;
	if (dump_wants(d, DUMP_SUMMARY | DUMP_FLYRECORD))
		fprintf(d->out, "\t[%s tracing data]\n", text ? "Latency" : "Flyrecord");
	if (text)
		return;
	if (top && dump_wants(d, DUMP_FLYRECORD))
		table6(d, top);
	if (dump_wants(d, DUMP_SUMMARY | DUMP_CLOCK))
		clock6(d);
}
