/*
 * leftover.h - journals in files, for when nobody is left to put tracing back.
 *
 * Layer 3. Whoever traces keeps a copy of its journal in a file, in /run/trace-cmd (others
 * than root: /tmp/trace-cmd-UID), and a lock on it: a file without a lock is what
 * a recording has left whose processes were all killed.
 */
#ifndef SETUP_LEFTOVER_H
#define SETUP_LEFTOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "setup/journal.h"
#include "setup/place.h"

/*
 * Make the file of this process, locked, empty, for journal_copy_to(). Processes forked from here on
 * hold the lock, too, until they execute something else. The descriptor, and in @ret_path its
 * name, a heap string; -errno: there is no safe place for it.
 */
int leftover_begin(char **ret_path);

/* All is put back, or shall stay: remove the file. @fd -1: there is none. */
void leftover_end(int fd, const char *path);

/*
 * The session ends whose journal @j is, and is in the file @fd, if that isn't -1: put back all that no younger session shares,
 * and leave the rest to when these have ended, in a file of its own. What others have left for when we have ended
 * is put back, too.
 */
void leftover_settle(struct journal *j, int fd);

/*
 * Those of the places @own that sessions share that have begun behind @since are added to @ret. @fd: of our journal, -1: there
 * is none, and nobody is known.
 */
void leftover_shared(const struct places *own, uint64_t since, int fd, struct places *ret);

/* When the one began that began last of all that there are but that of @fd, which is as above; 0: there are none. */
uint64_t leftover_latest(int fd);

/* One that was killed, for a message: something of it has to wait for others that share its instance. */
struct killed {
	int pid;
	bool waits;
};

/*
 * Put back what dead processes have left, of the one that began last first, but for what younger ones that live are using; if somebody else is at it, wait until that is done, or who begins
 * now would take it for what was there before. Returns of how many; @ret_killed is one of them.
 * What can't be read or put back is passed over. -ETIMEDOUT described in @err: it isn't done.
 */
int leftover_restore(struct killed *ret_killed, struct err *err);

#endif
