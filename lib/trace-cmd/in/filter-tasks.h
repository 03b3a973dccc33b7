/*
 * filter-tasks.h - a filter that is about tasks, of whatever event.
 *
 * Layer 2. In libtraceevent's language it is a text of all pids for each event there is, which takes its parser
 * seconds when a name stands for thousands of them.
 */
#ifndef IN_FILTER_TASKS_H
#define IN_FILTER_TASKS_H

#include <stdbool.h>
#include <stdint.h>

#include <event-parse.h>

#define IN_TASK_FIELDS	3	/* at most, of an event */

struct in_tasks {
	unsigned int count;
	uint64_t pid[];		/* in order, each once */
};

/* NULL: out of memory. For free(). */
struct in_tasks *in_tasks_new(const int *pids, unsigned int count);

bool in_tasks_has(const struct in_tasks *t, uint64_t pid);

/* The fields of @event that say which task it is about or of: their number. */
unsigned int in_tasks_fields(struct tep_event *event, const struct tep_format_field *ret[IN_TASK_FIELDS]);

/* Is a record of the event @event one of these tasks'? All its fields must be within its data. @event NULL: no. */
bool in_tasks_match(const struct in_tasks *t, struct tep_event *event, const struct tep_record *rec);

#endif
