/*
 * inputs.h - the files of a report: opened, paired, and split into streams.
 *
 * Layer 5, on the public library only. A stream is one buffer: the top one of a
 * file or that of an instance. The first file is taken as the host of the others.
 */
#ifndef REPORT_INPUTS_H
#define REPORT_INPUTS_H

#include <stdbool.h>

#include "base/err.h"
#include "report/plan.h"

#include "trace-cmd.h"

/* What a CPU of a stream has shown so far. */
struct stream_cpu {
	unsigned long long last_ts;	/* of the record before */
	bool seen;			/* there was one */
	long long lost;			/* events since the last line; negative: some */
};

/* Timestamps from one to the other, both included. */
struct range {
	unsigned long long from, to;
};

struct stream {
	struct tracecmd_input *handle;
	struct tep_handle *tep;		/* the file's */
	struct events *events;		/* the file's, see events.h */
	/*
	 * File or instance, fit for a terminal and at most LABEL_MAX bytes; NULL: the
	 * top buffer of a single file.
	 */
	char *label;
	/*
	 * The same as lines begin with it, with the blanks around: column_len bytes, and
	 * STREAM_COLUMN_ROOM may be copied at once. NULL: none.
	 */
	char *column;
	size_t column_len;
	const char *file;		/* last part of its path */
	const char *name;		/* of the instance, NULL: the top buffer */
	struct range range;		/* timestamps to show */
	struct stream_cpu *cpus;
	unsigned int nr_cpus;
	bool time_in_ns;
	bool instance;
	bool mute;			/* filters that none of its events can pass */
};

#define LABEL_MAX 4096
#define STREAM_COLUMN_ROOM 32

/* A copy of @name without what could play tricks on a terminal. NULL: out of memory. */
char *inputs_label(const char *name);

struct input {
	const struct plan_input *plan;
	struct tracecmd_input *handle;
	struct tep_handle *tep;
	struct events *events;		/* NULL until they are to be printed */
	const char *name;		/* last part of the path */
	int fd;				/* of what came from a pipe, the handle's; else -1 */
	int label_width;		/* of the longest name up to and with this file */
};

struct inputs {
	const struct report_plan *plan;
	struct input *input;
	unsigned int nr_inputs;
	struct stream *streams;		/* of all files, once inputs_split() was called */
	unsigned int nr_streams;
	bool labels;			/* lines start with the name of their stream */
	int label_width;
};

/*
 * Open the plan's files, with their time corrections. @all_events: parsers know all events from
 * the start; else they learn those whose records are met. 0; -errno with a message
 * naming the file. Release in any case.
 */
int inputs_open(struct inputs *in, const struct report_plan *plan, bool all_events,
		struct err *err);

/*
 * Find the instances, align the timestamps if the plan says so, add the filters.
 * 0; -errno with a message.
 */
int inputs_split(struct inputs *in, struct err *err);

/*
 * The handles of all streams, to be freed, in the order that their events of one time have: the
 * top buffers of all files come before all instances, as they always have. NULL: out of memory.
 */
struct tracecmd_input **inputs_handles(const struct inputs *in);

/* Warn where a guest's file was synchronised with another host than the first file. */
void inputs_check_peers(const struct inputs *in);

/* Warn of files whose recorder said that data is missing in them. */
void inputs_check_complete(const struct inputs *in);

/* How well the clocks of guests' files are known, if events are printed for people. */
void inputs_tell_clocks(const struct inputs *in);

/*
 * After reading: what could not be read of the files. 0; -errno with the
 * message of the first damaged file.
 */
int inputs_damage(const struct inputs *in, struct err *err);

void inputs_release(struct inputs *in);

#endif
