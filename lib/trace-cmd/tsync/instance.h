/*
 * instance.h - an ftrace instance of our own, used as a clock that the kernel reads.
 *
 * Layer 4. A stamp is a record written to trace_marker_raw: the kernel puts
 * the trace clock's time on it. After a round the records are read back from
 * the instance's buffers, which consumes them. Nothing else is on in it.
 */
#ifndef TSYNC_INSTANCE_H
#define TSYNC_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sync_instance;

/* A record, as five native 32-bit integers in the buffer. */
struct sync_mark {
	uint32_t series;
	int32_t own_id, peer_id;
	uint32_t number;
	uint32_t kind;		/* character code of 's' (sending) or 'r' (received) */
};

/*
 * Claim the instance that tsync_pick_id() has made for @id, whether it will be set up or not, so that nobody takes it
 * for left over. The descriptor that holds the claim, for the caller to close; -1: there is none.
 */
int sync_instance_hold(const char *tracing_dir, int id);

/*
 * Set up <tracing_dir>/instances/clock_synch-<id>, creating it unless
 * tsync_pick_id() has (@made), with trace clock @clock (NULL: as it is). If it is held, *@claim is
 * taken over, which is -1 then; else -1. Its markers are
 * written to a buffer of their own for each CPU. 0; -EBUSY if another
 * session uses it; -errno described in @err.
 */
int sync_instance_open(const char *tracing_dir, int id, const char *clock, bool made,
		       int *claim, struct sync_instance **ret, struct err *err);

/* Whether its buffers are larger than markers need; have them no larger, which takes a while. */
bool sync_instance_is_big(const struct sync_instance *inst);
void sync_instance_shrink(struct sync_instance *inst);

/* Remove it. NULL is fine. */
void sync_instance_close(struct sync_instance *inst);

/* Write a record, stamped on the way. 0; -errno. */
int sync_instance_mark(struct sync_instance *inst, const struct sync_mark *mark);

/* An event out of the buffers. */
struct sync_event {
	int cpu;
	int64_t time;
	bool missed;		/* some before it, on that CPU, were lost */
	const void *data;	/* of its record, with the common fields */
	size_t size;
};

/*
 * Take all events out of the buffers, CPU by CPU; @seen (may be NULL) gets each, and ends it by
 * returning anything but 0. 0; what it returned; -errno.
 */
int sync_instance_read(struct sync_instance *inst,
		       int (*seen)(const struct sync_event *e, void *data), void *data);

/* Write @text to the file @name of the instance. 0; -errno. */
int sync_instance_write(struct sync_instance *inst, const char *name, const char *text);

/* Take all records out of the buffers; @seen (may be NULL) gets each with its time. 0; -errno. */
int sync_instance_drain(struct sync_instance *inst,
			void (*seen)(const struct sync_mark *mark, int64_t time, void *data),
			void *data);

#endif
