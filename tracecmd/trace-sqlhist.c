/*
 * trace-sqlhist.c - the sqlhist command: options -> query -> commands, or what they do. Layer 6.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "commands.h"
#include "message.h"
#include "state/sqlhist.h"

#define SQL_MAX	(1u << 20)	/* bytes of a statement */

const struct opt_spec sqlhist_options[] = {
	{ 'n', NULL, OPT_REQUIRED, "call the synthetic event NAME (Anonymous)", "text" },
	{ 'e', NULL, OPT_NONE, "do it, instead of printing the commands that would" },
	{ 'f', NULL, OPT_REQUIRED, "read the SQL from FILE, - is the standard input", "file" },
	{ 't', NULL, OPT_REQUIRED, "the tracing directory is DIR", "directory" },
	{ 'B', NULL, OPT_REQUIRED, "put the histogram into instance NAME", "instance" },
	{ 'm', NULL, OPT_REQUIRED, "act when VAR is larger than ever before", "text" },
	{ 'c', NULL, OPT_REQUIRED, "act when VAR has changed", "text" },
	{ 's', NULL, OPT_NONE, "with -m or -c: take a snapshot" },
	{ 'T', NULL, OPT_NONE, "with -m or -c: make the event and take a snapshot;\n"
			       "without -s, -S and -T: make the event" },
	{ 'S', NULL, OPT_REQUIRED, "with -m or -c: save the second event's FIELD[,FIELD...]", "text" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

struct sqlhist_args {
	struct sqlhist query;
	const char *file;
	struct buf sql;
};

static int sqlhist_option(struct sqlhist_args *a, int id, const char *arg)
{
	struct sqlhist *q = &a->query;

	switch (id) {
	case 'n': q->name = arg; return 0;
	case 'e': q->execute = true; return 0;
	case 'f': a->file = arg; return 0;
	case 't': q->tracing = arg; return 0;
	case 'B': q->instance = arg; return 0;
	case 'm': q->max = arg; return 0;
	case 'c': q->change = arg; return 0;
	case 's': q->snapshot = true; return 0;
	case 'S': q->save = arg; return 0;
	case 'T': q->trace = q->snapshot = true; return 0;
	default: return usage("sqlhist");
	}
}

static int sqlhist_check(const struct sqlhist *q)
{
	if (q->max && q->change) {
		fprintf(stderr, "Can not use both -m and -c together\n");
		return EXIT_USAGE;
	}
	if ((q->snapshot || q->save || q->trace) && !q->max && !q->change) {
		fprintf(stderr, "Error: -s, -S and -T not supported without -m or -c\n");
		return EXIT_USAGE;
	}
	return 0;
}

static int read_file(const char *path, struct buf *b)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
	int ret = fd < 0 ? -errno : io_read_rest(fd, b);

	if (fd >= 0)
		close(fd);
	return ret;
}

/* The statement: of the words, or of a file. */
static int sqlhist_read(struct sqlhist_args *a, int argc, char **argv, int first)
{
	int i, ret;

	if (a->file && first < argc)
		return usage_why("sqlhist", "unexpected argument '%s': -f has the statement", argv[first]);
	if (!a->file && first == argc)
		return usage_why("sqlhist", "the statement is missing");
	if (a->file) {
		ret = read_file(a->file, &a->sql);
		if (ret)
			return cmd_fail(-ret, "Could not read %s", a->file), EXIT_USAGE;
	}
	for (i = first; i < argc; i++)
		buf_printf(&a->sql, "%s%s", i > first ? " " : "", argv[i]);
	if (a->sql.error)
		return cmd_fail(0, "the statement is longer than %u bytes", SQL_MAX);
	if (!a->sql.len || strlen((char *)a->sql.data) != a->sql.len)
		return cmd_fail(0, "the statement is empty, or no text");
	a->query.sql = (char *)a->sql.data;
	return 0;
}

int cmd_sqlhist(int argc, char **argv)
{
	struct sqlhist_args a = { .query = { .name = "Anonymous" } };
	struct err err = { 0 };
	struct optparse p;
	int id, ret = 0;

	buf_init(&a.sql, SQL_MAX);
	if (opt_init(&p, argc, argv))
		return cmd_fail(ENOMEM, "out of memory");
	while (!ret && (id = opt_next(&p)) >= 0)
		ret = sqlhist_option(&a, id, p.arg);
	if (!ret)
		ret = sqlhist_check(&a.query);
	if (!ret)
		ret = sqlhist_read(&a, argc, argv, opt_rest(&p));
	opt_release(&p);
	if (!ret) {
		ret = sqlhist_run(&a.query, &err);
		/* mistakes are no failures of the system */
		if (ret == -EINVAL)
			err.code = 0;
		if (ret)
			ret = cmd_fail_err(-err.code, &err);
	}
	buf_release(&a.sql);
	return ret;
}
