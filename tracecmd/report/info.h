/*
 * info.h - what report shows of a file instead of its events.
 *
 * Layer 5.
 */
#ifndef REPORT_INFO_H
#define REPORT_INFO_H

#include "report/inputs.h"
#include "report/textout.h"

/*
 * Print all that the plan's modes ask for, but the filters. 0; -EINVAL, with a message, if
 * an event's format cannot be parsed and the plan asks for that; -errno of writing.
 */
int info_print(struct inputs *in, struct textout *out, struct err *err);

/* "cpus=N", behind the file's name if there are several. */
void info_header(const struct inputs *in, const struct input *f, struct textout *out);

#endif
