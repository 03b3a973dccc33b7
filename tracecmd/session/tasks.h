/*
 * tasks.h - tasks of -P: are they there, and when have all of them ended?
 *
 * Layer 5.
 */
#ifndef SESSION_TASKS_H
#define SESSION_TASKS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "session/plan.h"

struct tasks {
	int fd;		/* readable: ask tasks_ended(); -1: none to wait for */
	int *pids;	/* 0: has ended */
	int *pidfds;	/* -1: none, it has to be looked for */
	int nr;
};

#define TASKS_NONE ((struct tasks){ .fd = -1 })

/*
 * Those that exist of all the plan's -P; a warning if one doesn't. 0; -ESRCH: none of them exists and
 * nobody else is to be traced, described in @err.
 */
int tasks_check(const struct plan *p, struct err *err);

/* Watch all the plan's -P, if there are any. 0; -errno. */
int tasks_open(struct tasks *t, const struct plan *p);

/* Have all ended? Never if there were none. */
bool tasks_ended(struct tasks *t);

void tasks_close(struct tasks *t);

#endif
