/*
 * guest-clock.h - which trace clock a host and its guests are recorded with.
 *
 * Layer 5.
 */
#ifndef SESSION_GUEST_CLOCK_H
#define SESSION_GUEST_CLOCK_H

#include "session/plan.h"

/* What the options for the guest's agent say; NULL: nothing. Points into @conf. */
const char *guest_own_clock(const struct plan_guest *conf);

/*
 * Where the user has named no clock, all guests are machines of this host whose TSC offsets
 * KVM tells, and cycles can be turned into nanoseconds: use the TSC, whose comparison is exact.
 * Leaves the plan alone otherwise. 0; -ENOMEM.
 */
int guest_choose_clock(struct plan *p);

#define TSC_CLOCK "x86-tsc"

/* Whether this kernel can trace by the TSC; and says, too, how long a cycle is. */
bool clock_tsc_there(void);
bool clock_tsc_known(void);

#endif
