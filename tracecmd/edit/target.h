/*
 * target.h - the file that a command makes out of another one.
 *
 * Layer 5. It gets its name when it is complete and takes an older one's place, with its owner, group and
 * permissions; a command that fails or is killed leaves nothing behind.
 */
#ifndef EDIT_TARGET_H
#define EDIT_TARGET_H

#include <stdbool.h>

#include "base/err.h"

struct target {
	const char *path;	/* the caller's */
	char *part;		/* its name while it is not complete; NULL: none is needed */
	int fd;			/* -1: not open */
	bool nameless;		/* the unfinished file has no name at all */
};

#define TARGET_NONE ((struct target){ .fd = -1 })

/* Make it. 0; -errno with a message. */
int target_open(struct target *t, const char *path, struct err *err);

/* It is complete. 0; -errno with a message. */
int target_commit(struct target *t, struct err *err);

/* Close; what is not complete goes away. */
void target_close(struct target *t);

#endif
