/*
 * setup.h - from what the user asked of a buffer instance to tracefs, and back.
 *
 * Layer 3. setup_check() finds mistakes without touching anything; setup_apply()
 * changes tracefs through a journal; tracing is switched on and off by
 * setup_tracing_on(). Files that the user asked nothing of may be missing,
 * unreadable or unwritable (lockdown, no function tracer) without harm.
 */
#ifndef SETUP_SETUP_H
#define SETUP_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strlist.h"
#include "setup/journal.h"

/* One -e. */
struct setup_event {
	char *name;		/* "all", "SYS", "SYS:EVENT", "SYS:", "EVENT"; shell globs */
	char *filter;		/* NULL or the kernel filter, several ANDed as (f1)&&(f2) */
	char *trigger;		/* NULL or triggers, one a line */
	bool disable;		/* -v */
};

/* What the user asked of one instance; all strings owned by the struct. */
struct setup_conf {
	char *name;		/* NULL: the top instance */
	struct setup_event *events;
	int nr_events;
	char *tracer;		/* NULL: none asked */
	char *clock;		/* NULL: leave as it is */
	int buffer_kb;		/* per CPU, 0: leave as it is */
	int subbuf_kb;		/* sub-buffer, 0: leave as it is */
	char *cpumask;		/* CPUs to trace, hexadecimal; "-1": all; NULL: leave as it is */
	struct strlist options;	/* trace_options to set: "NAME" or "noNAME" */
	struct strlist functions;	/* to trace only: names, globs, with ":mod:MODULE" or not */
	struct strlist commands;	/* of functions: "FUNC:COMMAND[:COUNT]" */
	struct strlist notrace;		/* functions not to trace (with function_graph: not to graph) */
	struct strlist graph;		/* functions to graph; the top instance's only */
	int graph_depth;	/* max_graph_depth, 0: leave as it is */
	bool func_stack;	/* a stack trace with each function */
	bool no_functions;	/* -d: other tracers trace no functions */
	int *pids;		/* trace only these tasks, see also follow */
	int nr_pids;
	bool follow;		/* and their children */
	bool proc_map;		/* store their address maps */
	bool tsc2nsec;		/* store how to turn the clock's cycles into ns */
	bool delete;		/* remove the instance instead (set -v -B) */
	bool used;		/* the top instance takes part only if something was asked of it */
};

/* What the user asked of the whole system. */
struct setup_system {
	int cmdlines_size;	/* names of tasks to remember, 0: leave as it is */
	bool no_ftrace;		/* -D: switch function tracing off for everybody */
};

void setup_conf_release(struct setup_conf *c);

/*
 * Find the tracing directory, mounting tracefs if needed. 0; -errno with advice in @err (no root,
 * not mounted, ...). @ret_dir is libtracefs's and stays.
 */
int setup_find_tracing(const char **ret_dir, struct err *err);

/*
 * Check @c against what the kernel offers, without changing anything: events exist (unless
 * @ignore_unknown), tracer, clock, options and the files that are needed are there, there are such
 * CPUs. 0; -EINVAL; -ENOENT; ...
 */
int setup_check(const struct setup_conf *c, bool ignore_unknown, struct err *err);

/*
 * Have the kernel look at the filters, triggers and functions of all @nr confs, in an instance that
 * is made for that and removed again, if something could get lost by finding a mistake only when
 * they are applied: an instance concerned is in use or holds a trace. 0, also if it can't be done;
 * -EINVAL, ..., described in @err as setup_apply() does.
 */
int setup_try(const struct setup_conf *c, int nr, struct err *err);

struct setup_instance;

/*
 * Make the instance (create it if missing: the journal then removes it), reset it as
 * `record` does (tracing off, tracer nop, events off, their filters cleared, buffer emptied, and
 * the lists of functions for a tracer of functions) and apply @c. Tracing stays off. Events that
 * don't exist are passed over, setup_check() is to find them. A rejected filter or trigger is an
 * error that quotes the kernel's error_log. After any error the caller calls journal_restore().
 * @j must outlive the instance. 0; -errno, described in @err.
 */
int setup_apply(const struct setup_conf *c, struct journal *j, struct setup_instance **ret,
		struct err *err);

/* The same without the reset (-K): what @c doesn't say stays as it is, also whether tracing is on. */
int setup_apply_onto(const struct setup_conf *c, struct journal *j, struct setup_instance **ret,
		     struct err *err);

/*
 * What concerns the whole system; to be called before the instances are set up. That the number of
 * names can't be changed is only warned of. 0; -errno, described in @err.
 */
int setup_apply_system(const struct setup_system *sys, struct journal *j, struct err *err);

/* Remove the existing instance @name for good. 0; -ENOENT; -EBUSY; ..., described in @err. */
int setup_delete(const char *name, struct err *err);

/*
 * Trace only the tasks @pids in this instance from now on, and with @follow their children to come;
 * besides those of the conf and of earlier calls. For tasks that are known only after
 * setup_apply(). The journal takes it back. 0; -EOPNOTSUPP: an old kernel; -errno; described in
 * @err.
 */
int setup_only_pids(struct setup_instance *s, const int *pids, int nr, bool follow,
		    struct err *err);

/* Facts of a set-up instance. Strings are owned by it. */
const char *setup_name(const struct setup_instance *s);		/* "" for the top one */
const char *setup_clock(const struct setup_instance *s);	/* the clock in use */
uint32_t setup_page_size(const struct setup_instance *s);	/* sub-buffer, bytes */
const char *setup_dir(const struct setup_instance *s);		/* its tracefs directory */
int setup_nr_cpus(const struct setup_instance *s);		/* highest per_cpu/cpuN plus 1 */
bool setup_was_created(const struct setup_instance *s);		/* is new, the journal removes it */
bool setup_is_latency_tracer(const struct setup_instance *s);

/* Is that the name of a tracer that shows the worst case as text, instead of events? */
bool setup_tracer_is_latency(const char *tracer);

/*
 * Go over to another clock, through the journal; what was recorded is gone. 0; -errno described in @err.
 */
int setup_switch_clock(struct setup_instance *s, const char *clock, struct err *err);

/* Switch tracing. The journal knows since setup_apply() what to restore. 0; -errno. */
int setup_tracing_on(struct setup_instance *s, bool on);

bool setup_is_on(const struct setup_instance *s);

/* Open per_cpu/cpuN/trace_pipe_raw non-blocking. fd; -errno. */
int setup_open_raw(const struct setup_instance *s, int cpu);

/* Text of per_cpu/cpuN/stats as heap string, NULL if unreadable; the caller frees. */
char *setup_cpu_stats(const struct setup_instance *s, int cpu);

/* Content of the trace_clock file ("[local] global ..."), heap string or NULL. */
char *setup_clock_text(const struct setup_instance *s);

/*
 * "SYSTEM:EVENT" of everything enabled by @c in all of @nr confs: what formats the file must hold.
 * NULL-terminated heap array of heap strings (setup_event_names_free()) or NULL = all.
 */
char **setup_event_names(const struct setup_conf *c, int nr);
void setup_event_names_free(char **names);

/*
 * Exclude the threads that process @pid has now from tracing (set_event_notrace_pid), where the
 * kernel can; so call it when the recorders run. Costs a grace period here, unless all are excluded
 * already, and, in an instance that stays, one on restore. 0, also where the kernel can't;
 * -errno: no such process, no memory.
 */
int setup_exclude_pid(struct setup_instance *s, int pid);

void setup_free(struct setup_instance *s);

#endif
