/*
 * commands.c - see commands.h. Layer 6.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "record/options.h"

static const struct command commands[] = {
	{ "record", "record a trace into a trace.dat file",
	  "[-e EVENT][-f FILTER][-p TRACER][-o FILE][options] [-A GUEST ...] [COMMAND ...]",
	  record_options, cmd_record, true, FOR_RECORD },
	{ "stream", "print the events as they happen",
	  "[-e EVENT][-f FILTER][-p TRACER][options] [COMMAND ...]", record_options, cmd_stream, true,
	  FOR_STREAM },
	{ "profile", "show where tasks have spent their time, once tracing ends",
	  "[-S][-G][-H HOOK][--by-comm][-o FILE][options] [COMMAND ...]", record_options, cmd_profile,
	  true, FOR_PROFILE },
	{ "start", "switch tracing on, and leave it running",
	  "[-e EVENT][-f FILTER][-p TRACER][options] [COMMAND ...]", record_options, cmd_start, true,
	  FOR_START },
	{ "set", "set tracing up beside what is there, without switching it on or off",
	  "[-e EVENT][-f FILTER][-p TRACER][options] [-v -B NAME] [COMMAND ...]", record_options, cmd_set,
	  true, FOR_SET },
	{ "extract", "write what the trace buffer holds into a trace.dat file",
	  "[-B NAME]... [-a][-t][-s][-k][-o FILE][options]", record_options, cmd_extract, true,
	  FOR_EXTRACT },
	{ "stop", "stop writing to the trace buffer", "[-B NAME]... [-t] [-a]", stop_options, cmd_stop,
	  true },
	{ "restart", "go on writing to the trace buffer", "[-B NAME]... [-t] [-a]", restart_options,
	  cmd_restart, true },
	{ "clear", "empty the trace buffer", "[-B NAME]... [-a]", clear_options, cmd_clear, true },
	{ "reset", "switch all tracing off, as it was after boot",
	  "[-B NAME [-d]]... [-t] [-a [-d]] [-b KB] [-k KIND]...", reset_options, cmd_reset, true },
	{ "show", "print the trace as the kernel does", "[-p | -s][-c CPU][-B NAME][-f][options]",
	  show_options, cmd_show, true },
	{ "stat", "show what is being traced", "[-B NAME]... [-t] [-o]", stat_options, cmd_stat, true },
	{ "snapshot", "take, show or free a snapshot of the trace", "[-s | -r | -f][-B NAME][-c CPU]",
	  snapshot_options, cmd_snapshot, true },
	{ "stack", "show the largest kernel stack there was", "[--start | --stop | --reset]",
	  stack_options, cmd_stack, true },
	{ "list", "list events, tracers, options and whatever else there is to trace with",
	  "[-e [REGEX] [-F [--full]] [-l] [-R]][-s][-t][-o [REGEX]][-f [REGEX] [--proto]][-P][-O][-B][-C][-c]",
	  list_options_table, cmd_list, true },
	{ "options", "list the options of the plugins that print events", "", options_options,
	  cmd_options, true },
	{ "check-events", "check that the formats of the kernel's events are understood",
	  "[-N] [--verbose[=LEVEL]]", check_events_options, cmd_check_events, true },
	{ "report", "show the trace that is stored in trace.dat files",
	  "[-i FILE]... [options] [FILE ...]", report_options, cmd_report, true, 0, "file" },
	{ "hist", "show which events a trace has most of, and who called for them",
	  "[-P] [-i FILE | FILE]", hist_options, cmd_hist, true, 0, "file" },
	{ "mem", "show which functions of the kernel have allocated how much memory",
	  "[-i FILE | FILE]", mem_options, cmd_mem, true, 0, "file" },
	{ "sqlhist", "make histograms and synthetic events of SQL",
	  "[-n NAME][-e][-t DIR][-B NAME][-m VAR | -c VAR][-s][-T] (SQL ... | -f FILE)",
	  sqlhist_options, cmd_sqlhist, true },
	{ "dump", "show what a trace.dat file is made of",
	  "[options] [-i FILE | FILE]", dump_options, cmd_dump, true, 0, "file" },
	{ "convert", "write a trace file in another version or compression",
	  "[-i FILE] [--file-version 6|7] [--compression NAME] [-o] FILE", convert_options,
	  cmd_convert, true, 0, "file" },
	{ "split", "write parts of a trace file as files of their own",
	  "[-i FILE][-o FILE][-s|-m|-u|-e|-p N][-r][-c][-C CPU][--top [-b NAME]][-B NAME [-t]]... [START [END]]",
	  split_options, cmd_split, true },
	{ "restore", "make a trace file of the CPU data that a recorder left behind",
	  "[-c [-t DIR][-k FILE] | -i FILE][-o FILE] [CPU-FILE ...]", restore_options, cmd_restore, true,
	  0, "file" },
	{ "attach", "put the traces of a host and of a guest together that were recorded each by itself",
	  "[-c CPUS] -s OFFSET[,SCALE[,FRACTION[,TIME]]]... HOST-FILE GUEST-FILE PID ...", attach_options,
	  cmd_attach, true, 0, "file" },
	{ "tsync", "show how well the clocks of guests are known, and check it by their events",
	  "[-i HOST-FILE [-i GUEST-FILE]...] [--json] [--plot FILE] [--check] [--refine [-o FILE]]",
	  tsync_options, cmd_tsync, true, 0, "file" },
	{ "listen", "write the files of what other machines record and send",
	  "-p PORT [-V][-d DIR][-o BASE][-l FILE][-D][options]", listen_options, cmd_listen, true },
	{ "agent", "trace this machine on request of a host",
	  "[-p PORT] [-N CLIENT] [-B INSTANCE] [-D] [options]", agent_options, cmd_agent, true },
	{ "setup-guest", "make FIFOs for the data of a guest",
	  "[-c CPUS] [-p MODE] [-g GROUP] [-a] GUEST", setup_guest_options, cmd_setup_guest, false, 0,
	  "guest" },
	{ "__complete", NULL, NULL, complete_options, cmd_complete },
};

const struct command *command_at(unsigned int i)
{
	return i < sizeof(commands) / sizeof(commands[0]) ? &commands[i] : NULL;
}

const struct command *command_find(const char *name)
{
	const struct command *c;
	unsigned int i;

	for (i = 0; (c = command_at(i)); i++) {
		if (!strcmp(c->name, name))
			return c;
	}
	return NULL;
}

int usage_all(void)
{
	const struct command *c;
	unsigned int i;

	printf("\ntrace-cmd version %s\n\nusage:\n  trace-cmd [COMMAND] ...\n\n  commands:\n",
	       VERSION);
	for (i = 0; (c = command_at(i)); i++) {
		if (c->help)
			printf("     %s - %s\n", c->name, c->help);
	}
	printf("\n");
	return EXIT_USAGE;
}

/*
 * One option: ten blanks (twelve for a detail), its first name, its text; further lines of text line
 * up. Completion scripts of other releases take the first word of such lines: no comma may follow it.
 */
static void usage_option(const struct opt_spec *o)
{
	char word[64];
	const char *line = o->help;

	if (o->id < OPT_LONG && o->name)
		snprintf(word, sizeof(word), "-%c --%s", o->id, o->name);
	else if (o->id < OPT_LONG)
		snprintf(word, sizeof(word), "-%c", o->id);
	else
		snprintf(word, sizeof(word), "--%s", o->name);
	while (line) {
		const char *end = strchr(line, '\n');

		printf("          %s%-*s %.*s\n", o->detail ? "  " : "", o->detail ? 18 : 20,
		       line == o->help ? word : "", end ? (int)(end - line) : (int)strlen(line), line);
		line = end ? end + 1 : NULL;
	}
}

int usage_why(const char *name, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return usage(name);
}

int usage(const char *name)
{
	const struct command *c = command_find(name);
	const struct opt_spec *o;

	if (!c)
		return usage_all();
	printf("\ntrace-cmd version %s\n\nusage:\n trace-cmd %s %s\n", VERSION, c->name, c->usage);
	for (o = c->options; o->id; o++) {
		if (opt_is_shown(c, o))
			usage_option(o);
	}
	printf("\n");
	return EXIT_USAGE;
}
