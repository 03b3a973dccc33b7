/*
 * trace-listen.c - the listen command. Layer 6.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "commands.h"
#include "message.h"
#include "net/auth.h"
#include "session/listen.h"

enum {
	OPT_AUTH = OPT_LONG, OPT_MAX_SIZE, OPT_MAX_CLIENTS, OPT_MAX_PER_HOST, OPT_MAX_FILES,
	OPT_DEBUG, OPT_VERBOSE, OPT_UNIX,
};

#define CLIENTS_MAX	64	/* unless told otherwise */
#define PER_HOST_MAX	16

const struct opt_spec listen_options[] = {
	{ 'p', NULL, OPT_REQUIRED, "port to listen on", "number" },
	{ 'V', NULL, OPT_NONE, "listen on vsock instead of TCP" },
	{ OPT_UNIX, "unix", OPT_REQUIRED, "listen for the guest whose vsock is this socket (Firecracker)", "file" },
	{ 'o', NULL, OPT_REQUIRED, "what names of files begin with (trace)", "text" },
	{ 'd', NULL, OPT_REQUIRED, "directory for the files", "directory" },
	{ 'l', NULL, OPT_REQUIRED, "write what would be printed to this file", "file" },
	{ OPT_AUTH, "auth", OPT_REQUIRED, "encrypt, and serve only who knows the key in this file", "file" },
	{ OPT_MAX_SIZE, "max-size", OPT_REQUIRED, "take at most as much data of a client: 500M, 2G", "text" },
	{ OPT_MAX_CLIENTS, "max-clients", OPT_REQUIRED, "serve so many at once (64)", "number" },
	{ OPT_MAX_PER_HOST, "max-per-host", OPT_REQUIRED, "... and so many of one address (16)", "number" },
	{ OPT_MAX_FILES, "max-files", OPT_REQUIRED, "write so many files, then serve nobody", "number" },
	{ 'D', NULL, OPT_NONE, "run in the background" },
	{ OPT_DEBUG, "debug", OPT_NONE, "serve one client after the other, without deadlines" },
	{ OPT_VERBOSE, "verbose", OPT_OPTIONAL, "say more: none, crit, err, warn, info, debug, all",
	  "none crit err warn info debug all" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

static int set_max(struct listen_conf *conf, int id, const char *arg)
{
	long long number, most = id == OPT_MAX_FILES ? INT64_MAX : 4096;

	if (opt_number(arg, 1, most, &number))
		return cmd_fail(0, "'%s' is no number from 1 to %lld", arg, most);
	if (id == OPT_MAX_FILES)
		conf->max_files = number;
	else if (id == OPT_MAX_CLIENTS)
		conf->max_clients = number;
	else
		conf->max_per_host = number;
	return 0;
}

/* One option. 0; an exit status after a message. */
static int listen_option(struct listen_conf *conf, int id, const char *arg)
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
	case OPT_MAX_SIZE:
		if (opt_size(arg, &number))
			return cmd_fail(0, "--max-size: '%s' is no size: 500K, 100M, 2G", arg);
		conf->max_bytes = number;
		return 0;
	case OPT_MAX_CLIENTS:
	case OPT_MAX_PER_HOST:
	case OPT_MAX_FILES:
		return set_max(conf, id, arg);
	case 'V':
		conf->vsock = true;
		return 0;
	case OPT_UNIX:
		conf->vsock = true;
		conf->muxer = arg;
		return *arg ? 0 : cmd_fail(0, "--unix: there is no socket without a name");
	case 'o':
		conf->base = arg;
		return *arg ? 0 : cmd_fail(0, "-o: names must begin with something");
	case 'd':
		conf->dir = arg;
		return 0;
	case 'l':
		conf->log = arg;
		return 0;
	case 'D':
		conf->daemon = true;
		return 0;
	case OPT_DEBUG:
		conf->debug = true;
		log_set_level(LOG_DEBUG);
		return 0;
	case OPT_VERBOSE:
		level = opt_verbosity(arg);
		if (level < 0)
			return cmd_fail(0, "invalid verbose level %s", arg);
		log_set_level(level);
		return 0;
	default:
		return usage("listen");
	}
}

/* What only the whole of the options shows. 0; an exit status after a message. */
static int check(const struct listen_conf *conf)
{
	if (!conf->port)
		return usage("listen");
	if (!conf->vsock && conf->port > 65535)
		return cmd_fail(0, "-p: TCP has no port %u", conf->port);
	if (access(conf->dir ? conf->dir : ".", W_OK | X_OK))
		return cmd_fail(errno, "cannot write files to the directory '%s'",
				conf->dir ? conf->dir : ".");
	return 0;
}

int cmd_listen(int argc, char **argv)
{
	struct listen_conf conf = {
		.base = "trace", .max_clients = CLIENTS_MAX, .max_per_host = PER_HOST_MAX,
	};
	struct optparse o;
	int id, ret;

	ret = opt_init(&o, argc, argv);
	if (ret)
		return cmd_fail(ret, "cannot parse the options");
	while (!ret && (id = opt_next(&o)) != -1)
		ret = listen_option(&conf, id, o.arg);
	if (!ret && opt_rest(&o) < argc)
		ret = usage("listen");
	if (!ret)
		ret = check(&conf);
	opt_release(&o);
	return ret ? ret : listen_run(&conf);
}
