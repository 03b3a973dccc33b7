/*
 * trace-check-events.c - the check-events command: are the kernel's formats understood?
 * Layer 6.
 */
#include <errno.h>

#include "base/log.h"
#include "commands.h"
#include "message.h"
#include "setup/setup.h"
#include "state/formats.h"

#include "trace-cmd.h"

enum {
	OPT_VERBOSE = OPT_LONG,
};

const struct opt_spec check_events_options[] = {
	{ 'N', NULL, OPT_NONE, "load no plugins" },
	{ OPT_VERBOSE, "verbose", OPT_OPTIONAL, "say more: none, crit, err, warn, info, debug, all",
	  "none crit err warn info debug all" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

static int set_level(const char *text)
{
	int level = opt_verbosity(text);

	if (level < 0)
		return cmd_fail(0, "invalid verbose level %s", text);
	log_set_level(level);
	tracecmd_set_loglevel((enum tep_loglevel)level);
	return 0;
}

static int parse(int argc, char **argv, bool *plugins)
{
	struct optparse p;
	int id, ret = 0;

	if (opt_init(&p, argc, argv))
		return cmd_fail(ENOMEM, "out of memory");
	while (!ret && (id = opt_next(&p)) >= 0) {
		if (id == 'N')
			*plugins = false;
		else if (id == OPT_VERBOSE)
			ret = set_level(p.arg);
		else
			ret = usage("check-events");
	}
	if (!ret && opt_rest(&p) < argc)
		ret = usage_why("check-events", "unexpected argument '%s'", argv[opt_rest(&p)]);
	opt_release(&p);
	return ret;
}

int cmd_check_events(int argc, char **argv)
{
	const char *tracing = NULL;
	struct err err = { 0 };
	bool plugins = true;
	int ret = parse(argc, argv, &plugins);

	if (ret)
		return ret;
	ret = setup_find_tracing(&tracing, &err);
	if (!ret)
		ret = formats_check(tracing, plugins, &err);
	if (!ret)
		return 0;
	cmd_fail_err(ret, &err);
	/* one status for whatever fails, as scripts know it */
	return EINVAL;
}
