/*
 * progress.h - how a recording is going on, in one line of the terminal.
 *
 * Layer 5. Only where standard error is a terminal and nobody wants it quiet.
 */
#ifndef SESSION_PROGRESS_H
#define SESSION_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "session/local.h"

struct progress {
	const struct local *local;	/* NULL: nothing is shown */
	int64_t begin_ns, last_ns;	/* CLOCK_MONOTONIC; of the last line */
	uint64_t last_bytes;		/* of all CPUs, then */
	bool shown;
};

/* Recording has begun. */
void progress_begin(struct progress *g, const struct local *l);

/* Milliseconds until the line is due again, -1: never. */
int progress_wait_ms(const struct progress *g);

/* Show it if it is due. */
void progress_show(struct progress *g);

/* Clear the line. */
void progress_end(struct progress *g);

#endif
