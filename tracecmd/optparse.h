/*
 * optparse.h - one option table per command: parsing, help and completion read it.
 *
 * Layer 6.
 */
#ifndef OPTPARSE_H
#define OPTPARSE_H

#include <stdbool.h>
#include <stddef.h>

enum opt_arg {
	OPT_NONE,
	OPT_REQUIRED,
	OPT_OPTIONAL,		/* only as --name=VALUE or -xVALUE */
	OPT_NEXT,		/* the next word if it is no option (list; not for opt_next()) */
};

/* Ids of options without a letter start here. */
#define OPT_LONG 256

struct opt_spec {
	int id;			/* what opt_next() returns: the letter, or OPT_LONG + n */
	const char *name;	/* long name without dashes, NULL if none */
	enum opt_arg arg;
	const char *help;	/* NULL: not shown */
	/*
	 * What completion offers for the argument: a kind of value ("event", "file", ...; all are in
	 * value_kind() of complete-values.c) or the words themselves, divided by blanks. Who takes
	 * an argument has one, be it "number" or "text".
	 */
	const char *value;
	unsigned int commands;	/* of a table that commands share: for whom it is; 0: for all */
	bool detail;		/* goes with the option above it: help puts it farther right */
};
#define OPT_END { 0, NULL, OPT_NONE, NULL }

struct command;

struct optparse {
	const struct command *cmd;
	int argc;
	char **argv;
	const char *arg;	/* of the option returned last, NULL if it has none */
	char *letters;		/* getopt's tables, built from the command's */
	struct option *longs;
};

/*
 * Parse @argv (argv[0] is the command's name) by the table of command
 * @argv[0]; parsing stops at the first word that is no option when the
 * command is strict. 0; -ENOENT no such command; -ENOMEM.
 */
int opt_init(struct optparse *p, int argc, char **argv);

/*
 * The next option's id, its argument in p->arg; -1 at the end; '?' after an
 * unknown option or a missing argument (a complaint is on stderr already).
 */
int opt_next(struct optparse *p);

/* Index in argv of the first word that is no option; valid after opt_next() gave -1. */
int opt_rest(const struct optparse *p);

void opt_release(struct optparse *p);

/*
 * All of a command line at once: @option for each, then @words for what is behind them, with the @parse of both,
 * which is the command's. 0; or the exit status that one of them gave after a message, and then nothing more is read.
 */
struct opt_take {
	int (*option)(void *parse, int id, const char *arg);
	int (*words)(void *parse, int argc, char **argv);
};
int opt_take_all(int argc, char **argv, const struct opt_take *take, void *parse);

/*
 * The row of option @id that is for @cmd, or if there is none of some other command's: those
 * are parsed, too, so that a command can say that they are not for it.
 */
const struct opt_spec *opt_row(const struct command *cmd, int id);

/* True if @o is an option of @cmd that its help shows. */
bool opt_is_shown(const struct command *cmd, const struct opt_spec *o);

/* A size as "100", "64K", "10M" or "2G" (of 1024), in bytes. 0; -EINVAL; -ERANGE. */
int opt_size(const char *text, long long *ret_bytes);

/* A time as "10" or "10s", "500ms", "5m", "2h", in ms. 0; -EINVAL; -ERANGE. */
int opt_time(const char *text, long long *ret_ms);

/* Numbers, whole and in range; decimal. 0; -EINVAL; -ERANGE. */
int opt_number(const char *text, long long min, long long max, long long *ret);

/* A verbosity, by number or name ("info"); NULL means info. A log_level; -EINVAL. */
int opt_verbosity(const char *text);

#endif
