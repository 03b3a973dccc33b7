/*
 * opt-tsync.h - option 0xC10C, how well a guest's clock is known: what TimeShift cannot say.
 *
 * Layer 1, pure. theta(t) = host clock - guest clock when the guest's clock says t; all in units
 * of the trace clock. Within a segment theta is about a line; segments end where a clock stepped, or
 * where nobody knows how its rate has changed. The layout is in formats/trace-dat.md.
 */
#ifndef WIRE_OPT_TSYNC_H
#define WIRE_OPT_TSYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/cursor.h"

#define OPT_TSYNC_VERSION	1

/* Slopes: d theta / d guest time, times 2^48. */
#define OPT_TSYNC_SLOPE_SHIFT	48

/* A slope in parts of 10^6, and of 10^9. */
static inline double opt_tsync_ppm(int64_t slope)
{
	return (double)slope / (double)(INT64_C(1) << OPT_TSYNC_SLOPE_SHIFT) * 1e6;
}

static inline double opt_tsync_ppb(int64_t slope)
{
	return (double)slope / (double)(INT64_C(1) << OPT_TSYNC_SLOPE_SHIFT) * 1e9;
}

#define OPT_TSYNC_GUARANTEED	1	/* the bounds hold whatever the paths did */
#define OPT_TSYNC_APART		2	/* CPUs contradict each other: groups of their own */
#define OPT_TSYNC_UNSURE	4	/* a step, or another rate: nobody knows, and the bounds have both */
#define OPT_TSYNC_FLAGS		7

#define OPT_TSYNC_SEG_KNOWN	1	/* bounded on both sides; else only the times are of use */
#define OPT_TSYNC_SEG_STEP	2	/* a clock stepped before it */
#define OPT_TSYNC_SEG_FLAGS	3

struct opt_tsync_segment {
	int64_t first, last;		/* guest time of the first and last measurement in it */
	int64_t from, to;		/* it may reach there; INT64_MIN, INT64_MAX: no end known */
	int64_t offset;			/* theta(first), the estimate */
	int64_t drift, drift_lo, drift_hi;	/* slopes: the estimate, and its limits */
	int64_t lo_first, hi_first;	/* limits of theta(first) */
	int64_t lo_last, hi_last;	/* and of theta(last) */
	uint32_t flags;			/* OPT_TSYNC_SEG_* */
	uint32_t bounds;		/* that went in */
	uint8_t lo_source, hi_source;	/* OPT_TSYNC_SRC_*: what limits it */
};

enum opt_tsync_kind {
	OPT_TSYNC_ALL,			/* one group, without a list of CPUs */
	OPT_TSYNC_GUEST_CPUS,
	OPT_TSYNC_HOST_CPUS,
};

/* CPUs whose bounds agree. */
struct opt_tsync_group {
	uint32_t nr_cpus;
	int32_t *cpus;			/* -1: not pinned */
	uint32_t nr_segments;		/* at least one */
	struct opt_tsync_segment *segments;	/* in order of time */
};

/* One measured bound, if the raw ones are kept. */
struct opt_tsync_bound {
	int64_t time, value;		/* theta(time) <= value, or >= */
	int16_t guest_cpu, host_cpu;	/* -1: any */
	uint8_t source, upper;
};

struct opt_tsync {
	uint64_t peer_id;		/* trace id of the host */
	uint32_t flags;			/* OPT_TSYNC_* */
	char *method;			/* name of the protocol */
	char *host_clock, *guest_clock;
	uint32_t rounds, probes;
	int64_t rtt_min, rtt_median;	/* of probes, without the host's time; -1 unknown */
	int64_t sigma;			/* repeatability of the estimate in a round; -1 unknown */
	int64_t quantum;		/* how much stamps may be off, in the limits */
	int64_t rho_max_ppb;		/* |drift| that was taken for possible */
	uint32_t kind;			/* enum opt_tsync_kind */
	uint32_t nr_groups;
	struct opt_tsync_group *groups;
	uint32_t nr_raw;
	struct opt_tsync_bound *raw;
};

void opt_tsync_release(struct opt_tsync *t);

/* 0; -EBADMSG; -ENOMEM. @ret is written on success only and released by the caller. */
int opt_tsync_parse(const void *data, size_t len, enum byte_order order, struct opt_tsync *ret);
int opt_tsync_put(struct buf *b, enum byte_order order, const struct opt_tsync *t);

struct opt_tsync_value {
	int64_t lo, hi;		/* theta is in there; INT64_MIN, INT64_MAX: nothing limits it */
	int64_t mid;		/* the estimate */
};

/* theta at @guest_time by one group. 0; -ENODATA if no segment is known. */
int opt_tsync_group_at(const struct opt_tsync_group *g, int64_t guest_time,
		       struct opt_tsync_value *ret);

/*
 * The same for a guest's CPU; @host_cpu -1: not known. Where it takes a CPU that isn't known, and there
 * are no measurements for any, all of them are covered. 0; -ENODATA.
 */
int opt_tsync_at(const struct opt_tsync *t, int guest_cpu, int host_cpu, int64_t guest_time,
		 struct opt_tsync_value *ret);

/* The segment whose estimate counts at @guest_time; NULL if none is known. */
const struct opt_tsync_segment *opt_tsync_segment_at(const struct opt_tsync_group *g,
						     int64_t guest_time);

/* The name of a source of bounds, "?" for an unknown one. */
const char *opt_tsync_source_name(unsigned int source);

/*
 * How far the estimate may be off, at worst, at any time between the first and last measurement, but for
 * those in which a clock stepped; in clock units. -1: nothing limits it.
 */
int64_t opt_tsync_worst(const struct opt_tsync *t);

/* Places where a clock stepped, of the group that has most. */
uint32_t opt_tsync_steps(const struct opt_tsync *t);

/*
 * One line for people, without a newline, e.g. "ptp: +-5.3 us guaranteed, repeatability 0.02 us; ...".
 * @ns_per_count: of the clock; 0 prints cycles.
 */
void opt_tsync_text(struct buf *b, const struct opt_tsync *t, double ns_per_count);

/* The CPUs of each group, e.g. "0-2,5 and 3-4". */
void opt_tsync_text_apart(struct buf *b, const struct opt_tsync *t);

#endif
