/*
 * hist.h - which events there are most of, and where they come from: the hist command.
 *
 * Layer 5.
 */
#ifndef REPORT_HIST_H
#define REPORT_HIST_H

#include <stdbool.h>

#include "base/err.h"
#include "report/plan.h"

/* Print a chain of callers for each kind of event and task; @merge: all tasks together. */
int hist_run(const struct report_plan *plan, bool merge, struct err *err);

#endif
