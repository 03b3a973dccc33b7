/*
 * comms.h - names of the commands that run now.
 *
 * Layer 5. The kernel saves a command's name when it has recorded an event of it. An
 * agent sends the names before it records, when the kernel knows next to none.
 */
#ifndef SESSION_COMMS_H
#define SESSION_COMMS_H

#include "base/buf.h"

/*
 * Add all threads of this machine to @cmdlines: a u64 size in the memory's order, then lines of
 * "PID NAME", as in saved_cmdlines. Their names replace those it has for the same pids.
 * In a container, whose pids aren't those of the trace, it is left as it is. 0; -ENOMEM; -E2BIG.
 */
int comms_complete(struct buf *cmdlines);

#endif
