/*
 * start.h - start and set: tracing set up and left running.
 *
 * Layer 5.
 */
#ifndef SESSION_START_H
#define SESSION_START_H

#include "session/plan.h"

/*
 * Set tracing up as the plan (PLAN_START, PLAN_SET) says, switch it on unless it is to stay as it is, run
 * the command if there is one, and leave everything as it is then. If any of it fails, tracefs
 * is put back; a guardian does so should the process be killed half-way. Returns the
 * exit status; messages have been printed.
 */
int session_start(const struct plan *p);

#endif
