/*
 * names.h - what the tasks of a running trace are called.
 *
 * Layer 5. A report of a file has the names that the kernel had saved by its end; here they
 * are needed at once. Names come from events that tell them, from /proc, where pids are the
 * kernel's, and from what the kernel has saved of tasks that have ended. A task that is
 * still there is asked again from time to time, as it may have got another name.
 */
#ifndef LIVE_NAMES_H
#define LIVE_NAMES_H

#include <stdint.h>

#include "event-parse.h"
#include "report/events.h"

struct names;

/*
 * Names for @tep and @events, which outlive it. @tracing: the tracing directory.
 * NULL: out of memory. NULL may be freed.
 */
struct names *names_new(struct tep_handle *tep, struct events *events, const char *tracing);
void names_free(struct names *n);

/* A look at the buffers was made at @now_ns (CLOCK_MONOTONIC): names may be looked up anew. */
void names_tick(struct names *n, int64_t now_ns);

/* Learn from a record what it tells, and what its own task is called; before it is printed. */
void names_record(struct names *n, struct tep_record *record);

#endif
