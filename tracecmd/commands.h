/*
 * commands.h - the table of all commands: help, dispatch, completion and the
 * check that each has a man page read it.
 *
 * Layer 6.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stdbool.h>

#include "optparse.h"

/* Exit status after wrong usage, and of errors without an errno. */
#define EXIT_USAGE 255

struct command {
	const char *name;
	const char *help;			/* one line; NULL: not shown */
	const char *usage;			/* what follows "trace-cmd NAME " */
	const struct opt_spec *options;		/* ends with OPT_END */
	int (*run)(int argc, char **argv);	/* argv[0] is the name; returns the exit status */
	bool strict;				/* options end at the first other word */
	unsigned int bit;			/* FOR_*, if its table is the record family's */
	const char *words;			/* what the words behind the options are, as opt_spec.value */
};

/* The command called @name, NULL if there is none; the @i-th, NULL at the end. */
const struct command *command_find(const char *name);
const struct command *command_at(unsigned int i);

/* Print the help of all commands or of one on stdout. Returns EXIT_USAGE. */
int usage_all(void);
int usage(const char *name);

/* The help of the command @name, for a reason that is told on stderr, as getopt tells its own. Returns EXIT_USAGE. */
int usage_why(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Tables and entry points, each in trace-<name>.c */
extern const struct opt_spec record_options[], report_options[], dump_options[], agent_options[];
extern const struct opt_spec listen_options[];
extern const struct opt_spec stop_options[], restart_options[], clear_options[], reset_options[];
extern const struct opt_spec show_options[], stat_options[], snapshot_options[], stack_options[];
extern const struct opt_spec list_options_table[], options_options[], complete_options[];
extern const struct opt_spec check_events_options[], hist_options[], mem_options[];
extern const struct opt_spec attach_options[], convert_options[], split_options[], restore_options[];
extern const struct opt_spec tsync_options[];
extern const struct opt_spec setup_guest_options[], sqlhist_options[];
int cmd_record(int argc, char **argv);
int cmd_profile(int argc, char **argv);
int cmd_stream(int argc, char **argv);
int cmd_start(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_extract(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_hist(int argc, char **argv);
int cmd_mem(int argc, char **argv);
int cmd_dump(int argc, char **argv);
int cmd_attach(int argc, char **argv);
int cmd_convert(int argc, char **argv);
int cmd_split(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_tsync(int argc, char **argv);
int cmd_agent(int argc, char **argv);
int cmd_setup_guest(int argc, char **argv);
int cmd_listen(int argc, char **argv);
int cmd_stop(int argc, char **argv);
int cmd_restart(int argc, char **argv);
int cmd_clear(int argc, char **argv);
int cmd_reset(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_stat(int argc, char **argv);
int cmd_snapshot(int argc, char **argv);
int cmd_stack(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_check_events(int argc, char **argv);
int cmd_options(int argc, char **argv);
int cmd_sqlhist(int argc, char **argv);
int cmd_complete(int argc, char **argv);

#endif
