/*
 * trace-agent.c - the agent command. Layer 6.
 */
#include <errno.h>

#include "base/log.h"
#include "commands.h"
#include "message.h"
#include "net/addr.h"
#include "record-options.h"
#include "session/agent.h"

enum { OPT_TSYNC_DEBUG = OPT_LONG, OPT_VERBOSE };

const struct opt_spec agent_options[] = {
	{ 'p', "port", OPT_REQUIRED, "port to listen on (823)" },
	{ 'N', NULL, OPT_REQUIRED, "serve TCP instead of vsock, and only the client NAME or address" },
	{ 'D', NULL, OPT_NONE, "run in the background" },
	{ OPT_TSYNC_DEBUG, "tsync-debug", OPT_REQUIRED, "directory for files with all probes" },
	{ OPT_VERBOSE, "verbose", OPT_OPTIONAL, "say more: none, crit, err, warn, info, debug, all" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

static int parse_request(int argc, char **argv, struct plan *p, struct err *err)
{
	return record_parse(argc, argv, true, p, err);
}

/* One option. 0; an exit status after a message. */
static int agent_option(struct agent_conf *conf, int id, const char *arg)
{
	long long port;
	int level;

	switch (id) {
	case 'p':
		if (opt_number(arg, 1, UINT32_MAX - 1, &port))
			return cmd_fail(0, "-p: '%s' is no port", arg);
		conf->port = port;
		return 0;
	case 'N':
		conf->client = arg;
		return 0;
	case 'D':
		conf->daemon = true;
		return 0;
	case OPT_TSYNC_DEBUG:
		conf->debug_dir = arg;
		return 0;
	case OPT_VERBOSE:
		level = opt_verbosity(arg);
		if (level < 0)
			return cmd_fail(0, "invalid verbose level %s", arg);
		log_set_level(level);
		return 0;
	default:
		return usage("agent");
	}
}

int cmd_agent(int argc, char **argv)
{
	struct agent_conf conf = { .port = NET_AGENT_PORT, .parse = parse_request };
	struct optparse o;
	int id, ret;

	ret = opt_init(&o, argc, argv);
	if (ret)
		return cmd_fail(ret, "cannot parse the options");
	while (!ret && (id = opt_next(&o)) != -1)
		ret = agent_option(&conf, id, o.arg);
	if (!ret && opt_rest(&o) < argc)
		ret = usage("agent");
	if (!ret && conf.client && conf.port > 65535)
		ret = cmd_fail(0, "-p: TCP has no port %u", conf.port);
	opt_release(&o);
	return ret ? ret : agent_run(&conf);
}
