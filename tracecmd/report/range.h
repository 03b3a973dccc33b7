/*
 * range.h - which part of the time a report shows: --from, --to, --limit.
 *
 * Layer 5.
 */
#ifndef REPORT_RANGE_H
#define REPORT_RANGE_H

#include "report/inputs.h"

/*
 * What the plan's times mean for @s. Times with at most six decimals are those of lines,
 * which are rounded to microseconds: a line that shows such a time is within.
 */
struct range range_of(const struct report_plan *plan, const struct stream *s);

/* Move all streams to where their range begins. 0; -errno, described in @err. */
int range_seek(const struct inputs *in, struct err *err);

/* True if a record of @ts is not in it. */
static inline bool range_excludes(const struct range *r, unsigned long long ts)
{
	return ts < r->from || ts > r->to;
}

#endif
