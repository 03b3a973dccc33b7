/*
 * entry.h - what is known of an event whose records are printed: its plan, and what a record of it must have.
 *
 * Layer 2. printer.c's.
 */
#ifndef FMT_ENTRY_H
#define FMT_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include <event-parse.h>

#include "fmt/arena.h"
#include "fmt/guard.h"
#include "fmt/native.h"
#include "fmt/plan.h"
#include "fmt/value.h"

#define COMMON_SIZE	8	/* bytes of common fields that any record has */
#define FULL_SIZE_MAX	(1 << 20)	/* where fields may end */

/* A field that tells where in the record something of any length is. */
struct dynamic {
	struct dynamic *next;
	uint16_t offset;
	bool relative;		/* to the end of the field */
};

struct entry {
	struct tep_event *event;
	struct plan *plan;		/* NULL: none, or not right */
	struct native native;
	struct guards guards;		/* for libtraceevent */
	struct dynamic *dynamics;
	uint32_t min_size;		/* of a record, for any way of printing it */
	uint32_t full_size;		/* of one whose arrays are all there */
	uint32_t guard_size;		/* for the guards */
	uint32_t plan_size;		/* for the plan */
	uint32_t ready_size;		/* for printer_ready(); UINT32_MAX until all checks are made */
	uint32_t room, room_each;	/* where the plan's text may go: bytes, and for each of the record */
	uint8_t checks;			/* still to be made */
};

/* For @event, in @a; @flags: PRINTER_*. NULL: out of memory. */
struct entry *entry_new(struct arena *a, struct tep_event *event, unsigned int flags);

/* All checks are made. */
void entry_set_ready(struct entry *e);

/* Do all strings and arrays of a record that has e->min_size bytes begin inside of it, and end there? */
static inline bool arrays_sound(const struct entry *e, const struct tep_record *record, bool swap)
{
	const struct dynamic *d;

	for (d = e->dynamics; d; d = d->next) {
		uint32_t v = value_read((const uint8_t *)record->data + d->offset, 4, swap);
		uint32_t at = (v & 0xffff) + (d->relative ? d->offset + 4u : 0);

		if (at + (v >> 16) > (uint32_t)record->size)
			return false;
	}
	return true;
}

static inline bool record_sound(const struct entry *e, const struct tep_record *record, bool swap)
{
	return (uint32_t)record->size >= e->min_size && arrays_sound(e, record, swap);
}

#endif
