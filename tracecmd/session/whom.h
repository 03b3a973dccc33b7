/*
 * whom.h - who is traced: the command and no one else (-F).
 *
 * Layer 5. The tasks of -P are the set-up's (setup.h), as they are there before the run.
 */
#ifndef SESSION_WHOM_H
#define SESSION_WHOM_H

#include "session/local.h"

/*
 * With -F: have all instances that take part trace only the command @command, or without one (0)
 * only this process, whose threads must be running by now. 0; -errno, described in @err.
 */
int whom_limit(struct local *l, pid_t command, struct err *err);

#endif
