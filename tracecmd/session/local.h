/*
 * local.h - tracing on this machine: instances set up, recorders running, data drained.
 *
 * Layer 5. Used by record (data goes to per-CPU files, local-files.c) and by the agent (to sockets).
 */
#ifndef SESSION_LOCAL_H
#define SESSION_LOCAL_H

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>

#include "rec/recorder.h"
#include "session/early.h"
#include "session/note.h"
#include "session/plan.h"
#include "setup/setup.h"

struct local_instance {
	const struct setup_conf *conf;
	struct setup_instance *setup;	/* NULL: takes no part */
	struct note_instance *note;
	int nr_cpus;
	int claim_fd;			/* open: nobody else records it; -1 */
	bool was_on;			/* -K: tracing was on already */
	int *sinks;			/* a descriptor a CPU, -1 unused */
	bool datagrams;			/* they are UDP sockets */
	int *next;			/* NULL, or those to go on with */
	struct recorder **recorders;
};

struct local {
	const struct plan *plan;
	struct note *note;
	struct journal *journal;
	pthread_mutex_t note_lock;	/* of what threads note in the journal */
	const char *tracing_dir;
	struct local_instance *instances;	/* in the plan's order */
	int nr_instances;
	bool on;			/* we have switched tracing on */
	struct tidy *tidy;		/* NULL, or puts some things back while files are written */
	struct early *early;		/* NULL, or reads formats, its owner's */
	bool may_part;			/* what only frees the kernel's memory is left to a process that ends after ours */
	struct budget *budget;			/* NULL, or counts the data; its owner's */
};

/*
 * Check the plan and set up tracefs for it; tracing stays off. @mirror_fd: the
 * guardian's pipe or -1. 0; -errno described in @err, everything put back by local_release().
 */
int local_setup(struct local *l, const struct plan *plan, struct note *note, int mirror_fd,
		bool agent, struct err *err);

/* The clock of the first instance that takes part. */
const char *local_clock(const struct local *l);

/* Have all instances go over to another clock, before anything is recorded. 0; -errno described in @err. */
int local_switch_clock(struct local *l, const char *clock, struct err *err);

/* Note the instance of time synchronisation @id, for a guardian to remove it if we are killed. */
void local_sync_instance(struct local *l, int id);

/* Start the recorder of one CPU into @sink_fd (a file or socket, owned by @l from now on). */
int local_record_cpu(struct local *l, struct local_instance *i, int cpu, int sink_fd,
		     struct err *err);

/*
 * Create a data file for each CPU of all instances and record into it. Latency tracers have none:
 * their text is read in the end.
 */
int local_record_files(struct local *l, struct err *err);

/*
 * Create new files to go on with, those of the plan's output as it is now. 0; -errno described in
 * @err, and nothing has changed.
 */
int local_create_files(struct local *l, struct err *err);

/*
 * Go on recording into them, and wait until nothing more is written to the old ones. 0; -errno described
 * in @err: not all recorders have got so far.
 */
int local_hand_in(struct local *l, struct err *err);

/* Switch tracing of all instances; on: recorder threads are excluded from the trace before. */
int local_tracing(struct local *l, bool on, struct err *err);

/* Recorders that ended with an error: fills @fds (at most @max), returns how many. */
int local_poll_fds(const struct local *l, struct pollfd *fds, int max);

/*
 * Tracing off, drain, join the recorders. 0, or the first error, described; the
 * data of the others is complete all the same.
 */
int local_stop(struct local *l, struct err *err);

/*
 * Leave tracefs as it is set up now instead of putting it back (-k): whatever happens from here on,
 * also to the guardian.
 */
void local_keep(struct local *l);

/* Put tracefs back, unless it is to be kept, and free all. */
void local_release(struct local *l);

/* --- between the parts -------------------------------------------------------- */

/* How long a recorder may stand still while draining, or turning to a new file, before it is given up. */
#define LOCAL_DRAIN_MS 30000

/* As local_record_cpu(), compressing by zip of @how, with full_bytes of it in turn with its spare_fd. */
int local_record_how(struct local *l, struct local_instance *i, int cpu, int sink_fd,
		     const struct recorder_conf *how, struct err *err);

#endif
