/*
 * filter-plan.h - the filters of one event, compiled to tests of a record's bytes.
 *
 * Layer 2. What libtraceevent has parsed: comparisons of numbers, and what combines them, of
 * records in our byte order. The rest is left to libtraceevent, and so are the first
 * records of each event, whose verdicts must be the same.
 */
#ifndef IN_FILTER_PLAN_H
#define IN_FILTER_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include <event-parse.h>

#include "in/filter-tasks.h"

struct in_filter_plan {
	struct in_filter_node *nodes;	/* all of them, for freeing */
	struct in_filter_test *tests;	/* in the order of the filters */
	unsigned int nr_tests;
	uint32_t min_size;		/* bytes that a record must have */
	unsigned int checks;		/* records still to be judged both ways */
	bool show;			/* what no test decides about */
};

/* A plan without tests, which shows what none is about if @show. NULL: out of memory. */
struct in_filter_plan *in_filter_plan_new(bool show);
void in_filter_plan_free(struct in_filter_plan *p);

/*
 * Add what @filter says of event @id, if anything. 0; -EOPNOTSUPP: it can't be compiled; -ENOMEM.
 */
int in_filter_plan_add(struct in_filter_plan *p, const struct tep_event_filter *filter, int id,
		       bool neg);

/* The same for a filter that is about tasks. @event NULL: nobody knows its fields, -EOPNOTSUPP. */
int in_filter_plan_add_tasks(struct in_filter_plan *p, const struct in_tasks *tasks, struct tep_event *event,
			     bool neg);

/* Is a record of p->min_size bytes or more to be shown? */
bool in_filter_plan_shows(const struct in_filter_plan *p, const uint8_t *data);

/* True if the plan alone may judge records of @size bytes. */
static inline bool in_filter_plan_ready(const struct in_filter_plan *p, uint32_t size)
{
	return !p->checks && size >= p->min_size;
}

#endif
