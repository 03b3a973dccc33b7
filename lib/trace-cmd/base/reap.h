/*
 * reap.h - waiting for the end of processes of ours, but not for ever.
 *
 * Layer 0. Not even after SIGKILL: one that a debugger holds, or that waits for a file system, has not ended.
 */
#ifndef BASE_REAP_H
#define BASE_REAP_H

#include <sys/types.h>

#define REAP_KILLED_MS	2000	/* for one that was killed */

/* Wait @ms for the end of @pid, its status in @ret_status (may be NULL). 0; -ETIMEDOUT it goes on; -errno. */
int reap_within(pid_t pid, int *ret_status, int ms);

/* Kill @pid and take its end. 0; -ETIMEDOUT: it takes long, and is left to init; -errno. */
int reap_killed(pid_t pid, int *ret_status);

#endif
