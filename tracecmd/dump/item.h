/*
 * item.h - what the printers of dump share.
 *
 * Layer 5, private to dump/.
 */
#ifndef DUMP_ITEM_H
#define DUMP_ITEM_H

#include "base/buf.h"
#include "dump/dump.h"
#include "in/file.h"

struct dump {
	struct in_file *file;
	FILE *out;
	unsigned int show;		/* enum dump_show */
	bool old_timeshift;
	struct buf strings;		/* v7: descriptions, see in_file_strings() */
	struct in_section *sections;	/* v7: all of the file */
	unsigned int nr_sections;
	struct err bad;			/* what could not be read first; the rest goes on */
};

static inline bool dump_wants(const struct dump *d, unsigned int show)
{
	return d->show & show;
}

static inline bool dump_is_v7(const struct dump *d)
{
	return d->file->head.version >= 7;
}

/* Description of a section, "Unknown" if it has none. */
const char *dump_description(const struct dump *d, int32_t id);

/* v7: the line "[Section ...]" of the section at @offset. */
void dump_section_line(struct dump *d, uint64_t offset);

/* Texts that may have no end: @len bytes up to the first NUL. */
void dump_text(struct dump *d, const void *text, size_t len);

/* content.c: metadata parts, v6 in file order, v7 backwards in the options' order */
void dump_content(struct dump *d);

/* options.c: the chain of options with what they lead to; and the count of them */
void dump_option_list(struct dump *d);

/* option.c: one option's lines */
void dump_option(struct dump *d, const struct in_option *o);

/* tsync.c */
void dump_tsync(struct dump *d, const void *data, size_t len);

/* timeshift.c */
void dump_timeshift(struct dump *d, const void *data, size_t len);

/* buffers.c: a v7 BUFFER option's section or summary line; v6's tables behind the options */
void dump_buffer_section(struct dump *d, const struct in_option *o);
void dump_buffer_summary(struct dump *d, const struct in_option *o);
void dump_data6(struct dump *d);

/* sections.c: v7's sections and strings */
void dump_sections(struct dump *d);
void dump_strings(struct dump *d);

#endif
