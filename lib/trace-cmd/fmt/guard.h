/*
 * guard.h - which records libtraceevent may print: it believes lengths, indices, widths
 * and divisors that a record tells.
 *
 * Layer 2. The places in an event's print format where such numbers are used are found
 * once; for each record they are evaluated and held against limits before libtraceevent is.
 */
#ifndef FMT_GUARD_H
#define FMT_GUARD_H

#include "fmt/value.h"

struct guard;

struct guards {
	const struct guard *first;
	bool unsafe;		/* a number could not be compiled: only fields may be shown */
};

/* Find the places. @min_size is raised to the bytes that a record must have. */
void guards_compile(struct guards *g, struct arena *arena, struct tep_event *event,
		    uint32_t *min_size);

/*
 * May the record @r be printed? @limit: bytes of the record, or of one whose arrays are
 * all there; there must be guards_tail() readable bytes behind it.
 */
bool guards_pass(const struct guards *g, struct fmt_record *r, uint32_t limit);

/* Bytes behind the record that libtraceevent may look at. */
uint32_t guards_tail(const struct guards *g, uint32_t limit);

#endif
