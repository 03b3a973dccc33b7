/*
 * restore.h - a trace file from the data of CPUs that a recorder left behind.
 *
 * Layer 5.
 */
#ifndef EDIT_RESTORE_H
#define EDIT_RESTORE_H

#include "base/err.h"

struct restore_plan {
	const char *partial;		/* a file with the metadata; NULL: this machine's */
	const char *tracing;		/* a copy of its tracing directory; NULL: its own */
	const char *kallsyms;		/* a copy of its kallsyms; NULL: its own */
	const char *output;
	const char *const *data;	/* a file for each CPU */
	int nr_data;			/* 0: only metadata is written */
};

/* Write it, telling on stderr where the data of each CPU is. 0; -errno with a message. */
int restore_run(const struct restore_plan *plan, struct err *err);

#endif
