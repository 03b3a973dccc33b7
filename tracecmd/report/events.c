/*
 * events.c - see events.h. Layer 5.
 */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "report/events.h"
#include "trace-cmd.h"

#define EVENT_IDS	65536		/* an id has 16 bits */
#define NAME_COLUMNS	20		/* a name, without its colon, is filled up to these */
#define FLAGS_MAX	12		/* length of a cached flags column, NUL included */

#define TASKS		4096		/* slots for tasks, a power of two */
#define TASK_MAX	(EVENT_TASK_ROOM - 1)	/* bytes of a task's column that a slot has room for */

/* A task's column, for a pid that has a name. */
struct task {
	int pid;
	unsigned char len;	/* 0: slot not used */
	char text[TASK_MAX + 1];
};

struct events {
	struct tep_handle *tep;
	struct tracecmd_printer *printer;
	struct event *list;
	unsigned int count;
	struct event **by_id;		/* EVENT_IDS of them */
	struct task *tasks;
	bool native;			/* the file's byte order is this machine's */
	int pid_offset;
	struct trace_seq flags;
	/*
	 * Where the two common bytes are that make up the flags column, if they
	 * alone do; cache[] then has the text for each value of both.
	 */
	bool cached;
	int flags_offset, preempt_offset;
	char (*cache)[FLAGS_MAX];
};

/* Do @event's name or system match one of the patterns, as a whole and case-blind? */
static bool event_matches(const struct tep_event *event, const struct strings *patterns)
{
	unsigned int i;
	bool match = false;

	for (i = 0; i < patterns->count && !match; i++) {
		_cleanup_buf_ struct buf whole = BUF_INIT;
		regex_t re;

		if (buf_printf(&whole, "^%s$", patterns->item[i]) ||
		    regcomp(&re, (char *)whole.data, REG_ICASE | REG_NOSUB))
			continue;
		match = !regexec(&re, event->name, 0, NULL, 0) ||
			!regexec(&re, event->system, 0, NULL, 0);
		regfree(&re);
	}
	return match;
}

/* Where the pid is. The flags column depends on two bytes alone, unless there are others. */
static void common_prepare(struct events *ev, struct tep_event *event)
{
	const struct tep_format_field *pid = tep_find_common_field(event, "common_pid");
	const struct tep_format_field *flags = tep_find_common_field(event, "common_flags");
	const struct tep_format_field *count = tep_find_common_field(event, "common_preempt_count");

	if (pid && pid->size == 4 && pid->offset >= 0 && pid->offset <= EVENT_COMMON_SIZE - 4)
		ev->pid_offset = pid->offset;
	else
		ev->native = false;
	if (!flags || !count || flags->size != 1 || count->size != 1 || flags->offset < 0 ||
	    count->offset < 0 || flags->offset >= EVENT_COMMON_SIZE ||
	    count->offset >= EVENT_COMMON_SIZE ||
	    tep_find_common_field(event, "common_lock_depth") ||
	    tep_find_common_field(event, "common_migrate_disable"))
		return;
	ev->flags_offset = flags->offset;
	ev->preempt_offset = count->offset;
	ev->cache = calloc(1 << 16, sizeof(*ev->cache));
	ev->cached = ev->cache;
}

static int event_add(struct events *ev, struct tep_event *tep, const struct report_plan *plan)
{
	struct event *e = &ev->list[ev->count];
	_cleanup_buf_ struct buf name = BUF_INIT;

	if (tep->id < 0 || tep->id >= EVENT_IDS)
		return 0;
	/* at least one blank between a long name and the text */
	buf_printf(&name, "%s:", tep->name);
	while (!name.error && name.len < NAME_COLUMNS + 2)
		buf_add(&name, " ", 1);
	if (name.data && name.data[name.len - 1] == ':')
		buf_add(&name, " ", 1);
	if (name.len > UINT16_MAX)
		name.len = UINT16_MAX;
	if (name.error)
		return -1;
	*e = (struct event){ .tep = tep, .name_len = name.len };
	e->name = calloc(1, name.len + EVENT_NAME_ROOM);
	if (!e->name)
		return -1;
	memcpy(e->name, name.data, name.len);
	if (plan->line.raw_fields || event_matches(tep, &plan->raw_events))
		tep->flags |= TEP_EVENT_FL_PRINTRAW;
	if (event_matches(tep, &plan->plain_events))
		tep->flags |= TEP_EVENT_FL_NOHANDLE;
	ev->by_id[tep->id] = e;
	ev->count++;
	return 0;
}

struct events *events_new(struct tep_handle *tep, const struct report_plan *plan)
{
	struct events *ev = calloc(1, sizeof(*ev));
	int i, n = tep_get_events_count(tep);

	if (!ev)
		return NULL;
	ev->tep = tep;
	ev->native = tep_is_file_bigendian(tep) == tep_is_local_bigendian(tep);
	trace_seq_init(&ev->flags);
	ev->printer = tracecmd_printer_alloc(tep);
	ev->tasks = calloc(TASKS, sizeof(*ev->tasks));
	ev->list = calloc(n + 1, sizeof(*ev->list));
	ev->by_id = calloc(EVENT_IDS, sizeof(*ev->by_id));
	if (!ev->list || !ev->by_id || !ev->printer || !ev->tasks)
		goto failed;
	for (i = 0; i < n; i++) {
		if (event_add(ev, tep_get_event(tep, i), plan))
			goto failed;
	}
	if (n > 0)
		common_prepare(ev, tep_get_event(tep, 0));
	return ev;
failed:
	events_free(ev);
	return NULL;
}

void events_free(struct events *ev)
{
	unsigned int i;

	if (!ev)
		return;
	for (i = 0; i < ev->count; i++)
		free(ev->list[i].name);
	trace_seq_destroy(&ev->flags);
	tracecmd_printer_free(ev->printer);
	free(ev->tasks);
	free(ev->list);
	free(ev->by_id);
	free(ev->cache);
	free(ev);
}

const struct event *events_find(const struct events *ev, struct tep_record *record)
{
	uint16_t id16;
	int id;

	if (record->size < EVENT_COMMON_SIZE)
		return NULL;
	if (ev->native) {
		memcpy(&id16, record->data, sizeof(id16));
		id = id16;
	} else {
		id = tep_data_type(ev->tep, record);
	}
	return id >= 0 && id < EVENT_IDS ? ev->by_id[id] : NULL;
}

int events_pid(const struct events *ev, struct tep_record *record)
{
	int pid;

	if (!ev->native)
		return tep_data_pid(ev->tep, record);
	memcpy(&pid, (const char *)record->data + ev->pid_offset, sizeof(pid));
	return pid;
}

const char *events_task(struct events *ev, int pid, size_t *ret_len)
{
	struct task *t = &ev->tasks[(unsigned int)pid % TASKS];
	const char *comm;
	int len;

	if (!t->len || t->pid != pid) {
		comm = tep_data_comm_from_pid(ev->tep, pid);
		/* it may get a name later */
		if (!strcmp(comm, "<...>"))
			return NULL;
		len = snprintf(t->text, sizeof(t->text), "%16s-%-5d ", comm, pid);
		t->len = len > 0 && len <= TASK_MAX ? len : 0;
		t->pid = pid;
		if (!t->len)
			return NULL;
	}
	*ret_len = t->len;
	return t->text;
}

void events_forget_task(struct events *ev, int pid)
{
	struct task *t = &ev->tasks[(unsigned int)pid % TASKS];

	if (t->pid == pid)
		t->len = 0;
}

/* The flags column as libtraceevent prints it. */
static const char *print_flags(struct events *ev, struct tep_record *record, size_t *ret_len)
{
	trace_seq_reset(&ev->flags);
	tep_print_event(ev->tep, &ev->flags, record, "%s", TEP_PRINT_LATENCY);
	trace_seq_terminate(&ev->flags);
	*ret_len = ev->flags.len;
	return ev->flags.buffer;
}

const char *events_flags(struct events *ev, struct tep_record *record, size_t *ret_len)
{
	const uint8_t *data = record->data;
	const char *text;
	char *known;

	if (!ev->cached)
		return print_flags(ev, record, ret_len);
	known = ev->cache[data[ev->flags_offset] << 8 | data[ev->preempt_offset]];
	if (!*known) {
		text = print_flags(ev, record, ret_len);
		if (*ret_len >= FLAGS_MAX)
			return text;
		memcpy(known, text, *ret_len + 1);
	}
	*ret_len = strlen(known);
	return known;
}

const char *events_text(struct events *ev, struct tep_record *record, size_t *ret_len)
{
	const char *text = tracecmd_printer_text(ev->printer, record, ret_len);

	if (text && *ret_len && text[*ret_len - 1] == '\n')
		(*ret_len)--;
	return text;
}
