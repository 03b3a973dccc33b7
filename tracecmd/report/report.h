/*
 * report.h - the report command's work, from a plan to text.
 *
 * Layer 5.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "report/plan.h"

/*
 * Print on the standard output what @plan asks for. 0, also when nobody reads
 * the output any more; -errno with a message. Damaged files are printed as far
 * as they can be read before that is an error.
 */
int report_run(const struct report_plan *plan, struct err *err);

#endif
