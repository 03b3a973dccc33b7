/*
 * journal.h - remembers every tracefs value we change, and puts it back.
 *
 * Layer 3. The entries are also written, before the change is made, to a pipe
 * whose other end a guardian process holds, so that a killed record is cleaned up after.
 * One thread at a time may use a journal.
 */
#ifndef SETUP_JOURNAL_H
#define SETUP_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "setup/place.h"

struct journal;
struct parting;

/* @mirror_fd: -1, or a pipe to the guardian; stays the caller's. NULL: no memory. */
struct journal *journal_new(int mirror_fd);

/* Write all entries to the file @fd, too, from here on; it stays the caller's. -1: none. */
void journal_copy_to(struct journal *j, int fd);

/*
 * From here on changes are made: when that was decides which of several sessions has found what another had set.
 * It is later than @others, 0 or what leftover_latest() says: the clock may have been set back.
 */
void journal_begin(struct journal *j, uint64_t others);

/*
 * Write @value to the tracefs file @path (absolute), remembering what it held before the journal's
 * first change of it. The value to restore is what reading the file gives (for trace_clock and the
 * like: the bracketed word). Nothing is written if the file holds @value already. 0; -errno,
 * described in @err with the kernel's own complaint from error_log where it made one.
 */
int journal_write(struct journal *j, const char *path, const char *value, struct err *err);

/*
 * Add the words of @value to what a list (of pids, ...) holds. On restore just they are taken out
 * again: others may have theirs in it. 0; -errno, described in @err.
 */
int journal_append(struct journal *j, const char *path, const char *value, struct err *err);

/*
 * Note that on restore @value shall be written to @path, or, with @value NULL, the directory @path
 * (an instance) be removed. Of several notes about a @path the first counts. 0; -ENOMEM.
 */
int journal_note(struct journal *j, const char *path, const char *value);

/* Note what @path holds now, to be changed otherwise than by journal_write(). 0; -errno. */
int journal_remember(struct journal *j, const char *path);

/*
 * Note the triggers of an event, @path being its file "trigger", or the functions and commands of
 * set_ftrace_filter and the like, to be changed by triggers.h or functions.h. 0; -errno.
 */
int journal_triggers(struct journal *j, const char *path);
int journal_functions(struct journal *j, const char *path);

/*
 * Make the directory @path (an instance), to be removed on restore, as if it had been noted.
 * 0; -EEXIST: it is not ours and will be kept; -errno.
 */
int journal_mkdir(struct journal *j, const char *path);

/*
 * Put everything back, last change first; goes on after failures. What lies in a directory that
 * was removed needs no restoring. 0 or the first -errno. Further calls do nothing.
 */
int journal_restore(struct journal *j);

/* The places of what is yet to be put back, but for words in lists, are added to @p. 0; -ENOMEM. */
int journal_places(const struct journal *j, struct places *p);

/* Likewise, also of what has been put back already: others may have waited for that. */
int journal_all_places(const struct journal *j, struct places *p);

/*
 * What lies in @busy is not to be put back by journal_restore(): others have it as it is now for what they found. But
 * for our words in lists. True: there is such.
 */
bool journal_hold(struct journal *j, const struct places *busy);

/* Write what is held into the file @fd, for later, and that it began at @begun, which not every journal tells. 0; -errno. */
int journal_leave(const struct journal *j, uint64_t begun, int fd);

/* When it began, ns since 1970, 0 unknown. */
uint64_t journal_begun(const struct journal *j);

/* Nothing is left to do; it was left by journal_leave(). */
bool journal_is_finished(const struct journal *j);
bool journal_waits(const struct journal *j);

/*
 * Put back what other things don't depend on and what makes the kernel wait: our
 * words in lists. That takes some 40 ms, so it is worth being done by another thread while nobody uses the journal. Of the list
 * of the top instance @p, if it isn't NULL, does what takes longest, as the very last. What fails is left to
 * journal_restore().
 */
void journal_restore_early(struct journal *j, struct parting *p);

/* Which events are on, likewise, before that. */
void journal_restore_events(struct journal *j);

/* By who doesn't wait for the end of that, parting_is_left() having said so: nothing else is to be done there. */
void journal_parted(struct journal *j);

/* Restore nothing any more (-k) but who is excluded from being traced. */
void journal_forget(struct journal *j);

/* Free without restoring; the guardian will do that, unless one of the two above was called. */
void journal_free(struct journal *j);

/*
 * The guardian's side: read mirrored entries from @fd until its end into a journal that
 * journal_restore() can be called on. @ret_finished: the owner finished by itself, nothing is left
 * to do. 0; -ENOMEM.
 */
int journal_receive(int fd, struct journal **ret, bool *ret_finished);

#endif
