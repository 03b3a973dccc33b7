/*
 * nobody.h - tests as a user whom nobody else uses: where what sessions leave lies depends on that.
 *
 * Include it behind cmocka.h.
 */
#ifndef UTEST_NOBODY_H
#define UTEST_NOBODY_H

#include <stdio.h>
#include <unistd.h>

#include "unit/tracefs-util.h"

static uid_t nobody;	/* 0: who runs this can't become another user */

/* Skip the running test unless there is such a user. */
#define need_nobody() do { \
	if (!nobody) { \
		print_message("SKIPPED %s: needs root\n", __func__); \
		skip(); \
	} \
} while (0)

/* Become that user, if this is root. 0; -1. */
static inline int nobody_begin(void)
{
	if (geteuid())
		return 0;
	nobody = 2000000000 + getpid();
	return seteuid(nobody);
}

/* Be root again, without what the user has left, and what is in @dir. 0; -1. */
static inline int nobody_end(const char *dir)
{
	char files[64];

	if (nobody) {
		snprintf(files, sizeof(files), "/tmp/trace-cmd-%u", geteuid());
		remove_tree(files);
		if (seteuid(0))
			return -1;
	}
	remove_tree(dir);
	return 0;
}

#endif
