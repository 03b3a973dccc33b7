/*
 * journal-entry.h - what a journal holds: private to journal.c, which notes it, and restore.c.
 *
 * Layer 3.
 */
#ifndef SETUP_JOURNAL_ENTRY_H
#define SETUP_JOURNAL_ENTRY_H

#include <stddef.h>
#include <stdint.h>

#include "setup/journal.h"

enum kind {
	KIND_VALUE = 1,		/* write the value to the file */
	KIND_WORDS,		/* take the words out of the list that the file holds */
	KIND_DIR,		/* remove the directory */
	KIND_TRIGGERS,		/* make the value, lines, the event's triggers */
	KIND_FUNCTIONS,		/* make the value, lines, the list of functions and commands */
	KIND_DROP,		/* the last entry doesn't count */
	KIND_FINISHED,		/* nothing is to be restored any more */
	KIND_BEGUN,		/* the value, a decimal number, is when that was */
	KIND_WAITING,		/* what is left by one that has ended: a younger session has to end first */
};

struct entry {
	enum kind kind;
	char *path;
	char *value;		/* NULL for KIND_DIR */
	bool done;
	bool held;		/* not to be restored yet */
};

struct journal {
	struct entry *entry;
	size_t count, alloc;
	struct entry *parting;	/* NULL, or what a struct parting does */
	int mirror_fd;
	int file_fd;
	bool finished;
	bool waiting;		/* KIND_WAITING */
	uint64_t begun;		/* ns since 1970, 0 unknown */
};

/* Tell the guardian, and the journal's file. */
void journal_mirror(struct journal *j, enum kind kind, const char *path, const char *value);

#endif
