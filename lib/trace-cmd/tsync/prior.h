/*
 * prior.h - what is known of the kernel's trace clocks before anything was measured.
 *
 * Layer 4, pure.
 */
#ifndef TSYNC_PRIOR_H
#define TSYNC_PRIOR_H

#include "tsync/fit.h"

/* What the trace clock @clock (NULL: unknown) allows to expect, host and guest on one machine or not. */
void prior_conf_init(struct fit_conf *conf, const char *clock, bool same_machine);

/* Whether daemons may change the rate of the clock at any time: it isn't constant for sure. */
bool prior_is_adjusted(const char *clock);

#endif
