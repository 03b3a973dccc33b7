/*
 * summary.h - how many events of which type, CPU, task and stream there are, and how many
 * were lost.
 *
 * Layer 5.
 */
#ifndef REPORT_SUMMARY_H
#define REPORT_SUMMARY_H

#include "report/inputs.h"
#include "report/textout.h"

struct summary;

/* NULL: out of memory. */
struct summary *summary_new(const struct inputs *in);
void summary_free(struct summary *s);

/* Count a record; events lost on a CPU. 0; -ENOMEM. */
int summary_event(struct summary *s, const struct stream *stream, struct tep_record *record);
int summary_lost(struct summary *s, const struct stream *stream, int cpu, long long count);

/* Print it as text or, if the plan's format is JSON, as one object. 0; -ENOMEM. */
int summary_print(struct summary *s, struct textout *out);

#endif
