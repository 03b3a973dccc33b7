/*
 * claim.h - an instance is claimed before a run touches it.
 *
 * Layer 5, on setup/inuse.h.
 */
#ifndef SESSION_CLAIM_H
#define SESSION_CLAIM_H

#include "base/err.h"
#include "session/note.h"
#include "session/plan.h"

/*
 * Claim the instance @name, "" or NULL for the top one, for as long as *@ret_fd stays open, which becomes
 * -1 if it is not there yet. 0; -EBUSY described in @err: another recording has it. With -K that
 * is only a warning, as whoever gives it wants to join in, and so it is for an agent; --force says that it
 * is meant.
 */
int claim_instance(const struct plan *p, const char *tracing_dir, const char *name, int *ret_fd,
		   struct err *err);

/*
 * The process that had claimed the instance @name, NULL for the top one, was killed: keep others out while what
 * it had changed there is put back. The claim ends with the descriptor; -1: there is none.
 */
int claim_left_behind(const char *name);

/*
 * The process that had claimed the instances of @n is gone, and we go on in its place: keep others out
 * until this process ends.
 */
void claim_again(const struct note *n);

#endif
