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

struct tsync_direct {
	const struct tsync_conf *conf;
	bool is_trace_clock;	/* else it is CLOCK_MONOTONIC_RAW, for measuring times only */
	bool tsc;
	clockid_t clock;
	int64_t epsilon;	/* clock units */
	int64_t per_us;		/* clock units in a microsecond, about */
};

/*
 * What ftrace's stamp by @clock and clock_gettime()'s of the same moment may differ by, in ns, beside the path
 * between them. Both round down on their own: 2. While the kernel updates its factors, for some 100 ns
 * in each tick, the one may go by the old ones still: where they change (mono, boot, tai), by what 1 ppm makes in
 * a tick of 10 ms. A daemon that changes a rate by more in just that moment is not provided for. 0
 * for clocks that cannot be read so, and for the TSC, which is the TSC.
 */
int64_t direct_epsilon(const char *clock);

/*
 * Whether the trace clock @clock and CLOCK_MONOTONIC_RAW differ by what is linear in time: both are made of the counter
 * that the kernel has chosen for its clocks, at rates that nobody changes. On machines whose counters it
 * has found unfit for that, its scheduler clocks aren't made of one only.
 */
bool direct_is_linear(const char *clock);

/*
 * The same, if that counter is @counter. A host whose TSC is unfit still gives its guests kvm-clock, which they go by
 * then without trusting it: perf and global are corrected by the clock that daemons adjust, at each tick of a CPU.
 */
bool direct_is_linear_by(const char *clock, const char *counter);

/* Choose by conf.clock. */
void direct_init(struct tsync_direct *d, const struct tsync_conf *conf);

/* The clock now: after all that came before, before all that comes after. Clock units. */
int64_t direct_now(const struct tsync_direct *d);

/* Whether clock_gettime() shows us another time of @clock than the kernel has. */
bool direct_shifted(clockid_t clock);

#endif
