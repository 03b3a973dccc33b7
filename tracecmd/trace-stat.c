/*
 * trace-stat.c - the stat command: the state of tracing, in words. Layer 6.
 */
#include <errno.h>
#include <stdio.h>

#include "choose.h"
#include "commands.h"
#include "message.h"
#include "state/stat.h"

const struct opt_spec stat_options[] = {
	CHOOSE_OPTIONS,
	{ 'o', NULL, OPT_NONE, "show the trace options, too" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

static int parse(struct choose *c, bool *options, int argc, char **argv)
{
	struct optparse p;
	int id, ret = 0;

	if (opt_init(&p, argc, argv))
		return cmd_fail(ENOMEM, "out of memory");
	while (!ret && (id = opt_next(&p)) >= 0) {
		if (id == 'o')
			*options = true;
		else if (id == 'B' || id == 't')
			ret = choose_option(c, id, p.arg);
		else
			ret = usage("stat");
	}
	if (!ret)
		ret = choose_no_words(&p);
	opt_release(&p);
	return ret ? ret : choose_end(c);
}

int cmd_stat(int argc, char **argv)
{
	bool options = false, more = false;
	struct choose c;
	unsigned int i;
	int ret = choose_init(&c);

	if (!ret)
		ret = parse(&c, &options, argc, argv);
	for (i = 0; !ret && i < c.sel.count; i++) {
		const struct selected *b = &c.sel.item[i];

		if (b->name)
			printf("%sInstance: %s\n", more ? "---------------\n" : "", b->name);
		more = true;
		stat_buffer(b, options);
	}
	if (!ret)
		stat_stack_tracer();
	choose_release(&c);
	return ret;
}
