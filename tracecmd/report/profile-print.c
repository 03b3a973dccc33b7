/*
 * profile-print.c - see profile.h: the text. Layer 5.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/profile.h"
#include "report/value.h"

/* An entry, with what its place in the list depends on. */
struct item {
	const struct profile_entry *entry;
	uint32_t number;
	uint32_t order;			/* pairs of the scheduler first */
	int id;				/* of the (starting) event */
	uint64_t state;			/* of a task that was switched away from */
};

static int by_place(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	if (x->state != y->state)
		return x->state < y->state ? -1 : 1;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	if (x->entry->stats.total_ns != y->entry->stats.total_ns)
		return x->entry->stats.total_ns > y->entry->stats.total_ns ? -1 : 1;
	if (x->entry->stats.count != y->entry->stats.count)
		return x->entry->stats.count > y->entry->stats.count ? -1 : 1;
	if (x->entry->value != y->entry->value)
		return x->entry->value < y->entry->value ? -1 : 1;
	return x->entry->kind < y->entry->kind ? -1 : x->entry->kind > y->entry->kind;
}

static struct item item_of(const struct profile *p, uint32_t number)
{
	const struct profile_entry *e = &p->entries[number];
	struct item i = { .entry = e, .number = number, .order = 2 };

	if (e->kind < p->events.nr_pairs) {
		const struct ppair *pair = &p->events.pairs[e->kind];

		i.order = pair->order;
		i.id = pair->start_id;
		if (pair->label == PLABEL_STATE)
			i.state = e->value;
	} else {
		i.id = e->kind - p->events.nr_pairs;
	}
	return i;
}

/* The letter of a task's state, by its lowest bit. */
static void print_state(struct textout *out, uint64_t state)
{
	static const char letters[] = "SDTtXZxKWP";
	unsigned int bit = state ? __builtin_ctzll(state) : 0;

	if (!state)
		textout_str(out, "R");
	else if (bit < sizeof(letters) - 1)
		textout_add(out, &letters[bit], 1);
	else
		textout_printf(out, "0x%" PRIx64, state);
}

static void print_softirq(struct textout *out, uint64_t vec)
{
	static const char *const names[] = {
		"HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED",
		"HRTIMER", "RCU",
	};

	if (vec < ARRAY_SIZE(names))
		textout_str(out, names[vec]);
	else
		textout_printf(out, "%" PRIu64, vec);
}

/* Is it what function tracers tell of a call? */
static bool is_function(const struct tep_event *event)
{
	return !strcmp(event->system, "ftrace") &&
	       (!strcmp(event->name, "function") || !strcmp(event->name, "funcgraph_entry"));
}

static void print_label(const struct profile *p, const struct item *i, struct textout *out)
{
	const struct profile_entry *e = i->entry;
	enum plabel label = PLABEL_HEX;
	const char *name;

	if (e->kind < p->events.nr_pairs)
		label = p->events.pairs[e->kind].label;
	else if (is_function(p->events.by_id[i->id]->tep))
		label = PLABEL_FUNC;
	if (label == PLABEL_FUNC) {
		name = tep_find_function(p->events.tep, e->value);
		if (name)
			textout_printf(out, "func: %s()", name);
		else
			textout_printf(out, "func: 0x%" PRIx64, e->value);
		return;
	}
	textout_printf(out, "%s:", p->events.by_id[i->id]->tep->name);
	if (label == PLABEL_STATE)
		print_state(out, e->value);
	else if (label == PLABEL_SOFTIRQ)
		print_softirq(out, e->value);
	else if (label == PLABEL_NUMBER)
		textout_printf(out, "%d", (int)e->value);
	else
		textout_printf(out, "0x%" PRIx64, e->value);
}

static int print_stacks(const struct profile *p, const struct profile_entry *e,
			struct textout *out)
{
	_cleanup_free_ struct pstack_use *uses = NULL;
	uint32_t i, n = 0;

	if (!e->uses)
		return 0;
	uses = calloc(e->nr_uses, sizeof(*uses));
	if (!uses)
		return -ENOMEM;
	for (i = e->uses; i; i = p->uses[i - 1].next)
		uses[n++] = p->uses[i - 1];
	return pstacks_print(&p->stacks, uses, n, p->events.tep, out);
}

static int print_item(const struct profile *p, const struct item *i, struct textout *out)
{
	const struct pstats *s = &i->entry->stats;

	textout_str(out, "  Event: ");
	print_label(p, i, out);
	textout_printf(out, " (%" PRIu64 ")", s->count);
	if (s->total_ns) {
		textout_printf(out, " Total: %" PRIu64 " Avg: %" PRIu64 " Max: %" PRIu64,
			       s->total_ns, s->total_ns / s->count, s->max_ns);
		pstats_print_ts(out, s->max_ts);
		textout_printf(out, " Min:%" PRIu64, s->min_ns);
		pstats_print_ts(out, s->min_ts);
	}
	textout_str(out, "\n");
	textout_line_end(out);
	return print_stacks(p, i->entry, out);
}

static int print_entries(const struct profile *p, const struct profile_owned *o,
			 struct textout *out)
{
	_cleanup_free_ struct item *items = calloc(o->nr_entries + 1, sizeof(*items));
	uint32_t i, n = 0;
	int ret = 0;

	if (!items)
		return -ENOMEM;
	for (i = o->entries; i; i = p->entries[i - 1].next)
		items[n++] = item_of(p, i - 1);
	qsort(items, n, sizeof(*items), by_place);
	for (i = 0; !ret && i < n; i++)
		ret = print_item(p, &items[i], out);
	return ret;
}

static const char *owner_comm(const struct profile *p, const struct profile_owned *o)
{
	return o->named ? o->comm : tep_data_comm_from_pid(p->events.tep, o->number);
}

static void print_head(const struct profile *p, const struct profile_owned *o,
		       struct textout *out)
{
	const char *comm;

	if (o->kind == OWNER_GLOBAL) {
		textout_str(out, "Global Events\n");
	} else if (o->kind == OWNER_CPU) {
		textout_printf(out, "Global CPU[%d] Events\n", o->number);
	} else {
		comm = owner_comm(p, o);
		textout_str(out, o->kind == OWNER_GROUP ? "\ngroup: " : "\ntask: ");
		value_text(out, FORMAT_TEXT, comm, strlen(comm));
		if (o->kind == OWNER_TASK)
			textout_printf(out, "-%d", o->number);
		textout_str(out, "\n");
	}
}

static int by_name(const void *a, const void *b)
{
	const struct profile_owned *x = *(const struct profile_owned *const *)a;
	const struct profile_owned *y = *(const struct profile_owned *const *)b;
	int order = 0;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->kind == OWNER_GROUP)
		order = strcmp(x->comm, y->comm);
	return order ? order : x->number < y->number ? -1 : x->number > y->number;
}

/* --- tasks of a name together */

/* Add what @from has to the group @to. 0; -ENOMEM. */
static int merge_owner(struct profile *p, uint32_t from, uint32_t to)
{
	uint32_t i, k, entry;

	for (i = p->owners[from].entries; i; i = p->entries[i - 1].next) {
		uint32_t kind = p->entries[i - 1].kind;
		uint64_t value = p->entries[i - 1].value;

		/* a wakeup's value is the task, of which there are several now */
		if (kind < p->events.nr_pairs && p->events.pairs[kind].after >= 0)
			value = 0;
		entry = profile_entry(p, to, kind, value);
		if (entry == PTABLE_NONE)
			return -ENOMEM;
		pstats_merge(&p->entries[entry].stats, &p->entries[i - 1].stats);
		for (k = p->entries[i - 1].uses; k; k = p->uses[k - 1].next) {
			struct pstats stats = p->uses[k - 1].stats;

			if (!profile_use(p, entry, p->uses[k - 1].stack, &stats))
				return -ENOMEM;
		}
	}
	return 0;
}

static int by_comm(const void *a, const void *b)
{
	const struct profile_owned *x = a, *y = b;
	int order = strcmp(x->comm, y->comm);

	return order ? order : x->number < y->number ? -1 : x->number > y->number;
}

/* Make groups of the tasks whose names the events have told. 0; -ENOMEM. */
static int group_tasks(struct profile *p)
{
	uint32_t i, group = PTABLE_NONE, n = p->owners_known.used, tasks = 0;
	_cleanup_free_ struct profile_owned *sorted = calloc(n + 1, sizeof(*sorted));
	int ret = 0;

	if (!sorted)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		const struct profile_owned *o = &p->owners[i];

		if (o->kind != OWNER_TASK || !o->named)
			continue;
		sorted[tasks] = *o;
		sorted[tasks++].entries = i;	/* its index from now on */
	}
	qsort(sorted, tasks, sizeof(*sorted), by_comm);
	for (i = 0; !ret && i < tasks; i++) {
		if (!i || strcmp(sorted[i].comm, sorted[i - 1].comm)) {
			group = profile_owner(p, OWNER_GROUP, i);
			if (group == PTABLE_NONE)
				return -ENOMEM;
			memcpy(p->owners[group].comm, sorted[i].comm, PROFILE_COMM);
			p->owners[group].named = true;
		}
		ret = merge_owner(p, sorted[i].entries, group);
	}
	return ret;
}

int profile_print(struct profile *p, bool groups, struct textout *out)
{
	_cleanup_free_ struct profile_owned **sorted = NULL;
	uint32_t i;
	int ret = 0;

	if (groups && group_tasks(p))
		return -ENOMEM;
	sorted = calloc(p->owners_known.used + 1, sizeof(struct profile_owned *));
	if (!sorted)
		return -ENOMEM;
	for (i = 0; i < p->owners_known.used; i++)
		sorted[i] = &p->owners[i];
	qsort(sorted, p->owners_known.used, sizeof(*sorted), by_name);
	for (i = 0; !ret && i < p->owners_known.used; i++) {
		if (groups && sorted[i]->kind == OWNER_TASK && sorted[i]->named)
			continue;
		print_head(p, sorted[i], out);
		ret = print_entries(p, sorted[i], out);
	}
	return ret;
}
