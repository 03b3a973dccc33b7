/*
 * regime.h - what the clocks' difference may have been while no clock stepped.
 *
 * Layer 4, pure. Bounds go in in order of time as long as they can all be true at once.
 * Two kinds of clocks: of one rate, so that theta is a line, whose slope the bounds
 * limit further than the prior does; or of a rate that varies within the prior's range
 * (clocks that are being disciplined), so that each bound reaches as a cone to other times.
 */
#ifndef TSYNC_REGIME_H
#define TSYNC_REGIME_H

#include <stdbool.h>
#include <stdint.h>

#include "tsync/hull.h"

struct regime {
	bool varies;
	int64_t drift_lo, drift_hi;	/* slopes that are possible; of a varying rate, the prior */
	struct hull upper;		/* upper bounds, and lower ones negated: */
	struct hull lower;		/* convex hulls, or what no other cone makes needless */
};

/* The prior: every rate lies in [@drift_lo, @drift_hi], slopes as in hull.h. */
void regime_init(struct regime *r, bool varies, int64_t drift_lo, int64_t drift_hi);
void regime_release(struct regime *r);

/*
 * Add a bound not earlier than those before. 1; 0 if it contradicts them, and nothing has
 * changed; -ENOMEM.
 */
int regime_add(struct regime *r, const struct hull_point *p, bool upper);

/* The largest possible theta at @t, INT64_MAX if nothing limits it; smallest, INT64_MIN. */
int64_t regime_highest(const struct regime *r, int64_t t, uint8_t *ret_source);
int64_t regime_lowest(const struct regime *r, int64_t t, uint8_t *ret_source);

/*
 * The line that keeps the largest distance from all bounds. Of those that do so give or take @slack it is
 * the one of slope @nominal, so that noise does not become drift, or if that is none of them,
 * the middle one. Its slope, and its value at time 0. For a rate that does
 * not vary, with bounds on both sides.
 */
void regime_line(const struct regime *r, int64_t nominal, int64_t slack, int64_t *ret_slope,
		 int64_t *ret_value);

#endif
