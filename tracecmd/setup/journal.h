/*
 * journal.h - remembers every tracefs value we change, and puts it back.
 *
 * Layer 3. The entries are also written, before the change is made, to a pipe
 * whose other end a guardian process holds, so that a killed record is cleaned up after.
 */
#ifndef SETUP_JOURNAL_H
#define SETUP_JOURNAL_H

#include <stdbool.h>

#include "base/err.h"

struct journal;

/* @mirror_fd: -1, or a pipe to the guardian; stays the caller's. NULL: no memory. */
struct journal *journal_new(int mirror_fd);

/*
 * Write @value to the tracefs file @path (absolute), remembering what it held. The value to restore
 * is what reading the file gives (for trace_clock and the like: the bracketed word). 0; -errno, described in @err with
 * the kernel's own complaint from error_log where it made one.
 */
int journal_write(struct journal *j, const char *path, const char *value, struct err *err);

/* Note that on restore @value shall be written to @path, or, with @value NULL, the directory @path (an instance) be removed. */
int journal_note(struct journal *j, const char *path, const char *value);

/* Put everything back, last change first; goes on after failures. 0 or the first -errno. Further calls do nothing. */
int journal_restore(struct journal *j);

/* Restore nothing any more (-k). */
void journal_forget(struct journal *j);

void journal_free(struct journal *j);

/* The guardian's side: read mirrored entries from @fd until its end into a journal that journal_restore() can be called on. @ret_forgotten: the owner finished by itself. */
int journal_receive(int fd, struct journal **ret, bool *ret_finished);

#endif
