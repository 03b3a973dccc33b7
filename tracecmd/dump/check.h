/*
 * check.h - dump --validate: is everything in a file what it should be?
 *
 * Layer 5. Looks at each section, option, metadata part, page and event, and
 * tells each thing that is wrong in a line of its own, with its offset in the
 * file. The reader steps over most of these; here they are what is asked for.
 */
#ifndef DUMP_CHECK_H
#define DUMP_CHECK_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "in/file.h"

#define CHECK_LINES_MAX	20	/* findings that are printed; the rest are counted */
#define CHECK_IDS	65536	/* of events: they have 16 bits */

/* A string or array within an event, told by a word of it: u16 offset, u16 length. */
struct check_loc {
	uint32_t pos;		/* of the word in the payload, bytes */
	bool relative;		/* the offset counts from behind the word */
};

/* What an event's format says of the size of its payload. */
struct check_event {
	bool known;
	uint32_t size;		/* bytes, at least */
	uint32_t loc, nr_locs;	/* in check->locs */
};

struct check {
	const char *path;
	FILE *out;
	struct in_file *file;		/* NULL: could not be opened */
	unsigned int found;
	int code;			/* of the first finding */
	struct in_section *sections;	/* v7 */
	unsigned int nr_sections;
	bool *led;			/* by section: something points to it */
	struct check_event *events;	/* by id; NULL: the formats are damaged */
	struct check_loc *locs;
	uint32_t nr_locs;
};

/*
 * Check @file, the opened @path, writing findings to @out. 0; with a message
 * that sums them up, -EBADMSG damaged, -ENODATA cut off; -ENOMEM.
 */
int check_file(struct in_file *file, const char *path, FILE *out, struct err *err);

/*
 * The same for a file that cannot be opened, for the reason @code that @why tells. Returns
 * @code, with that message.
 */
int check_unreadable(const char *path, int code, const struct err *why, FILE *out, struct err *err);

/* --- between the parts of it --------------------------------------------- */

/* A finding about @part, at @offset in the file. @code: -ENODATA cut off, -EBADMSG damaged. */
void check_found(struct check *c, int code, uint64_t offset, const char *part, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* The section that begins at @offset, NULL if none does. */
const struct in_section *check_section(const struct check *c, uint64_t offset);

/* The same, noting that something leads there. */
const struct in_section *check_led(struct check *c, uint64_t offset);

/* check-header.c: look for what is wrong with the initial header of c->path */
void check_header(struct check *c);

/* check-sections.c: v7's sections and descriptions; fills c->sections. 0; -ENOMEM. */
int check_sections(struct check *c);

/* check-options.c: the options and how they are chained */
void check_options(struct check *c);

/* check-option.c: the payload of one option at @offset */
void check_option(struct check *c, const struct in_option *o, uint64_t offset);

/* check-parts.c: the metadata. 0; -ENOMEM. */
int check_parts(struct check *c);

/*
 * check-format.c: one event's format. What it says of events is added to c->events,
 * unless that is NULL. NULL, or what is wrong with it; @ret_no_memory.
 */
const char *check_format(struct check *c, const char *text, size_t len, bool own,
			 bool *ret_no_memory);

/* check-data.c: the buffers: tables, chunks, pages. 0; -ENOMEM. */
int check_data(struct check *c);

/* check-pages.c: the pages and events of buffer @b. 0; -ENOMEM. */
int check_pages(struct check *c, const struct in_buffer *b);

#endif
