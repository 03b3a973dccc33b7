/*
 * fgraph.h - the calls that the function_graph tracer has met, as the tracer itself would show them.
 *
 * Layer 5. A function that calls no other (its return is the next record of the same CPU and task)
 * gets one line for both of its records. What the next record is, whatever filters hide, a second
 * handle of the file tells, which is opened when the first call is met.
 */
#ifndef REPORT_FGRAPH_H
#define REPORT_FGRAPH_H

#include "report/inputs.h"

struct fgraph;

/* NULL: out of memory. NULL may be freed. */
struct fgraph *fgraph_new(const struct inputs *in);
void fgraph_free(struct fgraph *g);

/*
 * The text of a record, if it is of a call; it lives until the next call. NULL: it is of another
 * event, or not to be shown like this. @ret_skip: true if the line of the call has told it already.
 */
const char *fgraph_text(struct fgraph *g, const struct stream *s, struct tep_record *record,
			bool *ret_skip);

#endif
