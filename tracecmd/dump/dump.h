/*
 * dump.h - shows what a trace.dat file is made of.
 *
 * Layer 5, on the reader's file layer (in/) instead of the public library, which
 * hides all of this. Works on metadata only, but for DUMP_VALIDATE.
 */
#ifndef DUMP_DUMP_H
#define DUMP_DUMP_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

enum dump_show {
	DUMP_SUMMARY		= 1 << 0,
	DUMP_HEAD_PAGE		= 1 << 1,
	DUMP_HEAD_EVENT		= 1 << 2,
	DUMP_FTRACE_EVENTS	= 1 << 3,
	DUMP_SYSTEMS		= 1 << 4,
	DUMP_EVENTS		= 1 << 5,
	DUMP_KALLSYMS		= 1 << 6,
	DUMP_PRINTK		= 1 << 7,
	DUMP_CMDLINES		= 1 << 8,
	DUMP_MODULES		= 1 << 9,
	DUMP_OPTIONS		= 1 << 10,
	DUMP_FLYRECORD		= 1 << 11,
	DUMP_CLOCK		= 1 << 12,
	DUMP_STRINGS		= 1 << 13,
	DUMP_SECTIONS		= 1 << 14,
	DUMP_VALIDATE		= 1 << 15,	/* look for damage in all there is, see check.h */
};
/* --all */
#define DUMP_ALL (DUMP_VALIDATE - 1)

struct dump_plan {
	const char *path;
	unsigned int show;	/* enum dump_show; 0 means the summary */
	bool old_timeshift;	/* TimeShift's current layout as the releases up to 3.4 print it */
};

/*
 * Print what @plan asks for to @out. 0; -errno with a message: of opening and
 * reading; -ENODATA cut off; -EBADMSG damaged. What can be read is printed before.
 * The caller checks @out for errors of writing.
 */
int dump_run(const struct dump_plan *plan, FILE *out, struct err *err);

#endif
