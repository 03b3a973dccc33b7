/*
 * early.h - what a trace file holds about this machine, read and compressed while recording.
 *
 * Layer 5. The kernel's symbols alone take longer than all the rest of a short
 * run, and nothing of them changes as long as no module comes or goes. So a thread reads
 * them, one compresses them meanwhile, another one has the formats of events, and what comes after the end of the command is quick.
 */
#ifndef SESSION_EARLY_H
#define SESSION_EARLY_H

#include "base/err.h"
#include "out/out.h"
#include "session/plan.h"
#include "session/ksyms.h"

struct early;

/* Start reading, but not the symbols if @known (may be NULL) still hold; both must stay. 0; -errno: it will have to be done later. */
int early_start(const struct plan *p, const struct ksyms *known, struct early **ret);

/* Tracing has been set up: the formats of events in @tracing_dir (which stays) may be read. */
void early_go_on(struct early *e, const char *tracing_dir);

/* Wait until these have been read, or can't be. NULL is fine. */
void early_wait_formats(struct early *e);

/*
 * Write all parts of the metadata to @o, in their order: what was read early, if it still holds, and
 * what can be read only now. Waits for the threads. @e NULL: everything is read now. @all_comms: also
 * the names of tasks the kernel has not met. 0; -errno described in @err.
 */
int early_put(struct early *e, struct out_file *o, const struct plan *p, const char *tracing_dir,
	      bool all_comms, struct err *err);

/* NULL is fine. */
void early_free(struct early *e);

#endif
