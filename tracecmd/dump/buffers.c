/*
 * buffers.c - where the data of the buffers is. Layer 5.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

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

	if (opt_buffer_parse(o->data, o->size, d->file->head.order, d->file->head.version, text,
			     &b)) {
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
	fprintf(d->out, "%" PRIu32 " page size, %" PRIu32 " cpus, %" PRIu64
		" bytes flyrecord data]\n", b.page_size, b.nr_cpus, bytes);
}

/* Where each CPU's data is; the size of an empty one is left blank. */
static void table6(struct dump *d, const struct in_buffer *b)
{
	unsigned int i;

	for (i = 0; i < b->nr_entries; i++) {
		const struct in_buffer_cpu *c = &b->cpus[i];

		fprintf(d->out, "\t %10lld %10.0lld\t[offset, size of cpu %" PRIu32 "]\n",
			(long long)c->offset, (long long)c->size, c->cpu);
	}
}

static void clock6(struct dump *d, const struct in_buffer *b)
{
	const char *text = d->file->v6.clock_text;

	fprintf(d->out, "\t[Tracing clock]\n");
	if (!b->name[0] && text)
		fprintf(d->out, "\t\t%s\n", text);
	else if (b->name[0] && b->clock)
		fprintf(d->out, "\t\t[%s]\n", b->clock);
	else
		fprintf(d->out, "\t\t No tracing clock saved in the file\n");
}

/* What is said of one buffer. */
static void buffer6(struct dump *d, const struct in_buffer *b)
{
	if (dump_wants(d, DUMP_SUMMARY | DUMP_FLYRECORD))
		fprintf(d->out, "\t[Flyrecord tracing data]\n");
	if (dump_wants(d, DUMP_FLYRECORD))
		table6(d, b);
	if (dump_wants(d, DUMP_SUMMARY | DUMP_CLOCK))
		clock6(d, b);
}

/* Where the table and clock of @b end in the file. */
static uint64_t end6(const struct dump *d, const struct in_buffer *b)
{
	const char *text = d->file->v6.clock_text;
	uint64_t end = b->offset + DAT_TAG_LEN + (uint64_t)b->nr_entries * 16;

	if (!text)
		return end;
	/* instances have the bare name, and brackets in the file */
	return end + 8 + (b->name[0] ? (b->clock ? strlen(b->clock) : 0) + 2 : strlen(text));
}

void dump_data6(struct dump *d)
{
	const struct in_file *f = d->file;
	unsigned int i;

	if (!f->v6.data_offset)
		return;
	if (f->v6.latency) {
		if (dump_wants(d, DUMP_SUMMARY))
			fprintf(d->out, "\t[Latency tracing data]\n");
		return;
	}
	/*
	 * The body is shown up to the first padding, as it has always been: the top
	 * buffer, and what follows it directly as some writers have it where there is no data.
	 */
	for (i = 0; i < f->nr_buffers; i++) {
		buffer6(d, &f->buffers[i]);
		if (i + 1 < f->nr_buffers && f->buffers[i + 1].offset != end6(d, &f->buffers[i]))
			break;
	}
}
