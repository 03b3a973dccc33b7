/*
 * buffers.c - where the data of the buffers is. Layer 5.
 */
#include <inttypes.h>

#include "dump/item.h"

/* The buffer that option @o announces, NULL if it could not be read. */
static const struct in_buffer *option_buffer(const struct dump *d, const struct in_option *o)
{
	const struct in_file *f = d->file;
	unsigned int i;

	for (i = 0; i < f->nr_buffers; i++) {
		if (f->buffers[i].option == o - f->options)
			return &f->buffers[i];
	}
	return NULL;
}

void dump_buffer_section(struct dump *d, const struct in_option *o)
{
	struct cursor c = cursor_over(o->data, o->size, d->file->head.order);
	uint64_t offset = cursor_u64(&c);

	if (!c.failed)
		dump_section_line(d, offset);
}

void dump_buffer_summary(struct dump *d, const struct in_option *o)
{
	const struct in_buffer *b = option_buffer(d, o);
	uint64_t bytes = 0;
	unsigned int i;

	if (!b)
		return;
	fprintf(d->out, "\t[buffer \"%s\", \"%s\" clock, ", b->name, b->clock ? b->clock : "");
	if (b->text) {
		fprintf(d->out, "latency data]\n");
		return;
	}
	for (i = 0; i < b->nr_entries; i++)
		bytes += b->cpus[i].size;
	fprintf(d->out, "%" PRIu32 " page size, %u cpus, %" PRIu64 " bytes flyrecord data]\n",
		b->page_size, b->nr_entries, bytes);
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

	if (!d->file->v6.has_data)
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
