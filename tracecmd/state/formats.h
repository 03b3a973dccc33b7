/*
 * formats.h - can the formats of the running kernel's events be understood?
 *
 * Layer 5. libtraceevent parses them, as it does for report.
 */
#ifndef STATE_FORMATS_H
#define STATE_FORMATS_H

#include <stdbool.h>

#include "base/err.h"

/*
 * Parse all of them, with libtraceevent's plugins or without. Names those that fail on
 * stderr, with what libtraceevent says about each. 0; -EINVAL, with how many in @err; -errno.
 */
int formats_check(const char *tracing, bool plugins, struct err *err);

#endif
