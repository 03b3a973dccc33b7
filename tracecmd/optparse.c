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
#include "optparse.h"

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
		if (o->id < OPT_LONG)
			buf_printf(&letters, "%c%.*s", o->id, (int)o->arg, "::");
	}
	p->letters = buf_take_str(&letters);
	p->longs = calloc(n + 1, sizeof(*p->longs));
	if (!p->letters || !p->longs) {
		opt_release(p);
		return -ENOMEM;
	}
	for (n = 0, o = p->cmd->options; o->id; o++) {
		if (o->name)
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
