/*
 * run.h - what all that read traces and print text have in common: files opened, text written,
 * and then the first failure of reading, writing and the files themselves.
 *
 * Layer 5.
 */
#ifndef REPORT_RUN_H
#define REPORT_RUN_H

#include "report/inputs.h"
#include "report/textout.h"

/* Print something of @in into @out. 0; -errno, described in @err unless @out has it. */
typedef int (*report_work)(struct inputs *in, struct textout *out, void *data, struct err *err);

/*
 * Open the files of @plan (@all_events: as for inputs_open()), have @work done with them, its
 * text going to the standard output. 0, also when nobody reads that any more; -errno with a
 * message. Damaged files are an error only after what can be read of them was worked on.
 */
int report_do(const struct report_plan *plan, bool all_events, report_work work, void *data,
	      struct err *err);

#endif
