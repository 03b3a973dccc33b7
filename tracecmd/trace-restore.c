/*
 * trace-restore.c - the restore command: a trace from what a recorder left. Layer 6.
 */
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "edit/restore.h"
#include "message.h"

const struct opt_spec restore_options[] = {
	{ 'c', NULL, OPT_NONE, "write only the metadata, for a later -i" },
	{ 't', NULL, OPT_REQUIRED, "with -c: from DIR, a copy of a tracing directory",
	  "directory" },
	{ 'k', NULL, OPT_REQUIRED, "with -c: from FILE, a copy of kallsyms", "file" },
	{ 'o', NULL, OPT_REQUIRED, "the FILE to write (trace.dat, with -c trace-partial.dat)",
	  "file" },
	{ 'i', NULL, OPT_REQUIRED, "the metadata is that of FILE, made by -c", "file" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

struct parse {
	struct restore_plan plan;
	bool create;
};

static int restore_option(void *parse, int id, const char *arg)
{
	struct parse *x = parse;

	switch (id) {
	case 'c':
		x->create = true;
		return 0;
	case 't':
		x->plan.tracing = arg;
		return 0;
	case 'k':
		x->plan.kallsyms = arg;
		return 0;
	case 'o':
		x->plan.output = arg;
		return 0;
	case 'i':
		x->plan.partial = arg;
		return 0;
	default:
		return usage("restore");
	}
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* What goes together. 0 or an exit status after a message. */
static int restore_check(struct parse *x)
{
	struct restore_plan *p = &x->plan;
	int i;

	if (x->create && p->partial)
		return cmd_fail(0, "-c and -i are incompatible");
	if (!x->create && (p->tracing || p->kallsyms))
		return cmd_fail(0, "-t and -k are for -c: make the metadata with it, then use it with -i");
	if (x->create && p->nr_data)
		return usage_why("restore", "unexpected argument '%s': -c makes metadata, without data", p->data[0]);
	if (!x->create && !p->nr_data) {
		cmd_warn(0, "No data files found");
		return usage("restore");
	}
	if (!p->output)
		p->output = x->create ? "trace-partial.dat" : "trace.dat";
	if (p->partial && same_file(p->partial, p->output))
		return cmd_fail(0, "input and output file are the same");
	for (i = 0; i < p->nr_data; i++)
		if (same_file(p->data[i], p->output))
			return cmd_fail(0, "input and output file are the same");
	return 0;
}

/* The words behind the options are the data. */
static int restore_words(void *parse, int argc, char **argv)
{
	struct parse *x = parse;

	x->plan.data = (const char *const *)argv;
	x->plan.nr_data = argc;
	return restore_check(x);
}

static const struct opt_take take = { restore_option, restore_words };

int cmd_restore(int argc, char **argv)
{
	struct parse x = { 0 };
	struct err err = { 0 };
	int ret = opt_take_all(argc, argv, &take, &x);

	if (!ret && restore_run(&x.plan, &err))
		ret = cmd_fail_err(0, &err);
	return ret;
}
