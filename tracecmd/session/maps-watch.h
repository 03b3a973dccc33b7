/*
 * maps-watch.h - the watcher of maps.h: a process that holds others at their end. Private to maps.c.
 *
 * Layer 5.
 */
#ifndef SESSION_MAPS_WATCH_H
#define SESSION_MAPS_WATCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "session/maps.h"

struct watched {
	pid_t tid;	/* 0: has ended */
	bool follow;	/* its children, too */
};

struct watch {
	struct watched *task;
	int nr;
	int out_fd;	/* texts as of maps_text(), one behind the other */
	int end_fd;	/* readable, or closed: the end */
};

/* Watch; writes a byte to @ready_fd when all are. Returns the exit status. */
int watch_run(struct watch *w, int ready_fd);

#endif
