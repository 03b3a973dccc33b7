/*
 * debug.h - files that show how offsets came about, for scripts/debug/tsync_*.py.
 *
 * Layer 4. s-cid<CID>_<series>.txt has a line "midpoint clienttime offset" for
 * each good probe of a round and at last "offset timestamp 0", the result;
 * res-cid<CID>.txt a line "series offset timestamp" for each round with a result.
 * They go to the directory the user named; nothing in a path is a peer's.
 */
#ifndef TSYNC_DEBUG_H
#define TSYNC_DEBUG_H

#include <stdbool.h>

#include "base/err.h"
#include "tsync/estimate.h"
#include "tsync/series.h"

struct tsync_debug {
	char *dir;		/* NULL: no files */
	int64_t cid;
};

/*
 * Start a session: truncate its res- file. @dir NULL: no files, unless built
 * with TSYNC_DEBUG, then the working directory. 0; -errno described in @err.
 */
int tsync_debug_init(struct tsync_debug *d, const char *dir, int64_t cid, struct err *err);
void tsync_debug_release(struct tsync_debug *d);

/* A good probe. */
struct debug_point {
	int64_t midpoint;	/* between sending and receiving, guest clock */
	int64_t client;		/* host clock */
	int64_t offset;
};

/* Whether anybody wants to see them. */
static inline bool tsync_debug_wanted(const struct tsync_debug *d)
{
	return d->dir;
}

/* Write down @nr probes of series @id and its result; trouble in doing so is only logged. */
void tsync_debug_points(const struct tsync_debug *d, uint32_t id, const struct debug_point *points,
			unsigned int nr, int64_t offset, int64_t time);

/* The same for a round of "ptp". */
void tsync_debug_round(const struct tsync_debug *d, const struct series *s,
		       const struct estimate *est, uint32_t ptp_flags);

#endif
