/*
 * proxy-limits.h - how much of what it may ask for at all a guest gets of its host.
 *
 * Layer 5. Which options these are is told by the table of record (FOR_PROXY). What they say is carried out
 * by root on the host, so that it shall not be more than tracing, nor
 * take what the host needs.
 */
#ifndef SESSION_PROXY_LIMITS_H
#define SESSION_PROXY_LIMITS_H

#include "base/err.h"
#include "session/plan.h"

/* Most memory of all ring buffers, and a sub-buffer of them; KB. */
#define PROXY_BUFFERS_KB	(256 << 10)
#define PROXY_SUBBUF_KB		64

/* Shortest sleep of a recorder, microseconds; 0 (until there is something) is fine. */
#define PROXY_SLEEP_US		1000

/* Check what a guest wants of @nr_cpus CPUs. 0; -EACCES described in @err. */
int proxy_limits_check(const struct plan *p, int nr_cpus, struct err *err);

#endif
