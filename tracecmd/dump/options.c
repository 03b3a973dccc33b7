/*
 * options.c - the chain of options, and the buffers they announce. Layer 5.
 */
#include "dump/item.h"
#include "wire/cursor.h"

/* Is @o shown in full? Some are what other selections are about. */
static bool option_wanted(const struct dump *d, const struct in_option *o)
{
	if (dump_wants(d, DUMP_OPTIONS))
		return true;
	return (o->id == DAT_BUFFER || o->id == DAT_BUFFER_TEXT) && dump_wants(d, DUMP_FLYRECORD);
}

static void option_print(struct dump *d, const struct in_option *o)
{
	bool buffer = dump_is_v7(d) && (o->id == DAT_BUFFER || o->id == DAT_BUFFER_TEXT);

	if (buffer && dump_wants(d, DUMP_FLYRECORD))
		dump_buffer_section(d, o);
	if (option_wanted(d, o)) {
		dump_option(d, o);
	} else if (o->id == DAT_TRACECLOCK && dump_wants(d, DUMP_CLOCK)) {
		dump_text(d, o->data, o->size);
		fputc('\n', d->out);
	}
	if (buffer && dump_wants(d, DUMP_SUMMARY))
		dump_buffer_summary(d, o);
}

void dump_option_list(struct dump *d)
{
	const struct in_file *f = d->file;
	uint64_t section = 0;
	unsigned int i;

	for (i = 0; i < f->nr_options; i++) {
		const struct in_option *o = &f->options[i];

		if (dump_is_v7(d) && dump_wants(d, DUMP_OPTIONS) && o->section != section) {
			if (section)
				fputs("\n\n", d->out);
			section = o->section;
			dump_section_line(d, section);
		}
		option_print(d, o);
	}
	if (dump_wants(d, DUMP_OPTIONS | DUMP_SUMMARY))
		fprintf(d->out, "\t[%u options]\n", f->nr_options);
}
