/*
 * change.h - what stop, restart, clear and reset do to buffers. For good: nothing
 * remembers what was there before.
 *
 * Layer 5. Files that a kernel lacks, or locks, are passed over unless they are what
 * the command is for.
 */
#ifndef STATE_CHANGE_H
#define STATE_CHANGE_H

#include "state/selection.h"

/* Kinds of dynamic events, to be kept by reset. */
enum {
	KEEP_KPROBE	= 1 << 0,
	KEEP_KRETPROBE	= 1 << 1,
	KEEP_UPROBE	= 1 << 2,
	KEEP_URETPROBE	= 1 << 3,
	KEEP_EPROBE	= 1 << 4,
	KEEP_SYNTH	= 1 << 5,
	KEEP_ALL	= (1 << 6) - 1,
};

/* Switch writing to a buffer on or off. 0; -errno, described in @err. */
int change_tracing_on(const struct selected *b, bool on, struct err *err);

/* Throw away what a buffer holds. 0; -errno, described in @err. */
int change_clear(const struct selected *b, struct err *err);

/*
 * Make a buffer what it was after boot: no tracer, events, filters, triggers, pids;
 * empty, on the local clock, switched on. @buffer_kb: its new size for each CPU, 0:
 * leave it. 0; -errno, described in @err.
 */
int change_reset(const struct selected *b, int buffer_kb, struct err *err);

/* Remove the dynamic events of the whole system but for the kinds in @keep (KEEP_*). */
void change_remove_dynamic(unsigned int keep);

/* Remove an instance. 0; -EBUSY: it is in use; -errno, described in @err. */
int change_remove(const struct selected *b, struct err *err);

#endif
