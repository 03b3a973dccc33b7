/*
 * record-options.h - the options that record and an agent's requests share.
 *
 * Layer 6.
 */
#ifndef RECORD_OPTIONS_H
#define RECORD_OPTIONS_H

#include <stdbool.h>

#include "base/err.h"
#include "session/plan.h"

/*
 * Parse @argv (argv[0] "record") into a plan. @agent: what a host may ask of an
 * agent; the rest is refused. 0; -EINVAL with @err described, or with an empty
 * @err: show the help.
 */
int record_parse(int argc, char **argv, bool agent, struct plan *p, struct err *err);

#endif
