/*
 * inuse.h - one recording at a time in each instance.
 *
 * Layer 3. Two that read one ring buffer get a part of the events each, without knowing, and what
 * one of them found and puts back are the settings of the other.
 */
#ifndef SETUP_INUSE_H
#define SETUP_INUSE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Claim the instance with the tracefs directory @dir for as long as *@ret_fd stays open: 0, with -1 if
 * it is not there, or can't be claimed. -EBUSY: somebody else has it, the process *@ret_pid,
 * which is 0 if it can't be told; *@ret_fd is open even so, but claims nothing.
 */
int inuse_claim(const char *dir, int *ret_fd, pid_t *ret_pid);

/* Who that is, for a message: "another trace-cmd (process 1234)". */
const char *inuse_who(pid_t pid, char *text, size_t size);

#endif
