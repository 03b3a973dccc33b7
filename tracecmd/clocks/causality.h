/*
 * causality.h - what a trace itself proves about the clock offset that it is shown with.
 *
 * Layer 5, pure. theta(t) = host clock - guest clock when the guest's says t. A guest's event at g
 * happened at g + theta(g) on the host's clock, and never in a gap of its CPU (gaps.h).
 * So each event near a gap says something:
 *
 *   violated    with the theta in use it lies in a gap: impossible
 *   slack       by how much theta could be changed, all over, without any violation
 *   bounds      where the bounds of theta are narrower than a gap, the event is on
 *               that side of the gap which the bounds leave: one more bound
 */
#ifndef CLOCKS_CAUSALITY_H
#define CLOCKS_CAUSALITY_H

#include <stdbool.h>
#include <stdint.h>

#include "clocks/gaps.h"
#include "tsync/bounds.h"

/* theta at some guest time: what is used, and between which bounds it surely lies. */
struct theta {
	int64_t mid, lo, hi;
	bool bounded;		/* lo and hi are known */
};

struct causality {
	uint64_t checked;	/* events of CPUs whose gaps are known, and within their time */
	uint64_t violated;
	int64_t deepest;	/* how far into a gap, at least, to its nearer end */
	/* theta could be changed by this much, not more; INT64_MIN, INT64_MAX: no event says so */
	int64_t slack_lo, slack_hi;
	uint64_t refuted;	/* events that no theta between the bounds explains */
	uint64_t packets;	/* sent by one machine, received by the other */
	uint64_t packets_violated;	/* received before they were sent */
};

void causality_init(struct causality *c);

/* Of several guest CPUs. */
void causality_add(struct causality *to, const struct causality *from);

/*
 * A guest's event on a CPU with gaps @g; @cursor is 0 for the first, and kept by the caller.
 * Events come in the order of time. A bound that the event proves and that says more
 * than @theta does goes to @ret_bounds, unless that is NULL. 0; -ENOMEM.
 */
int causality_event(struct causality *c, const struct gaps *g, size_t *cursor, int64_t time,
		    const struct theta *theta, int guest_cpu, struct bounds *ret_bounds);

/*
 * A packet, sent at @sent and received at @received, each on its machine's clock; @theta
 * is that at the guest's end. 0; -ENOMEM.
 */
int causality_packet(struct causality *c, bool guest_sent, int64_t sent, int64_t received,
		     const struct theta *theta, struct bounds *ret_bounds);

#endif
