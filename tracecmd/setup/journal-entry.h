/*
 * journal-entry.h - what a journal holds: private to journal.c, which notes it, and restore.c.
 *
 * Layer 3.
 */
#ifndef SETUP_JOURNAL_ENTRY_H
#define SETUP_JOURNAL_ENTRY_H

#include <stddef.h>

#include "setup/journal.h"

enum kind {
	KIND_VALUE = 1,		/* write the value to the file */
	KIND_WORDS,		/* take the words out of the list that the file holds */
	KIND_DIR,		/* remove the directory */
	KIND_TRIGGERS,		/* make the value, lines, the event's triggers */
	KIND_FUNCTIONS,		/* make the value, lines, the list of functions and commands */
	KIND_DROP,		/* the last entry doesn't count */
	KIND_FINISHED,		/* nothing is to be restored any more */
};

struct entry {
	enum kind kind;
	char *path;
	char *value;		/* NULL for KIND_DIR */
	bool done;
};

struct journal {
	struct entry *entry;
	size_t count, alloc;
	struct entry *parting;	/* NULL, or what a struct parting does */
	int mirror_fd;
	int file_fd;
	bool finished;
};

/* Tell the guardian, and the journal's file. */
void journal_mirror(struct journal *j, enum kind kind, const char *path, const char *value);

#endif
