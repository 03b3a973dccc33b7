/*
 * wakeup.h - how long woken tasks waited for a CPU.
 *
 * Layer 5. Fed with all records of one file in the order of time.
 */
#ifndef REPORT_WAKEUP_H
#define REPORT_WAKEUP_H

#include "report/inputs.h"
#include "report/textout.h"

struct wakeup;

/* NULL: out of memory. NULL may be freed. */
struct wakeup *wakeup_new(struct tep_handle *tep);
void wakeup_free(struct wakeup *w);

/*
 * Look at a record, whose events are @events. Returns the text to add to its line, if it is the switch
 * to a task that was woken; else NULL. It lives until the next call.
 */
const char *wakeup_record(struct wakeup *w, struct events *events, struct tep_record *record);

/* Print what was found. */
void wakeup_print(const struct wakeup *w, struct textout *out);

#endif
