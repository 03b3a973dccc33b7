/*
 * hooks.h - two events between which a profile measures the time.
 *
 * Layer 5. As a user writes them, and as they are in a file:
 *	[SYSTEM:]EVENT,MATCH[,PID]/[SYSTEM:]EVENT,MATCH[,FLAGS]
 * Records of the second event end what a record of the first one has begun if their fields
 * MATCH have the same value. PID is the field of the first event that tells the task.
 * FLAGS: p both happen on the same CPU; g of no task; s with stacks, when recording.
 */
#ifndef REPORT_HOOKS_H
#define REPORT_HOOKS_H

#include <stdbool.h>

#include "base/err.h"

struct hook {
	char *start_system, *start_event, *start_match, *start_pid;
	char *end_system, *end_event, *end_match;	/* systems and start_pid may be NULL */
	char *flags;			/* as given, or NULL */
	bool pinned, global, stack;
	char *whole;			/* as given */
	char *text;			/* what the others point into */
};

struct hooks {
	struct hook *item;
	unsigned int count;
};

/*
 * Add the hook that @text describes. 0; -ENOMEM; -EINVAL with a message. Warns of flags
 * that don't exist.
 */
int hooks_add(struct hooks *h, const char *text, struct err *err);
void hooks_release(struct hooks *h);

#endif
