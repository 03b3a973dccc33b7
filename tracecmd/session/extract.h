/*
 * extract.h - what the ring buffers hold, into a file.
 *
 * Layer 5.
 */
#ifndef SESSION_EXTRACT_H
#define SESSION_EXTRACT_H

#include "session/plan.h"

/*
 * Move the events of the buffers that the plan (PLAN_EXTRACT) names, or those of their snapshots,
 * to its output. Buffers must exist. Afterwards their tracing is off: switch, tracer and events; with -k all of
 * that is as it was. A guardian finishes the file should the process be killed. Returns
 * the exit status; messages have been printed.
 */
int session_extract(const struct plan *p);

#endif
