/*
 * launch.h - what surrounds a run: where its output goes, and whether anybody waits for it.
 *
 * Layer 5. The guardian calls launch_begin() before all, the worker launch_begun().
 */
#ifndef SESSION_LAUNCH_H
#define SESSION_LAUNCH_H

#include <sys/types.h>

#include "session/note.h"
#include "session/plan.h"

/*
 * --stderr: standard output is standard error from here on. --daemonize: go on in a process
 * of its own, in a new session; this one waits until that has
 * begun to record, and hands signals on. Also makes the files that guardian and
 * worker share. Returns -1: go on; else this process is done, with that exit status.
 */
int launch_begin(const struct plan *p, struct note *note);

/* Recording has begun: write the pid file, let the waiting process go, and tell the user how to end it. */
void launch_begun(const struct plan *p, struct note *note);

/* The run of the guardian @pid has ended: remove its pid file. */
void launch_end(const struct plan *p, pid_t pid);

#endif
