/*
 * time.h - from a raw ring-buffer time to the one shown: the only place that does it.
 *
 * Layer 2, pure. In this order, modulo 2^64: the guest's shift to host time (top
 * buffer only), counts to ns by the user's frequency or else by TSC2NSEC, then the
 * offset, which is the sum of the user's, DATE and OFFSET.
 */
#ifndef IN_TIME_H
#define IN_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "in/event.h"
#include "in/info.h"

/* A time after all corrections: ns, or raw counts of clocks that have no conversion. */
struct trace_time {
	uint64_t ns;
};

struct in_timeline {
	bool raw;			/* no correction at all */
	bool scaled;			/* raw, or counts are not ns: the longer way */
	const struct timeshift *shift;	/* NULL: none */
	double ns_per_count;		/* by the user's frequency, 0: not given */
	uint32_t mult, mult_shift;	/* TSC2NSEC; mult 0: none */
	int64_t offset_ns;
};

#define IN_TIME_RAW	1	/* no correction at all */
#define IN_TIME_NO_DATE	2	/* leave DATE out */

/* What @info says for the top buffer, or an instance's. @flags: IN_TIME_*. */
void in_timeline_init(struct in_timeline *t, const struct in_info *info, bool top, int flags);

/* Counts a second, 0: as the file says. */
void in_timeline_set_hz(struct in_timeline *t, uint64_t hz);

/* Take over what the user has told the top buffer so far. */
void in_timeline_follow(struct in_timeline *t, const struct in_timeline *top);

/* Add to the offset. */
static inline void in_timeline_add(struct in_timeline *t, int64_t ns)
{
	t->offset_ns = (int64_t)((uint64_t)t->offset_ns + (uint64_t)ns);
}

/* The samples for a CPU of the buffer, NULL if it isn't shifted. Look them up once a CPU. */
const struct timeshift_cpu *in_timeline_cpu(const struct in_timeline *t, unsigned int cpu);

/* The part of in_time_convert() that most files do without. */
uint64_t in_time_scale(const struct in_timeline *t, const struct timeshift_cpu *shift,
		       uint64_t count);

/* Convert a time of the CPU that in_timeline_cpu() gave @shift for. */
static inline struct trace_time in_time_convert(const struct in_timeline *t,
						const struct timeshift_cpu *shift,
						struct raw_time raw)
{
	uint64_t v = raw.count;

	if (shift || t->scaled) {
		if (t->raw)
			return (struct trace_time){ v };
		v = in_time_scale(t, shift, v);
	}
	return (struct trace_time){ v + (uint64_t)t->offset_ns };
}

/*
 * True if the trace clock called @clock counts ns. NULL, as in files that do
 * not name theirs: yes.
 */
bool in_clock_is_ns(const char *clock);

#endif
