/*
 * claim.h - one recording at a time in each instance.
 *
 * Layer 5. Two that read one ring buffer get a part of the events each, without knowing, and what
 * one of them found and puts back are the settings of the other.
 */
#ifndef SESSION_CLAIM_H
#define SESSION_CLAIM_H

#include "base/err.h"
#include "session/plan.h"

/*
 * Claim the instance @name, "" or NULL for the top one, for as long as *@ret_fd stays open, which becomes
 * -1 if it is not there yet. 0; -EBUSY described in @err: another recording has
 * it. With -K that is only a warning, as whoever gives it wants to join in.
 */
int claim_instance(const struct plan *p, const char *tracing_dir, const char *name, int *ret_fd,
		   struct err *err);

#endif
