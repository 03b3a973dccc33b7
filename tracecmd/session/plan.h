/*
 * plan.h - what one run of record or of an agent's session is to do.
 *
 * Layer 5. Filled in by the option parser, validated, free of side effects; all
 * strings and arrays are owned by the plan.
 */
#ifndef SESSION_PLAN_H
#define SESSION_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "setup/setup.h"
#include "wire/opt-timeshift.h"
#include "zip/zip.h"

#define PLAN_MAX_GUESTS		256
#define PLAN_MAX_INSTANCES	256

/* How guests are synchronised, and what is kept of it. */
struct plan_tsync {
	int interval_ms;		/* > 0 periodic, 0 start and end, < 0 never */
	bool per_cpu;
	bool chosen;			/* the user named a method or kind of stamp */
	uint32_t ptp_flags;		/* PTP_FLAG_* */
	char *debug_dir;		/* NULL: no debug files */
	enum timeshift_layout layout;	/* TIMESHIFT_CURRENT or TIMESHIFT_FORK */
};

/* One -A. */
struct plan_guest {
	char *where;		/* as given: HOST:PORT, CID[:PORT], NAME[@CID][:PORT] */
	char *name;		/* --name, or NULL */
	char **args;		/* options for its agent, NULL-terminated */
	int nr_args;
};

struct plan {
	struct setup_conf *instances;	/* [0] is the top one, then in the order of -B */
	int nr_instances;
	struct plan_guest *guests;
	int nr_guests;
	char **command;			/* NULL: until a signal */
	char *output;			/* trace.dat */
	char *temp_dir;			/* NULL: beside the output */
	int file_version;
	const struct zip_algo *zip;
	bool all_formats;		/* -a */
	bool ignore_unknown;		/* -i */
	bool quiet;
	bool keep;			/* -k: leave tracing set up */
	bool no_splice;
	bool no_filter;			/* don't hide our own threads */
	bool date;			/* store the clock's distance to the time of day */
	char *ts_offset;		/* verbatim, or NULL */
	int sleep_us;
	int fifo_priority;
	struct plan_tsync tsync;
};

/* Defaults of record. 0; -ENOMEM. */
int plan_init(struct plan *p);
void plan_release(struct plan *p);

/* Add an instance or a guest; it becomes the current (last) one. NULL: -ENOMEM or too many. */
struct setup_conf *plan_add_instance(struct plan *p, const char *name);
struct plan_guest *plan_add_guest(struct plan *p, const char *where);
int plan_guest_add_arg(struct plan_guest *g, const char *arg);

/* True if instance @i takes part. */
bool plan_uses(const struct plan *p, int i);

/*
 * Check everything that can be checked without touching anything: something to
 * do, events, tracers and clocks known, output writable in its directory. 0;
 * -errno described in @err.
 */
int plan_check(const struct plan *p, bool agent, struct err *err);

#endif
