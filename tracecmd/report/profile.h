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

struct profile_entry {
	uint32_t next;			/* of the same owner, + 1 */
	uint32_t kind;			/* index of a pair; or their number, plus the event's id */
	uint64_t value;
	struct pstats stats;
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

/* What the CPU's last event was, which a stack may follow. */
struct profile_cpu {
	enum { LAST_NONE, LAST_STARTED, LAST_ENTRY } last;
	uint32_t number;		/* of what is started, or of the entry */
	uint64_t ns;			/* that it took */
	int pid;
	uint32_t task;			/* the owner that pid is */
	bool known;			/* pid and task are set */
	uint32_t era;			/* changes when events were lost */
};

struct profile {
	const struct stream *stream;
	struct pevents events;
	struct ptable owners_known, entries_known, started_known, uses_known;
	struct profile_owned *owners;
	struct profile_entry *entries;
	struct profile_started *started;
	struct pstack_use *uses;
	uint32_t owners_room, entries_room, started_room, uses_room;
	struct pstacks stacks;
	struct profile_cpu *cpus;
	unsigned int nr_cpus;
	uint32_t era;			/* changes when events of any CPU were lost */
	int pid_offset;			/* of the common field */
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

/* Events were lost on @cpu: what began there before, or of tasks anywhere, has no known end. */
void profile_lost(struct profile *p, int cpu);

/* The owner @number of a kind, which may be new. PTABLE_NONE: out of memory. */
uint32_t profile_owner(struct profile *p, enum profile_owner kind, int number);

/* The entry of an owner, which may be new. PTABLE_NONE: out of memory. */
uint32_t profile_entry(struct profile *p, uint32_t owner, uint32_t kind, uint64_t value);

/* Add to what @entry has with @stack. False: out of memory. */
bool profile_use(struct profile *p, uint32_t entry, uint32_t stack, const struct pstats *stats);

/*
 * The stack of a record of a stack's event @e. 1; 0: it has no frames; -ENOMEM.
 */
int profile_stack(struct profile *p, const struct pevent *e, const struct tep_record *record,
		  uint32_t *ret_stack);

/* Whose record it is. */
static inline int profile_pid(const struct profile *p, const struct tep_record *record)
{
	struct pfield field = { .offset = p->pid_offset, .size = 4 };

	return pfield_read(&p->events, record->data, field);
}

/* Print the profile. @by_comm: tasks of a name together. 0; -ENOMEM. */
int profile_print(struct profile *p, bool by_comm, struct textout *out);

#endif
