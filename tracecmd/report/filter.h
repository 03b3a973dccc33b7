/*
 * filter.h - which events of which stream are shown.
 *
 * Layer 5. -F, --pid and --comm become filters of the library; CPUs and the
 * irq flags are looked at record by record.
 */
#ifndef REPORT_FILTER_H
#define REPORT_FILTER_H

#include "report/inputs.h"
#include "report/textout.h"

/*
 * Add the plan's filters to all streams. A filter for all files need not fit
 * each: a file without its event shows nothing for it. 0; -EINVAL with a message
 * for a filter that fits none; -ENOMEM.
 */
int filter_streams(struct inputs *in, struct err *err);

/* Print what each filter means for each event of each file. 0; -EINVAL; -ENOMEM. */
int filter_test(struct inputs *in, struct textout *out, struct err *err);

/* Does the plan's choice of CPUs and flags let @record pass? */
bool filter_passes(const struct report_plan *plan, const struct stream *s,
		   struct tep_record *record);

#endif
