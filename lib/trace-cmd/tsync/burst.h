/*
 * burst.h - the probes of one burst: what they make sure, and when there are enough.
 *
 * Layer 4, pure. Four stamps a probe: the guest sends at s, the host has it at h1 and answers at h2,
 * the guest has that at r. With theta = host clock - guest clock:
 *
 *   h2 - r <= theta <= h1 - s
 *
 * What the host does between h1 and h2 drops out. The intersection over all
 * probes gives the bounds, its middle the offset. A probe that was held up is just less tight,
 * on the side where that happened: nothing is filtered, nothing is averaged.
 */
#ifndef TSYNC_BURST_H
#define TSYNC_BURST_H

#include <stdbool.h>
#include <stdint.h>

#include "tsync/bounds.h"

enum burst_field {
	BURST_SEND,		/* s, guest clock */
	BURST_ARRIVE,		/* h1, host clock */
	BURST_ANSWER,		/* h2, host clock */
	BURST_RECEIVE,		/* r, guest clock */
	BURST_FIELDS
};

struct burst_probe {
	int64_t time[BURST_FIELDS];
	uint8_t have;		/* bit n: time[n] is there */
	uint8_t unsure;		/* bit n: time[n] may be too late, and must not count */
};

#define BURST_WARM_UP	16	/* probes that may find code, caches and CPUs cold */
#define BURST_BLOCK	32
#define BURST_MIN	128	/* probes, besides the first ones, before B may stop a burst */

/* The intersection so far. */
struct burst_sum {
	int64_t lo, hi;		/* lo > hi: a clock stepped, or somebody lies */
	unsigned int probes;
	int64_t block_width;	/* at the last block's end */
	unsigned int still;	/* blocks in a row that made it hardly narrower */
};

void burst_sum_init(struct burst_sum *sum);

/*
 * Take in the next probe, in order. Stamps that are missing say nothing. @epsilon: what each bound is
 * widened by. 0; -ERANGE: times that no two clocks could have.
 */
int burst_sum_add(struct burst_sum *sum, const struct burst_probe *p, int64_t epsilon);

/*
 * Whether more probes are not worth while: after the block at whose end we are. @per_us: clock units in a
 * microsecond.
 */
bool burst_sum_enough(struct burst_sum *sum, int64_t per_us);

struct burst_outcome {
	int64_t time;		/* the middle of the burst, guest clock */
	int64_t offset;		/* the middle of lo and hi */
	int64_t lo, hi;
	int64_t response;	/* shortest r - s less h2 - h1; -1: no probe is complete */
	unsigned int probes;	/* complete ones */
};

/* 0; -ENODATA: without bounds on both sides; -ERANGE; -ESTALE: the bounds contradict each other. */
int burst_outcome(const struct burst_probe *probes, unsigned int nr, int64_t epsilon,
		  struct burst_outcome *ret);

/* Both bounds of each probe, the upper one first. 0; -ENOMEM; -ERANGE. */
int burst_bounds(const struct burst_probe *probes, unsigned int nr, int64_t epsilon,
		 struct bounds *ret);

#endif
