/*
 * list.h - what there is to trace with: events, tracers, options, clocks.
 *
 * Layer 5.
 */
#ifndef STATE_LIST_H
#define STATE_LIST_H

#include <stdbool.h>

#include "base/err.h"

/* What to show of each event. */
struct list_events {
	const char *pattern;	/* NULL: all; regular expressions, basic and case-blind */
	bool format, full;	/* its format; print format included */
	bool filter, triggers;
};

/*
 * All print on stdout. 0; -errno, described in @err: a file that cannot be read, a pattern
 * that is no regular expression.
 */
int list_events(const char *tracing, const struct list_events *what, struct err *err);
int list_systems(const char *tracing, struct err *err);
int list_tracers(const char *tracing, struct err *err);
int list_options(const char *tracing, const char *pattern, struct err *err);
/* Functions that can be filtered on; a pattern without special characters may stand anywhere. */
int list_functions(const char *tracing, const char *pattern, bool proto, struct err *err);
int list_instances(const char *tracing, struct err *err);
int list_clocks(const char *tracing, struct err *err);
/* Everything, with titles, but for the compression. */
int list_all(const char *tracing, struct err *err);

/* Plugins of libtraceevent, and their options. */
void list_plugins(void);
void list_plugin_options(void);

#endif
