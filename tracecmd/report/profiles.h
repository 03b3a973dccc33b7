/*
 * profiles.h - a profile for each stream of a report.
 *
 * Layer 5.
 */
#ifndef REPORT_PROFILES_H
#define REPORT_PROFILES_H

#include "report/inputs.h"
#include "report/textout.h"

struct profiles;

/*
 * Get ready for the streams of @in. NULL with a message.
 */
struct profiles *profiles_new(const struct inputs *in, struct err *err);
void profiles_free(struct profiles *p);

/* Take the next record. 0; -ENOMEM. */
int profiles_event(struct profiles *p, const struct stream *s, struct tep_record *record);

/* Events were lost on @cpu of @s. */
void profiles_lost(struct profiles *p, const struct stream *s, int cpu);

/* Print them, one after the other. 0; -ENOMEM. */
int profiles_print(struct profiles *p, struct textout *out);

/* Print the hooks of the plan and of the files, as trace-cmd always did. */
void profiles_hooks(const struct inputs *in, struct textout *out);

#endif
