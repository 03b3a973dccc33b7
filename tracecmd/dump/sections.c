/*
 * sections.c - the sections of a version 7 file and their descriptions. Layer 5.
 */
#include <string.h>

#include "dump/item.h"

static void section_print(struct dump *d, const struct in_section *s)
{
	const struct dat_section *h = &s->head;
	bool data = h->id == DAT_BUFFER || h->id == DAT_BUFFER_TEXT;

	fprintf(d->out, "\t[Section %2d @ %-16lld\t\"%s\", flags 0x%X, ", h->id,
		(long long)s->offset, dump_description(d, h->description), h->flags);
	if (!(h->flags & DAT_SECTION_COMPRESSED))
		fprintf(d->out, "%lld bytes]\n", (long long)h->size);
	else if (data)
		fprintf(d->out, "%lld compressed bytes]\n", (long long)h->size);
	else	/* the two sizes in front are no data */
		fprintf(d->out, "%lld compressed, %lld uncompressed]\n",
			h->size >= 8 ? (long long)h->size - 8 : 0LL, (long long)s->raw_size);
}

void dump_sections(struct dump *d)
{
	unsigned int i;

	for (i = 0; i < d->nr_sections; i++)
		section_print(d, &d->sections[i]);
}

/* The strings of one section, whose first one has id @pos. */
static void section_strings(struct dump *d, size_t pos, size_t end)
{
	const char *text = (const char *)d->strings.data;
	size_t len;

	fprintf(d->out, "\t[String @ offset]\n");
	for (; pos < end; pos += len + 1) {
		len = strnlen(text + pos, end - pos);
		fprintf(d->out, "\t\t\"%.*s\" @ %zu\n", (int)len, text + pos, pos);
	}
}

void dump_strings(struct dump *d)
{
	uint64_t pos = 0, end;
	unsigned int i;

	for (i = 0; i < d->nr_sections; i++) {
		if (d->sections[i].head.id != DAT_STRINGS)
			continue;
		end = pos + d->sections[i].raw_size;
		if (end < pos || end > d->strings.len)
			end = d->strings.len;
		section_strings(d, pos, end);
		pos = end;
	}
}
