/*
 * trace-show.c - the commands show, snapshot and stack: files of tracefs, as they are.
 * Layer 6.
 */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "choose.h"
#include "commands.h"
#include "message.h"
#include "state/show.h"

enum {
	OPT_HIST = OPT_LONG, OPT_TRIGGER, OPT_TRACING_ON, OPT_CURRENT_TRACER, OPT_BUFFER_SIZE,
	OPT_BUFFER_TOTAL_SIZE, OPT_SUBBUF_SIZE, OPT_BUFFER_PERCENT, OPT_FTRACE_FILTER,
	OPT_FTRACE_NOTRACE, OPT_FTRACE_PID, OPT_GRAPH_FUNCTION, OPT_GRAPH_NOTRACE, OPT_CPUMASK,
	OPT_MAX_LATENCY, OPT_START, OPT_STOP, OPT_RESET,
};

const struct opt_spec show_options[] = {
	{ 'p', NULL, OPT_NONE, "trace_pipe: live, and what was shown is gone" },
	{ 's', NULL, OPT_NONE, "the snapshot" },
	{ 'c', NULL, OPT_REQUIRED, "of that CPU only", "cpu" },
	{ 'B', NULL, OPT_REQUIRED, "of the instance NAME; comes before options that name a file",
	  "instance" },
	{ 'f', NULL, OPT_NONE, "print the path of the trace first" },
	{ OPT_HIST, "hist", OPT_REQUIRED, "the histograms of an event, [SYSTEM:]EVENT", "event" },
	{ OPT_TRIGGER, "trigger", OPT_REQUIRED, "the triggers of an event, [SYSTEM:]EVENT",
	  "event" },
	{ OPT_TRACING_ON, "tracing_on", OPT_NONE, "whether the buffer takes events" },
	{ OPT_CURRENT_TRACER, "current_tracer", OPT_NONE, "the tracer" },
	{ OPT_BUFFER_SIZE, "buffer_size", OPT_NONE, "KB of the buffer of each CPU" },
	{ OPT_BUFFER_TOTAL_SIZE, "buffer_total_size", OPT_NONE, "KB of the buffers of all CPUs" },
	{ OPT_SUBBUF_SIZE, "buffer_subbuf_size", OPT_NONE, "KB of a sub-buffer" },
	{ OPT_BUFFER_PERCENT, "buffer_percent", OPT_NONE, "how full it is when readers are woken" },
	{ OPT_FTRACE_FILTER, "ftrace_filter", OPT_NONE, "functions that are traced" },
	{ OPT_FTRACE_NOTRACE, "ftrace_notrace", OPT_NONE, "functions that are not" },
	{ OPT_FTRACE_PID, "ftrace_pid", OPT_NONE, "pids whose functions are traced" },
	{ OPT_GRAPH_FUNCTION, "graph_function", OPT_NONE, "functions that are graphed" },
	{ OPT_GRAPH_NOTRACE, "graph_notrace", OPT_NONE, "functions that are not" },
	{ OPT_CPUMASK, "cpumask", OPT_NONE, "CPUs that are traced" },
	{ OPT_MAX_LATENCY, "max_latency", OPT_NONE, "the largest latency seen" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};
const struct opt_spec snapshot_options[] = {
	{ 's', NULL, OPT_NONE, "take a snapshot of the buffer" },
	{ 'r', NULL, OPT_NONE, "empty the snapshot" },
	{ 'f', NULL, OPT_NONE, "free the snapshot" },
	{ 'B', NULL, OPT_REQUIRED, "of the instance NAME", "instance" },
	{ 'c', NULL, OPT_REQUIRED, "of that CPU only", "cpu" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};
const struct opt_spec stack_options[] = {
	{ OPT_START, "start", OPT_NONE, "switch the stack tracer on" },
	{ OPT_STOP, "stop", OPT_NONE, "switch it off" },
	{ OPT_RESET, "reset", OPT_NONE, "forget the largest stack" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

/* The file that a long option of show names, NULL: none. */
static const char *option_file(int id)
{
	static const struct { int id; const char *file; } files[] = {
		{ OPT_TRACING_ON, "tracing_on" }, { OPT_CURRENT_TRACER, "current_tracer" },
		{ OPT_BUFFER_SIZE, "buffer_size_kb" },
		{ OPT_BUFFER_TOTAL_SIZE, "buffer_total_size_kb" },
		{ OPT_SUBBUF_SIZE, "buffer_subbuf_size_kb" },
		{ OPT_BUFFER_PERCENT, "buffer_percent" }, { OPT_FTRACE_FILTER,
	  "set_ftrace_filter" },
		{ OPT_FTRACE_NOTRACE, "set_ftrace_notrace" }, { OPT_FTRACE_PID, "set_ftrace_pid" },
		{ OPT_GRAPH_FUNCTION, "set_graph_function" },
		{ OPT_GRAPH_NOTRACE, "set_graph_notrace" }, { OPT_CPUMASK, "tracing_cpumask" },
		{ OPT_MAX_LATENCY, "tracing_max_latency" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		if (files[i].id == id)
			return files[i].file;
	return NULL;
}

struct show {
	struct choose choose;
	struct show_plan plan;
	const char *snapshot;	/* what to write to the snapshot */
	bool done;		/* something was printed already */
};

/* The buffer named so far. NULL after a message, whose exit status is in @ret. */
static const struct selected *buffer(struct show *s, int *ret)
{
	struct err err = { 0 };
	int error;

	if (!s->choose.sel.count) {
		error = selection_add(&s->choose.sel, NULL, &err);
		if (error) {
			*ret = cmd_fail_err(-error, &err);
			return NULL;
		}
		/* an instance named later replaces it */
		s->choose.named = false;
	}
	return &s->choose.sel.item[s->choose.sel.count - 1];
}

static int option_cpu(struct show *s, const char *arg)
{
	long long cpu;

	if (s->plan.cpu >= 0)
		return cmd_fail(0, "Can only show one CPU at a time");
	if (opt_number(arg, 0, 1 << 20, &cpu))
		return cmd_fail(0, "Invalid CPU index '%s'", arg);
	s->plan.cpu = cpu;
	return 0;
}

static int option_buffer(struct show *s, const char *arg)
{
	if (s->choose.named)
		return cmd_fail(0, "Can only show one buffer at a time");
	return choose_option(&s->choose, 'B', arg);
}

/* Options that print at once. */
static int option_print(struct show *s, int id, const char *arg)
{
	const char *file = option_file(id);
	struct err err = { 0 };
	int ret = 0;
	const struct selected *b = buffer(s, &ret);

	if (!b)
		return ret;
	s->done = true;
	ret = file ? show_file(b, file, &err) :
		     show_event(b, arg, id == OPT_HIST ? "hist" : "trigger", &err);
	return ret ? cmd_fail_err(-ret, &err) : 0;
}

static int show_option(struct show *s, int id, const char *arg)
{
	const char *file = id == 'p' ? "trace_pipe" : "snapshot";

	switch (id) {
	case 'B':
		return option_buffer(s, arg);
	case 'c':
		return option_cpu(s, arg);
	case 'f':
		s->plan.path = true;
		return 0;
	case 'p':
	case 's':
		if (strcmp(s->plan.file, "trace") && strcmp(s->plan.file, file))
			return cmd_fail(0, "Can not have -s and -p together");
		s->plan.file = file;
		return 0;
	case 'h':
	case '?':
		return usage("show");
	default:
		return option_print(s, id, arg);
	}
}

static int snapshot_option(struct show *s, int id, const char *arg)
{
	const char *value = id == 's' ? "1" : id == 'r' ? "2" : "0";

	switch (id) {
	case 'B':
		return option_buffer(s, arg);
	case 'c':
		return option_cpu(s, arg);
	case 's':
	case 'r':
	case 'f':
		if (s->snapshot && strcmp(s->snapshot, value))
			return cmd_fail(0, "can't take snapshot and free it at the same time");
		s->snapshot = value;
		return 0;
	default:
		return usage("snapshot");
	}
}

static int parse(struct show *s, int argc, char **argv,
		 int (*option)(struct show *s, int id, const char *arg))
{
	struct optparse p;
	int id, ret = 0;

	if (opt_init(&p, argc, argv))
		return cmd_fail(ENOMEM, "out of memory");
	while (!ret && (id = opt_next(&p)) >= 0)
		ret = option(s, id, p.arg);
	if (!ret)
		ret = choose_no_words(&p);
	opt_release(&p);
	return ret;
}

int cmd_show(int argc, char **argv)
{
	struct show s = { .plan = { .file = "trace", .cpu = -1 } };
	const struct selected *b;
	struct err err = { 0 };
	int ret = choose_init(&s.choose);

	if (!ret)
		ret = parse(&s, argc, argv, show_option);
	if (!ret && !s.done && (b = buffer(&s, &ret))) {
		ret = show_buffer(b, &s.plan, &err);
		if (ret)
			ret = cmd_fail_err(-ret, &err);
	}
	choose_release(&s.choose);
	return ret;
}

/* Does the kernel have snapshots at all? */
static bool has_snapshot(const struct selected *b)
{
	struct buf path = BUF_INIT;
	_cleanup_free_ char *text = NULL;

	buf_printf(&path, "%s/snapshot", b->dir);
	text = buf_take_str(&path);
	return text && !access(text, F_OK);
}

int cmd_snapshot(int argc, char **argv)
{
	struct show s = { .plan = { .file = "snapshot", .cpu = -1 } };
	const struct selected *b;
	struct err err = { 0 };
	int ret = choose_init(&s.choose);

	if (!ret)
		ret = parse(&s, argc, argv, snapshot_option);
	if (!ret && (b = buffer(&s, &ret))) {
		ret = s.snapshot ? show_snapshot_write(b, s.plan.cpu, s.snapshot, &err) :
				   show_buffer(b, &s.plan, &err);
		if (ret == -ENOENT && !has_snapshot(b))
			ret = cmd_fail(ENOENT, "Snapshot feature is not supported by this kernel");
		else if (ret)
			ret = cmd_fail_err(-ret, &err);
	}
	choose_release(&s.choose);
	return ret;
}

int cmd_stack(int argc, char **argv)
{
	struct selection sel = { 0 };
	struct err err = { 0 };
	struct optparse p;
	int id, what = 0, ret = 0;

	if (opt_init(&p, argc, argv))
		return cmd_fail(ENOMEM, "out of memory");
	while (!ret && (id = opt_next(&p)) >= 0) {
		if (id < OPT_START)
			ret = usage("stack");
		else if (what && what != id)
			ret = usage_why("stack", "--start, --stop and --reset: one at a time");
		what = id;
	}
	if (!ret)
		ret = choose_no_words(&p);
	opt_release(&p);
	if (ret)
		return ret;
	ret = selection_init(&sel, &err);
	if (!ret && what == OPT_RESET)
		ret = show_stack_reset(sel.tracing, &err);
	else if (!ret && what)
		ret = show_stack_enable(what == OPT_START, &err);
	else if (!ret)
		ret = show_stack(sel.tracing, &err);
	selection_release(&sel);
	return ret ? cmd_fail_err(-ret, &err) : 0;
}
