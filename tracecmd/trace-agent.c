/*
 * trace-agent.c - the agent command. Layer 6.
 */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "commands.h"
#include "message.h"
#include "net/addr.h"
#include "net/auth.h"
#include "record/options.h"
#include "session/agent.h"
#include "tsync/estimate.h"
#include "tsync/tsync.h"
#include "wire/ptp.h"

enum { OPT_AUTH = OPT_LONG, OPT_PROXY, OPT_TSYNC_DEBUG, OPT_TSYNC_METHOD, OPT_TSYNC_STAMP, OPT_VERBOSE };

const struct opt_spec agent_options[] = {
	{ 'p', "port", OPT_REQUIRED, "port to listen on (823)", "number" },
	{ 'N', NULL, OPT_REQUIRED, "serve TCP instead of vsock, and only the client NAME or address",
	  "host" },
	{ 'P', NULL, OPT_REQUIRED, "trace this host for its guest with that CID, which asks for it by record --proxy",
	  "number" },
	{ OPT_PROXY, "proxy", OPT_NONE, "with -N: the same for a guest that comes over TCP" },
	{ 'B', NULL, OPT_REQUIRED, "trace in the instance NAME, not in the top one", "instance" },
	{ OPT_AUTH, "auth", OPT_REQUIRED, "encrypt, and serve only who knows the key in this file", "file" },
	{ 'D', NULL, OPT_NONE, "run in the background" },
	{ OPT_TSYNC_METHOD, "tsync-method", OPT_REQUIRED,
	  "clock offset from the middle of all bounds (bounds), the fastest response (fastest)\n"
	  "or the histogram of all (histogram)", "bounds fastest histogram" },
	{ OPT_TSYNC_STAMP, "tsync-stamp", OPT_REQUIRED,
	  "stamp probes by ftrace marker (marker) or by clock (mono_raw; needs -C mono_raw)",
	  "marker mono_raw" },
	{ OPT_TSYNC_DEBUG, "tsync-debug", OPT_REQUIRED, "directory for files with all probes",
	  "directory" },
	{ OPT_VERBOSE, "verbose", OPT_OPTIONAL, "say more: none, crit, err, warn, info, debug, all",
	  "none crit err warn info debug all" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

/* One of two words for a flag. 0; an exit status after a message. */
static int choose(struct agent_conf *conf, const char *option, const char *arg, const char *on,
		  const char *off, uint32_t flag)
{
	if (strcmp(arg, on) && strcmp(arg, off))
		return cmd_fail(0, "--%s: '%s' is neither %s nor %s", option, arg, on, off);
	conf->tsync_chosen = true;
	conf->ptp_flags = strcmp(arg, on) ? conf->ptp_flags & ~flag : conf->ptp_flags | flag;
	return 0;
}

/* One option. 0; an exit status after a message. */
static int agent_option(struct agent_conf *conf, int id, const char *arg, bool *ret_cid_given)
{
	struct err err = { 0 };
	long long number;
	int level, ret;

	switch (id) {
	case OPT_AUTH:
		ret = auth_key_load(arg, &conf->auth_key, &err);
		conf->auth = !ret;
		return ret ? cmd_fail_err(ret, &err) : 0;
	case 'p':
		if (opt_number(arg, 1, UINT32_MAX - 1, &number))
			return cmd_fail(0, "-p: '%s' is no port", arg);
		conf->port = number;
		return 0;
	case 'P':
		if (opt_number(arg, 0, UINT32_MAX - 1, &number))
			return cmd_fail(0, "-P: '%s' is no CID", arg);
		conf->cid = number;
		conf->proxy = *ret_cid_given = true;
		return 0;
	case OPT_PROXY:
		conf->proxy = true;
		return 0;
	case 'N':
		conf->client = arg;
		return 0;
	case 'B':
		if (!*arg || strchr(arg, '/') || arg[0] == '.')
			return cmd_fail(0, "-B: '%s' is no name of an instance", arg);
		conf->instance = arg;
		return 0;
	case 'D':
		conf->daemon = true;
		return 0;
	case OPT_TSYNC_METHOD:
		conf->tsync_chosen = true;
		return estimate_method(arg, &conf->ptp_flags) ?
		       cmd_fail(0, "--tsync-method: '%s' is none of bounds, fastest and histogram",
				arg) : 0;
	case OPT_TSYNC_STAMP:
		return choose(conf, "tsync-stamp", arg, "marker", "mono_raw",
			      PTP_FLAG_USE_MARKER);
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
	struct agent_conf conf = {
		.port = NET_AGENT_PORT, .cid = NET_CID_HOST, .parse = record_parse,
		.ptp_flags = tsync_ptp_default_flags(),
	};
	bool cid_given = false;
	struct optparse o;
	int id, ret;

	ret = opt_init(&o, argc, argv);
	if (ret)
		return cmd_fail(ret, "cannot parse the options");
	while (!ret && (id = opt_next(&o)) != -1)
		ret = agent_option(&conf, id, o.arg, &cid_given);
	if (!ret && opt_rest(&o) < argc)
		ret = usage("agent");
	if (!ret && conf.client && cid_given)
		ret = cmd_fail(0, "-N cannot be used with -P: one is for TCP, the other for vsock");
	if (!ret && conf.proxy && !conf.client && !cid_given)
		ret = cmd_fail(0, "--proxy: which guest? Name it with -N, or by its CID with -P alone");
	if (!ret && conf.client && conf.port > 65535)
		ret = cmd_fail(0, "-p: TCP has no port %u", conf.port);
	opt_release(&o);
	return ret ? ret : agent_run(&conf);
}
