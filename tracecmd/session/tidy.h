/*
 * tidy.h - a thread that puts back, while files are written, what makes the kernel wait.
 *
 * Layer 5. It uses the journal alone: nobody else may until tidy_end().
 */
#ifndef SESSION_TIDY_H
#define SESSION_TIDY_H

#include <stdbool.h>

#include "session/early.h"
#include "setup/journal.h"

struct tidy;

/*
 * Begin, when formats have been read by @early, if it isn't NULL: the kernel keeps others from reading them meanwhile.
 * @events: those that are on, too; not where somebody else may set them in the same buffer, and put back ours, nor if
 * there is a younger session. The journal's file is open as @file_fd, if that isn't -1.
 * @may_part: tidy_end() needn't wait for the kernel to free its memory; the process ends soon after.
 * NULL: it can't be; journal_restore() does all later.
 */
struct tidy *tidy_start(struct journal *j, int file_fd, struct early *early, bool events,
			bool may_part);

/* Wait until it's done, and free it. NULL is fine. */
void tidy_end(struct tidy *t);

#endif
