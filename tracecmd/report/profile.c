/*
 * profile.c - see profile.h: gathering. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/events.h"
#include "report/profile.h"

/* What kernels have in stacks where they went through ftrace's own code, instead of its address. */
#define TRAMPOLINE	0x7fffffff

struct profile *profile_new(const struct stream *stream, const struct hooks *hooks, bool global,
			    struct err *err)
{
	struct profile *p = calloc(1, sizeof(*p));
	int ret = -ENOMEM;

	if (p) {
		p->entries.size = sizeof(struct profile_entry);
		p->nr_cpus = stream->nr_cpus;
		p->cpus = calloc(p->nr_cpus + 1, sizeof(*p->cpus));
		ret = p->cpus ? pevents_init(&p->events, stream->tep, hooks, global, err) : -ENOMEM;
	}
	if (ret == -ENOMEM)
		err_set(err, ret, "out of memory");
	if (ret) {
		profile_free(p);
		return NULL;
	}
	return p;
}

void profile_free(struct profile *p)
{
	if (!p)
		return;
	pevents_release(&p->events);
	ptable_release(&p->owners_known);
	ptable_release(&p->entries);
	ptable_release(&p->started_known);
	ptable_release(&p->uses_known);
	pstacks_release(&p->stacks);
	free(p->owners);
	free(p->more);
	free(p->started);
	free(p->uses);
	free(p->cpus);
	free(p);
}

uint32_t profile_owner(struct profile *p, enum profile_owner kind, int number)
{
	uint32_t before = p->owners_known.used;
	uint32_t i = ptable_number(&p->owners_known, kind, (uint32_t)number);

	if (i == PTABLE_NONE || i < before)
		return i;
	if (!ptable_grow((void **)&p->owners, &p->owners_room, i, sizeof(*p->owners)))
		return PTABLE_NONE;
	p->owners[i].kind = kind;
	p->owners[i].number = number;
	return i;
}

static uint64_t entry_key(uint32_t owner, uint32_t kind)
{
	return (uint64_t)kind << 32 | owner;
}

static struct profile_what what(uint32_t owner, uint32_t kind, uint64_t value)
{
	return (struct profile_what){
		.owner = owner, .kind = kind, .value = value,
		.hash = ptable_hash(entry_key(owner, kind), value),
	};
}

static uint32_t entry_of(struct profile *p, const struct profile_what *w)
{
	uint32_t before = p->entries.used;
	uint32_t i = ptable_number_hashed(&p->entries, w->hash, entry_key(w->owner, w->kind), w->value);
	struct profile_owned *o = &p->owners[w->owner];

	if (i == PTABLE_NONE || i < before)
		return i;
	profile_entry_at(p, i)->next = o->entries;
	o->entries = i + 1;
	o->nr_entries++;
	return i;
}

uint32_t profile_entry(struct profile *p, uint32_t owner, uint32_t kind, uint64_t value)
{
	const struct profile_what w = what(owner, kind, value);

	return entry_of(p, &w);
}

/* What else an entry has, which it gets with the first of it. NULL: out of memory. */
static struct profile_more *more_of(struct profile *p, uint32_t entry)
{
	struct profile_entry *e = profile_entry_at(p, entry);

	if (!e->more) {
		if (!ptable_grow((void **)&p->more, &p->more_room, p->nr_more, sizeof(*p->more)))
			return NULL;
		e->more = ++p->nr_more;
	}
	return &p->more[e->more - 1];
}

bool profile_add(struct profile *p, uint32_t entry, const struct pstats *stats)
{
	struct profile_more *m = more_of(p, entry);

	if (m)
		pstats_merge(&m->stats, stats);
	return m;
}

struct pstats profile_stats(const struct profile *p, const struct profile_entry *e)
{
	struct pstats stats = { 0 };

	if (e->more)
		stats = p->more[e->more - 1].stats;
	stats.count += e->count;
	return stats;
}

bool profile_use(struct profile *p, uint32_t entry, uint32_t stack, const struct pstats *stats)
{
	uint32_t before = p->uses_known.used;
	uint32_t i = ptable_number(&p->uses_known, entry, stack);
	struct profile_more *m = more_of(p, entry);

	if (i == PTABLE_NONE || !m)
		return false;
	if (i == before) {
		if (!ptable_grow((void **)&p->uses, &p->uses_room, i, sizeof(*p->uses)))
			return false;
		p->uses[i].stack = stack;
		p->uses[i].next = m->uses;
		m->uses = i + 1;
		m->nr_uses++;
	}
	pstats_merge(&p->uses[i].stats, stats);
	return true;
}

struct pstack_use *profile_uses(const struct profile *p, const struct profile_entry *e,
				uint32_t *ret_count)
{
	const struct profile_more *m = e->more ? &p->more[e->more - 1] : NULL;
	struct pstack_use *uses = calloc(m ? m->nr_uses + 1 : 1, sizeof(*uses));
	uint32_t i, n = 0;

	for (i = uses && m ? m->uses : 0; i; i = p->uses[i - 1].next)
		uses[n++] = p->uses[i - 1];
	*ret_count = n;
	return uses;
}

/* profile_owner() for tasks, which are few at a time. */
static uint32_t task_owner(struct profile *p, int pid)
{
	struct profile_task *t = &p->tasks[(uint32_t)pid % PROFILE_TASKS];
	uint32_t owner;

	if (t->owner && t->pid == pid)
		return t->owner - 1;
	owner = profile_owner(p, OWNER_TASK, pid);
	if (owner != PTABLE_NONE)
		*t = (struct profile_task){ .pid = pid, .owner = owner + 1 };
	return owner;
}

/* --- names of tasks */

static void set_comm(struct profile *p, uint32_t owner, const void *comm, struct pfield f)
{
	struct profile_owned *o = &p->owners[owner];
	size_t len = strnlen(comm, f.size < PROFILE_COMM ? f.size : PROFILE_COMM - 1);

	memcpy(o->comm, comm, len);
	o->comm[len] = '\0';
	o->named = true;
}

/* A task is called what it is called first, and again after it has executed a program. */
static int learn_task(struct profile *p, const void *data,
		      struct pfield pid, struct pfield comm)
{
	uint32_t owner = task_owner(p, pfield_read(&p->events, data, pid));

	if (owner == PTABLE_NONE)
		return -ENOMEM;
	if (!p->owners[owner].named)
		set_comm(p, owner, (const char *)data + comm.offset, comm);
	return 0;
}

static int learn_tasks(struct profile *p, const struct pevent *e, const void *data)
{
	int ret = learn_task(p, data, e->pid, e->comm);

	if (!ret && e->is_switch)
		ret = learn_task(p, data, e->next_pid, e->next_comm);
	return ret;
}

/* --- pairs */

/* What sets records of a pair apart from others of the same value: which is @value, at that end. */
static uint64_t pair_key(const struct profile *p, unsigned int index, const struct tep_record *record,
			 uint64_t value, bool start, uint32_t cpu, int pid)
{
	const struct ppair *pair = &p->events.pairs[index];
	uint64_t where = 0;

	/* the idle tasks of all CPUs have one number */
	if (pair->same_cpu || (pair->label == PLABEL_STATE && !value))
		where = cpu & 0xffff;
	else if (pair->has_depth)
		where = pfield_read(&p->events, record->data, start ? pair->start_depth : pair->end_depth) & 0xffff;
	return (uint64_t)index << 48 | where << 32 | (pair->same_task ? (uint32_t)pid : 0);
}

/* What changes when events were lost where they may have ended the pair: a task may be on another CPU by then. */
static uint32_t era_of(const struct profile *p, const struct ppair *pair, uint32_t cpu)
{
	return pair->same_cpu ? p->cpus[cpu].era : p->era;
}

static int start_pair(struct profile *p, unsigned int index, const struct tep_record *record,
		      int pid, struct profile_cpu *cpu)
{
	const struct ppair *pair = &p->events.pairs[index];
	uint64_t match = pfield_read(&p->events, record->data, pair->start_match);
	uint64_t key = pair_key(p, index, record, match, true, cpu - p->cpus, pid);
	uint32_t before = p->started_known.used, i;
	struct profile_started *s;
	uint32_t owner = cpu->task;

	if (pair->owner == POWNER_GLOBAL)
		owner = profile_owner(p, OWNER_GLOBAL, 0);
	else if (pair->owner == POWNER_CPU)
		owner = profile_owner(p, OWNER_CPU, record->cpu);
	else if (pair->has_pid)
		owner = task_owner(p, pfield_read(&p->events, record->data, pair->start_pid));
	i = ptable_number(&p->started_known, key, match);
	if (owner == PTABLE_NONE || i == PTABLE_NONE ||
	    (i == before && !ptable_grow((void **)&p->started, &p->started_room, i, sizeof(*s))))
		return -ENOMEM;
	s = &p->started[i];
	*s = (struct profile_started){
		.ts = record->ts, .value = pfield_read(&p->events, record->data, pair->value),
		.owner = owner, .cpu = cpu - p->cpus, .era = era_of(p, pair, cpu - p->cpus), .open = true,
	};
	/* what is nobody's has no stacks */
	cpu->last = pair->owner == POWNER_TASK ? LAST_STARTED : LAST_NONE;
	cpu->number = i;
	return 0;
}

/* 1: something has ended; 0: not; -ENOMEM. */
static int end_pair(struct profile *p, unsigned int index, int id,
		    const struct tep_record *record, int pid, struct profile_cpu *cpu)
{
	const struct ppair *pair = &p->events.pairs[index];
	uint64_t match = pfield_read(&p->events, record->data,
				     id == pair->end_id ? pair->end_match : pair->other_match);
	uint64_t key = pair_key(p, index, record, match, false, cpu - p->cpus, pid);
	uint32_t entry;
	uint32_t i = ptable_find(&p->started_known, key, match);
	struct pstats stats = { 0 };
	struct profile_started *s;
	uint64_t ns;

	if (i == PTABLE_NONE)
		return 0;
	s = &p->started[i];
	if (!s->open)
		return 0;
	s->open = false;
	if (s->era != era_of(p, pair, s->cpu))
		return 1;	/* nobody knows when it was over; now it is */
	ns = record->ts > s->ts ? record->ts - s->ts : 0;
	entry = profile_entry(p, s->owner, index, s->value);
	if (entry == PTABLE_NONE)
		return -ENOMEM;
	pstats_add(&stats, ns, record->ts);
	if (!profile_add(p, entry, &stats))
		return -ENOMEM;
	if (s->stack) {
		stats.min_ts = stats.max_ts = s->stack_ts;
		if (!profile_use(p, entry, s->stack - 1, &stats))
			return -ENOMEM;
	}
	cpu->last = pair->owner == POWNER_TASK ? LAST_ENTRY : LAST_NONE;
	cpu->number = entry;
	cpu->ns = ns;
	return 1;
}

/* What an event ends comes before what it starts: a task goes, the next one comes. */
static int take_pairs(struct profile *p, const struct pevent *e, const struct tep_record *record,
		      int pid, struct profile_cpu *cpu)
{
	int ended = -1, ret = 0;
	unsigned int i;

	for (i = 0; ret >= 0 && i < e->nr_ends; i++) {
		ret = end_pair(p, e->ends[i], e->id, record, pid, cpu);
		if (ret > 0)
			ended = e->ends[i];
	}
	for (i = 0; ret >= 0 && i < e->nr_starts; i++) {
		int after = p->events.pairs[e->starts[i]].after;

		if (after < 0 || after == ended)
			ret = start_pair(p, e->starts[i], record, pid, cpu);
	}
	return ret < 0 ? ret : 0;
}

/* --- others */

int profile_count(struct profile *p)
{
	unsigned int i, n = p->nr_waiting;

	p->nr_waiting = 0;
	for (i = 0; i < n; i++)
		ptable_fetch_element(&p->entries, p->waiting[i].hash);
	for (i = 0; i < n; i++) {
		uint32_t entry = entry_of(p, &p->waiting[i]);

		if (entry == PTABLE_NONE)
			return -ENOMEM;
		profile_entry_at(p, entry)->count++;
	}
	return 0;
}

static int take_plain(struct profile *p, const struct pevent *e, const struct tep_record *record,
		      struct profile_cpu *cpu)
{
	uint64_t value = pfield_read_any(&p->events, record->data, record->size, e->value);

	cpu->last = LAST_PLAIN;
	cpu->what = what(cpu->task, p->events.nr_pairs + e->id, value);
	ptable_fetch_slot(&p->entries, cpu->what.hash);
	p->waiting[p->nr_waiting++] = cpu->what;
	return p->nr_waiting < PROFILE_WAITING ? 0 : profile_count(p);
}

int profile_stack(struct profile *p, const struct pevent *e, const struct tep_record *record,
		  uint32_t *ret_stack)
{
	uint64_t frames[PSTACK_FRAMES];
	struct pfield f = { .offset = e->value.offset, .size = p->events.long_size };
	uint64_t end = f.size == 8 ? UINT64_MAX : UINT32_MAX;
	uint32_t n;

	for (n = 0; n < PSTACK_FRAMES && f.offset + f.size <= record->size; f.offset += f.size) {
		uint64_t address = pfield_read(&p->events, record->data, f);

		if (address == end)
			break;
		if (address != TRAMPOLINE)
			frames[n++] = address;
	}
	if (!n)
		return 0;
	*ret_stack = pstacks_number(&p->stacks, frames, n);
	return *ret_stack == PTABLE_NONE ? -ENOMEM : 1;
}

/* A stack belongs to the event before it, if that was the same task's. */
static int take_stack(struct profile *p, const struct pevent *e, const struct tep_record *record,
		      int pid, struct profile_cpu *cpu)
{
	struct pstats stats = { 0 };
	uint32_t stack, entry = cpu->number;
	int ret;

	if (cpu->last == LAST_NONE || cpu->pid != pid)
		return 0;
	ret = profile_stack(p, e, record, &stack);
	if (ret <= 0)
		return ret;
	if (cpu->last == LAST_STARTED) {
		p->started[cpu->number].stack = stack + 1;
		p->started[cpu->number].stack_ts = record->ts;
	} else {
		if (cpu->last == LAST_PLAIN)
			entry = entry_of(p, &cpu->what);
		pstats_add(&stats, cpu->last == LAST_PLAIN ? 0 : cpu->ns, record->ts);
		if (entry == PTABLE_NONE || !profile_use(p, entry, stack, &stats))
			return -ENOMEM;
	}
	cpu->last = LAST_NONE;
	return 0;
}

static struct profile_cpu *cpu_of(struct profile *p, int cpu)
{
	return &p->cpus[cpu >= 0 && (unsigned int)cpu < p->nr_cpus ? (unsigned int)cpu : p->nr_cpus];
}

int profile_event(struct profile *p, struct tep_record *record)
{
	struct profile_cpu *cpu = cpu_of(p, record->cpu);
	const struct pevent *e = pevents_find(&p->events, record);
	int pid, ret = 0;

	if (!e)
		return 0;
	pid = pevents_pid(&p->events, record);
	if (e->kind == PKIND_STACK)
		return take_stack(p, e, record, pid, cpu);
	if (!cpu->known || cpu->pid != pid) {
		cpu->task = task_owner(p, pid);
		if (cpu->task == PTABLE_NONE) {
			cpu->known = false;
			return -ENOMEM;
		}
		cpu->pid = pid;
		cpu->known = true;
	}
	if (e->kind == PKIND_PLAIN && !e->is_switch && !e->is_wakeup)
		return take_plain(p, e, record, cpu);
	cpu->last = LAST_NONE;
	if (e->is_exec)
		p->owners[cpu->task].named = false;	/* it gets another name */
	if (e->is_switch || e->is_wakeup)
		ret = learn_tasks(p, e, record->data);
	if (!ret && e->kind == PKIND_PAIR)
		ret = take_pairs(p, e, record, pid, cpu);
	if (!ret && e->kind == PKIND_PLAIN)
		ret = take_plain(p, e, record, cpu);
	return ret;
}

void profile_lost(struct profile *p, int cpu)
{
	p->era++;
	cpu_of(p, cpu)->era++;
	cpu_of(p, cpu)->last = LAST_NONE;
}
