/*
 * leftover.h - journals in files, for when nobody is left to put tracing back.
 *
 * Layer 3. Whoever traces keeps a copy of its journal in a file, in /run/trace-cmd (others
 * than root: /tmp/trace-cmd-UID), and a lock on it: a file without a lock is what
 * a recording has left whose processes were all killed.
 */
#ifndef SETUP_LEFTOVER_H
#define SETUP_LEFTOVER_H

#include "base/err.h"

/*
 * Make the file of this process, locked, empty, for journal_copy_to(). Processes forked from here on
 * hold the lock, too, until they execute something else. The descriptor, and in @ret_path its
 * name, a heap string; -errno: there is no safe place for it.
 */
int leftover_begin(char **ret_path);

/* All is put back, or shall stay: remove the file. @fd -1: there is none. */
void leftover_end(int fd, const char *path);

/*
 * Put back what dead processes have left, of the one that began last first; if somebody else is at it, wait until that is done, or who begins
 * now would take it for what was there before. Returns of how many; @ret_pid is one of them, for a
 * message. What can't be read or put back is passed over. -ETIMEDOUT described in @err: it isn't done.
 */
int leftover_restore(int *ret_pid, struct err *err);

#endif
