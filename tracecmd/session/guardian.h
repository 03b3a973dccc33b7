/*
 * guardian.h - a process that waits for the worker and cleans up if it is killed.
 *
 * Layer 5.
 */
#ifndef SESSION_GUARDIAN_H
#define SESSION_GUARDIAN_H

#include "session/note.h"
#include "session/plan.h"

/*
 * Fork @worker and wait for it, handing on signals. It gets the shared note and the
 * pipe that its journal is mirrored to. If it is killed, put tracefs back from the
 * mirrored journal and finish its files from the note. Returns the exit status.
 */
int guardian_run(const struct plan *p,
		 int (*worker)(const struct plan *p, struct note *note, int mirror_fd));

#endif
