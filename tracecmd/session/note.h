/*
 * note.h - what a session's guardian must know to finish it when its worker is killed.
 *
 * Layer 5. The note lies in memory that both processes share; the worker fills
 * it in as it goes, and both write the files from it, so that there is one way
 * to finish a session.
 */
#ifndef SESSION_NOTE_H
#define SESSION_NOTE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "session/plan.h"
#include "wire/msg.h"

/* A buffer of this machine. */
struct note_instance {
	bool used;
	bool recorded;		/* its recorders have been started */
	bool text;		/* its tracer's text is what is stored, at the end */
	char name[NAME_MAX + 1];
	char dir[PATH_MAX];	/* in tracefs */
	char clock[64];
	uint32_t page_size;	/* bytes */
	int nr_cpus;
	uint64_t lost_before;	/* events, when recording began */
};

/* A guest whose metadata has come in full. */
struct note_guest {
	bool complete_meta;
	bool written;		/* its file is complete: not to be written again, its data may be gone */
	bool is_host;		/* not a guest of ours: we are one of it (--proxy) */
	char name[256];
	char incomplete[128];	/* what of its data is missing, for the file; "": nothing known */
	char file[PATH_MAX];	/* the guest's trace.dat */
	char clock[64];
	uint32_t page_size;	/* bytes */
	uint64_t trace_id;
	int nr_cpus;
	int32_t vcpu_tid[MSG_MAX_CPUS];	/* -1 unknown */
};

struct note {
	uint64_t trace_id;	/* of this machine's file */
	/* with --rotate: numbers of the first file not written yet, and of the one being recorded; 0: none */
	unsigned int first_file, last_file;
	bool written;		/* without --rotate: the file is complete, as above */
	uint64_t lost_events;	/* of all instances, once the file is written */
	int nr_instances;
	struct note_instance instances[PLAN_MAX_INSTANCES];
	int nr_guests;
	struct note_guest guests[PLAN_MAX_GUESTS];
	/* of both processes, which are forked one from the other */
	bool kept;		/* what is set up shall stay (-k) */
	pid_t guardian;		/* not to be asked for later: it may be gone, and its child another one's */
	int command_stdout;	/* standard output of the command, -1: ours */
	int ready_fd;		/* --daemonize: write a byte once recording has begun; -1: nobody waits */
	int journal_fd;		/* a file that the journal is copied to, see setup/leftover.h; -1: none */
	int late_fd;		/* options that our host has sent for our file, see wire/opt-late.h; -1: none */
	int maps_fd;		/* address maps of processes, see maps.h; -1: none wanted */
};

/* Data of @g is missing, for the reason @why: the file will say so. The first reason stays. */
void note_incomplete(struct note_guest *g, const char *why);

/* Shared memory, all zero but a fresh trace id; NULL: no memory. */
struct note *note_new(void);
void note_free(struct note *n);

/* A random 64-bit id that is never 0. */
uint64_t note_trace_id(void);

#endif
