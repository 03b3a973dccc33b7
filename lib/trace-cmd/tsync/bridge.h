/*
 * bridge.h - a clock that only markers show, by one that can be read.
 *
 * Layer 4, pure. A stamp by a marker costs two thirds of a microsecond, most of which would be part of a
 * probe's way. Where both clocks go by one counter at constant rates (direct_is_linear()), some markers before a burst
 * and some behind it, each between two readings of the other clock, tell what has to be added to that clock's
 * readings meanwhile: no marker is older than the reading before it, nor younger than the one behind it. These are
 * bounds as those of messages between two machines, and lines that meet them all are
 * known to as much as the shortest way into the kernel and back takes, as the ring buffer sees it.
 */
#ifndef TSYNC_BRIDGE_H
#define TSYNC_BRIDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "tsync/regime.h"

/* A marker's time, and those of the readable clock before and behind it. */
struct bridge_mark {
	int64_t before, stamp, after;
	bool have;		/* the stamp is there */
};

/* stamp - readable clock, as a function of that one; both in ns, rounded down. */
struct bridge {
	struct regime regime;
	int64_t ref_time, ref_value;
};

/*
 * Make it of @nr marks, one after another in time. 0; -ENODATA: there are none; -ESTALE: a clock
 * stepped; -ERANGE; -ENOMEM. @ret is released by the caller, even then.
 */
int bridge_make(const struct bridge_mark *marks, unsigned int nr, struct bridge *ret);
void bridge_release(struct bridge *b);

/*
 * What a marker would have shown when the readable clock said @time: this or later, this or earlier. 0; -ERANGE.
 * Best between the first mark and the last.
 */
int bridge_early(const struct bridge *b, int64_t time, int64_t *ret);
int bridge_late(const struct bridge *b, int64_t time, int64_t *ret);

#endif
