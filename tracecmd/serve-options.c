/*
 * serve-options.c - see serve-options.h. Layer 6.
 */
#include "base/log.h"
#include "commands.h"
#include "message.h"
#include "serve-options.h"

static int set_auth(struct serve_conf *conf, const char *path)
{
	struct err err = { 0 };
	int ret = auth_key_load(path, &conf->auth_key, &err);

	conf->auth = !ret;
	return ret ? cmd_fail_err(ret, &err) : 0;
}

static int set_port(struct serve_conf *conf, const char *arg)
{
	long long number;

	if (opt_number(arg, 1, UINT32_MAX - 1, &number))
		return cmd_fail(0, "-p: '%s' is no port", arg);
	conf->port = number;
	return 0;
}

static int set_verbose(const char *arg)
{
	int level = opt_verbosity(arg);

	if (level < 0)
		return cmd_fail(0, "invalid verbose level %s", arg);
	log_set_level(level);
	return 0;
}

int serve_parse(int argc, char **argv, struct serve_conf *conf, int (*other)(void *data, int id, const char *arg),
		void *data)
{
	struct optparse o;
	int id, ret = opt_init(&o, argc, argv);

	if (ret)
		return cmd_fail(ret, "cannot parse the options");
	while (!ret && (id = opt_next(&o)) != -1) {
		switch (id) {
		case OPT_SERVE_AUTH: ret = set_auth(conf, o.arg); break;
		case OPT_SERVE_VERBOSE: ret = set_verbose(o.arg); break;
		case 'p': ret = set_port(conf, o.arg); break;
		case 'D': conf->daemon = true; break;
		default: ret = other(data, id, o.arg);
		}
	}
	if (!ret && opt_rest(&o) < argc)
		ret = usage_why(argv[0], "unexpected argument '%s'", argv[opt_rest(&o)]);
	opt_release(&o);
	return ret;
}

int serve_check_tcp(const struct serve_conf *conf)
{
	return conf->port > 65535 ? cmd_fail(0, "-p: TCP has no port %u", conf->port) : 0;
}
