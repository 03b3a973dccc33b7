/*
 * calls.h - what the records of function calls tell, and their text as the function_graph tracer itself would show them.
 *
 * Layer 5. Who has the records says which return belongs to a call that calls nothing else: fgraph.h for files, live/leaf.h for what
 * is being recorded.
 */
#ifndef REPORT_CALLS_H
#define REPORT_CALLS_H

#include "base/buf.h"
#include "report/args.h"
#include "report/inputs.h"
#include "report/pevents.h"

/* Where records of a call, or of its end, have what. */
struct call_event {
	int id;				/* -1: there is none */
	struct pfield func, depth, calltime, rettime, retval, retaddr;
	uint32_t args;			/* where they begin; 0: it has none */
	uint32_t min_size;
};

/* The events of a file. */
struct calls {
	struct call_event entry, from, exit;	/* from: an entry that tells the caller */
	struct args_event function;
	struct pevents reader;		/* only for the byte order */
};

/* @no_args: as if nobody had recorded what functions were called with. */
void calls_init(struct calls *c, struct tep_handle *tep, bool no_args);

/* The event of @record, of @s, if a call begins with it, and it is not wanted in another way; else NULL. */
const struct call_event *calls_entry(const struct calls *c, const struct stream *s, struct tep_record *record);

/* Is @exit the end of the call that begins with @entry, an @e? */
bool calls_match(const struct calls *c, const struct stream *s, const struct call_event *e,
		 struct tep_record *entry, struct tep_record *exit);

/*
 * Append the text of @record, an @e. @exit: its end, if both are to be one line, and @begin_ts the time of @record by the
 * same reckoning as that of @exit; else NULL.
 */
void calls_add_entry(struct buf *b, const struct calls *c, const struct stream *s, const struct call_event *e,
		     const struct tep_record *record, const struct tep_record *exit, uint64_t begin_ts,
		     const struct plan_fgraph *look);

/*
 * Append the text of @record, if it is the end of a call, or a function with its arguments; @b is empty. False: it
 * is of another event, or wanted in another way.
 */
bool calls_add_other(struct buf *b, const struct calls *c, const struct stream *s, struct tep_record *record,
		     const struct plan_fgraph *look);

#endif
