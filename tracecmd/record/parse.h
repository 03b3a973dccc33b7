/*
 * parse.h - the parser of record's options: its state, and its parts. Private to record/.
 *
 * Layer 6. Each part takes the options of one group: @id and @arg as of opt_next();
 * 0; -EINVAL with a message, -ENOMEM.
 */
#ifndef RECORD_PARSE_H
#define RECORD_PARSE_H

#include <errno.h>
#include <stdbool.h>

#include "base/err.h"
#include "record/options.h"

/* Options without a letter; those of one part of the parser are next to each other. */
enum {
	/* what to trace, and whom */
	OPT_MODULE = OPT_LONG, OPT_FUNC_STACK, OPT_MAX_GRAPH_DEPTH, OPT_SUBBUF_SIZE,
	OPT_CMDLINES_SIZE, OPT_TSC2NSEC, OPT_PROC_MAP, OPT_USER, OPT_NO_FILTER,
	/* the file */
	OPT_TEMP, OPT_FILE_VERSION, OPT_COMPRESSION, OPT_DATE, OPT_TS_OFFSET, OPT_LIMIT_SIZE,
	OPT_ROTATE,
	/* the run */
	OPT_DURATION, OPT_NOSPLICE, OPT_POLL, OPT_EXIT_STATUS, OPT_FAIL_ON_LOST, OPT_STDERR,
	OPT_DAEMONIZE, OPT_FORK, OPT_DEBUG, OPT_NOTIMEOUT, OPT_VERBOSE,
	OPT_FORCE,
	/* profiles */
	OPT_PROFILE, OPT_BY_COMM,
	/* guests */
	OPT_NAME, OPT_PROXY, OPT_AUTH, OPT_NOFIFOS, OPT_GUEST_SIZE,
	OPT_TSYNC_INTERVAL, OPT_TSYNC_PER_CPU, OPT_NO_TSYNC_PER_CPU,
	OPT_TSYNC_METHOD, OPT_TSYNC_RAW, OPT_TSYNC_STAMP, OPT_TSYNC_DEBUG, OPT_TSYNC_PROTO, OPT_TSYNC_LAYOUT,
};

/* What the parser knows besides the plan. */
struct parse {
	struct plan *plan;
	struct setup_conf *instance;	/* current -B, or the top one */
	struct setup_event *event;	/* last -e */
	struct plan_guest *guest;	/* current -A: options go there */
	const char *module;		/* current --module */
	bool module_used;		/* a -l, -n or -g was about it */
	bool inverse;			/* -v */
	bool output_given;
	bool profile;			/* --profile, */
	int profile_instance;		/* of this one */
	bool profile_nothing;		/* -S: none of what it records by itself */
	struct err *err;
};

#define refuse(x, ...) (err_set((x)->err, 0, __VA_ARGS__), -EINVAL)

/* Replace *@to by a copy of @text. 0; -ENOMEM. */
int parse_text(char **to, const char *text);

/* The same with a file or directory, for @option: there is none without a name. */
int parse_path(struct parse *x, const char *option, char **to, const char *text);

/* The number @text from @min to @max, for @option. */
int parse_number(struct parse *x, const char *option, const char *text, long long min,
		 long long max, int *ret);

/* Events, instances, tracers, functions, sizes, tasks. */
int parse_what(struct parse *x, int id, const char *arg);
/* What can be said only at the end of all options, or of an instance's. */
int parse_what_end(struct parse *x);

/* The file written, and its limits. */
int parse_file(struct parse *x, int id, const char *arg);

/* How it is done. */
int parse_run(struct parse *x, int id, const char *arg);

/* Profiles; and what they record, at the end of all options. */
int parse_profile(struct parse *x, int id, const char *arg);
int parse_profile_end(struct parse *x);

/* Other machines: listeners, guests, their clocks. */
int parse_remote(struct parse *x, int id, const char *arg);
/* An option behind -A, with its argument: it is the guest's. */
int parse_guest_word(struct parse *x, const struct opt_spec *spec, const char *arg);
int parse_remote_end(struct parse *x);

#endif
