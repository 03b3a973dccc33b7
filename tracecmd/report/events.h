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
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "event-parse.h"
#include "report/plan.h"
#include "trace-seq.h"

/* Names and tasks may be copied with so many bytes at once, whatever their length. */
#define EVENT_NAME_ROOM	48
#define EVENT_TASK_ROOM	32

/* A task that has a name. */
struct event_task {
	const char *comm;	/* libtraceevent's */
	unsigned int len;	/* of text */
	char text[];		/* "comm-pid " as lines have it, EVENT_TASK_ROOM bytes or more */
};

/* One event of the file. */
struct event {
	struct event *next;	/* of the file's that were met */
	struct tep_event *tep;
	unsigned short name_len;
	char name[];		/* as in a line: "NAME: ", filled up with blanks; EVENT_NAME_ROOM more */
};

#define EVENT_IDS	65536		/* an id has 16 bits */
#define EVENT_FLAGS_MAX	11		/* length of a remembered flags column */

/* Open addressing by pid; pids stay once seen. */
struct task_slot {
	int pid;
	bool used;
	struct event_task *task;	/* NULL: forgotten */
};

struct flags_text {
	unsigned char len;		/* 0: not made yet */
	char text[EVENT_FLAGS_MAX];
};

/* The fields are for the functions below. */
struct events {
	struct tep_handle *tep;
	struct tracecmd_printer *printer;
	struct tracecmd_input *handle;
	const struct report_plan *plan;
	const struct events *like;	/* those of a file before, whose printer was joined; or NULL */
	struct event *first;
	struct event **by_id;		/* EVENT_IDS of them, NULL: not met yet, or unknown */
	struct task_slot *tasks;
	unsigned int nr_slots, nr_tasks;
	unsigned int number;		/* of the file */
	bool native;			/* the file's byte order is this machine's */
	int pid_offset;
	struct trace_seq flags;
	/*
	 * Where the two common bytes are that make up the flags column, if they
	 * alone do; cache[] then has the text for each value of both.
	 */
	bool cached;
	int flags_offset, preempt_offset;
	struct flags_text *cache;
};

/* The printers of one thread: a share of that of each file. All zeros: none yet. */
struct printers {
	struct tracecmd_printer **share;
	unsigned int count;
};

void printers_release(struct printers *p);

/*
 * Know the events of @tep, which is that of @handle. Marks those that the plan, which must stay,
 * wants raw or without their plugin. @number: of the file, for printers. NULL: out of memory. NULL
 * may be freed.
 */
struct events *events_new(struct tep_handle *tep, struct tracecmd_input *handle,
			  const struct report_plan *plan, unsigned int number);
void events_free(struct events *ev);

/*
 * Before the first event: know them together with @other, of a file with a lower number that has nobody to
 * be like, if both have the same. False: they differ.
 */
bool events_join(struct events *ev, const struct events *other);

/* Bytes of common fields that every record has; shorter ones have no pid. */
#define EVENT_COMMON_SIZE 8

/* Around calls of libtraceevent while threads make texts: it keeps state, even of what it looks up. */
void events_lock(struct events *ev);
void events_unlock(struct events *ev);

/* events_find() for an event that was not met before. */
const struct event *events_find_new(struct events *ev, struct tep_record *record);

/* The event of a record; NULL if its id is unknown (or memory ran out). */
static inline const struct event *events_find(struct events *ev, struct tep_record *record)
{
	uint16_t id16;

	if (record->size < EVENT_COMMON_SIZE)
		return NULL;
	if (ev->native) {
		memcpy(&id16, record->data, sizeof(id16));
		if (ev->by_id[id16])
			return ev->by_id[id16];
	}
	return events_find_new(ev, record);
}

/* events_flags() for flags that are new. */
const char *events_flags_new(struct events *ev, struct tep_record *record, size_t *ret_len,
			     bool *ret_stays);

/*
 * The flags column as libtraceevent prints it, e.g. "d..3.". @ret_stays: it lives as long as
 * @ev; otherwise until the next call.
 */
static inline const char *events_flags(struct events *ev, struct tep_record *record,
				       size_t *ret_len, bool *ret_stays)
{
	const uint8_t *data = record->data;
	const struct flags_text *known;

	if (ev->cached) {
		known = &ev->cache[data[ev->flags_offset] << 8 | data[ev->preempt_offset]];
		if (known->len) {
			*ret_stays = true;
			*ret_len = known->len;
			return known->text;
		}
	}
	return events_flags_new(ev, record, ret_len, ret_stays);
}

/* The pid of a record of EVENT_COMMON_SIZE or more. */
static inline int events_pid(const struct events *ev, struct tep_record *record)
{
	int pid;

	if (!ev->native)
		return tep_data_pid(ev->tep, record);
	memcpy(&pid, (const char *)record->data + ev->pid_offset, sizeof(pid));
	return pid;
}

/* events_task() for one that was not met before. */
int events_task_new(struct events *ev, int pid, const struct event_task **ret_task);

/*
 * The task, NULL if it has no name (yet). It lives until it is forgotten. 0; -ENOMEM.
 */
static inline int events_task(struct events *ev, int pid, const struct event_task **ret_task)
{
	const struct task_slot *slot = &ev->tasks[(unsigned int)pid & (ev->nr_slots - 1)];

	if (slot->pid != pid || !slot->task)
		return events_task_new(ev, pid, ret_task);
	*ret_task = slot->task;
	return 0;
}

/* The name of @pid has changed. */
void events_forget_task(struct events *ev, int pid);

/*
 * What must be done of a record in its place in the order. True: its text may be made later,
 * with a thread's own printers; false: now.
 */
bool events_ready(struct events *ev, struct tep_record *record);

/*
 * The text behind the name, without a trailing newline. It lives until the next call.
 * @mine: of the calling thread, or NULL: the file's own, for records in their order.
 * NULL: the record is cut short, or errno ENOMEM.
 */
const char *events_text(struct events *ev, struct printers *mine, struct tep_record *record,
			size_t *ret_len);

/*
 * The same of a record that events_ready() has passed, at @to with @size bytes. Its length; negative:
 * events_text() has to be asked.
 */
ssize_t events_put(struct events *ev, struct printers *mine, struct tep_record *record, char *to,
		   size_t size);

#endif
