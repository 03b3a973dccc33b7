/*
 * child.h - the traced command: forked early, let go when tracing is on.
 *
 * Layer 5.
 */
#ifndef SESSION_CHILD_H
#define SESSION_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;	/* 0: none */
	int go_fd;	/* write end: closed = give up */
	int error_fd;	/* read end: the errno of a failed exec */
};

#define CHILD_NONE { 0, -1, -1 }

/* Fork a process that waits for child_go() to execute @argv. Call it before threads exist. 0; -errno. */
int child_start(char **argv, struct child *c);

/* Let it execute the command. 0; -errno of exec (the process is gone then). */
int child_go(struct child *c);

/* True once it has ended (it is not reaped by that; SIGCHLD tells when to ask), or if there is none. */
bool child_ended(const struct child *c);

/* Wait at most @ms milliseconds for that. */
bool child_ends_within(const struct child *c, int ms);

/* Wait for its end; the status of waitpid() in @ret_status. */
int child_wait(struct child *c, int *ret_status);

/* Make it end, whatever it is doing, and free what is held. */
void child_release(struct child *c);

#endif
