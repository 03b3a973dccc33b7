/*
 * show.h - the files that show, snapshot and stack print.
 *
 * Layer 5.
 */
#ifndef STATE_SHOW_H
#define STATE_SHOW_H

#include "state/selection.h"

/* Which part of a buffer show prints. */
struct show_plan {
	const char *file;	/* trace, trace_pipe, snapshot */
	int cpu;		/* -1: all */
	bool path;		/* print the path first */
};

/*
 * Copy the file to stdout until its end. trace_pipe has none: it is followed, and what comes is
 * printed at once, until SIGINT or SIGTERM (the rest is printed then), or until tracing is off. 0,
 * also when the reader of stdout has gone; -errno, described in @err.
 */
int show_buffer(const struct selected *b, const struct show_plan *plan, struct err *err);

/* The content of @file of a buffer. 0; -errno, described. */
int show_file(const struct selected *b, const char *file, struct err *err);

/*
 * The hist or trigger @file of an event named "SYS:EVENT", or "EVENT" of the first system
 * that has it. 0; -ENOENT; -errno, described in @err.
 */
int show_event(const struct selected *b, const char *event, const char *file, struct err *err);

/* Take ("1"), empty ("2") or free ("0") the snapshot of a buffer or of one of its CPUs. */
int show_snapshot_write(const struct selected *b, int cpu, const char *value, struct err *err);

/* --- the stack tracer, of which there is one --- */

/* Switch it on or off; forget its largest stack. 0; -ENOENT: the kernel has none; -errno. */
int show_stack_enable(bool on, struct err *err);
int show_stack_reset(const char *tracing, struct err *err);
/* Print whether it runs, and its largest stack. */
int show_stack(const char *tracing, struct err *err);

#endif
