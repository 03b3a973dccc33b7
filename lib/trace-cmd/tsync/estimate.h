/*
 * estimate.h - the clock offset that a series of probes shows.
 *
 * Layer 4, pure. host time = guest time + offset. Three estimators:
 *
 *   bounds             the middle of what causality leaves, by all probes
 *   fastest response   the probe with the smallest R - S, and no other
 *   histogram          all probes; the offset where most of them agree
 *
 * Besides, and without any assumption on the paths, causality bounds the
 * offset: no probe arrives before it was sent, so for each one
 * C - R <= offset <= C - S, and the true offset lies in the intersection as
 * long as the clocks do not drift apart or step during the round.
 */
#ifndef TSYNC_ESTIMATE_H
#define TSYNC_ESTIMATE_H

#include <stdint.h>

#include "tsync/series.h"

/* In ptp_flags, beside those of the wire: the bounds' middle, not what PTP_FLAG_FASTEST_RESPONSE says. */
#define TSYNC_PTP_BOUNDS 0x10000

/* Set or clear the bits of the method called @name in @flags. 0; -EINVAL: there is no such one. */
int estimate_method(const char *name, uint32_t *flags);

struct estimate {
	int64_t time;		/* of the probe chosen: its midpoint, guest clock */
	int64_t offset;		/* of the probe chosen, or the middle of the bounds */
	int64_t response;	/* of the probe chosen */
	/* max(C - R), min(C - S) over all good probes; lo > hi: a clock drifted, stepped or lied */
	int64_t lo, hi;
	unsigned int probe;	/* number of the probe chosen */
	unsigned int good;	/* probes that count */
	unsigned int bad;	/* with a stamp but no use: incomplete or impossible */
};

/* The first probe with the smallest response time. 0; -ENODATA without a good probe. */
int estimate_fastest(const struct series *s, struct estimate *ret);

/*
 * The median of the fullest bin of the histogram of signed offsets. The bin
 * width comes from the data (Freedman-Diaconis: 2 IQR / n^(1/3), at least 1)
 * and a bin may start at any offset, so that no peak is cut in two by an
 * edge. Between bins equally full the narrower spread wins, then the lower
 * offset. 0; -ENODATA without a good probe.
 */
int estimate_histogram(const struct series *s, struct estimate *ret);

/*
 * (lo + hi) / 2, at the time of the fastest probe: the error of one-sided minima falls with the number of
 * probes, not with its root. If the bounds cross, as estimate_fastest(). 0; -ENODATA.
 */
int estimate_bounds(const struct series *s, struct estimate *ret);

/* One of them, by TSYNC_PTP_BOUNDS and PTP_FLAG_FASTEST_RESPONSE in @ptp_flags. */
int estimate_series(const struct series *s, uint32_t ptp_flags, struct estimate *ret);

#endif
