/*
 * finish.h - from recorded data to the trace.dat files of a session.
 *
 * Layer 5. Works from the plan and the note alone, so that the guardian can do
 * it, too, when the worker was killed.
 */
#ifndef SESSION_FINISH_H
#define SESSION_FINISH_H

#include "base/err.h"
#include "out/out.h"
#include "session/early.h"
#include "session/note.h"
#include "session/plan.h"
#include "wire/opt-timeshift.h"
#include "wire/opt-tsync.h"

/* Space set aside for the metadata of an output, bytes. */
uint64_t finish_reserve(const struct plan *p);

/*
 * Write this machine's file from the per-CPU data files, which are removed once it is complete.
 * @e: what is known about the machine already, or NULL. Fills in the note's lost_events. 0; -errno described in @err: data files are kept then, and named in the message.
 */
int finish_host(const struct plan *p, struct note *n, struct early *e, struct err *err);

/* Write a guest's file, likewise; @shift NULL: not synchronised. */
int finish_guest(const struct plan *p, const struct note_guest *g, const struct timeshift *shift,
		 const struct opt_tsync *model,
		 struct err *err);

/* Tell the user what events the kernel lost, where finish_host() does not: the data is elsewhere.
 * Fills in the note's lost_events. */
void finish_tell_lost(const struct plan *p, struct note *n);

/*
 * Metadata and options of this machine as an agent sends them: a complete file without buffers, in @fd.
 * @e as above.
 */
int finish_agent_meta(const struct plan *p, const struct note *n, struct early *e, int fd,
		      struct err *err);

#endif
