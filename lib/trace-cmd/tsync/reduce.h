/*
 * reduce.h - what a round said, in few bounds and a few figures.
 *
 * Layer 4, pure. A round of hundreds of probes gives bounds twice as many, but only the
 * vertices of their hulls can ever limit a line. To leave out the others keeps sessions of hours
 * small, and is never wrong: fewer bounds say less, not something else.
 */
#ifndef TSYNC_REDUCE_H
#define TSYNC_REDUCE_H

#include <stddef.h>
#include <stdint.h>

#include "tsync/bounds.h"

/* A round, or several that follow each other. */
struct round_stat {
	int64_t first, last;	/* guest time of its bounds */
	uint32_t probes;	/* pairs of an upper bound and the lower one that follows it */
	/* of the pairs, upper - lower: the round trip without what the host did meanwhile; -1 unknown */
	int64_t rtt_min, rtt_median;
	/*
	 * How well the middle of the round's bounds repeats itself: the standard deviation by the
	 * jackknife over parts of the round. It knows of noise, not of unequal paths. -1 unknown.
	 */
	int64_t sigma;
};

/* Figures of the bounds from @first on, all of one round, as they came. 0; -ENODATA; -ENOMEM. */
int bounds_stat(const struct bounds *b, size_t first, struct round_stat *ret);

/*
 * Of the bounds from @first on, all of one pair of CPUs, keep those that can limit a line; all of them, if
 * no line meets them (a clock has stepped). They come out in order of time. 0; -ENOMEM.
 */
int bounds_reduce(struct bounds *b, size_t first);

/*
 * If there are more than @max bounds, reduce those of neighbouring rounds together, again and
 * again, until there are half as many. Rounds that contradict each other stay apart; if these alone are more
 * than @max (clocks that step all the time, a peer who makes up stamps), some are dropped, of each
 * time. 0; -ENOMEM.
 */
int bounds_thin(struct bounds *b, size_t max);

#endif
