/*
 * trace-record.c - the record command: options to plan, plan to session. Layer 6.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "commands.h"
#include "file-options.h"
#include "message.h"
#include "record-options.h"
#include "session/record.h"
#include "wire/ptp.h"

enum {
	OPT_NAME = OPT_LONG, OPT_TSYNC_INTERVAL, OPT_TSYNC_PER_CPU, OPT_NO_TSYNC_PER_CPU,
	OPT_TSYNC_METHOD, OPT_TSYNC_STAMP, OPT_TSYNC_DEBUG, OPT_TSYNC_LAYOUT, OPT_COMPRESSION,
	OPT_FILE_VERSION, OPT_DATE, OPT_TS_OFFSET, OPT_TEMP, OPT_NOSPLICE, OPT_NO_FILTER,
	OPT_VERBOSE,
};

const struct opt_spec record_options[] = {
	{ 'e', NULL, OPT_REQUIRED, "enable EVENT: SYSTEM:EVENT, SYSTEM, EVENT, all; globs are allowed" },
	{ 'f', NULL, OPT_REQUIRED, "kernel filter for the events of the -e before it" },
	{ 'v', NULL, OPT_NONE, "disable the events of the -e options that follow" },
	{ 'i', NULL, OPT_NONE, "unknown events are no error" },
	{ 'a', NULL, OPT_NONE, "store the formats of all events" },
	{ 'p', NULL, OPT_REQUIRED, "tracer" },
	{ 'C', NULL, OPT_REQUIRED, "trace clock" },
	{ 'O', NULL, OPT_REQUIRED, "set a trace option (or clear it: noOPTION)" },
	{ 'T', NULL, OPT_NONE, "store a stack trace with each event" },
	{ 'b', NULL, OPT_REQUIRED, "size of the ring buffer of each CPU, in KB" },
	{ 'B', NULL, OPT_REQUIRED, "trace in the instance NAME; the options after it are its own" },
	{ 'o', NULL, OPT_REQUIRED, "output file (trace.dat)" },
	{ OPT_TEMP, "temp", OPT_REQUIRED, "directory for the data of each CPU while recording" },
	{ OPT_FILE_VERSION, "file-version", OPT_REQUIRED, "version of the file to write: 6 or 7" },
	{ OPT_COMPRESSION, "compression", OPT_REQUIRED, "none, zlib, zstd, or any" },
	{ OPT_DATE, "date", OPT_NONE, "store how to turn timestamps into the time of day" },
	{ OPT_TS_OFFSET, "ts-offset", OPT_REQUIRED, "store an offset for all timestamps" },
	{ 's', NULL, OPT_REQUIRED, "longest sleep of a recorder, in microseconds" },
	{ 'r', NULL, OPT_REQUIRED, "real-time priority of the recorders" },
	{ OPT_NOSPLICE, "nosplice", OPT_NONE, "read the ring buffer instead of splicing it" },
	{ OPT_NO_FILTER, "no-filter", OPT_NONE, "trace our own threads, too" },
	{ 'k', NULL, OPT_NONE, "leave tracing set up at the end" },
	{ 'q', "quiet", OPT_NONE, "print no sizes" },
	{ 'A', NULL, OPT_REQUIRED, "record the guest with that agent, too: HOST:PORT, CID[:PORT],\n"
	  "NAME[@CID][:PORT]; the options after it are the guest's" },
	{ OPT_NAME, "name", OPT_REQUIRED, "name of the guest of the -A before it" },
	{ OPT_TSYNC_INTERVAL, "tsync-interval", OPT_REQUIRED,
	  "compare clocks every MS milliseconds; 0: at start and end, -1: never" },
	{ OPT_TSYNC_PER_CPU, "tsync-per-cpu", OPT_NONE, "compare clocks for each CPU" },
	{ OPT_NO_TSYNC_PER_CPU, "no-tsync-per-cpu", OPT_NONE, "compare clocks once for all CPUs" },
	{ OPT_TSYNC_METHOD, "tsync-method", OPT_REQUIRED,
	  "offset from the fastest response (fastest) or from the histogram of all (histogram)" },
	{ OPT_TSYNC_STAMP, "tsync-stamp", OPT_REQUIRED,
	  "stamp probes by ftrace marker (marker) or by clock (mono_raw; needs -C mono_raw)" },
	{ OPT_TSYNC_DEBUG, "tsync-debug", OPT_REQUIRED, "directory for files with all probes" },
	{ OPT_TSYNC_LAYOUT, "tsync-layout", OPT_REQUIRED,
	  "layout of TimeShift in the file: current or fork" },
	{ OPT_VERBOSE, "verbose", OPT_OPTIONAL, "say more: none, crit, err, warn, info, debug, all" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

/* What the parser knows besides the plan. */
struct parse {
	struct plan *plan;
	struct setup_conf *instance;	/* current -B, or the top one */
	struct setup_event *event;	/* last -e */
	struct plan_guest *guest;	/* current -A: options go there */
	bool agent;
	bool inverse;			/* -v */
	bool output_given;
	struct err *err;
};

/* Largest buffer of a CPU that a host may ask an agent for, KB. */
#define AGENT_BUFFER_KB_MAX	(1 << 20)

#define refuse(x, ...) (err_set((x)->err, 0, __VA_ARGS__), -EINVAL)

static int set_text(char **to, const char *text)
{
	free(*to);
	*to = strdup(text);
	return *to ? 0 : -ENOMEM;
}

static int add_event(struct parse *x, const char *name)
{
	struct setup_conf *c = x->instance;
	struct setup_event *more = reallocarray(c->events, c->nr_events + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	c->events = more;
	x->event = &more[c->nr_events];
	*x->event = (struct setup_event){ .name = strdup(name), .disable = x->inverse };
	if (!x->event->name)
		return -ENOMEM;
	c->nr_events++;
	return 0;
}

/* Several filters of one event hold together. */
static int add_filter(struct parse *x, const char *filter)
{
	char *both;

	if (!x->event)
		return refuse(x, "filter must come after event");
	if (!x->event->filter)
		return set_text(&x->event->filter, filter);
	if (asprintf(&both, "(%s)&&(%s)", x->event->filter, filter) < 0)
		return -ENOMEM;
	free(x->event->filter);
	x->event->filter = both;
	return 0;
}

static int add_option(struct parse *x, const char *name)
{
	struct setup_conf *c = x->instance;
	char **more = reallocarray(c->options, c->nr_options + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	c->options = more;
	more[c->nr_options] = strdup(name);
	if (!more[c->nr_options])
		return -ENOMEM;
	c->nr_options++;
	x->instance->used = true;
	return 0;
}

static int set_tracer(struct parse *x, const char *name)
{
	_cleanup_free_ char *trimmed = strdup(name + strspn(name, " \t"));

	if (!trimmed)
		return -ENOMEM;
	trimmed[strcspn(trimmed, " \t")] = 0;
	if (x->instance->tracer)
		return refuse(x, "only one plugin allowed");
	return set_text(&x->instance->tracer, trimmed);
}

static int set_clock(struct parse *x, const char *name)
{
	int i;

	/* the first clock is every instance's, until they name their own */
	for (i = 0; i < x->plan->nr_instances; i++) {
		if (!x->plan->instances[i].clock && set_text(&x->plan->instances[i].clock, name))
			return -ENOMEM;
	}
	return set_text(&x->instance->clock, name);
}

static int set_number(struct parse *x, const char *option, const char *text, long long min,
		      long long max, int *ret)
{
	long long v;

	if (opt_number(text, min, max, &v))
		return refuse(x, "%s: '%s' is no number from %lld to %lld", option, text, min, max);
	*ret = v;
	return 0;
}

static int set_compression(struct parse *x, const char *name)
{
	return file_compression(name, &x->plan->zip, x->err) ? -EINVAL : 0;
}

static int set_version(struct parse *x, const char *text)
{
	return file_version(text, &x->plan->file_version, x->err) ? -EINVAL : 0;
}

/* -B NAME: the instance of that name, a new one if it wasn't named before. */
static int choose_instance(struct parse *x, const char *name)
{
	const char *clock = x->plan->instances[0].clock;
	int i;

	if (x->agent)
		return refuse(x, "-B is incompatible with agent recording");
	if (!*name || strchr(name, '/') || name[0] == '.')
		return refuse(x, "'%s' is no name for an instance", name);
	x->guest = NULL;
	x->inverse = false;
	for (i = 1; i < x->plan->nr_instances; i++) {
		x->instance = &x->plan->instances[i];
		if (!strcmp(x->instance->name, name))
			return 0;
	}
	x->instance = plan_add_instance(x->plan, name);
	if (!x->instance)
		return -ENOMEM;
	return clock ? set_text(&x->instance->clock, clock) : 0;
}

/* --- options of time synchronisation ----------------------------------------- */

static int set_choice(struct parse *x, const char *option, const char *text, const char *on,
		      const char *off, uint32_t flag)
{
	struct plan_tsync *t = &x->plan->tsync;

	if (strcmp(text, on) && strcmp(text, off))
		return refuse(x, "--%s: '%s' is neither %s nor %s", option, text, on, off);
	t->chosen = true;
	t->ptp_flags = strcmp(text, on) ? t->ptp_flags & ~flag : t->ptp_flags | flag;
	return 0;
}

static int tsync_option(struct parse *x, int id, const char *arg)
{
	struct plan_tsync *t = &x->plan->tsync;

	switch (id) {
	case OPT_TSYNC_INTERVAL:
		return set_number(x, "--tsync-interval", arg, -1, 3600000, &t->interval_ms);
	case OPT_TSYNC_PER_CPU:
	case OPT_NO_TSYNC_PER_CPU:
		t->per_cpu = id == OPT_TSYNC_PER_CPU;
		return 0;
	case OPT_TSYNC_METHOD:
		return set_choice(x, "tsync-method", arg, "fastest", "histogram",
				  PTP_FLAG_FASTEST_RESPONSE);
	case OPT_TSYNC_STAMP:
		return set_choice(x, "tsync-stamp", arg, "marker", "mono_raw",
				  PTP_FLAG_USE_MARKER);
	case OPT_TSYNC_DEBUG:
		return set_text(&t->debug_dir, arg);
	default: /* OPT_TSYNC_LAYOUT */
		if (strcmp(arg, "fork") && strcmp(arg, "current"))
			return refuse(x, "--tsync-layout: '%s' is neither current nor fork", arg);
		t->layout = strcmp(arg, "fork") ? TIMESHIFT_CURRENT : TIMESHIFT_FORK;
		return 0;
	}
}

/* --- the rest ------------------------------------------------------------------ */

static int output_option(struct parse *x, int id, const char *arg)
{
	if (x->agent && id != OPT_DATE && id != OPT_TS_OFFSET && id != OPT_FILE_VERSION &&
	    id != OPT_COMPRESSION)
		return refuse(x, "-o incompatible with agent recording");
	switch (id) {
	case 'o':
		if (x->output_given)
			return refuse(x, "only one output file allowed");
		x->output_given = true;
		return set_text(&x->plan->output, arg);
	case OPT_TEMP:
		return set_text(&x->plan->temp_dir, arg);
	case OPT_FILE_VERSION:
		return set_version(x, arg);
	case OPT_COMPRESSION:
		return set_compression(x, arg);
	case OPT_DATE:
		x->plan->date = true;
		break;
	default: /* OPT_TS_OFFSET */
		if (set_text(&x->plan->ts_offset, arg))
			return -ENOMEM;
	}
	if (x->plan->date && x->plan->ts_offset)
		return refuse(x, "Can not use both --date and --ts-offset");
	return 0;
}

static int what_option(struct parse *x, int id, const char *arg)
{
	switch (id) {
	case 'e':
		return add_event(x, arg);
	case 'f':
		return add_filter(x, arg);
	case 'p':
		return set_tracer(x, arg);
	case 'C':
		return set_clock(x, arg);
	case 'O':
		return add_option(x, arg);
	case 'T':
		return add_option(x, "stacktrace");
	case 'b':
		return set_number(x, "-b: buffer size must be positive", arg, 1,
				  x->agent ? AGENT_BUFFER_KB_MAX : 1 << 30, &x->instance->buffer_kb);
	default: /* 'B' */
		return choose_instance(x, arg);
	}
}

static int how_option(struct parse *x, int id, const char *arg)
{
	int level;

	/* a host traces here; how our threads run and what stays behind is not its business */
	if (x->agent && (id == 'k' || id == 'r'))
		return refuse(x, "-%c is incompatible with agent recording", id);
	switch (id) {
	case 'v':
		x->inverse = true;
		return 0;
	case 'i':
		x->plan->ignore_unknown = true;
		return 0;
	case 'a':
		x->plan->all_formats = true;
		return 0;
	case 's':
		return set_number(x, "-s", arg, 0, 60000000, &x->plan->sleep_us);
	case 'r':
		return set_number(x, "-r", arg, 1, 99, &x->plan->fifo_priority);
	case 'k':
		x->plan->keep = true;
		return 0;
	case 'q':
		x->plan->quiet = true;
		return 0;
	case OPT_NOSPLICE:
		x->plan->no_splice = true;
		return 0;
	case OPT_NO_FILTER:
		x->plan->no_filter = true;
		return 0;
	default: /* OPT_VERBOSE */
		level = opt_verbosity(arg);
		if (level < 0)
			return refuse(x, "invalid verbose level %s", arg);
		log_set_level(level);
		return 0;
	}
}

static int local_option(struct parse *x, int id, const char *arg)
{
	if (id == 'A' || (x->agent && (id == OPT_NAME || id == OPT_TSYNC_DEBUG)))
		return refuse(x, "-A and its like are incompatible with agent recording");
	if (id >= OPT_TSYNC_INTERVAL && id <= OPT_TSYNC_LAYOUT)
		return tsync_option(x, id, arg);
	if (strchr("efpCOTbB", id < OPT_LONG ? id : 1))
		return what_option(x, id, arg);
	if (id == 'o' || id == OPT_TEMP || (id >= OPT_COMPRESSION && id <= OPT_TS_OFFSET))
		return output_option(x, id, arg);
	return how_option(x, id, arg);
}

/* Everything after -A belongs to that guest, as it was written. */
static int guest_option(struct parse *x, const struct optparse *o, int id)
{
	const struct opt_spec *spec = record_options;
	bool joined;
	char word[128];
	int ret;

	while (spec->id != id)
		spec++;
	/* as a word of its own an optional argument would be taken for a command */
	joined = spec->arg == OPT_OPTIONAL && o->arg;
	if (id < OPT_LONG)
		snprintf(word, sizeof(word), "-%c%s", id, joined ? o->arg : "");
	else
		snprintf(word, sizeof(word), "--%s%s%s", spec->name, joined ? "=" : "",
			 joined ? o->arg : "");
	ret = plan_guest_add_arg(x->guest, word);
	if (!ret && o->arg && !joined)
		ret = plan_guest_add_arg(x->guest, o->arg);
	return ret;
}

static int one_option(struct parse *x, const struct optparse *o, int id)
{
	if (id == 'A' && !x->agent) {
		x->guest = plan_add_guest(x->plan, o->arg);
		return x->guest ? 0 : refuse(x, "more than %d guests", PLAN_MAX_GUESTS);
	}
	if (id == OPT_NAME && !x->agent) {
		if (!x->guest)
			return refuse(x, "--name is only used for -A options");
		if (!*o->arg || strchr(o->arg, '/') || o->arg[0] == '.' || strlen(o->arg) > 64)
			return refuse(x, "--name: '%s' cannot be part of a file name", o->arg);
		return set_text(&x->guest->name, o->arg);
	}
	if (x->guest && id != 'B')
		return guest_option(x, o, id);
	return local_option(x, id, o->arg);
}

/* Stamps by clock are times of mono_raw only if the trace is in mono_raw, too. */
static int check_stamps(struct parse *x)
{
	const char *clock = x->plan->instances[0].clock;
	int i;

	for (i = 1; !clock && i < x->plan->nr_instances; i++)
		clock = x->plan->instances[i].clock;
	if ((!x->plan->nr_guests && !x->agent) || !x->plan->tsync.chosen ||
	    x->plan->tsync.ptp_flags & PTP_FLAG_USE_MARKER ||
	    (clock && !strcmp(clock, "mono_raw")))
		return 0;
	return refuse(x, "--tsync-stamp mono_raw compares CLOCK_MONOTONIC_RAW, but the trace uses the clock '%s': add -C mono_raw",
		      clock ? clock : "local");
}

int record_parse(int argc, char **argv, bool agent, struct plan *p, struct err *err)
{
	struct parse x = { .plan = p, .agent = agent, .err = err };
	struct optparse o;
	int id, ret;

	ret = opt_init(&o, argc, argv);
	if (ret)
		return ret;
	x.instance = &p->instances[0];
	while (!ret && (id = opt_next(&o)) != -1) {
		if (id == '?' || (id == 'h' && !x.guest))
			ret = -EINVAL;
		else
			ret = one_option(&x, &o, id);
	}
	if (!ret && opt_rest(&o) < argc) {
		if (agent) {
			ret = refuse(&x, "an agent runs no commands");
		} else {
			p->command = calloc(argc - opt_rest(&o) + 1, sizeof(*p->command));
			if (p->command)
				memcpy(p->command, argv + opt_rest(&o),
				       (argc - opt_rest(&o)) * sizeof(*p->command));
			else
				ret = -ENOMEM;
		}
	}
	if (!ret)
		ret = check_stamps(&x);
	opt_release(&o);
	return ret;
}

int cmd_record(int argc, char **argv)
{
	struct err err = { 0 };
	struct plan p;
	int ret;

	ret = plan_init(&p);
	if (!ret)
		ret = record_parse(argc, argv, false, &p, &err);
	if (ret)
		ret = err.text[0] || ret != -EINVAL ? cmd_fail_err(ret, &err) : usage("record");
	else
		ret = session_record(&p);
	plan_release(&p);
	return ret;
}
