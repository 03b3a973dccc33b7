/*
 * plan.h - the print format of one event, compiled.
 *
 * Layer 2. A plan is a list of steps, each of which appends a piece of text: a literal,
 * a number, a string of the record, the name of a value. What a plan cannot say is
 * left to libtraceevent, for the event or for the single record.
 */
#ifndef FMT_PLAN_H
#define FMT_PLAN_H

#include "fmt/symbols.h"
#include "fmt/value.h"

struct plan {
	struct step *steps;
	unsigned int nr_steps;
	uint32_t min_size;	/* bytes that a record must have */
};

/* Compile what libtraceevent parsed. NULL: it can't be said (or no memory). */
struct plan *plan_compile(struct arena *arena, struct tep_event *event);

/*
 * Append the text of a record of at least plan->min_size bytes. False: the plan can't
 * say this one; what it has appended must be taken back.
 */
bool plan_run(const struct plan *plan, struct symbols *symbols, struct fmt_record *r,
	      struct text *out);

#endif
