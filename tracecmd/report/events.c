/*
 * events.c - see events.h. Layer 5.
 */
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "report/events.h"
#include "trace-cmd.h"

#define NAME_COLUMNS	20		/* a name, without its colon, is filled up to these */
#define TASKS		1024		/* slots for tasks at first, a power of two */
#define COMM_MAX	128		/* bytes shown of a task's name; the kernel has 16 */

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

/* NULL: out of memory. */
static struct event *event_new(struct tep_event *tep, const struct report_plan *plan)
{
	_cleanup_buf_ struct buf name = BUF_INIT;
	struct event *e;

	/* at least one blank between a long name and the text */
	buf_printf(&name, "%s:", tep->name);
	while (!name.error && name.len < NAME_COLUMNS + 2)
		buf_add(&name, " ", 1);
	if (name.data && name.data[name.len - 1] == ':')
		buf_add(&name, " ", 1);
	if (name.len > UINT16_MAX)
		name.len = UINT16_MAX;
	e = name.error ? NULL : calloc(1, sizeof(*e) + name.len + EVENT_NAME_ROOM);
	if (!e)
		return NULL;
	*e = (struct event){ .tep = tep, .name_len = name.len };
	memcpy(e->name, name.data, name.len);
	if (plan->line.raw_fields || event_matches(tep, &plan->raw_events))
		tep->flags |= TEP_EVENT_FL_PRINTRAW;
	if (event_matches(tep, &plan->plain_events))
		tep->flags |= TEP_EVENT_FL_NOHANDLE;
	return e;
}

struct events *events_new(struct tep_handle *tep, struct tracecmd_input *handle,
			  const struct report_plan *plan, unsigned int number)
{
	struct events *ev = calloc(1, sizeof(*ev));

	if (!ev)
		return NULL;
	ev->tep = tep;
	ev->handle = handle;
	ev->plan = plan;
	ev->number = number;
	ev->native = tep_is_file_bigendian(tep) == tep_is_local_bigendian(tep);
	trace_seq_init(&ev->flags);
	ev->printer = tracecmd_printer_alloc(tep);
	ev->nr_slots = TASKS;
	ev->tasks = calloc(ev->nr_slots, sizeof(*ev->tasks));
	ev->by_id = calloc(EVENT_IDS, sizeof(*ev->by_id));
	if (!ev->by_id || !ev->printer || !ev->tasks) {
		events_free(ev);
		return NULL;
	}
	tracecmd_printer_guard(ev->printer, handle);
	if (tep_get_events_count(tep) > 0)
		common_prepare(ev, tep_get_event(tep, 0));
	return ev;
}

bool events_join(struct events *ev, const struct events *other)
{
	if (!tracecmd_printer_join(ev->printer, other->printer))
		return false;
	ev->like = other;
	return true;
}

void events_free(struct events *ev)
{
	struct event *e;
	unsigned int i;

	if (!ev)
		return;
	while ((e = ev->first)) {
		ev->first = e->next;
		free(e);
	}
	for (i = 0; ev->tasks && i < ev->nr_slots; i++)
		free(ev->tasks[i].task);
	trace_seq_destroy(&ev->flags);
	tracecmd_printer_free(ev->printer);
	free(ev->tasks);
	free(ev->by_id);
	free(ev->cache);
	free(ev);
}

const struct event *events_find_new(struct events *ev, struct tep_record *record)
{
	int id = tep_data_type(ev->tep, record);
	struct tep_event *tep;
	struct event *e;

	if (id < 0 || id >= EVENT_IDS)
		return NULL;
	if (ev->by_id[id])
		return ev->by_id[id];
	tep = tracecmd_printer_event(ev->printer, ev->handle, id);
	e = tep ? event_new(tep, ev->plan) : NULL;
	if (!e)
		return NULL;
	e->next = ev->first;
	ev->first = ev->by_id[id] = e;
	return e;
}

/* The slot of @pid, or the free one where it belongs. */
static struct task_slot *task_slot(struct task_slot *slots, unsigned int nr_slots, int pid)
{
	unsigned int i = (unsigned int)pid & (nr_slots - 1);

	while (slots[i].used && slots[i].pid != pid)
		i = (i + 1) & (nr_slots - 1);
	return &slots[i];
}

static int tasks_grow(struct events *ev)
{
	struct task_slot *more = calloc(2 * (size_t)ev->nr_slots, sizeof(*more));
	unsigned int i;

	if (!more)
		return -ENOMEM;
	for (i = 0; i < ev->nr_slots; i++) {
		if (ev->tasks[i].used)
			*task_slot(more, 2 * ev->nr_slots, ev->tasks[i].pid) = ev->tasks[i];
	}
	free(ev->tasks);
	ev->tasks = more;
	ev->nr_slots *= 2;
	return 0;
}

/* NULL: out of memory. */
static struct event_task *task_new(const char *comm, int pid)
{
	struct event_task *t = malloc(sizeof(*t) + COMM_MAX + EVENT_TASK_ROOM);

	if (!t)
		return NULL;
	t->comm = comm;
	t->len = snprintf(t->text, COMM_MAX + EVENT_TASK_ROOM, "%16.*s-%-5d ", COMM_MAX, comm, pid);
	return t;
}

static int task_add(struct events *ev, int pid, const struct event_task **ret_task)
{
	struct task_slot *slot;
	const char *comm;

	events_lock(ev);
	comm = tep_data_comm_from_pid(ev->tep, pid);
	events_unlock(ev);
	*ret_task = NULL;
	/* it may get a name later */
	if (!strcmp(comm, "<...>"))
		return 0;
	/* at most half full, so that searches stay short */
	if (2 * ev->nr_tasks >= ev->nr_slots && tasks_grow(ev))
		return -ENOMEM;
	slot = task_slot(ev->tasks, ev->nr_slots, pid);
	slot->task = task_new(comm, pid);
	if (!slot->task)
		return -ENOMEM;
	ev->nr_tasks += !slot->used;
	slot->pid = pid;
	slot->used = true;
	*ret_task = slot->task;
	return 0;
}

int events_task_new(struct events *ev, int pid, const struct event_task **ret_task)
{
	const struct task_slot *slot = task_slot(ev->tasks, ev->nr_slots, pid);

	if (!slot->task)
		return task_add(ev, pid, ret_task);
	*ret_task = slot->task;
	return 0;
}

void events_forget_task(struct events *ev, int pid)
{
	struct task_slot *slot = task_slot(ev->tasks, ev->nr_slots, pid);

	free(slot->task);
	slot->task = NULL;
}

/* The flags column as libtraceevent prints it. */
static const char *print_flags(struct events *ev, struct tep_record *record, size_t *ret_len)
{
	trace_seq_reset(&ev->flags);
	events_lock(ev);
	tep_print_event(ev->tep, &ev->flags, record, "%s", TEP_PRINT_LATENCY);
	events_unlock(ev);
	trace_seq_terminate(&ev->flags);
	*ret_len = ev->flags.len;
	return ev->flags.buffer;
}

const char *events_flags_new(struct events *ev, struct tep_record *record, size_t *ret_len,
			     bool *ret_stays)
{
	const char *text = print_flags(ev, record, ret_len);
	const uint8_t *data = record->data;
	struct flags_text *known;

	*ret_stays = false;
	if (!ev->cached || !*ret_len || *ret_len > EVENT_FLAGS_MAX)
		return text;
	known = &ev->cache[data[ev->flags_offset] << 8 | data[ev->preempt_offset]];
	memcpy(known->text, text, *ret_len);
	known->len = *ret_len;
	*ret_stays = true;
	return known->text;
}

void events_lock(struct events *ev)
{
	tracecmd_printer_lock(ev->printer);
}

void events_unlock(struct events *ev)
{
	tracecmd_printer_unlock(ev->printer);
}

bool events_ready(struct events *ev, struct tep_record *record)
{
	return tracecmd_printer_ready(ev->printer, record);
}

static inline struct tracecmd_printer *printers_find(struct printers *mine, const struct events *ev);

/* Make the share of the file's printer that belongs to @mine. NULL: out of memory. */
static struct tracecmd_printer *printers_add(struct printers *mine, const struct events *ev)
{
	if (ev->number >= mine->count) {
		unsigned int n = ev->number + 1;
		struct tracecmd_printer **more = reallocarray(mine->share, n, sizeof(*more));

		if (!more)
			return NULL;
		memset(more + mine->count, 0, (n - mine->count) * sizeof(*more));
		mine->share = more;
		mine->count = n;
	}
	mine->share[ev->number] = tracecmd_printer_share(ev->printer);
	if (ev->like && mine->share[ev->number])
		tracecmd_printer_join(mine->share[ev->number], printers_find(mine, ev->like));
	return mine->share[ev->number];
}

static inline struct tracecmd_printer *printers_find(struct printers *mine, const struct events *ev)
{
	if (!mine)
		return ev->printer;
	if (ev->number < mine->count && mine->share[ev->number])
		return mine->share[ev->number];
	return printers_add(mine, ev);
}

void printers_release(struct printers *p)
{
	while (p->count)
		tracecmd_printer_free(p->share[--p->count]);
	free(p->share);
	p->share = NULL;
}

const char *events_text(struct events *ev, struct printers *mine, struct tep_record *record,
			size_t *ret_len)
{
	struct tracecmd_printer *p = printers_find(mine, ev);
	const char *text = p ? tracecmd_printer_text(p, record, ret_len) : NULL;

	if (text && *ret_len && text[*ret_len - 1] == '\n')
		(*ret_len)--;
	return text;
}

ssize_t events_put(struct events *ev, struct printers *mine, struct tep_record *record, char *to,
		   size_t size)
{
	struct tracecmd_printer *p = printers_find(mine, ev);
	ssize_t len = p ? tracecmd_printer_put(p, record, to, size) : -1;

	return len > 0 && to[len - 1] == '\n' ? len - 1 : len;
}
