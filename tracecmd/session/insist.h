/*
 * insist.h - the end of a process that is stuck, for a user who insists.
 *
 * Layer 5. A process that reads its signals when it looks for them doesn't, if a file system or the kernel holds it, or
 * who has stopped it. One that nevertheless does something, however slowly, is let alone: it writes files.
 */
#ifndef SESSION_INSIST_H
#define SESSION_INSIST_H

#include <sys/types.h>

#include "session/stop.h"

/* How often to look; some twenty times nothing was done: it is stuck. */
extern int insist_look_ms;

/* Begin: a thread that sleeps until then. 0; -errno. */
int insist_begin(void);

/* The user has expressed the wish to end. From a signal handler. */
void insist_wish(void);

/* What the user has wished by now goes to @s, of this process or one forked from it. */
void insist_tell(struct stop *s);

/* Who is to be killed if it is stuck when the user has insisted; 0: nobody any more. */
void insist_on(pid_t pid);

#endif
