/*
 * trace-tsync.c - the compile-time choices of clock synchronisation.
 *
 * Layer 5. TSYNC_PER_CPU 1: synchronise for each guest CPU and, where the host
 * threads that run them are known, for each host CPU these may run on; 0: once
 * for all. --tsync-per-cpu and --no-tsync-per-cpu choose at run time. Which
 * probes count and how they are stamped is ptp_flags of trace-timesync-ptp.c.
 */
#include "session/plan.h"
#include "trace-tsync.h"
#include "tsync/tsync.h"

#ifndef TSYNC_PER_CPU
#define TSYNC_PER_CPU 1
#endif

void trace_tsync_defaults(struct plan_tsync *t)
{
	*t = (struct plan_tsync){
		.per_cpu = TSYNC_PER_CPU,
		.ptp_flags = tsync_ptp_default_flags(),
		.layout = TIMESHIFT_CURRENT,
	};
}
