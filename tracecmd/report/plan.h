/*
 * plan.h - what a report shall show: the options of the command, checked.
 *
 * Layer 5. Filled in by the command line, read by everything in report/. Has no
 * side effects and opens nothing. Strings are the plan's own copies.
 */
#ifndef REPORT_PLAN_H
#define REPORT_PLAN_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/log.h"
#include "report/hooks.h"

/* A list of strings on the heap. */
struct strings {
	char **item;
	unsigned int count;
};

/* One -F, with the sense that -v had given it. */
struct plan_filter {
	char *text;		/* libtraceevent's filter language */
	bool hide;		/* hide what matches */
};

struct plan_filters {
	struct plan_filter *item;
	unsigned int count;
};

/* One file and the options that follow its -i. */
struct plan_input {
	char *path;
	long long ts_offset;		/* ns, added to its timestamps */
	unsigned long long hz;		/* frequency of its clock; 0: as the file says */
	struct plan_filters filters;	/* besides those for all files */
};

/* What is printed instead of the events; several may be asked for. */
enum report_mode {
	REPORT_ENDIAN		= 1 << 0,	/* -e */
	REPORT_PAGE_SIZE	= 1 << 1,	/* -p */
	REPORT_FUNCTIONS	= 1 << 2,	/* -f */
	REPORT_PRINTK		= 1 << 3,	/* -P */
	REPORT_EVENT_NAMES	= 1 << 4,	/* -E */
	REPORT_CHECK_EVENTS	= 1 << 5,
	REPORT_CPUS		= 1 << 6,
	REPORT_FIRST_EVENT	= 1 << 7,
	REPORT_LAST_EVENT	= 1 << 8,
	REPORT_STAT		= 1 << 9,
	REPORT_UNAME		= 1 << 10,
	REPORT_VERSION		= 1 << 11,
	REPORT_FILTER_TEST	= 1 << 12,	/* -T */
};

/* How events are printed. */
enum report_format {
	FORMAT_TEXT,
	FORMAT_JSON,		/* an object a line */
	FORMAT_CSV,
};

/* A time as the user gave it: seconds, or counts of a clock that doesn't count ns. */
struct plan_time {
	bool given;
	bool exact;			/* with more than six decimals */
	unsigned long long whole, frac_ns;
};

/* How an event's line looks. */
struct plan_line {
	bool latency;		/* -l: the layout of the kernel's latency traces */
	bool flags;		/* the column of irq and preemption flags */
	bool raw_fields;	/* -R */
	bool nsec;		/* -t */
	bool raw_ts;		/* --raw-ts */
	bool ts_diff;		/* --ts-diff */
	bool ts_uncertain;	/* --ts-uncertain */
	bool old_raw;		/* as 3.1: no flags with -R, differences of --raw-ts in us */
};

/* How calls of the function_graph tracer look: the options of "fgraph". */
struct plan_fgraph {
	bool tailprint;		/* returns tell the function */
	bool depth;		/* lines tell the depth */
	bool no_retval;		/* no returned values */
	bool retval_dec, retval_hex;	/* all of them like that */
};

struct report_plan {
	struct plan_input *inputs;
	unsigned int nr_inputs;
	struct plan_filters filters;	/* for all files */
	unsigned int modes;		/* enum report_mode, 0: the events */
	enum report_format format;
	struct strings fields;		/* --fields: the columns; none: those of the format */
	struct plan_time from, to;
	unsigned long long limit;	/* events to show, 0: all */
	bool summary;			/* counts instead of events */
	bool fail_on_lost;
	bool profile;			/* where time goes, instead of events */
	bool profile_by_comm;		/* tasks of a name together */
	bool profile_irqs_global;	/* -G */
	struct hooks hooks;		/* -H */
	struct plan_line line;
	struct plan_fgraph fgraph;
	bool no_args;			/* of functions */
	bool calls_parted;		/* what other CPUs did meanwhile parts a call from its return */
	bool stacks_stay;		/* stack traces of hidden events are shown, too */
	bool hides_losses;		/* what was lost before an event that is not shown is not told */
	unsigned long long hz;		/* for files without their own */
	char *kallsyms;			/* names of functions from this file, or NULL */
	bool no_date;
	bool align_ts;
	bool ts_check;
	bool boundary;			/* tell where sub-buffers begin */
	bool debug;			/* and where in them events are, and what is between them */
	bool quiet;
	bool no_plugins;		/* -N */
	bool no_system_plugins;		/* -L */
	bool hide_hardirq, hide_softirq;
	bool wakeup;			/* -w */
	unsigned int jobs;		/* -j: threads; 0: one a CPU */
	int verbosity;			/* a log_level; -1: the default */
	struct strings comms;		/* --comm */
	pid_t *pids;			/* --pid, the last one first */
	unsigned int nr_pids;
	struct strings raw_events;	/* -r: patterns */
	struct strings plain_events;	/* -n: patterns */
	cpu_set_t *cpus;		/* --cpu; NULL: all */
	size_t cpus_size;		/* bytes in @cpus */
};

/* Are events printed as lines of text, with a header? */
static inline bool plan_is_for_people(const struct report_plan *plan)
{
	return plan->format == FORMAT_TEXT && !plan->fields.count && !plan->summary;
}

/* Is it to be told how files are read? */
static inline bool plan_is_talkative(const struct report_plan *plan)
{
	return !plan->quiet && plan_is_for_people(plan) &&
	       (plan->debug || plan->verbosity >= LOG_INFO);
}

void report_plan_init(struct report_plan *plan);
void report_plan_release(struct report_plan *plan);

/* All below return 0 or -ENOMEM, and what they say. */
int strings_add(struct strings *s, const char *text);

/* Add a regular expression, or if @parted perhaps two with a colon between, of @option. 0; -EINVAL; -ENOMEM. */
int strings_add_pattern(struct strings *s, const char *option, bool parted, const char *text,
			struct err *err);
void strings_release(struct strings *s);
int plan_add_input(struct report_plan *plan, const char *path);

/* Add -F @text to the input named last, or to all if there is none yet. */
int plan_add_filter(struct report_plan *plan, const char *text, bool hide);

/* Names of functions come from @path. */
int plan_set_kallsyms(struct report_plan *plan, const char *path);

/* Add a list "A,B" of task names or pids. -EINVAL, with a message, for what is no pid. */
int plan_add_comms(struct report_plan *plan, const char *list);
int plan_add_pids(struct report_plan *plan, const char *list, struct err *err);

/* Add a list "A,B" of columns. -EINVAL, with a message: an empty name, or one for the second time. */
int plan_add_fields(struct report_plan *plan, const char *list, struct err *err);

/* A time "SECONDS[.FRACTION]" or a count. -EINVAL with a message naming @option. */
int plan_set_time(struct plan_time *t, const char *option, const char *text, struct err *err);

/*
 * Add CPUs "N", "A-B", separated by ',' or ':'. -EINVAL or -ERANGE with a
 * message: other characters; a range that goes down; a number beyond reason.
 */
int plan_add_cpus(struct report_plan *plan, const char *list, struct err *err);

#endif
