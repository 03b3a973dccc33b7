/*
 * background.h - going on in a process of its own, while the one that was called ends.
 *
 * Layer 5.
 */
#ifndef SESSION_BACKGROUND_H
#define SESSION_BACKGROUND_H

/*
 * Go on in a new process, in a new session, without standard input; messages go where they went. The old one
 * waits until background_begun(), and hands signals on meanwhile; after a second one not for long any more. Returns -1
 * in the new one, with *@ret_ready_fd; in the old one its exit status: 0, or 1 if the new one ended before, or may.
 */
int background_begin(int *ret_ready_fd);

/* What was to be done in sight has been done: let the waiting process go. *@ready_fd -1: nobody waits. */
void background_begun(int *ready_fd);

#endif
