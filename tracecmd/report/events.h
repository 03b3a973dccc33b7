/*
 * events.h - the text of one event, by the format its file stores.
 *
 * Layer 5. One struct events a file keeps what would otherwise be looked up for
 * each record: the event behind an id, its padded name, the text of the task column
 * for each pid and that of the flags column for each value of the flags.
 */
#ifndef REPORT_EVENTS_H
#define REPORT_EVENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "event-parse.h"
#include "report/plan.h"
#include "trace-seq.h"

/* Names and tasks may be copied with so many bytes at once, whatever their length. */
#define EVENT_NAME_ROOM	48
#define EVENT_TASK_ROOM	32

/* One event of the file. */
struct event {
	struct tep_event *tep;
	char *name;		/* as in a line: "NAME: ", filled up with blanks */
	unsigned short name_len;
};

struct events;

/*
 * Know the events of @tep. Marks those that the plan wants raw or without their
 * plugin. NULL: out of memory. NULL may be freed.
 */
struct events *events_new(struct tep_handle *tep, const struct report_plan *plan);
void events_free(struct events *ev);

/* The event of a record; NULL if its id is unknown. */
const struct event *events_find(const struct events *ev, struct tep_record *record);

/* Bytes of common fields that every record has; shorter ones have no pid. */
#define EVENT_COMMON_SIZE 8

/*
 * The flags column as libtraceevent prints it, e.g. "d..3.". It lives until
 * the next call.
 */
const char *events_flags(struct events *ev, struct tep_record *record, size_t *ret_len);

/* The pid of a record of EVENT_COMMON_SIZE or more. */
int events_pid(const struct events *ev, struct tep_record *record);

/*
 * "comm-pid " as lines have it, or NULL: then the task has no name (yet), or a very
 * long one. It lives until the next call.
 */
const char *events_task(struct events *ev, int pid, size_t *ret_len);

/* The name of @pid has changed. */
void events_forget_task(struct events *ev, int pid);

/*
 * The text behind the name, without a trailing newline. It lives until the next call.
 * NULL: the record is cut short.
 */
const char *events_text(struct events *ev, struct tep_record *record, size_t *ret_len);

#endif
