/*
 * record.h - one run of record: this machine and its guests, from set-up to files.
 *
 * Layer 5.
 */
#ifndef SESSION_RECORD_H
#define SESSION_RECORD_H

#include "session/plan.h"

/*
 * Do it. A guardian process waits for the worker that records; should the
 * worker be killed, the guardian restores tracefs and finishes the files, and should the
 * guardian be killed, the worker stops in good order. Returns the exit status; messages have been printed.
 */
int session_record(const struct plan *p);

#endif
