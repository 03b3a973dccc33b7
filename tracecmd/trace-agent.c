/*
 * trace-agent.c - the agent command. Layer 6.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "message.h"
#include "net/addr.h"
#include "record/options.h"
#include "serve-options.h"
#include "session/agent.h"
#include "tsync/estimate.h"
#include "tsync/tsync.h"
#include "wire/ptp.h"

enum { OPT_PROXY = OPT_SERVE_NEXT, OPT_TSYNC_DEBUG, OPT_TSYNC_METHOD, OPT_TSYNC_STAMP };

const struct opt_spec agent_options[] = {
	{ 'p', "port", OPT_REQUIRED, "port to listen on (823)", "number" },
	{ 'N', NULL, OPT_REQUIRED, "serve TCP instead of vsock, and only the client NAME or address",
	  "host" },
	{ 'P', NULL, OPT_REQUIRED, "trace this host for its guest with that CID, which asks for it by record --proxy",
	  "number" },
	{ OPT_PROXY, "proxy", OPT_NONE, "with -N: the same for a guest that comes over TCP" },
	{ 'B', NULL, OPT_REQUIRED, "trace in the instance NAME, not in the top one", "instance" },
	SERVE_AUTH,
	SERVE_DAEMON,
	{ OPT_TSYNC_METHOD, "tsync-method", OPT_REQUIRED,
	  "clock offset from the middle of all bounds (bounds), the fastest response (fastest)\n"
	  "or the histogram of all (histogram)", "bounds fastest histogram" },
	{ OPT_TSYNC_STAMP, "tsync-stamp", OPT_REQUIRED,
	  "stamp probes by ftrace marker (marker) or by clock (mono_raw; needs -C mono_raw)",
	  "marker mono_raw" },
	{ OPT_TSYNC_DEBUG, "tsync-debug", OPT_REQUIRED, "directory for files with all probes",
	  "directory" },
	SERVE_VERBOSE,
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

struct agent_args {
	struct agent_conf conf;
	bool cid_given;
};

/* An option of its own. 0; an exit status after a message. */
static int agent_option(void *data, int id, const char *arg)
{
	struct agent_args *a = data;
	struct agent_conf *conf = &a->conf;
	long long number;

	switch (id) {
	case 'P':
		if (opt_number(arg, 0, UINT32_MAX - 1, &number))
			return cmd_fail(0, "-P: '%s' is no CID", arg);
		conf->cid = number;
		conf->proxy = a->cid_given = true;
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
	default:
		return usage("agent");
	}
}

/* What only the whole of the options shows. 0; an exit status after a message. */
static int check(const struct agent_args *a, const struct serve_conf *serve)
{
	const struct agent_conf *conf = &a->conf;

	if (conf->client && a->cid_given)
		return cmd_fail(0, "-N cannot be used with -P: one is for TCP, the other for vsock");
	if (conf->proxy && !conf->client && !a->cid_given)
		return cmd_fail(0, "--proxy: which guest? Name it with -N, or by its CID with -P alone");
	if (conf->debug_dir && access(conf->debug_dir, W_OK | X_OK))
		return cmd_fail(errno, "--tsync-debug: cannot write files to the directory '%s'", conf->debug_dir);
	return conf->client ? serve_check_tcp(serve) : 0;
}

int cmd_agent(int argc, char **argv)
{
	struct agent_args a = {
		.conf = {
			.cid = NET_CID_HOST, .parse = record_parse, .ptp_flags = tsync_ptp_default_flags(),
		},
	};
	struct serve_conf serve = { .port = NET_AGENT_PORT };
	int ret = serve_parse(argc, argv, &serve, agent_option, &a);

	if (!ret)
		ret = check(&a, &serve);
	if (ret)
		return ret;
	a.conf.port = serve.port;
	a.conf.auth = serve.auth;
	a.conf.auth_key = serve.auth_key;
	a.conf.daemon = serve.daemon;
	return agent_run(&a.conf);
}
