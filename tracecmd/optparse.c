/*
 * optparse.c - see optparse.h: getopt_long() fed from a command's table. Layer 6.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/log.h"
#include "commands.h"
#include "message.h"
#include "optparse.h"

static bool is_for(const struct command *cmd, const struct opt_spec *o)
{
	return !o->commands || o->commands & cmd->bit;
}

int opt_take_all(int argc, char **argv, const struct opt_take *take, void *parse)
{
	struct optparse p;
	int id, ret = 0;

	if (opt_init(&p, argc, argv))
		return cmd_fail(ENOMEM, "out of memory");
	while (!ret && (id = opt_next(&p)) >= 0)
		ret = take->option(parse, id, p.arg);
	if (!ret)
		ret = take->words(parse, argc - opt_rest(&p), argv + opt_rest(&p));
	opt_release(&p);
	return ret;
}

const struct opt_spec *opt_row(const struct command *cmd, int id)
{
	const struct opt_spec *o, *other = NULL;

	for (o = cmd->options; o->id; o++) {
		if (o->id != id)
			continue;
		if (is_for(cmd, o))
			return o;
		other = other ? other : o;
	}
	return other;
}

bool opt_is_shown(const struct command *cmd, const struct opt_spec *o)
{
	return o->help && is_for(cmd, o);
}

int opt_init(struct optparse *p, int argc, char **argv)
{
	const struct opt_spec *o;
	struct buf letters = BUF_INIT;
	size_t n = 0;

	*p = (struct optparse){ .cmd = command_find(argv[0]), .argc = argc, .argv = argv };
	if (!p->cmd)
		return -ENOENT;
	if (p->cmd->strict)
		buf_add_str(&letters, "+");
	for (o = p->cmd->options; o->id; o++, n++) {
		if (o->id < OPT_LONG && opt_row(p->cmd, o->id) == o)
			buf_printf(&letters, "%c%.*s", o->id, (int)o->arg, "::");
	}
	p->letters = buf_take_str(&letters);
	p->longs = calloc(n + 1, sizeof(*p->longs));
	if (!p->letters || !p->longs) {
		opt_release(p);
		return -ENOMEM;
	}
	for (n = 0, o = p->cmd->options; o->id; o++) {
		if (o->name && opt_row(p->cmd, o->id) == o)
			p->longs[n++] = (struct option){ o->name, o->arg, NULL, o->id };
	}
	optind = 0;	/* start over: an agent parses more than once */
	return 0;
}

int opt_next(struct optparse *p)
{
	int id = getopt_long(p->argc, p->argv, p->letters, p->longs, NULL);

	p->arg = optarg;
	return id;
}

int opt_rest(const struct optparse *p)
{
	return optind;
}

void opt_release(struct optparse *p)
{
	free(p->letters);
	free(p->longs);
	p->letters = NULL;
	p->longs = NULL;
}

int opt_number(const char *text, long long min, long long max, long long *ret)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (end == text || *end)
		return -EINVAL;
	if (errno || v < min || v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

/* A number with one of @units behind it, which are worth @factor; the first one is the default. */
static int number_of(const char *text, const char *const *units, const long long *factor,
		     int nr_units, long long *ret)
{
	char *end;
	long long v;
	int i;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (end == text || v <= 0)
		return -EINVAL;
	for (i = 0; i < nr_units; i++) {
		if (!*end || !strcasecmp(end, units[i])) {
			if (errno || __builtin_mul_overflow(v, factor[i], ret))
				return -ERANGE;
			return 0;
		}
	}
	return -EINVAL;
}

int opt_size(const char *text, long long *ret_bytes)
{
	static const char *const units[] = { "", "B", "K", "KB", "M", "MB", "G", "GB" };
	static const long long factor[] = { 1, 1, 1 << 10, 1 << 10, 1 << 20, 1 << 20, 1 << 30, 1 << 30 };

	return number_of(text, units, factor, 8, ret_bytes);
}

int opt_time(const char *text, long long *ret_ms)
{
	static const char *const units[] = { "s", "ms", "m", "min", "h" };
	static const long long factor[] = { 1000, 1, 60000, 60000, 3600000 };

	return number_of(text, units, factor, 5, ret_ms);
}

int opt_verbosity(const char *text)
{
	static const char *const names[] = { "none", "crit", "err", "warn", "info", "debug", "all" };
	long long level;
	unsigned int i;

	if (!text)
		return LOG_INFO;
	if (!opt_number(text, 0, INT32_MAX, &level))
		return level > LOG_ALL ? LOG_ALL : (int)level;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strncasecmp(text, names[i], strlen(names[i])))
			return i;
	}
	return -EINVAL;
}
