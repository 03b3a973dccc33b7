/*
 * trace-report.c - the report command: options -> plan -> text. Layer 6.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "commands.h"
#include "dump/formats.h"
#include "dump/out.h"
#include "message.h"
#include "report/crew.h"
#include "report/fgraph-options.h"
#include "report/report.h"

#include "trace-cmd.h"

enum {
	OPT_CPU = OPT_LONG, OPT_COMM, OPT_PID, OPT_RAW_TS, OPT_NODATE, OPT_TS_OFFSET, OPT_TS2SECS,
	OPT_TS_DIFF, OPT_TS_CHECK, OPT_ALIGN_TS, OPT_VERBOSE, OPT_FIRST, OPT_LAST, OPT_CPUS,
	OPT_STAT, OPT_UNAME, OPT_VERSION, OPT_EVENTS, OPT_EVENT, OPT_CHECK_EVENTS, OPT_COMPAT,
	OPT_FROM, OPT_TO, OPT_LIMIT, OPT_FORMAT, OPT_FIELDS, OPT_SUMMARY, OPT_FAIL_ON_LOST,
	OPT_TS_UNCERTAIN, OPT_PROFILE, OPT_BY_COMM, OPT_BOUNDARY, OPT_DEBUG, OPT_KALLSYMS,
};

const struct opt_spec report_options[] = {
	{ 'i', NULL, OPT_REQUIRED, "read FILE (trace.dat);\n"
				   "several are merged by time, the host's first", "file" },
	{ 'F', NULL, OPT_REQUIRED, "show only events that match FILTER: EVENTS[:EXPRESSION];\n"
				   "after -i: of that file", "event-filter" },
	{ 'v', NULL, OPT_NONE, "hide what the following -F match" },
	{ 'T', "filter-test", OPT_NONE, "show what the filters mean for each event, and end" },
	{ 'I', NULL, OPT_NONE, "hide events in hard interrupts" },
	{ 'S', NULL, OPT_NONE, "hide events in soft interrupts" },
	{ OPT_PID, "pid", OPT_REQUIRED, "show only events of or about the tasks PID[,PID...]",
	  "file-pid" },
	{ OPT_COMM, "comm", OPT_REQUIRED, "the same for the tasks' names COMM[,COMM...]",
	  "file-task" },
	{ OPT_CPU, "cpu", OPT_REQUIRED, "show only the CPUs in LIST: 0,2-3", "cpu" },
	{ OPT_FROM, "from", OPT_REQUIRED, "show no events before TIME, which is as in the report",
	  "number" },
	{ OPT_TO, "to", OPT_REQUIRED, "show no events after TIME", "number" },
	{ OPT_LIMIT, "limit", OPT_REQUIRED, "show no more than N events", "number" },
	{ 'j', "jobs", OPT_REQUIRED, "unpack data and make the text in N threads (one for each CPU, 8 at most)",
	  "number" },
	{ OPT_FORMAT, "format", OPT_REQUIRED, "text, json (an object a line), or csv", "text json csv" },
	{ OPT_FIELDS, "fields", OPT_REQUIRED, "show only these columns and fields of events: A[,B...]",
	  "column" },
	{ OPT_SUMMARY, "summary", OPT_NONE, "count events, by type, CPU, task and buffer, and losses" },
	{ OPT_FAIL_ON_LOST, "fail-on-lost", OPT_NONE, "status 61 if events were lost" },
	{ 'l', NULL, OPT_NONE, "latency layout" },
	{ 't', NULL, OPT_NONE, "timestamps with nanoseconds" },
	{ 'R', NULL, OPT_NONE, "fields as numbers instead of the event's text" },
	{ 'r', NULL, OPT_REQUIRED, "the same for events (or systems) that match RE", "event-name" },
	{ 'n', NULL, OPT_REQUIRED, "print events that match RE without their plugin",
	  "event-name" },
	{ 'N', NULL, OPT_NONE, "load no plugins" },
	{ 'L', NULL, OPT_NONE, "load only the user's own plugins" },
	{ 'O', NULL, OPT_REQUIRED, "set an option of a plugin: [PLUGIN:]VAR[=VALUE]", "text" },
	{ OPT_KALLSYMS, "kallsyms", OPT_REQUIRED, "take the names of functions from FILE", "file" },
	{ 'w', NULL, OPT_NONE, "show how long woken tasks waited" },
	{ OPT_TS_OFFSET, "ts-offset", OPT_REQUIRED, "add NS to all timestamps of the file before",
	  "number" },
	{ OPT_TS2SECS, "ts2secs", OPT_REQUIRED, "the clock of the file before counts HZ a second;\n"
						"before any -i: of all files", "number" },
	{ OPT_TS_DIFF, "ts-diff", OPT_NONE, "show the time since the line before" },
	{ OPT_TS_CHECK, "ts-check", OPT_NONE, "warn where time goes backwards on a CPU" },
	{ OPT_TS_UNCERTAIN, "ts-uncertain", OPT_NONE,
	  "mark (~) events of another machine than the event before that are too close to it" },
	{ OPT_NODATE, "nodate", OPT_NONE, "ignore the stored offset to the wall clock" },
	{ OPT_RAW_TS, "raw-ts", OPT_NONE, "timestamps as recorded, without any correction" },
	{ OPT_ALIGN_TS, "align-ts", OPT_NONE, "count time from the first event" },
	{ OPT_BOUNDARY, "boundary", OPT_NONE, "mark where pages (sub-buffers) of the ring buffer begin" },
	{ OPT_DEBUG, "debug", OPT_NONE,
	  "the same, with their times and places,\nand what is between events; say which CPUs are empty" },
	{ OPT_COMPAT, "compat", OPT_REQUIRED, "lines as release VERSION had them (3.1, 3.4)",
	  "3.1 3.4" },
	{ 'q', NULL, OPT_NONE, "no warnings" },
	{ 'V', NULL, OPT_OPTIONAL, "be verbose, as --verbose",
	  "none crit err warn info debug all" },
	{ OPT_VERBOSE, "verbose", OPT_OPTIONAL,
	  "say more: none, crit, err, warn, info, debug, all",
	  "none crit err warn info debug all" },
	{ 'e', NULL, OPT_NONE, "show the byte order of file and machine" },
	{ 'p', NULL, OPT_NONE, "show the page size of file and machine" },
	{ 'f', NULL, OPT_NONE, "show the functions and their addresses" },
	{ 'P', NULL, OPT_NONE, "show the formats of trace_printk()" },
	{ 'E', NULL, OPT_NONE, "show the events whose formats are stored" },
	{ OPT_EVENTS, "events", OPT_NONE, "show the formats of all events" },
	{ OPT_EVENT, "event", OPT_REQUIRED, "show the formats of events RE or SYSTEM:RE",
	  "event-name" },
	{ OPT_CHECK_EVENTS, "check-events", OPT_NONE, "status 22 if a format cannot be parsed" },
	{ OPT_PROFILE, "profile", OPT_NONE, "show where tasks spend their time, instead of events" },
	{ 'G', NULL, OPT_NONE, "with --profile: interrupts are their CPUs', not the tasks'" },
	{ 'H', NULL, OPT_REQUIRED, "with --profile: measure the time between two events:\n"
				   "[SYS:]EVENT,MATCH[,PID]/[SYS:]EVENT,MATCH[,FLAGS]", "text" },
	{ OPT_BY_COMM, "by-comm", OPT_NONE, "with --profile: tasks of a name together" },
	{ OPT_CPUS, "cpus", OPT_NONE, "show the CPUs that have data" },
	{ OPT_FIRST, "first-event", OPT_NONE, "and when their first event was" },
	{ OPT_LAST, "last-event", OPT_NONE, "and when their last event was" },
	{ OPT_STAT, "stat", OPT_NONE, "show the kernel's statistics at the end of recording" },
	{ OPT_UNAME, "uname", OPT_NONE, "show the machine that recorded" },
	{ OPT_VERSION, "version", OPT_NONE, "show the version of the program that recorded" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

/* What the command line says besides the plan. */
struct report_args {
	struct report_plan plan;
	bool hide;		/* -v was given */
	bool formats;		/* --events, --event */
	struct strings format_patterns;
	struct err err;
};

static int out_of_memory(void)
{
	return cmd_fail(ENOMEM, "out of memory");
}

/* The mode that option @id stands for, 0 if it isn't one. */
static unsigned int option_mode(int id)
{
	static const struct { int id; unsigned int mode; } modes[] = {
		{ 'e', REPORT_ENDIAN }, { 'p', REPORT_PAGE_SIZE }, { 'f', REPORT_FUNCTIONS },
		{ 'P', REPORT_PRINTK }, { 'E', REPORT_EVENT_NAMES }, { 'T', REPORT_FILTER_TEST },
		{ OPT_CHECK_EVENTS, REPORT_CHECK_EVENTS }, { OPT_CPUS, REPORT_CPUS },
		{ OPT_FIRST, REPORT_FIRST_EVENT }, { OPT_LAST, REPORT_LAST_EVENT },
		{ OPT_STAT, REPORT_STAT }, { OPT_UNAME, REPORT_UNAME },
		{ OPT_VERSION, REPORT_VERSION },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		if (modes[i].id == id)
			return modes[i].mode;
	}
	return 0;
}

/* The switch that option @id turns on, NULL if it isn't one. */
static bool *option_switch(struct report_plan *plan, int id)
{
	switch (id) {
	case 'I': return &plan->hide_hardirq;
	case 'S': return &plan->hide_softirq;
	case 'l': return &plan->line.latency;
	case 't': return &plan->line.nsec;
	case 'R': return &plan->line.raw_fields;
	case 'N': return &plan->no_plugins;
	case 'L': return &plan->no_system_plugins;
	case 'w': return &plan->wakeup;
	case 'q': return &plan->quiet;
	case OPT_TS_DIFF: return &plan->line.ts_diff;
	case OPT_RAW_TS: return &plan->line.raw_ts;
	case OPT_TS_CHECK: return &plan->ts_check;
	case OPT_TS_UNCERTAIN: return &plan->line.ts_uncertain;
	case OPT_BOUNDARY: return &plan->boundary;
	case OPT_DEBUG: return &plan->debug;
	case OPT_NODATE: return &plan->no_date;
	case OPT_ALIGN_TS: return &plan->align_ts;
	case OPT_SUMMARY: return &plan->summary;
	case OPT_FAIL_ON_LOST: return &plan->fail_on_lost;
	case OPT_PROFILE: return &plan->profile;
	case OPT_BY_COMM: return &plan->profile_by_comm;
	case 'G': return &plan->profile_irqs_global;
	default: return NULL;
	}
}

static int option_compat(struct report_plan *plan, const char *version)
{
	bool old = !strncmp(version, "3.1", 3) && (!version[3] || version[3] == '.');

	if (!old && strcmp(version, "3.4"))
		return cmd_fail(0, "--compat: '%s' is none of 3.1, 3.4", version);
	plan->line.flags = !old;
	plan->line.old_raw = old;
	plan->calls_parted = old;
	plan->hides_losses = old;
	plan->stacks_stay = old;
	plan->no_args = old;
	return 0;
}

static int option_format(struct report_plan *plan, const char *name)
{
	static const char *const names[] = { "text", "json", "csv" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(name, names[i])) {
			plan->format = i;
			return 0;
		}
	}
	return cmd_fail(0, "--format: '%s' is none of text, json, csv", name);
}

static int option_limit(struct report_plan *plan, const char *text)
{
	long long limit;

	if (opt_number(text, 1, INT64_MAX, &limit))
		return cmd_fail(0, "--limit: '%s' is no number of events", text);
	plan->limit = limit;
	return 0;
}

static int option_jobs(struct report_plan *plan, const char *text)
{
	long long jobs;

	if (opt_number(text, 1, CREW_MAX, &jobs))
		return cmd_fail(0, "-j: '%s' is no number of threads from 1 to %d", text, CREW_MAX);
	plan->jobs = jobs;
	return 0;
}

static int option_ts_offset(struct report_plan *plan, const char *text)
{
	long long offset;
	char *end;

	if (!plan->nr_inputs)
		return cmd_fail(0, "--ts-offset must come after -i");
	errno = 0;
	offset = strtoll(text, &end, 0);
	if (errno || end == text || *end)
		return cmd_fail(0, "--ts-offset: '%s' is no number of nanoseconds", text);
	plan->inputs[plan->nr_inputs - 1].ts_offset += offset;
	return 0;
}

static int option_hz(struct report_plan *plan, const char *text)
{
	long long hz;

	if (opt_number(text, 1, INT64_MAX, &hz))
		return cmd_fail(0, "--ts2secs: '%s' is no frequency in Hz", text);
	if (plan->nr_inputs)
		plan->inputs[plan->nr_inputs - 1].hz = hz;
	else
		plan->hz = hz;
	return 0;
}

/* -O [PLUGIN:]VAR[=VALUE] */
static int option_plugin(const char *text)
{
	_cleanup_free_ char *name = strdup(text);
	char *value;

	if (!name)
		return out_of_memory();
	value = strchr(name, '=');
	if (value)
		*value++ = '\0';
	if (tep_plugin_add_option(name, value))
		return cmd_fail(0, "-O: cannot set the plugin option '%s'", text);
	return 0;
}

static int option_verbosity(struct report_plan *plan, const char *text)
{
	plan->verbosity = opt_verbosity(text);
	if (plan->verbosity < 0)
		return cmd_fail(0, "invalid verbose level %s", text);
	return 0;
}

/* Options with an argument. 0; -errno, perhaps with a message in a->err; an exit status. */
static int option_value(struct report_args *a, int id, const char *arg)
{
	struct report_plan *plan = &a->plan;

	switch (id) {
	case 'i': return plan_add_input(plan, arg);
	case 'F': return plan_add_filter(plan, arg, a->hide);
	case 'r': return strings_add_pattern(&plan->raw_events, "-r", false, arg, &a->err);
	case 'n': return strings_add_pattern(&plan->plain_events, "-n", false, arg, &a->err);
	case 'O': return option_plugin(arg);
	case 'V':
	case OPT_VERBOSE: return option_verbosity(plan, arg);
	case OPT_COMPAT: return option_compat(plan, arg);
	case OPT_TS_OFFSET: return option_ts_offset(plan, arg);
	case OPT_TS2SECS: return option_hz(plan, arg);
	case OPT_KALLSYMS: return plan_set_kallsyms(plan, arg);
	case OPT_COMM: return plan_add_comms(plan, arg);
	case OPT_PID: return plan_add_pids(plan, arg, &a->err);
	case OPT_CPU: return plan_add_cpus(plan, arg, &a->err);
	case OPT_FORMAT: return option_format(plan, arg);
	case 'j': return option_jobs(plan, arg);
	case OPT_LIMIT: return option_limit(plan, arg);
	case OPT_FIELDS: return plan_add_fields(plan, arg, &a->err);
	case OPT_FROM: return plan_set_time(&plan->from, "--from", arg, &a->err);
	case OPT_TO: return plan_set_time(&plan->to, "--to", arg, &a->err);
	case 'H': return hooks_add(&plan->hooks, arg, &a->err);
	case OPT_EVENT:
		return strings_add_pattern(&a->format_patterns, "--event", true, arg, &a->err);
	default: return usage("report");
	}
}

/* One option. 0 or an exit status after a message. */
static int report_option(struct report_args *a, int id, const char *arg)
{
	unsigned int mode = option_mode(id);
	bool *on = option_switch(&a->plan, id);
	int ret;

	if (mode || on) {
		a->plan.modes |= mode;
		if (on)
			*on = true;
		return 0;
	}
	if (id == 'v') {
		if (a->hide)
			return cmd_fail(0, "Only 1 -v can be used");
		a->hide = true;
		return 0;
	}
	if (id == OPT_EVENTS || id == OPT_EVENT)
		a->formats = true;
	if (id == OPT_EVENTS)
		return 0;
	ret = option_value(a, id, arg);
	if (ret == -ENOMEM)
		return out_of_memory();
	if (ret < 0) {
		a->err.code = 0;
		return cmd_fail_err(0, &a->err);
	}
	return ret;
}

/* The files named without -i, or the default one. */
static int report_files(struct report_plan *plan, int argc, char **argv, int first)
{
	int i;

	if (first < argc && plan->nr_inputs)
		return usage_why("report", "unexpected argument '%s': the files are named with -i", argv[first]);
	for (i = first; i < argc; i++) {
		if (plan_add_input(plan, argv[i]))
			return out_of_memory();
	}
	if (!plan->nr_inputs && plan_add_input(plan, "trace.dat"))
		return out_of_memory();
	return 0;
}

/* What can't go together. */
static int report_check(const struct report_plan *plan)
{
	if (plan->wakeup && !plan_is_for_people(plan))
		return cmd_fail(0, "-w needs lines of text: not with --format, --fields or --summary");
	if ((plan->boundary || plan->debug) && (!plan_is_for_people(plan) || plan->profile))
		return cmd_fail(0, "--boundary and --debug need lines of events: "
				"not with --format, --fields, --summary or --profile");
	if (plan->profile && (!plan_is_for_people(plan) || plan->wakeup))
		return cmd_fail(0, "--profile goes with none of --format, --fields, --summary, -w");
	if (plan->summary && plan->format == FORMAT_CSV)
		return cmd_fail(0, "--summary is text or json, not csv");
	if (plan->summary && plan->fields.count)
		return cmd_fail(0, "--fields chooses columns of events, --summary shows none");
	return 0;
}

static int report_parse(struct report_args *a, int argc, char **argv)
{
	struct optparse p;
	int id, ret = 0;

	if (opt_init(&p, argc, argv))
		return out_of_memory();
	while (!ret && (id = opt_next(&p)) >= 0)
		ret = report_option(a, id, p.arg);
	if (!ret)
		ret = report_files(&a->plan, argc, argv, opt_rest(&p));
	if (!ret)
		ret = report_check(&a->plan);
	a->plan.boundary |= a->plan.debug;
	opt_release(&p);
	return ret;
}

/* A log_level as libtraceevent's. */
static void set_verbosity(const struct report_plan *plan)
{
	int level = plan->verbosity >= 0 ? plan->verbosity : plan->quiet ? LOG_NONE : LOG_ERR;

	log_set_level(level);
	tracecmd_set_loglevel((enum tep_loglevel)level);
}

/* --events: the formats' texts, which the public library does not have. */
static int report_formats(struct report_args *a)
{
	struct dump_out out;
	unsigned int i;
	int written, ret = 0;

	if (dump_out_open(&out, STDOUT_FILENO))
		return out_of_memory();
	for (i = 0; !ret && i < a->plan.nr_inputs; i++)
		ret = formats_print(a->plan.inputs[i].path, a->format_patterns.item,
				    a->format_patterns.count, out.file, &a->err);
	written = dump_out_close(&out);
	if (written)
		return cmd_fail(written, "writing to the standard output");
	return ret ? cmd_fail_err(-ret, &a->err) : 0;
}

static int report_do(struct report_args *a)
{
	int ret;

	set_verbosity(&a->plan);
	if (a->formats)
		return report_formats(a);
	ret = report_run(&a->plan, &a->err);
	return ret ? cmd_fail_err(-ret, &a->err) : 0;
}

int cmd_report(int argc, char **argv)
{
	struct report_args a = { .hide = false };
	struct fgraph_options fgraph;
	int ret;

	report_plan_init(&a.plan);
	fgraph_options_add(&fgraph);
	ret = report_parse(&a, argc, argv);
	a.plan.fgraph = fgraph_options_get(&fgraph);
	if (!ret)
		ret = report_do(&a);
	strings_release(&a.format_patterns);
	report_plan_release(&a.plan);
	fgraph_options_remove(&fgraph);
	return ret;
}
