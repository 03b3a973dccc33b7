/*
 * pevents.h - what the events of a file mean to a profile.
 *
 * Layer 5. Most events are only counted, by the value of their first field. Pairs of events,
 * those everybody has and those that the user hooks together, are measured.
 */
#ifndef REPORT_PEVENTS_H
#define REPORT_PEVENTS_H

#include <stdint.h>

#include "event-parse.h"
#include "report/events.h"
#include "report/hooks.h"

/* Where a number is in a record. */
struct pfield {
	uint16_t offset;
	uint8_t size;			/* 1, 2, 4, 8; 0: there is none, it is 0 */
};

/* How the value behind an event's name is shown. */
enum plabel { PLABEL_HEX, PLABEL_STATE, PLABEL_NUMBER, PLABEL_SOFTIRQ, PLABEL_FUNC };

/* Whose time it is. */
enum powner { POWNER_TASK, POWNER_CPU, POWNER_GLOBAL };

struct ppair {
	int start_id, end_id;		/* of events */
	int other_end_id;		/* another event that ends it; -1: none */
	struct pfield start_match, end_match, other_match, start_pid;
	int after;			/* starts only where this pair ends; -1: anywhere */
	bool has_pid;			/* start_pid tells the task, else who did it */
	bool has_depth;			/* of calls: both ends are at the same */
	struct pfield start_depth, end_depth;
	struct pfield value;		/* shown behind the name */
	enum plabel label;
	bool same_task, same_cpu;	/* both must happen there */
	enum powner owner;
	unsigned char order;		/* lower ones come first in a task's list */
};

enum pkind {
	PKIND_PLAIN,			/* counted */
	PKIND_PAIR,			/* starts or ends pairs, or both */
	PKIND_STACK,
	PKIND_IGNORED,
};

#define PEVENT_PAIRS	4		/* of hooks, that one event may start, or end */
#define PEVENT_ROOM	(PEVENT_PAIRS + 4)	/* and those that are always looked for */

struct pevent {
	struct tep_event *tep;
	int id;
	enum pkind kind;
	uint32_t min_size;		/* of a record that has all of the fields below */
	struct pfield value;		/* PLAIN: the first field; STACK: the first address */
	bool is_switch, is_wakeup, is_exec;	/* they tell names of tasks */
	bool is_function;		/* what function tracers tell of a call */
	unsigned char nr_starts, nr_ends;
	unsigned short starts[PEVENT_ROOM], ends[PEVENT_ROOM];	/* indices of pairs */
	struct pfield comm, pid, next_comm, next_pid;
};

struct pevents {
	struct tep_handle *tep;
	struct pevent **by_id;		/* PEVENT_IDS of them */
	struct ppair *pairs;
	unsigned int nr_pairs;
	struct pfield type, pid;	/* common ones of all events */
	bool swap;			/* records are of the other byte order */
	unsigned char long_size;
};

#define PEVENT_IDS	65536

/*
 * Learn the events of @tep. @global: interrupts belong to CPUs, not to the tasks they
 * interrupt. Warns of hooks whose events the file does not have.
 * 0; -ENOMEM; -EINVAL with a message: an event lacks the field that a hook names.
 */
int pevents_init(struct pevents *p, struct tep_handle *tep, const struct hooks *hooks,
		 bool global, struct err *err);
void pevents_release(struct pevents *p);

/* The number that @field has in a record of @size or more bytes. */
static inline uint64_t pfield_read(const struct pevents *p, const void *data, struct pfield field)
{
	const char *at = (const char *)data + field.offset;
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	switch (field.size) {
	case 1:
		return *(const uint8_t *)at;
	case 2:
		__builtin_memcpy(&v16, at, 2);
		return p->swap ? __builtin_bswap16(v16) : v16;
	case 4:
		__builtin_memcpy(&v32, at, 4);
		return p->swap ? __builtin_bswap32(v32) : v32;
	case 8:
		__builtin_memcpy(&v64, at, 8);
		return p->swap ? __builtin_bswap64(v64) : v64;
	default:
		return 0;
	}
}

/*
 * The same of a record of @size bytes, for fields whose sizes come in no order: most records have bytes
 * enough behind them for reading without branches, which processors would guess wrong.
 */
static inline uint64_t pfield_read_any(const struct pevents *p, const void *data, uint32_t size,
				       struct pfield field)
{
	uint64_t v;

	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || p->swap || !field.size ||
	    field.offset + sizeof(v) > size)
		return pfield_read(p, data, field);
	__builtin_memcpy(&v, (const char *)data + field.offset, sizeof(v));
	return v & UINT64_MAX >> (64 - 8 * field.size);
}

/* What the event of a record means. NULL: it is unknown, or the record is too short for it. */
static inline const struct pevent *pevents_find(const struct pevents *p, const struct tep_record *record)
{
	const struct pevent *e;

	if (record->size < EVENT_COMMON_SIZE)
		return NULL;
	e = p->by_id[pfield_read(p, record->data, p->type) & (PEVENT_IDS - 1)];
	return e && (uint32_t)record->size >= e->min_size ? e : NULL;
}

/* Whose record it is. */
static inline int pevents_pid(const struct pevents *p, const struct tep_record *record)
{
	return pfield_read(p, record->data, p->pid);
}

#endif
