/*
 * streaming.h - a run whose events are printed instead of stored.
 *
 * Layer 5. The part of record's worker that replaces recorders and files.
 */
#ifndef SESSION_STREAMING_H
#define SESSION_STREAMING_H

#include "base/err.h"
#include "live/live.h"
#include "session/local.h"
#include "session/stop.h"

/*
 * Have all that is needed to print the events of what @l has set up; tracing is still off. Waits for a reader of the
 * FIFO that a profile may go to, until the user wants to @stop.
 * 0; -errno, described in @err.
 */
int streaming_start(const struct local *l, struct stop *stop, struct live **ret_live, struct err *err);

/*
 * Tracing is off: print what is left, unless the user urges. Its end is the exit status of
 * a lost event if the plan says so. 0; -errno, described in @err.
 */
int streaming_finish(const struct plan *p, struct live *live, struct stop *stop, struct err *err);

#endif
