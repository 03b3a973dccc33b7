/*
 * trace-listen.c - the listen command. Layer 6.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "commands.h"
#include "message.h"
#include "serve-options.h"
#include "session/listen.h"

enum {
	OPT_MAX_SIZE = OPT_SERVE_NEXT, OPT_MAX_CLIENTS, OPT_MAX_PER_HOST, OPT_MAX_FILES, OPT_DEBUG, OPT_UNIX,
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
	SERVE_AUTH,
	{ OPT_MAX_SIZE, "max-size", OPT_REQUIRED, "take at most as much data of a client: 500M, 2G", "text" },
	{ OPT_MAX_CLIENTS, "max-clients", OPT_REQUIRED, "serve so many at once (64)", "number" },
	{ OPT_MAX_PER_HOST, "max-per-host", OPT_REQUIRED, "... and so many of one address (16)", "number" },
	{ OPT_MAX_FILES, "max-files", OPT_REQUIRED, "write so many files, then serve nobody", "number" },
	SERVE_DAEMON,
	{ OPT_DEBUG, "debug", OPT_NONE, "serve one client after the other, without deadlines" },
	SERVE_VERBOSE,
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

static int set_max(struct listen_conf *conf, int id, const char *arg)
{
	const char *option = id == OPT_MAX_FILES ? "max-files" : id == OPT_MAX_CLIENTS ? "max-clients" : "max-per-host";
	long long number, most = id == OPT_MAX_FILES ? INT64_MAX : 4096;

	if (opt_number(arg, 1, most, &number))
		return cmd_fail(0, "--%s: '%s' is no number from 1 to %lld", option, arg, most);
	if (id == OPT_MAX_FILES)
		conf->max_files = number;
	else if (id == OPT_MAX_CLIENTS)
		conf->max_clients = number;
	else
		conf->max_per_host = number;
	return 0;
}

/* An option of its own. 0; an exit status after a message. */
static int listen_option(void *data, int id, const char *arg)
{
	struct listen_conf *conf = data;
	long long number;

	switch (id) {
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
	case OPT_DEBUG:
		conf->debug = true;
		log_set_level(LOG_DEBUG);
		return 0;
	default:
		return usage("listen");
	}
}

/* Can files be made where -d and -o say? 0; an exit status after a message. */
static int check_dir(const struct listen_conf *conf)
{
	_cleanup_buf_ struct buf dir = BUF_INIT;
	const char *slash = strrchr(conf->base, '/');

	buf_printf(&dir, "%s", conf->dir ? conf->dir : slash == conf->base ? "/" : slash ? "" : ".");
	if (slash)
		buf_printf(&dir, "%s%.*s", conf->dir ? "/" : "", (int)(slash - conf->base), conf->base);
	if (dir.error)
		return cmd_fail(-dir.error, "listen");
	if (access((char *)dir.data, W_OK | X_OK))
		return cmd_fail(errno, "cannot write files to the directory '%s'", (char *)dir.data);
	return 0;
}

/* What only the whole of the options shows. 0; an exit status after a message. */
static int check(const struct listen_conf *conf, const struct serve_conf *serve)
{
	int ret = !serve->port ? usage_why("listen", "the port is missing: -p PORT") :
		  conf->vsock ? 0 : serve_check_tcp(serve);

	if (ret)
		return ret;
	return check_dir(conf);
}

int cmd_listen(int argc, char **argv)
{
	struct listen_conf conf = {
		.base = "trace", .max_clients = CLIENTS_MAX, .max_per_host = PER_HOST_MAX,
	};
	struct serve_conf serve = { .port = 0 };
	int ret = serve_parse(argc, argv, &serve, listen_option, &conf);

	if (!ret)
		ret = check(&conf, &serve);
	if (ret)
		return ret;
	conf.port = serve.port;
	conf.auth = serve.auth;
	conf.auth_key = serve.auth_key;
	conf.daemon = serve.daemon;
	return listen_run(&conf);
}
