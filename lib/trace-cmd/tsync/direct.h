/*
 * direct.h - reading the session's trace clock without the kernel's tracing.
 *
 * Layer 4. Some of ftrace's clocks are also there for programs: x86-tsc is the TSC, and mono,
 * mono_raw, boot and tai are those of clock_gettime(), reckoned from the same counter
 * and the same factors. A stamp then costs some 20 ns instead of 500. For the others (local,
 * global, perf) there are only markers: see clock.h.
 */
#ifndef TSYNC_DIRECT_H
#define TSYNC_DIRECT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct tsync_conf;

/*
 * What ftrace's stamp and ours of the same moment may differ by, beside the path between them: each
 * rounds down to a nanosecond on its own, and the kernel updates the two copies of the factors
 * one after the other. The TSC is the TSC.
 */
#define DIRECT_EPSILON_NS	2

struct tsync_direct {
	const struct tsync_conf *conf;
	bool is_trace_clock;	/* else it is CLOCK_MONOTONIC_RAW, for measuring times only */
	bool tsc;
	clockid_t clock;
	int64_t epsilon;	/* clock units */
	int64_t per_us;		/* clock units in a microsecond, about */
};

/* Choose by conf.clock. */
void direct_init(struct tsync_direct *d, const struct tsync_conf *conf);

/* The clock now: after all that came before, before all that comes after. Clock units. */
int64_t direct_now(const struct tsync_direct *d);

/* Whether clock_gettime() shows us another time of @clock than the kernel has. */
bool direct_shifted(clockid_t clock);

#endif
