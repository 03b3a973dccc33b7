/*
 * profile-print.c - see profile.h: the text. Layer 5.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/pitems.h"
#include "report/profile.h"
#include "report/value.h"

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

static void print_label(const struct profile *p, const struct pitem *i, struct textout *out)
{
	const struct ppair *pair = profile_pair(p, i->entry);
	const struct pevent *e = pitem_event(p, i);
	enum plabel label = pair ? pair->label : e->is_function ? PLABEL_FUNC : PLABEL_HEX;
	const char *name;

	if (label == PLABEL_FUNC) {
		name = tep_find_function(p->events.tep, i->value);
		if (name)
			textout_printf(out, "func: %s()", name);
		else
			textout_printf(out, "func: 0x%" PRIx64, i->value);
		return;
	}
	textout_str(out, e->tep->name);
	textout_str(out, ":");
	if (label == PLABEL_STATE)
		print_state(out, i->value);
	else if (label == PLABEL_SOFTIRQ)
		print_softirq(out, i->value);
	else if (label == PLABEL_NUMBER)
		value_signed(out, (int)i->value);
	else
		value_hex(out, i->value);
}

static int print_stacks(const struct profile *p, const struct profile_entry *e,
			struct textout *out)
{
	_cleanup_free_ struct pstack_use *uses = NULL;
	uint32_t n;

	uses = profile_uses(p, e, &n);
	return uses ? pstacks_print(&p->stacks, uses, n, p->events.tep, out) : -ENOMEM;
}

static int print_item(const struct profile *p, const struct pitem *i, struct textout *out)
{
	struct pstats s = profile_stats(p, i->entry);

	textout_str(out, "  Event: ");
	print_label(p, i, out);
	textout_str(out, " (");
	value_unsigned(out, s.count);
	textout_str(out, ")");
	if (s.total_ns) {
		textout_printf(out, " Total: %" PRIu64 " Avg: %" PRIu64 " Max: %" PRIu64,
			       s.total_ns, s.total_ns / s.count, s.max_ns);
		pstats_print_ts(out, s.max_ts);
		textout_printf(out, " Min:%" PRIu64, s.min_ns);
		pstats_print_ts(out, s.min_ts);
	}
	textout_str(out, "\n");
	textout_line_end(out);
	return i->entry->more ? print_stacks(p, i->entry, out) : 0;
}

static int print_entries(struct pitems *items, const struct profile_owned *o,
			 struct textout *out)
{
	uint32_t i;
	int ret = 0;

	pitems_fill(items, o);
	for (i = 0; !ret && i < items->count; i++)
		ret = print_item(items->profile, &items->list[i], out);
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

/* Add what @e has to the entry @to. 0; -ENOMEM. */
static int merge_entry(struct profile *p, struct profile_entry e, uint32_t to)
{
	const struct profile_more *m = e.more ? &p->more[e.more - 1] : NULL;
	uint32_t k = m ? m->uses : 0;
	struct pstats stats;

	profile_entry_at(p, to)->count += e.count;
	if (m && m->stats.count) {
		stats = m->stats;
		if (!profile_add(p, to, &stats))
			return -ENOMEM;
	}
	for (; k; k = p->uses[k - 1].next) {
		stats = p->uses[k - 1].stats;
		if (!profile_use(p, to, p->uses[k - 1].stack, &stats))
			return -ENOMEM;
	}
	return 0;
}

/* Add what @from has to the group @to. 0; -ENOMEM. */
static int merge_owner(struct profile *p, uint32_t from, uint32_t to)
{
	uint32_t i, entry;

	for (i = p->owners[from].entries; i; i = profile_entry_at(p, i - 1)->next) {
		struct profile_entry e = *profile_entry_at(p, i - 1);
		const struct ppair *pair = profile_pair(p, &e);

		/* a wakeup's value is the task, of which there are several now */
		entry = profile_entry(p, to, profile_kind(&e), pair && pair->after >= 0 ? 0 : e.key.b);
		if (entry == PTABLE_NONE || merge_entry(p, e, entry))
			return -ENOMEM;
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
	_cleanup_(pitems_release) struct pitems items = { 0 };
	_cleanup_free_ struct profile_owned **sorted = NULL;
	uint32_t i;
	int ret = 0;

	if (profile_count(p) || (groups && group_tasks(p)))
		return -ENOMEM;
	sorted = calloc(p->owners_known.used + 1, sizeof(struct profile_owned *));
	if (!sorted || pitems_init(&items, p))
		return -ENOMEM;
	for (i = 0; i < p->owners_known.used; i++)
		sorted[i] = &p->owners[i];
	qsort(sorted, p->owners_known.used, sizeof(*sorted), by_name);
	for (i = 0; !ret && i < p->owners_known.used; i++) {
		if (groups && sorted[i]->kind == OWNER_TASK && sorted[i]->named)
			continue;
		print_head(p, sorted[i], out);
		ret = print_entries(&items, sorted[i], out);
	}
	return ret;
}
