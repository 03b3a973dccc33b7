/*
 * sqlhist.h - histograms and synthetic events, described in SQL.
 *
 * Layer 5, on libtracefs, which parses the SQL.
 */
#ifndef STATE_SQLHIST_H
#define STATE_SQLHIST_H

#include <stdbool.h>

#include "base/err.h"

struct sqlhist {
	const char *sql;
	const char *name;		/* of the synthetic event */
	const char *tracing;		/* the tracing directory, NULL: this machine's */
	const char *instance;		/* of a histogram, NULL: the top one */
	const char *max, *change;	/* the variable to watch, one of them at most */
	bool trace, snapshot;		/* what to do when it is the largest yet, or another */
	const char *save;		/* and fields of the second event to keep, with commas; or NULL */
	bool execute;			/* do it, and don't only say how */
};

/*
 * Print the commands that do it, or do it. 0; -errno, or -EINVAL with the SQL's mistake,
 * described in @err.
 */
int sqlhist_run(const struct sqlhist *q, struct err *err);

#endif
