/*
 * trace-tsync.h - the compile-time choices of clock synchronisation.
 *
 * Layer 5.
 */
#ifndef TRACE_TSYNC_H
#define TRACE_TSYNC_H

#include <stdbool.h>

struct plan_tsync;

/* What record does unless told otherwise. */
void trace_tsync_defaults(struct plan_tsync *t);

#endif
