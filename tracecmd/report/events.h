/*
 * events.h - the text of one event, by libtraceevent and the format its file stores.
 *
 * Layer 5. One struct events a file keeps what would otherwise be looked up for
 * each record: the event behind an id, its padded name, the bytes its fields need,
 * and the text of the flags column for each value of the flags.
 */
#ifndef REPORT_EVENTS_H
#define REPORT_EVENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "event-parse.h"
#include "report/plan.h"
#include "trace-seq.h"

/* One event of the file. */
struct event {
	struct tep_event *tep;
	char *name;		/* as in a line: "NAME: ", filled up with blanks */
	unsigned short name_len;
	int min_size;		/* bytes that a record needs for its plain fields */
};

struct events;

/*
 * Know the events of @tep. Marks those that the plan wants raw or without their
 * plugin. NULL: out of memory. NULL may be freed.
 */
struct events *events_new(struct tep_handle *tep, const struct report_plan *plan);
void events_free(struct events *ev);

/* The event of a record; NULL if its id is unknown or the record is cut short. */
const struct event *events_find(const struct events *ev, struct tep_record *record);

/* Bytes of common fields that every record has; shorter ones have no pid. */
#define EVENT_COMMON_SIZE 8

/*
 * The flags column as libtraceevent prints it, e.g. "d..3.". It lives until
 * the next call.
 */
const char *events_flags(struct events *ev, struct tep_record *record, size_t *ret_len);

/* The text behind the name, without a trailing newline. It lives until the next call. */
const char *events_text(struct events *ev, struct tep_record *record, size_t *ret_len);

#endif
