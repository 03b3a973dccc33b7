/*
 * fgraph.h - the calls that the function_graph tracer has met, as the tracer itself would show them.
 *
 * Layer 5. A function that calls no other (its return is the next record of the same CPU and task)
 * gets one line for both of its records. What the next record is, whatever filters hide, a second
 * handle of the file tells, which is opened when the first call is met.
 */
#ifndef REPORT_FGRAPH_H
#define REPORT_FGRAPH_H

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "report/inputs.h"

/* The ids of a stream's events, apart from all else: they are looked at with each record. */
struct fgraph_ids {
	int entry, from, exit, function;	/* -1: there is none */
	int last;		/* the highest one, or more if a record's id can't be read just so */
};

struct fgraph {
	const struct inputs *in;
	struct ahead *streams;
	struct fgraph_ids *ids;		/* of each stream */
	struct buf text;
};

/* NULL: out of memory. NULL may be freed. */
struct fgraph *fgraph_new(const struct inputs *in);
void fgraph_free(struct fgraph *g);

/* Can the record of @s be nothing of a call? That is so for nearly all. */
static inline bool fgraph_is_other(const struct fgraph *g, const struct stream *s,
				   const struct tep_record *record)
{
	const struct fgraph_ids *ids = &g->ids[s - g->in->streams];
	uint16_t id;

	if (record->size < (int)sizeof(id))
		return ids->last < 0;
	memcpy(&id, record->data, sizeof(id));
	/* events of ftrace itself have the lowest ids */
	return id > ids->last || (ids->last < INT_MAX && id != ids->entry && id != ids->exit &&
				  id != ids->from && id != ids->function);
}

/*
 * The text of a record, not fgraph_is_other(), if it is of a call; it lives until the next call. NULL: it is of another
 * event, or not to be shown like this. @ret_skip: true if the line of the call has told it already.
 */
const char *fgraph_text(struct fgraph *g, const struct stream *s, struct tep_record *record,
			bool *ret_skip);

#endif
