/*
 * trace-split.c - the split command: parts of a trace as files of their own. Layer 6.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "commands.h"
#include "edit/split.h"
#include "message.h"

enum { OPT_TOP = OPT_LONG };

const struct opt_spec split_options[] = {
	{ 'i', NULL, OPT_REQUIRED, "the FILE to read (trace.dat)", "file" },
	{ 'o', NULL, OPT_REQUIRED, "the FILE to write, or with -r what their names begin with",
	  "file" },
	{ 's', NULL, OPT_REQUIRED, "a file ends N seconds after its first event", "number" },
	{ 'm', NULL, OPT_REQUIRED, "... N milliseconds", "number" },
	{ 'u', NULL, OPT_REQUIRED, "... N microseconds", "number" },
	{ 'e', NULL, OPT_REQUIRED, "a file has N events", "number" },
	{ 'p', NULL, OPT_REQUIRED, "a file has N pages of each CPU", "number" },
	{ 'r', NULL, OPT_NONE, "go on with another file until the end" },
	{ 'c', NULL, OPT_NONE, "count the events of each CPU by themselves" },
	{ 'C', NULL, OPT_REQUIRED, "only the data of that CPU", "number" },
	{ OPT_TOP, "top", OPT_NONE, "keep the top buffer" },
	{ 'b', NULL, OPT_REQUIRED, "... as instance NAME", "text" },
	{ 'B', NULL, OPT_REQUIRED, "keep the instance NAME; may be given several times", "text" },
	{ 't', NULL, OPT_NONE, "... as the top buffer" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

struct parse {
	struct split_plan plan;
	struct split_keep *keep;	/* room for one a word */
	int last;			/* of keep[], -1: none */
};

/* So many units of @ns (of time) or of @unit. 0 or an exit status after a message. */
static int set_unit(struct parse *x, enum split_unit unit, uint64_t ns, const char *arg)
{
	long long n;

	if (x->plan.unit != SPLIT_END)
		return cmd_fail(0, "Only one type of split is allowed");
	if (opt_number(arg, 1, INT64_MAX / 1000000000, &n))
		return cmd_fail(0, "Units must be greater than 0");
	x->plan.unit = unit;
	x->plan.count = (uint64_t)n * ns;
	return 0;
}

static int keep_buffer(struct parse *x, const char *name)
{
	x->last = (int)x->plan.nr_keep++;
	x->keep[x->last] = (struct split_keep){ .name = name, .as = name };
	return 0;
}

/* The buffer named last is called @as in the new file. */
static int rename_last(struct parse *x, const char *as, bool top)
{
	if (top && !as[0])
		return usage_why("split", "-b: an empty name is no instance's");
	if (x->last < 0 || !x->keep[x->last].name[0] != top)
		return usage_why("split", "%s", top ? "-b comes behind --top" : "-t comes behind -B");
	x->keep[x->last].as = as;
	return 0;
}

static int set_cpu(struct parse *x, const char *arg)
{
	long long n;

	if (opt_number(arg, 0, INT32_MAX, &n))
		return cmd_fail(0, "-C: '%s' is no CPU", arg);
	x->plan.cpu = (int)n;
	return 0;
}

static int set_once(const char **what, const char *kind, const char *arg)
{
	if (*what)
		return cmd_fail(0, "Only one %s file is supported, %s already set", kind, *what);
	*what = arg;
	return 0;
}

/* One option. 0 or an exit status after a message. */
static int split_option(void *parse, int id, const char *arg)
{
	struct parse *x = parse;

	switch (id) {
	case 'i':
		return set_once(&x->plan.input, "input", arg);
	case 'o':
		return set_once(&x->plan.output, "output", arg);
	case 's':
		return set_unit(x, SPLIT_TIME, 1000000000, arg);
	case 'm':
		return set_unit(x, SPLIT_TIME, 1000000, arg);
	case 'u':
		return set_unit(x, SPLIT_TIME, 1000, arg);
	case 'e':
		return set_unit(x, SPLIT_EVENTS, 1, arg);
	case 'p':
		return set_unit(x, SPLIT_PAGES, 1, arg);
	case 'r':
		x->plan.repeat = true;
		return 0;
	case 'c':
		x->plan.per_cpu = true;
		return 0;
	case 'C':
		return set_cpu(x, arg);
	case OPT_TOP:
		return keep_buffer(x, "");
	case 'b':
		return rename_last(x, arg, true);
	case 'B':
		return arg[0] ? keep_buffer(x, arg) : usage_why("split", "-B: an empty name is no instance's");
	case 't':
		return rename_last(x, "", false);
	default:
		return usage("split");
	}
}

/* The words behind the options, and what doesn't go together. 0 or an exit status. */
static int split_rest(void *parse, int argc, char **argv)
{
	struct parse *x = parse;
	unsigned int i, tops = 0;

	if (argc > 2)
		return usage_why("split", "unexpected argument '%s'", argv[2]);
	x->plan.start = argc > 0 ? argv[0] : NULL;
	x->plan.end = argc > 1 ? argv[1] : NULL;
	for (i = 0; i < x->plan.nr_keep; i++)
		tops += !x->keep[i].as[0];
	if (tops > 1)
		return cmd_fail(0, "Can only have one top instance.");
	x->plan.keep = x->keep;
	if (!x->plan.input)
		x->plan.input = "trace.dat";
	return 0;
}

static const struct opt_take take = { split_option, split_rest };

int cmd_split(int argc, char **argv)
{
	struct parse x = { .plan = { .cpu = -1 }, .last = -1 };
	struct err err = { 0 };
	int ret;

	x.keep = calloc(argc, sizeof(*x.keep));
	if (!x.keep)
		return cmd_fail(ENOMEM, "out of memory");
	ret = opt_take_all(argc, argv, &take, &x);
	if (!ret && split_run(&x.plan, &err))
		ret = cmd_fail_err(0, &err);
	free(x.keep);
	return ret;
}
