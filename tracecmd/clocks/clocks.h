/*
 * clocks.h - how well the clocks of guests are known, by their files and the host's.
 *
 * Layer 5. What recording has found out is in the guest's file (TimeShift, option 0xC10C); what the
 * events of both files prove is found here: causality.h.
 */
#ifndef CLOCKS_CLOCKS_H
#define CLOCKS_CLOCKS_H

#include <stdbool.h>

#include "base/err.h"

struct clocks_plan {
	const char *host;
	char **guests;		/* files */
	unsigned int nr_guests;	/* 0: those next to the host's that it knows */
	bool json;
	const char *plot;	/* a picture to write, NULL: none */
	bool refine;		/* find narrower bounds and write them into the guests' files */
	const char *output;	/* refine: a new file instead, for one guest; NULL */
};

/* What was found, of all guests; the command makes its exit status of it. */
struct clocks_result {
	unsigned long long violated;	/* events, and packets, against causality */
	unsigned long long unknown;	/* guests without a known offset */
};

/* Tell on stdout. 0; -errno described in @err, after all that could be told. */
int clocks_run(const struct clocks_plan *plan, struct clocks_result *ret, struct err *err);

#endif
