/*
 * columns.h - events for machines: JSON objects, CSV rows, or values divided by tabs, one
 * event a line. Documentation/formats/report-json.md is the contract.
 *
 * Layer 5.
 */
#ifndef REPORT_COLUMNS_H
#define REPORT_COLUMNS_H

#include "report/inputs.h"
#include "report/textout.h"

struct columns;

/* Events as @plan wants them (its format and columns), into @out. NULL: out of memory. */
struct columns *columns_new(const struct report_plan *plan, struct textout *out);
void columns_free(struct columns *c);

/* What comes before the first event: the names of the columns in CSV. */
void columns_head(struct columns *c);

/* Tell that @s lost @count events on @cpu (negative: some) before the event that follows. */
void columns_lost(struct columns *c, const struct stream *s, int cpu, long long count);

/* One event. 0; -ENOMEM. */
int columns_event(struct columns *c, struct stream *s, struct tep_record *record);

#endif
