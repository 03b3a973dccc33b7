/*
 * formats.h - the formats of events that a file stores.
 *
 * Layer 5. Formats are the kernel's texts; nothing here interprets them further
 * than their first lines.
 */
#ifndef DUMP_FORMATS_H
#define DUMP_FORMATS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "wire/cursor.h"

struct in_file;

/* What formats_walk() finds. A function may be NULL; a non-zero value of it ends the walk. */
struct formats_visitor {
	/* a system and how many events follow */
	int (*system)(void *data, const char *name, uint32_t events);
	/* one format's text, without a NUL */
	int (*event)(void *data, const char *text, size_t len);
	void *data;
};

/*
 * Walk through the payload of EVENT_FORMATS, or (@systems false) of
 * FTRACE_EVENTS, that @c is over. 0; -EBADMSG a count or size leads out of it; what
 * the visitor returned.
 */
int formats_walk(struct cursor *c, int systems, const struct formats_visitor *v);

/*
 * Print to @out the formats of the file @path: all, or those whose event or
 * system matches one of @patterns ("RE" or "SYSTEM:RE"). 0; -errno with a message.
 */
int formats_print(const char *path, char *const *patterns, unsigned int count, FILE *out,
		  struct err *err);

#endif
