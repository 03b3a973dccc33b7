/*
 * rotate.h - --rotate: one trace file after another, without a gap.
 *
 * Layer 5. The recorders go on all the time: between two sub-buffers each turns to a new data
 * file. Once all have, a thread makes a trace file of what they left, and removes the oldest one.
 * The files are OUT.0001, OUT.0002, ...: each is an output like that of any other run, with
 * data files that are called after it.
 */
#ifndef SESSION_ROTATE_H
#define SESSION_ROTATE_H

#include "session/early.h"
#include "session/local.h"
#include "session/note.h"
#include "session/plan.h"

struct rotate;

/* Name of the file with number @n, from 1. Heap string or NULL. */
char *rotate_name(const char *output, unsigned int n);

/* Be ready for the files of @p, the first one of which becomes the output of rotate_plan(). 0; -errno. */
int rotate_new(const struct plan *p, struct note *note, struct rotate **ret);

/* @p, but with the file being recorded now as the output. */
const struct plan *rotate_plan(const struct rotate *t);

/*
 * Start the thread that writes files; before tracing is switched on, so that it is left out of the trace.
 * @e as for finish_host(). 0; -errno.
 */
int rotate_start(struct rotate *t, struct early *e);

/*
 * Go on with the next file, and have the last one written meanwhile. If the one before isn't
 * written yet, wait for that. 0; -errno described in @err: also what kept an earlier file from being
 * written.
 */
int rotate_next(struct rotate *t, struct local *l, struct err *err);

/* Wait for the file being written, if any. 0; -errno described in @err. */
int rotate_wait(struct rotate *t, struct err *err);

/* The last file is written: only as many stay as shall be kept. NULL is fine for these three. */
void rotate_prune(struct rotate *t);

/* End the thread; what it has used may be freed. */
void rotate_end(struct rotate *t);

/* The plan is gone then. */
void rotate_free(struct rotate *t);

/*
 * For the guardian: write the files of @p that were recorded and not written. 0; -errno, described
 * in @err.
 */
int rotate_rescue(const struct plan *p, struct note *note, struct err *err);

#endif
