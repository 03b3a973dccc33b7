/*
 * fit.h - from bounds to a piecewise model of a clock offset that states its error.
 *
 * Layer 4, pure. theta(t) = host clock - guest clock, as a function of the guest's clock.
 * Nothing is assumed on the paths of messages, only on the clocks: between steps
 * their rates differ by something in the range that the prior gives, constant or not. Then
 *
 *  - theta(t) is in [lo, hi] of fit_at() for every t, however far from a measurement;
 *  - bounds that contradict each other show a step (a clock was set, a machine slept or moved).
 *    The forward pass gives the latest place where it can be, the backward pass the
 *    earliest; what lies between goes into neither segment, and [lo, hi] there covers both.
 *
 * Limits to that: a step smaller than the width of the bounds does not contradict them, and makes
 * [lo, hi] wrong by its size at most; nobody knows of a step after the last measurement; and rates outside of the
 * prior look like steps, between the measurements that show them and right beside these.
 *
 * All times and values are in units of the trace clock.
 */
#ifndef TSYNC_FIT_H
#define TSYNC_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tsync/bounds.h"
#include "tsync/regime.h"

/* A drift of 1 part in 10^9, as a slope; the range of fit_conf is limited to a drift of +-100. */
#define FIT_DRIFT_MAX	((int64_t)100 << SLOPE_SHIFT)

struct fit_conf {
	int64_t drift;		/* expected d theta / d guest time, a slope of hull.h; mostly 0 */
	int64_t rho_max_ppb;	/* it is off by this at most; 0: the same oscillator, no scaling */
	bool varies;		/* and may vary within that range (clocks under NTP) */
	int64_t quantum;	/* a stamp may be this much too early or late on either side */
	int64_t sigma;		/* repeatability of theta if known: less is no drift; 0 */
};

struct fit_segment {
	int64_t first, last;	/* guest time of the first and last bound that hold in it */
	/* it may reach this far: into what the neighbour may own as well. First and last one: no end */
	int64_t from, to;
	int64_t begin;		/* of use for theta: middle between the neighbours' bounds */
	size_t bounds;		/* that went in */
	bool known;		/* there are bounds on both sides; else all below is 0 */
	/*
	 * theta is offset + drift * (t - first): the estimate. Of a varying rate it
	 * is that of one moment, fit_at() has the others.
	 */
	int64_t offset;
	int64_t drift, drift_lo, drift_hi;	/* slopes of hull.h; the drift is in [lo, hi] */
	struct regime regime;	/* relative to the fit's reference */
};

struct fit {
	struct fit_conf conf;
	int64_t ref_time, ref_value;
	struct fit_segment *segments;	/* in order of time; each begins with a step but the first */
	size_t nr_segments;
};

struct fit_value {
	int64_t lo, hi;		/* theta is in there; INT64_MIN, INT64_MAX: nothing limits it */
	int64_t mid;		/* the estimate, between them */
	uint8_t lo_source, hi_source;	/* enum bound_source of what limits it; 0 */
};

/* More steps than that: no clock to speak of. */
#define FIT_SEGMENTS_MAX 1000

/*
 * Fit @b, in any order. 0; -ENODATA without bounds; -ERANGE if they are spread over more than
 * 2^60 or have more than FIT_SEGMENTS_MAX steps; -EINVAL for @conf; -ENOMEM. @ret
 * is written on success and released by the caller.
 */
int tsync_fit(const struct bounds *b, const struct fit_conf *conf, struct fit *ret);
void fit_release(struct fit *f);

/* theta at a guest time. 0; -ENODATA if not even an estimate is possible there. */
int fit_at(const struct fit *f, int64_t guest_time, struct fit_value *ret);

/* The same by one known segment alone. 0; -ENODATA. */
int fit_segment_at(const struct fit *f, const struct fit_segment *s, int64_t guest_time,
		   struct fit_value *ret);

/* A slope as parts in 10^9, rounded to the nearest. */
int64_t slope_to_ppb(int64_t slope);

#endif
