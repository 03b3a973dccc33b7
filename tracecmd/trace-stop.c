/*
 * trace-stop.c - the commands stop, restart and clear: what buffers take in, and what
 * they hold. Layer 6.
 */
#include <errno.h>

#include "choose.h"
#include "commands.h"
#include "message.h"
#include "state/change.h"

#define ALL_OPTION { 'a', "all", OPT_NONE, "all buffers, the top one included unless -B is given" }

enum { OPT_FORCE = OPT_LONG };

const struct opt_spec stop_options[] = {
	CHOOSE_OPTIONS, ALL_OPTION,
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};
const struct opt_spec restart_options[] = {
	CHOOSE_OPTIONS, ALL_OPTION,
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};
const struct opt_spec clear_options[] = {
	{ 'B', NULL, OPT_REQUIRED, "the instance NAME; may be given several times", "instance" },
	{ 'a', "all", OPT_NONE, "all buffers, the top one included" },
	{ OPT_FORCE, "force", OPT_NONE, "even if another trace-cmd is recording there" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

static int stop_one(const struct selected *b, struct err *err)
{
	return change_tracing_on(b, false, err);
}

static int start_one(const struct selected *b, struct err *err)
{
	return change_tracing_on(b, true, err);
}

static int parse(struct choose *c, bool *force, int argc, char **argv)
{
	struct optparse p;
	int id, ret = 0;

	if (opt_init(&p, argc, argv))
		return cmd_fail(ENOMEM, "out of memory");
	while (!ret && (id = opt_next(&p)) >= 0) {
		if (id == OPT_FORCE)
			*force = true;
		else
			ret = id == '?' || id == 'h' ? usage(argv[0]) : choose_option(c, id, p.arg);
	}
	if (!ret)
		ret = choose_no_words(&p);
	opt_release(&p);
	/* clear -B x -a is not without the top buffer */
	if (c->all && argv[0][0] == 'c')
		c->top = true;
	return ret ? ret : choose_end(c);
}

/* Do @fn to all buffers chosen; a failure does not spare the others. */
static int each(int argc, char **argv, int (*fn)(const struct selected *b, struct err *err))
{
	/* stopping and going on is what others may want in the midst of a recording */
	bool force = fn != change_clear;
	struct choose c;
	unsigned int i;
	int ret = choose_init(&c);

	if (!ret)
		ret = parse(&c, &force, argc, argv);
	if (!ret && !force)
		ret = choose_claim(&c, "empties its buffer");
	for (i = 0; !ret && i < c.sel.count; i++) {
		struct err err = { 0 };
		int error = fn(&c.sel.item[i], &err);

		if (error)
			ret = cmd_fail_err(-error, &err);
	}
	choose_release(&c);
	return ret;
}

int cmd_stop(int argc, char **argv)
{
	return each(argc, argv, stop_one);
}

int cmd_restart(int argc, char **argv)
{
	return each(argc, argv, start_one);
}

int cmd_clear(int argc, char **argv)
{
	return each(argc, argv, change_clear);
}
