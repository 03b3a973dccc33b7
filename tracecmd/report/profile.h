/*
 * profile.h - where tasks spend their time: report --profile.
 *
 * Layer 5. Takes the events of one stream in the order of time; what it costs grows with
 * their number only. Events are gathered in entries: one for each owner (a task, a CPU, or nobody),
 * each kind (an event, or a pair of them) and each value.
 */
#ifndef REPORT_PROFILE_H
#define REPORT_PROFILE_H

#include "report/hooks.h"
#include "report/inputs.h"
#include "report/pevents.h"
#include "report/pstacks.h"
#include "report/textout.h"

#define PROFILE_COMM	16

enum profile_owner { OWNER_GLOBAL, OWNER_CPU, OWNER_GROUP, OWNER_TASK };

struct profile_owned {
	enum profile_owner kind;
	int number;			/* of the task or CPU */
	bool named;
	char comm[PROFILE_COMM];
	uint32_t entries;		/* the last one's number + 1, they are chained */
	uint32_t nr_entries;
};

/* There may be a great many, of which most are only counted. */
struct profile_entry {
	struct ptable_pair key;		/* kind << 32 | owner; value */
	uint64_t count;			/* what is not in the stats */
	uint32_t next;			/* of the same owner, + 1 */
	uint32_t more;			/* the number of what else it has, + 1 */
};

struct profile_more {
	struct pstats stats;		/* of pairs */
	uint32_t uses, nr_uses;		/* of stacks: the last one's number + 1 */
};

/* What has begun. */
struct profile_started {
	uint64_t ts, value;
	uint32_t owner, cpu, era;
	uint32_t stack;			/* + 1 */
	uint64_t stack_ts;
	bool open;
};

/* An entry, as it is asked for. */
struct profile_what {
	uint32_t owner, kind, hash;
	uint64_t value;
};

/* Plain events counted at a time: the memory that they need is on its way before it is their turn. */
#define PROFILE_WAITING	64

/* What the CPU's last event was, which a stack may follow. */
struct profile_cpu {
	enum { LAST_NONE, LAST_STARTED, LAST_ENTRY, LAST_PLAIN } last;
	uint32_t number;		/* of what is started, or of the entry */
	uint64_t ns;			/* that it took */
	struct profile_what what;	/* plain: the entry */
	int pid;
	uint32_t task;			/* the owner that pid is */
	bool known;			/* pid and task are set */
	uint32_t era;			/* changes when events were lost */
};

/* A task that was asked for lately. */
struct profile_task {
	int pid;
	uint32_t owner;			/* + 1; 0: nothing yet */
};

#define PROFILE_TASKS	1024

struct profile {
	struct pevents events;
	struct ptable owners_known, started_known, uses_known;
	struct ptable entries;		/* of struct profile_entry */
	struct profile_owned *owners;
	struct profile_more *more;
	struct profile_started *started;
	struct pstack_use *uses;
	uint32_t owners_room, more_room, nr_more, started_room, uses_room;
	struct pstacks stacks;
	struct profile_cpu *cpus;
	unsigned int nr_cpus;
	uint32_t era;			/* changes when events of any CPU were lost */
	struct profile_task tasks[PROFILE_TASKS];
	struct profile_what waiting[PROFILE_WAITING];
	unsigned int nr_waiting;
};

/*
 * Start the profile of a stream. NULL with a message: a hook that doesn't fit, or no memory.
 * @global: interrupts belong to CPUs
 */
struct profile *profile_new(const struct stream *stream, const struct hooks *hooks, bool global,
			    struct err *err);
void profile_free(struct profile *p);

/* Take the next record. 0; -ENOMEM. */
int profile_event(struct profile *p, struct tep_record *record);

/* Count all that wait for it. 0; -ENOMEM. */
int profile_count(struct profile *p);

/* Events were lost on @cpu: what began there before, or of tasks anywhere, has no known end. */
void profile_lost(struct profile *p, int cpu);

/* The owner @number of a kind, which may be new. PTABLE_NONE: out of memory. */
uint32_t profile_owner(struct profile *p, enum profile_owner kind, int number);

/* The entry of an owner, which may be new. PTABLE_NONE: out of memory. */
uint32_t profile_entry(struct profile *p, uint32_t owner, uint32_t kind, uint64_t value);

static inline struct profile_entry *profile_entry_at(const struct profile *p, uint32_t number)
{
	return (struct profile_entry *)p->entries.elements + number;
}

/* Index of a pair; or their number, plus the event's id. */
static inline uint32_t profile_kind(const struct profile_entry *e)
{
	return e->key.a >> 32;
}

/* The pair that the entry is of. NULL: it is of a single event. */
static inline const struct ppair *profile_pair(const struct profile *p,
					       const struct profile_entry *e)
{
	uint32_t kind = profile_kind(e);

	return kind < p->events.nr_pairs ? &p->events.pairs[kind] : NULL;
}

/* How often an entry was, and how long it took. */
struct pstats profile_stats(const struct profile *p, const struct profile_entry *e);

/* A copy of the stacks of an entry, on the heap. NULL: out of memory. */
struct pstack_use *profile_uses(const struct profile *p, const struct profile_entry *e,
				uint32_t *ret_count);

/* Add @stats to those of @entry. False: out of memory. */
bool profile_add(struct profile *p, uint32_t entry, const struct pstats *stats);

/* Add to what @entry has with @stack. False: out of memory. */
bool profile_use(struct profile *p, uint32_t entry, uint32_t stack, const struct pstats *stats);

/*
 * The stack of a record of a stack's event @e. 1; 0: it has no frames; -ENOMEM.
 */
int profile_stack(struct profile *p, const struct pevent *e, const struct tep_record *record,
		  uint32_t *ret_stack);

/* Print the profile. @by_comm: tasks of a name together. 0; -ENOMEM. */
int profile_print(struct profile *p, bool by_comm, struct textout *out);

#endif
