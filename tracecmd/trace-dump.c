/*
 * trace-dump.c - the dump command: options -> plan -> text. Layer 6.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "commands.h"
#include "dump/dump.h"
#include "dump/out.h"
#include "message.h"

enum {
	OPT_ALL = OPT_LONG, OPT_SUMMARY, OPT_HEAD_PAGE, OPT_HEAD_EVENT, OPT_FTRACE, OPT_SYSTEMS,
	OPT_EVENTS, OPT_KALLSYMS, OPT_PRINTK, OPT_CMDLINES, OPT_MODULES, OPT_OPTIONS,
	OPT_FLYRECORD, OPT_CLOCK, OPT_STRINGS, OPT_SECTIONS, OPT_COMPAT, OPT_VERBOSE,
};

const struct opt_spec dump_options[] = {
	{ 'i', NULL, OPT_REQUIRED, "the FILE to look at (trace.dat)", "file" },
	{ 'v', "validate", OPT_NONE, "parse all metadata, say whether the file is valid" },
	{ OPT_ALL, "all", OPT_NONE, "show everything below" },
	{ OPT_SUMMARY, "summary", OPT_NONE, "what is in the file (the default)" },
	{ OPT_HEAD_PAGE, "head-page", OPT_NONE, "layout of a ring buffer page" },
	{ OPT_HEAD_EVENT, "head-event", OPT_NONE, "layout of an event header" },
	{ OPT_FTRACE, "ftrace-events", OPT_NONE, "formats of ftrace's own records" },
	{ OPT_SYSTEMS, "systems", OPT_NONE, "systems and how many of their events are stored" },
	{ OPT_EVENTS, "events", OPT_NONE, "formats of events" },
	{ OPT_KALLSYMS, "kallsyms", OPT_NONE, "addresses and names of kernel symbols" },
	{ OPT_PRINTK, "printk", OPT_NONE, "formats of trace_printk()" },
	{ OPT_CMDLINES, "cmd-lines", OPT_NONE, "pids and names of tasks" },
	{ OPT_MODULES, "modules", OPT_NONE, "kernel modules" },
	{ OPT_OPTIONS, "options", OPT_NONE, "all options, decoded" },
	{ OPT_FLYRECORD, "flyrecord", OPT_NONE, "where the data of each CPU is" },
	{ OPT_CLOCK, "clock", OPT_NONE, "the trace clock" },
	{ OPT_STRINGS, "strings", OPT_NONE, "strings of a version 7 file" },
	{ OPT_SECTIONS, "sections", OPT_NONE, "sections of a version 7 file" },
	{ OPT_COMPAT, "compat", OPT_REQUIRED,
	  "3.1 or 3.4: TimeShift in --options as these releases show it", "3.1 3.4" },
	{ OPT_VERBOSE, "verbose", OPT_OPTIONAL,
	  "say more: none, crit, err, warn, info, debug, all",
	  "none crit err warn info debug all" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

/* What option @id shows, 0 if it is no such option. */
static unsigned int option_show(int id)
{
	static const struct { int id; unsigned int show; } shows[] = {
		{ 'v', DUMP_VALIDATE }, { OPT_ALL, DUMP_ALL }, { OPT_SUMMARY, DUMP_SUMMARY },
		{ OPT_HEAD_PAGE, DUMP_HEAD_PAGE }, { OPT_HEAD_EVENT, DUMP_HEAD_EVENT },
		{ OPT_FTRACE, DUMP_FTRACE_EVENTS }, { OPT_SYSTEMS, DUMP_SYSTEMS },
		{ OPT_EVENTS, DUMP_EVENTS }, { OPT_KALLSYMS, DUMP_KALLSYMS },
		{ OPT_PRINTK, DUMP_PRINTK }, { OPT_CMDLINES, DUMP_CMDLINES },
		{ OPT_MODULES, DUMP_MODULES }, { OPT_OPTIONS, DUMP_OPTIONS },
		{ OPT_FLYRECORD, DUMP_FLYRECORD }, { OPT_CLOCK, DUMP_CLOCK },
		{ OPT_STRINGS, DUMP_STRINGS }, { OPT_SECTIONS, DUMP_SECTIONS },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shows); i++) {
		if (shows[i].id == id)
			return shows[i].show;
	}
	return 0;
}

/* One option. 0 or an exit status after a message. */
static int dump_option_parse(struct dump_plan *plan, int id, const char *arg)
{
	unsigned int show = option_show(id);
	int level;

	plan->show |= show;
	if (show)
		return 0;
	switch (id) {
	case 'i':
		if (plan->path)
			return cmd_fail(0, "only one file can be looked at, %s is given already",
					plan->path);
		plan->path = arg;
		return 0;
	case OPT_COMPAT:
		if (strncmp(arg, "3.", 2))
			return cmd_fail(0, "--compat: '%s' is none of 3.1, 3.4", arg);
		plan->old_timeshift = true;
		return 0;
	case OPT_VERBOSE:
		level = opt_verbosity(arg);
		if (level < 0)
			return cmd_fail(0, "invalid verbose level %s", arg);
		log_set_level(level);
		return 0;
	default:
		return usage("dump");
	}
}

static int dump_parse(struct dump_plan *plan, int argc, char **argv)
{
	struct optparse p;
	int id, rest, ret = 0;

	if (opt_init(&p, argc, argv))
		return cmd_fail(ENOMEM, "out of memory");
	while (!ret && (id = opt_next(&p)) >= 0)
		ret = dump_option_parse(plan, id, p.arg);
	rest = opt_rest(&p);
	opt_release(&p);
	if (ret)
		return ret;
	if (argc - rest > (plan->path ? 0 : 1))
		return usage_why("dump", "one file at a time: unexpected argument '%s'", argv[argc - 1]);
	if (rest < argc)
		plan->path = argv[rest];
	if (!plan->path)
		plan->path = "trace.dat";
	return 0;
}

int cmd_dump(int argc, char **argv)
{
	struct dump_plan plan = { 0 };
	struct err err = { 0 };
	struct dump_out out;
	int written, ret = dump_parse(&plan, argc, argv);

	if (ret)
		return ret;
	if (dump_out_open(&out, STDOUT_FILENO))
		return cmd_fail(ENOMEM, "out of memory");
	ret = dump_run(&plan, out.file, &err);
	written = dump_out_close(&out);
	if (written)
		return cmd_fail(written, "writing to the standard output");
	return ret ? cmd_fail_err(-ret, &err) : 0;
}
