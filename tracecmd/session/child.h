/*
 * child.h - the traced command: forked early, let go when tracing is on.
 *
 * Layer 5.
 */
#ifndef SESSION_CHILD_H
#define SESSION_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child_conf {
	char **argv;
	const char *user;	/* whom it runs as; NULL: whoever we are */
	int stdout_fd;		/* its standard output; -1: ours */
	bool stays;		/* it may outlive us */
};

struct child {
	pid_t pid;	/* 0: none */
	int go_fd;	/* write end: closed = give up */
	int error_fd;	/* read end: why it could not be executed */
};

#define CHILD_NONE { 0, -1, -1 }

/*
 * Fork a process that waits for child_go() to execute the command. Call it before threads exist;
 * @conf must stay as long as the process waits. 0; -errno.
 */
int child_start(const struct child_conf *conf, struct child *c);

/*
 * Let it execute the command. 0; -errno, and the process is gone then: of exec, or, with
 * @ret_user_failed set, of becoming the user.
 */
int child_go(struct child *c, bool *ret_user_failed);

/* True once it has ended (it is not reaped by that; SIGCHLD tells when to ask), or if there is none. */
bool child_ended(const struct child *c);

/* Wait at most @ms milliseconds for that. */
bool child_ends_within(const struct child *c, int ms);

/* Wait for its end; the status of waitpid() in @ret_status. */
int child_wait(struct child *c, int *ret_status);

/*
 * Make it end, whatever it is doing; its status in @ret_status (may be NULL), that of one killed if a debugger
 * that is stuck doesn't let us have it.
 */
void child_end(struct child *c, int *ret_status);

/* Leave it to itself: it is not ours any more. */
void child_leave(struct child *c);

/* Make it end, and free what is held. */
void child_release(struct child *c);

#endif
