/*
 * filter.h - which records a handle's user wants to see.
 *
 * Layer 2. libtraceevent's filters, positive and negative ones, and the rule
 * that a stack trace goes with the event before it, unless a filter is about it.
 */
#ifndef IN_FILTER_H
#define IN_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <event-parse.h>

#include "in/filter-plan.h"

struct tracecmd_filter {
	struct tracecmd_filter *next;
	struct tep_event_filter *filter;
	struct in_tasks *tasks;		/* if it isn't NULL, the filter is of these, and there is no other */
	bool neg;
};

struct in_filters {
	struct tracecmd_filter *list;
	struct tep_handle *tep;
	bool positive, negative, of_tasks;	/* there are some */
	bool stacks_stay;		/* TRACECMD_FL_STACKS_STAY */
	int kernel_stack, user_stack;	/* event ids, -1 none */
	bool *shown;			/* of each CPU: its latest event that is no stack was */
	unsigned int nr_cpus;
	uint8_t *ids;			/* for each id: IN_FILTER_*, once it was met */
	struct in_filter_plan **plans;	/* of ids that are IN_FILTER_PLAN + their place */
	unsigned int nr_plans;
	bool native;			/* the file's byte order is this machine's */
	uint8_t *scratch;		/* the record that is asked about, with zeros behind it */
	size_t room, used;		/* bytes for records; of the last one */
};

/* Add one. 0; -EINVAL (syntax, unknown event); -ENOMEM. */
int in_filters_add(struct in_filters *fs, struct tep_handle *tep, unsigned int nr_cpus,
		   const char *text, bool neg, struct tracecmd_filter **ret_filter);

/* The same for one that is about tasks: whose number is in common_pid, pid or next_pid. */
int in_filters_add_tasks(struct in_filters *fs, struct tep_handle *tep, unsigned int nr_cpus,
			 const int *pids, unsigned int nr_pids, bool neg, struct tracecmd_filter **ret_filter);
void in_filters_release(struct in_filters *fs);

/* @cpu goes on elsewhere: the event that a stack there belongs to is not known. */
static inline void in_filters_moved(struct in_filters *fs, unsigned int cpu)
{
	if (fs->list && cpu < fs->nr_cpus)
		fs->shown[cpu] = !fs->positive;
}

/* What is remembered of an id; 0: nothing yet. */
enum { IN_FILTER_NONE = 1, IN_FILTER_SOME, IN_FILTER_PLAN };

/*
 * True for what in_filters_show() would hide, in the cases that are most frequent where filters
 * let little pass: no filter is about the event, or they are compiled, and the one before on @cpu
 * was not shown, either. False says nothing.
 */
static inline bool in_filters_hide(const struct in_filters *fs, const uint8_t *data, uint32_t size,
				   unsigned int cpu)
{
	const struct in_filter_plan *p;
	uint16_t id;

	if (!fs->native || size < sizeof(id) || cpu >= fs->nr_cpus || fs->shown[cpu])
		return false;
	memcpy(&id, data, sizeof(id));
	if (fs->ids[id] < IN_FILTER_PLAN)
		return fs->ids[id] == IN_FILTER_NONE && fs->positive;
	p = fs->plans[fs->ids[id] - IN_FILTER_PLAN];
	return in_filter_plan_ready(p, size) && !in_filter_plan_shows(p, data);
}

/*
 * The id of an event that the parser must know before in_filters_show() is asked about this record, the first of its
 * kind; -1: none.
 */
int in_filters_needs(const struct in_filters *fs, struct tep_handle *tep, struct tep_record *rec);

/* True if the record is to be shown. To be asked once for each, in order. */
bool in_filters_show(struct in_filters *fs, struct tep_handle *tep, struct tep_record *rec);

#endif
