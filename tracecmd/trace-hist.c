/*
 * trace-hist.c - the hist and mem commands: options -> plan -> text. Layer 6.
 */
#include <errno.h>

#include "commands.h"
#include "message.h"
#include "report/hist.h"
#include "report/mem.h"

const struct opt_spec hist_options[] = {
	{ 'i', NULL, OPT_REQUIRED, "read FILE (trace.dat)", "file" },
	{ 'P', NULL, OPT_NONE, "all tasks together" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

const struct opt_spec mem_options[] = {
	{ 'i', NULL, OPT_REQUIRED, "read FILE (trace.dat)", "file" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

/* The options of both. 0, or an exit status after a message. */
static int parse(const char *name, struct report_plan *plan, bool *merge, int argc, char **argv)
{
	struct optparse p;
	int id, rest, ret = 0;

	if (opt_init(&p, argc, argv))
		return cmd_fail(ENOMEM, "out of memory");
	while (!ret && (id = opt_next(&p)) >= 0) {
		if (id == 'P')
			*merge = true;
		else if (id == 'i' && !plan->nr_inputs)
			ret = plan_add_input(plan, p.arg) ? cmd_fail(ENOMEM, "out of memory") : 0;
		else
			ret = id == 'i' ? usage_why(name, "one file at a time: unexpected -i %s", p.arg) :
			      usage(name);
	}
	rest = opt_rest(&p);
	opt_release(&p);
	if (ret)
		return ret;
	if (argc - rest > (plan->nr_inputs ? 0 : 1))
		return usage_why(name, "one file at a time: unexpected argument '%s'", argv[argc - 1]);
	if (!plan->nr_inputs && plan_add_input(plan, rest < argc ? argv[rest] : "trace.dat"))
		return cmd_fail(ENOMEM, "out of memory");
	return 0;
}

int cmd_hist(int argc, char **argv)
{
	struct report_plan plan;
	struct err err = { 0 };
	bool merge = false;
	int ret;

	report_plan_init(&plan);
	ret = parse("hist", &plan, &merge, argc, argv);
	if (!ret && hist_run(&plan, merge, &err))
		ret = cmd_fail_err(-err.code, &err);
	report_plan_release(&plan);
	return ret;
}

int cmd_mem(int argc, char **argv)
{
	struct report_plan plan;
	struct err err = { 0 };
	bool merge = false;
	int ret;

	report_plan_init(&plan);
	ret = parse("mem", &plan, &merge, argc, argv);
	if (!ret && mem_run(&plan, &err))
		ret = cmd_fail_err(-err.code, &err);
	report_plan_release(&plan);
	return ret;
}
