/*
 * pevents.c - see pevents.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "message.h"
#include "report/pevents.h"

#define OFFSET_MAX 4096

/* The pairs that everybody gets whose events are there. */
static const struct standard {
	const char *start_system, *start, *end_system, *end;
	const char *match, *end_match;
	const char *pid, *value;	/* NULL: who did it; the field matched */
	enum plabel label;
	bool same_task, interrupt;
	unsigned char order;
} standards[] = {
	{ "sched", "sched_switch", "sched", "sched_switch", "prev_pid", "next_pid", "prev_pid",
	  "prev_state", PLABEL_STATE, false, false, 0 },
	{ "sched", "sched_wakeup", "sched", "sched_switch", "pid", "next_pid", "pid",
	  NULL, PLABEL_HEX, false, false, 1 },
	{ "irq", "irq_handler_entry", "irq", "irq_handler_exit", "irq", "irq", NULL,
	  NULL, PLABEL_HEX, true, true, 2 },
	{ "irq", "softirq_entry", "irq", "softirq_exit", "vec", "vec", NULL,
	  NULL, PLABEL_SOFTIRQ, true, true, 2 },
	{ "irq", "softirq_raise", "irq", "softirq_entry", "vec", "vec", NULL,
	  NULL, PLABEL_SOFTIRQ, true, true, 2 },
	{ "ftrace", "funcgraph_entry", "ftrace", "funcgraph_exit", "func", "func", NULL,
	  NULL, PLABEL_FUNC, true, false, 2 },
	{ "raw_syscalls", "sys_enter", "raw_syscalls", "sys_exit", "id", "id", NULL,
	  NULL, PLABEL_NUMBER, true, false, 2 },
};

/* A number of the event; false if it has no such field. */
static bool field_of(struct tep_event *event, const char *name, struct pfield *ret)
{
	const struct tep_format_field *f = tep_find_any_field(event, name);

	if (!f || f->offset < 0 || f->offset > OFFSET_MAX || f->flags & TEP_FIELD_IS_ARRAY ||
	    (f->size != 1 && f->size != 2 && f->size != 4 && f->size != 8))
		return false;
	*ret = (struct pfield){ .offset = f->offset, .size = f->size };
	return true;
}

/* A task's name: an array of 1 to 255 bytes. */
static bool comm_of(struct tep_event *event, const char *name, struct pfield *ret)
{
	const struct tep_format_field *f = tep_find_any_field(event, name);

	if (!f || f->offset < 0 || f->offset > OFFSET_MAX || !(f->flags & TEP_FIELD_IS_ARRAY) ||
	    f->flags & TEP_FIELD_IS_DYNAMIC || f->size < 1 || f->size > 255)
		return false;
	*ret = (struct pfield){ .offset = f->offset, .size = f->size };
	return true;
}

static void need(struct pevent *e, struct pfield field)
{
	if (e->min_size < (uint32_t)field.offset + field.size)
		e->min_size = field.offset + field.size;
}

static struct pevent *pevent_new(struct tep_event *event)
{
	struct pevent *e = calloc(1, sizeof(*e));
	struct tep_format_field *f = event->format.fields;

	if (!e)
		return NULL;
	e->tep = event;
	e->id = event->id;
	if (!strcmp(event->name, "kernel_stack")) {
		f = tep_find_field(event, "caller");
		e->kind = f && f->offset >= 0 && f->offset <= OFFSET_MAX ? PKIND_STACK :
									   PKIND_IGNORED;
		e->value.offset = f ? f->offset : 0;
		return e;
	}
	if (!strcmp(event->name, "user_stack"))
		e->kind = PKIND_IGNORED;
	else if (f && f->offset >= 0 && f->offset <= OFFSET_MAX &&
		 (f->size == 1 || f->size == 2 || f->size == 4 || f->size == 8))
		e->value = (struct pfield){ .offset = f->offset, .size = f->size };
	need(e, e->value);
	e->is_function = !strcmp(event->system, "ftrace") &&
			 (!strcmp(event->name, "function") || !strcmp(event->name, "funcgraph_entry"));
	if (strcmp(event->system, "sched"))
		return e;
	if (!strcmp(event->name, "sched_switch"))
		e->is_switch = comm_of(event, "prev_comm", &e->comm) &&
			       comm_of(event, "next_comm", &e->next_comm) &&
			       field_of(event, "prev_pid", &e->pid) &&
			       field_of(event, "next_pid", &e->next_pid);
	else if (!strcmp(event->name, "sched_wakeup"))
		e->is_wakeup = comm_of(event, "comm", &e->comm) && field_of(event, "pid", &e->pid);
	else if (!strcmp(event->name, "sched_process_exec"))
		e->is_exec = true;
	if (e->is_exec)
		e->kind = PKIND_IGNORED;
	need(e, e->comm);
	need(e, e->pid);
	need(e, e->next_comm);
	need(e, e->next_pid);
	return e;
}

/* Enter the pair number @i with its events. False: they are in too many. */
static bool pair_enter(struct pevents *p, unsigned int i)
{
	const struct ppair *pair = &p->pairs[i];
	struct pevent *start = p->by_id[pair->start_id], *end = p->by_id[pair->end_id];
	struct pevent *other = pair->other_end_id >= 0 ? p->by_id[pair->other_end_id] : NULL;

	/* all or none: the next pair would have the number of one that is there by half */
	if (start->nr_starts == PEVENT_ROOM || end->nr_ends == PEVENT_ROOM ||
	    (other && other->nr_ends + (other == end) >= PEVENT_ROOM))
		return false;
	start->kind = end->kind = PKIND_PAIR;
	start->starts[start->nr_starts++] = i;
	end->ends[end->nr_ends++] = i;
	if (other) {
		other->ends[other->nr_ends++] = i;
		need(other, pair->other_match);
	}
	need(start, pair->start_match);
	need(start, pair->start_pid);
	need(start, pair->value);
	need(start, pair->start_depth);
	need(end, pair->end_match);
	need(end, pair->end_depth);
	return true;
}

static struct pevent *pevent_find(const struct pevents *p, const char *system, const char *name)
{
	struct tep_event *event = tep_find_event_by_name(p->tep, system, name);

	return event && event->id >= 0 && event->id < PEVENT_IDS ? p->by_id[event->id] : NULL;
}

/* A task that sleeps does so until it is woken, and then waits for a CPU. */
static void sleep_ends(const struct pevents *p, struct ppair *sleep)
{
	const struct pevent *wakeup = pevent_find(p, "sched", "sched_wakeup");

	if (wakeup && field_of(wakeup->tep, "pid", &sleep->other_match))
		sleep->other_end_id = wakeup->tep->id;
}

/* The index of the pair that is a task's sleep, -1: there is none. */
static int sleep_pair(const struct pevents *p)
{
	unsigned int i;

	for (i = 0; i < p->nr_pairs; i++) {
		if (p->pairs[i].label == PLABEL_STATE)
			return i;
	}
	return -1;
}

static void standard_add(struct pevents *p, const struct standard *s, bool global)
{
	const struct pevent *start = pevent_find(p, s->start_system, s->start);
	const struct pevent *end = pevent_find(p, s->end_system, s->end);
	struct ppair *pair = &p->pairs[p->nr_pairs];

	if (!start || !end || start->nr_starts)
		return;		/* a hook has taken it */
	*pair = (struct ppair){
		.start_id = start->tep->id, .end_id = end->tep->id, .has_pid = s->pid,
		.other_end_id = -1, .after = -1,
		.label = s->label, .order = s->order, .same_cpu = s->interrupt,
		.same_task = s->same_task && !(s->interrupt && global),
		.owner = s->interrupt && global ? POWNER_CPU : POWNER_TASK,
	};
	if (s->label == PLABEL_STATE)
		sleep_ends(p, pair);
	if (!strcmp(s->start, "sched_wakeup"))
		pair->after = sleep_pair(p);
	/* a function may run again inside itself, in an interrupt for one */
	if (s->label == PLABEL_FUNC)
		pair->has_depth = field_of(start->tep, "depth", &pair->start_depth) &&
				  field_of(end->tep, "depth", &pair->end_depth);
	if (field_of(start->tep, s->match, &pair->start_match) &&
	    field_of(end->tep, s->end_match, &pair->end_match) &&
	    (!s->pid || field_of(start->tep, s->pid, &pair->start_pid)) &&
	    field_of(start->tep, s->value ? s->value : s->match, &pair->value) &&
	    pair_enter(p, p->nr_pairs))
		p->nr_pairs++;
}

static int no_field(const struct pevent *e, const char *name, struct err *err)
{
	err_set(err, 0, "Event: %s does not have field %s", e->tep->name, name);
	return -EINVAL;
}

static int hook_add(struct pevents *p, const struct hook *h, struct err *err)
{
	const struct pevent *start = pevent_find(p, h->start_system, h->start_event);
	const struct pevent *end = pevent_find(p, h->end_system, h->end_event);
	struct ppair *pair = &p->pairs[p->nr_pairs];

	if (!start || !end) {
		cmd_warn(0, "Event %s not found", start ? h->end_event : h->start_event);
		return 0;
	}
	*pair = (struct ppair){
		.start_id = start->tep->id, .end_id = end->tep->id, .has_pid = h->start_pid,
		.other_end_id = -1, .after = -1,
		.same_cpu = h->pinned, .same_task = !h->global && !h->start_pid,
		.owner = !h->global ? POWNER_TASK : h->pinned ? POWNER_CPU : POWNER_GLOBAL,
		.order = 2,
	};
	if (!field_of(start->tep, h->start_match, &pair->start_match))
		return no_field(start, h->start_match, err);
	if (!field_of(end->tep, h->end_match, &pair->end_match))
		return no_field(end, h->end_match, err);
	if (h->start_pid && !field_of(start->tep, h->start_pid, &pair->start_pid))
		return no_field(start, h->start_pid, err);
	pair->value = pair->start_match;
	if (start->nr_starts == PEVENT_PAIRS || end->nr_ends == PEVENT_PAIRS ||
	    !pair_enter(p, p->nr_pairs)) {
		err_set(err, 0, "more than %d hooks share an event with '%s'", PEVENT_PAIRS,
			h->start_event);
		return -EINVAL;
	}
	p->nr_pairs++;
	return 0;
}

/* A common field, which is at @offset as far as is known. */
static struct pfield common_field(struct tep_handle *tep, const char *name, uint16_t offset,
				  uint8_t size)
{
	const struct tep_format_field *f = NULL;

	if (tep_get_events_count(tep))
		f = tep_find_common_field(tep_get_event(tep, 0), name);
	if (f && f->size == size && f->offset >= 0 && f->offset <= EVENT_COMMON_SIZE - size)
		offset = f->offset;
	return (struct pfield){ .offset = offset, .size = size };
}

int pevents_init(struct pevents *p, struct tep_handle *tep, const struct hooks *hooks,
		 bool global, struct err *err)
{
	unsigned int k;
	int i, ret = 0;

	*p = (struct pevents){
		.tep = tep, .long_size = tep_get_long_size(tep),
		.swap = tep_is_file_bigendian(tep) != tep_is_local_bigendian(tep),
		.type = common_field(tep, "common_type", 0, 2),
		.pid = common_field(tep, "common_pid", 4, 4),
	};
	p->by_id = calloc(PEVENT_IDS, sizeof(*p->by_id));
	p->pairs = calloc(ARRAY_SIZE(standards) + hooks->count, sizeof(*p->pairs));
	if (!p->by_id || !p->pairs)
		return -ENOMEM;
	for (i = 0; i < tep_get_events_count(tep); i++) {
		struct tep_event *event = tep_get_event(tep, i);

		if (event->id < 0 || event->id >= PEVENT_IDS || p->by_id[event->id])
			continue;
		p->by_id[event->id] = pevent_new(event);
		if (!p->by_id[event->id])
			return -ENOMEM;
	}
	for (k = 0; !ret && k < hooks->count; k++)
		ret = hook_add(p, &hooks->item[k], err);
	for (k = 0; !ret && k < ARRAY_SIZE(standards); k++)
		standard_add(p, &standards[k], global);
	return ret;
}

void pevents_release(struct pevents *p)
{
	unsigned int i;

	for (i = 0; p->by_id && i < PEVENT_IDS; i++)
		free(p->by_id[i]);
	free(p->by_id);
	free(p->pairs);
	*p = (struct pevents){ 0 };
}
