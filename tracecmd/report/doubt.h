/*
 * doubt.h - events of different machines that are too close to each other to tell which was first.
 *
 * Layer 5, on the public library only.
 */
#ifndef REPORT_DOUBT_H
#define REPORT_DOUBT_H

#include <stdbool.h>

#include "report/inputs.h"

/* What the event before has left. */
struct doubt {
	const struct stream *stream;	/* NULL: there was none */
	long long late;			/* its machine's host time may be this much later than shown */
	unsigned long long ts;
};

/*
 * Whether the order of @record and the event before it is undecided: they are of different
 * files, and by what the files say of their clocks the one shown first may have been later.
 */
bool doubt_event(struct doubt *d, const struct stream *s, const struct tep_record *record);

#endif
