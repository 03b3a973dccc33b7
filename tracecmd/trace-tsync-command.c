/*
 * trace-tsync-command.c - the tsync command: how well the clocks of guests are known. Layer 6.
 *
 * (trace-tsync.c holds the defaults of comparing them.)
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "clocks/clocks.h"
#include "commands.h"
#include "message.h"

/* After --check: events contradict the offsets. One that no errno of a file is. */
#define EXIT_VIOLATED 62

enum { OPT_JSON = OPT_LONG, OPT_PLOT, OPT_REFINE, OPT_CHECK };

const struct opt_spec tsync_options[] = {
	{ 'i', NULL, OPT_REQUIRED, "read FILE: the host's first (trace.dat), then those of guests\n"
				   "(those next to it that it knows)", "file" },
	{ OPT_JSON, "json", OPT_NONE, "one JSON object instead of text" },
	{ OPT_PLOT, "plot", OPT_REQUIRED, "draw offset, bounds and probes into FILE, .png or .svg",
	  "file" },
	{ OPT_CHECK, "check", OPT_NONE,
	  "status 62 if events contradict an offset, or there is none" },
	{ OPT_REFINE, "refine", OPT_NONE,
	  "narrow the bounds by the events of both files, and write them into the guests'" },
	{ 'o', NULL, OPT_REQUIRED, "with --refine: write the guest's file as FILE", "file" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

struct parse {
	struct clocks_plan plan;
	bool check;
};

/* One option. 0 or an exit status after a message. */
static int tsync_option(struct parse *x, int id, char *arg)
{
	switch (id) {
	case 'i':
		if (x->plan.host)
			x->plan.guests[x->plan.nr_guests++] = arg;
		else
			x->plan.host = arg;
		return 0;
	case 'o':
		x->plan.output = arg;
		return 0;
	case OPT_JSON:
		x->plan.json = true;
		return 0;
	case OPT_PLOT:
		x->plan.plot = arg;
		return 0;
	case OPT_REFINE:
		x->plan.refine = true;
		return 0;
	case OPT_CHECK:
		x->check = true;
		return 0;
	default:
		return usage("tsync");
	}
}

static int run(const struct parse *x)
{
	struct clocks_result result;
	struct err err = { 0 };
	int ret = clocks_run(&x->plan, &result, &err);

	if (ret)
		return cmd_fail_err(ret, &err);
	if (!x->check || (!result.violated && !result.unknown))
		return 0;
	if (result.violated)
		cmd_fail(0, "the clocks are not as the files say: %llu events happen while their CPU cannot run, or before their cause",
			 result.violated);
	else
		cmd_fail(0, "%llu guests have no offset to check", result.unknown);
	return EXIT_VIOLATED;
}

int cmd_tsync(int argc, char **argv)
{
	_cleanup_free_ char **guests = calloc(argc, sizeof(*guests));
	struct parse x = { .plan = { .guests = guests } };
	struct optparse p;
	int id, ret = 0;

	if (!guests || opt_init(&p, argc, argv))
		return cmd_fail(ENOMEM, "out of memory");
	while (!ret && (id = opt_next(&p)) >= 0)
		ret = tsync_option(&x, id, (char *)p.arg);
	for (id = opt_rest(&p); !ret && id < argc; id++)
		ret = tsync_option(&x, 'i', argv[id]);
	opt_release(&p);
	if (ret)
		return ret;
	if (x.plan.output && !x.plan.refine)
		return cmd_fail(0, "-o is for --refine");
	if (!x.plan.host)
		x.plan.host = "trace.dat";
	return run(&x);
}
