/*
 * finish.h - from recorded data to the trace.dat files of a session.
 *
 * Layer 5. Works from the plan and the note alone, so that the guardian can do
 * it, too, when the worker was killed. Code: finish.c has the files and their buffers, finish-options.c
 * the options.
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
 * Write this machine's file from the per-CPU data files, which are there until finish_host_end().
 * @e: what is known about the machine already, or NULL. Fills in the note's lost_events. 0; -errno described in @err, which names the data files.
 */
int finish_host(const struct plan *p, struct note *n, struct early *e, struct err *err);

/* The file is complete, with --rotate number @number: say so in the note, and remove the per-CPU data files. */
void finish_host_end(const struct plan *p, struct note *n, unsigned int number);

/* Write a guest's file, and both of that; @shift NULL: not synchronised. */
int finish_guest(const struct plan *p, struct note_guest *g, const struct timeshift *shift,
		 const struct opt_tsync *model,
		 struct err *err);

/* A guest's file is complete: as finish_host_end(). */
void finish_guest_end(const struct plan *p, struct note_guest *g);

/* Tell the user what events the kernel lost, where finish_host() does not: the data is elsewhere.
 * Fills in the note's lost_events. */
void finish_tell_lost(const struct plan *p, struct note *n);

/*
 * Metadata and options of this machine as an agent sends them: a complete file without buffers, in @fd.
 * @e as above.
 */
int finish_agent_meta(const struct plan *p, const struct note *n, struct early *e, int fd,
		      struct err *err);

/* --- between the parts -------------------------------------------------------- */

/*
 * Start a file of this machine in @fd: all but the buffers. @begins: nothing is recorded yet, so that
 * the kernel knows hardly a task by name.
 */
int finish_start_file(const struct plan *p, const struct note *n, struct early *e, int fd,
		      bool begins, struct out_file **ret_o, struct err *err);

/* The first instance that was used; the top one if none was. */
const struct note_instance *finish_main_instance(const struct note *n);

/* All options of this machine's file. 0; -errno. */
int finish_put_options(struct out_file *o, const struct plan *p, const struct note *n);

/* What a guest's file gets beside its own; @shift, @model may be NULL. 0; -errno, with words in @err if there are any. */
int finish_put_guest_options(struct out_file *o, const struct plan *p, const struct note_guest *g,
			     const struct timeshift *shift, const struct opt_tsync *model,
			     struct err *err);

/* The GUEST option of @g. 0; -errno. */
int finish_put_guest(struct out_file *o, const struct note_guest *g);

/* How cycles of this machine's TSC become ns: append the option's payload to @b, if anybody asked for it. */
bool finish_tsc2nsec(const struct plan *p, enum byte_order order, struct buf *b);

/* What a proxy had for this machine's file (note->late_fd). 0; -errno. */
int finish_put_late(struct out_file *o, const struct note *n);

#endif
