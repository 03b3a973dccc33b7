/*
 * limits.h - what is to happen while a recording goes on: its end by size or time, the next file,
 * and the line that shows how it goes.
 *
 * Layer 5.
 */
#ifndef SESSION_LIMITS_H
#define SESSION_LIMITS_H

#include "session/progress.h"
#include "session/rotate.h"

struct limits {
	const struct plan *plan;
	struct local *local;
	struct rotate *rotate;		/* NULL: one file */
	struct budget *budget;		/* NULL: any amount of data */
	int64_t end_ns, file_end_ns;	/* CLOCK_MONOTONIC; 0: never */
	uint64_t file_begin_bytes;	/* data when the file was begun */
	struct progress progress;
	bool reached;			/* the recording ended because of a limit */
};

/*
 * Before recorders are started in @l; @t NULL: no --rotate, else it and @l stay the caller's. 0;
 * -errno described in @err.
 */
int limits_init(struct limits *m, const struct plan *p, struct local *l, struct rotate *t,
		struct err *err);

/* Tracing is on. */
void limits_begin(struct limits *m);

/* What to wait for besides, -1: nothing; and how long at most, ms, -1: any time. */
int limits_fd(const struct limits *m);
int limits_wait_ms(const struct limits *m);

/* Do what is due. 1: the recording is to end; 0; -errno described in @err: it has to. */
int limits_check(struct limits *m, struct err *err);

/* The recording has ended. */
void limits_end(struct limits *m);
void limits_release(struct limits *m);

#endif
