/*
 * pass.h - the passes of a protocol that has a pace (struct tsync_pace).
 *
 * Layer 4, inside of tsync/. One full round gives the offset for all CPUs of the guest. The others' clocks
 * are checked against it, all of them (as far as time goes) in the first and
 * last pass, one in each of those between. One that cannot have the same
 * offset has its own from then on.
 */
#ifndef TSYNC_PASS_H
#define TSYNC_PASS_H

#include "tsync/session.h"

/* One pass. 0, also if it yields nothing; -errno ends the session. */
int pass_run(struct tsync_session *s, unsigned int pass, bool final);

/* Milliseconds until the next one, after pass @pass; -1: no other before the end. */
int pass_wait_ms(struct tsync_session *s, unsigned int pass);

#endif
