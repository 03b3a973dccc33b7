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
	uint32_t max_text;	/* bytes it prints at most, besides those of the record */
};

/* What running plans remembers; each thread has its own. */
struct plan_memory {
	struct symbols symbols;
	struct flags_text *flags;
};

/* 0; -ENOMEM. Release in any case. */
int plan_memory_init(struct plan_memory *m, struct tep_handle *tep, pthread_mutex_t *lock);
void plan_memory_release(struct plan_memory *m);

/* Compile what libtraceevent parsed. NULL: it can't be said (or no memory). */
struct plan *plan_compile(struct arena *arena, struct tep_event *event);

/*
 * Put the text of a record of at least plan->min_size bytes at @to, where plan_room() bytes
 * are free. Returns the end; NULL: the plan can't say this one.
 */
char *plan_run(const struct plan *plan, struct plan_memory *m, struct fmt_record *r, char *to);

static inline size_t plan_room(const struct plan *plan, const struct fmt_record *r)
{
	return plan->max_text + (size_t)plan->nr_steps * r->size + TEXT_SLACK;
}

#endif
