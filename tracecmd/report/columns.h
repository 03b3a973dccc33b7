/*
 * columns.h - events for machines: JSON objects, CSV rows, or values divided by tabs, one
 * event a line. Documentation/formats/report-json.md is the contract.
 *
 * Layer 5.
 */
#ifndef REPORT_COLUMNS_H
#define REPORT_COLUMNS_H

#include "report/shown.h"
#include "report/textout.h"

struct columns;

/*
 * Events as @plan wants them (its format and columns), into @out. @printers: of this thread.
 * NULL: out of memory.
 */
struct columns *columns_new(const struct report_plan *plan, struct textout *out,
			    struct printers *printers);
void columns_free(struct columns *c);

/* What comes before the first event, into @out: the names of the columns in CSV. 0; -ENOMEM. */
int columns_head(const struct report_plan *plan, struct textout *out);

/* One event, after what was lost before it. 0; -ENOMEM. */
int columns_shown(struct columns *c, const struct shown *e);

#endif
