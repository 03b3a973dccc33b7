/*
 * clock.h - stamping the probes of a round, by ftrace markers or by CLOCK_MONOTONIC_RAW.
 *
 * Layer 4. Markers go by the session's trace clock, whichever it is, and are
 * collected after the round; CLOCK_MONOTONIC_RAW is known at once but equals
 * the trace clock only if that is mono_raw.
 */
#ifndef TSYNC_CLOCK_H
#define TSYNC_CLOCK_H

#include <stdbool.h>

#include "base/err.h"
#include "tsync/instance.h"
#include "tsync/series.h"

struct tsync_conf;

struct tsync_clock {
	const struct tsync_conf *conf;
	enum series_field received;	/* what stamps after receiving are on this side */
	bool marker;			/* the kind in use */
	struct sync_instance *inst;	/* NULL until markers are wanted; */
	bool held;			/* until then, the instance picked for it */
	int claim_fd;			/* is claimed by this */
	struct series *series;		/* of the round at hand */
	int error;			/* the first failure of a stamp in this round */
};

/* @received: SERIES_CLIENT for the host, SERIES_RECEIVE for the guest. */
void clock_init(struct tsync_clock *c, const struct tsync_conf *conf, enum series_field received);
void clock_release(struct tsync_clock *c);

/*
 * Use markers from now on, or CLOCK_MONOTONIC_RAW. 0; -EINVAL if that needs
 * another session clock; else why there is no sync instance; described in @err.
 */
int clock_select(struct tsync_clock *c, bool marker, struct err *err);

/* The stamps that follow go to @series: forget those of before, warm up. */
void clock_begin(struct tsync_clock *c, struct series *series);

/* Stamp probe @number now. A failure costs that probe only. */
void clock_stamp(struct tsync_clock *c, enum series_field field, uint32_t number);

/* After the round: have all its stamps in the series. 0; -errno. */
int clock_collect(struct tsync_clock *c);

#endif
