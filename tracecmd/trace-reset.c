/*
 * trace-reset.c - the reset command: buffers as they were after boot. Layer 6.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "choose.h"
#include "commands.h"
#include "message.h"
#include "session/putback.h"
#include "setup/leftover.h"
#include "state/change.h"

enum { OPT_FORCE = OPT_LONG };

const struct opt_spec reset_options[] = {
	CHOOSE_OPTIONS,
	{ 'a', "all", OPT_NONE, "all buffers, the top one included unless -B is given" },
	{ 'b', NULL, OPT_REQUIRED, "new size of the ring buffer of each CPU, in KB", "number" },
	{ 'd', NULL, OPT_NONE, "delete the instance of the -B before it; after -a: all instances" },
	{ 'k', NULL, OPT_REQUIRED,
	  "keep dynamic events of a kind: kprobe, kretprobe, uprobe, uretprobe,\n"
	  "eprobe, synth, all; may be given several times",
	  "kprobe kretprobe uprobe uretprobe eprobe synth all" },
	{ OPT_FORCE, "force", OPT_NONE, "even if another trace-cmd is recording there" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

struct reset_plan {
	struct choose choose;
	unsigned int keep;
	int all_kb;		/* size for all buffers that have none of their own */
	bool delete_all;
	bool force;		/* even if others record there */
	/* of each -B, by its place in the selection */
	struct { int kb; bool delete; } own[256];
};

/* The settings of the last -B; NULL: none was given, or it was too many. */
static void *last_own(struct reset_plan *r)
{
	unsigned int n = r->choose.sel.count;

	return !r->choose.all && n && n <= ARRAY_SIZE(r->own) ? &r->own[n - 1] : NULL;
}

static int option_keep(struct reset_plan *r, const char *kind)
{
	static const struct { const char *name; unsigned int keep; } kinds[] = {
		{ "kprobe", KEEP_KPROBE }, { "kretprobe", KEEP_KRETPROBE },
		{ "uprobe", KEEP_UPROBE }, { "uretprobe", KEEP_URETPROBE },
		{ "eprobe", KEEP_EPROBE }, { "synth", KEEP_SYNTH }, { "all", KEEP_ALL },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kind, kinds[i].name))
			continue;
		r->keep |= kinds[i].keep;
		return 0;
	}
	return cmd_fail(0, "Invalid event type '%s'!", kind);
}

static int option_size(struct reset_plan *r, const char *text)
{
	unsigned int n = r->choose.sel.count;
	long long kb;

	if (opt_number(text, 0, 1 << 30, &kb))
		return cmd_fail(0, "-b: '%s' is no size in KB", text);
	/* the kernel takes no 0 */
	if (last_own(r))
		r->own[n - 1].kb = kb ? kb : 1;
	else
		r->all_kb = kb ? kb : 1;
	return 0;
}

static int option_delete(struct reset_plan *r)
{
	unsigned int n = r->choose.sel.count;

	if (r->choose.all)
		r->delete_all = true;
	else if (last_own(r))
		r->own[n - 1].delete = true;
	else
		return cmd_fail(0, "Can not delete top level buffer");
	return 0;
}

static int parse(struct reset_plan *r, int argc, char **argv)
{
	struct optparse p;
	int id, ret = 0;

	if (opt_init(&p, argc, argv))
		return cmd_fail(ENOMEM, "out of memory");
	while (!ret && (id = opt_next(&p)) >= 0) {
		if (id == 'B' || id == 't' || id == 'a')
			ret = choose_option(&r->choose, id, p.arg);
		else if (id == 'b')
			ret = option_size(r, p.arg);
		else if (id == 'd')
			ret = option_delete(r);
		else if (id == 'k')
			ret = option_keep(r, p.arg);
		else if (id == OPT_FORCE)
			r->force = true;
		else
			ret = usage("reset");
	}
	if (!ret)
		ret = choose_no_words(&p);
	opt_release(&p);
	if (!ret && r->choose.sel.count > ARRAY_SIZE(r->own))
		ret = cmd_fail(0, "more than %zu instances", ARRAY_SIZE(r->own));
	return ret;
}

/* Reset or delete the @i-th buffer. 0; or the exit status after a message. */
static int reset_one(struct reset_plan *r, unsigned int i)
{
	const struct selected *b = &r->choose.sel.item[i];
	bool own = i < ARRAY_SIZE(r->own) && b->name;
	struct err err = { 0 };
	int ret;

	ret = change_reset(b, own && r->own[i].kb ? r->own[i].kb : r->all_kb, &err);
	if (!ret && b->name && (r->delete_all || (own && r->own[i].delete)))
		ret = change_remove(b, &err);
	return ret ? cmd_fail_err(-ret, &err) : 0;
}

int cmd_reset(int argc, char **argv)
{
	struct reset_plan r = { 0 };
	struct err err = { 0 };
	unsigned int i;
	struct killed killed;
	int ret = choose_init(&r.choose), dead = 0;

	if (!ret)
		ret = parse(&r, argc, argv);
	/* only so do instances go that it had made; before -a looks for those there are */
	if (!ret)
		dead = leftover_restore(&killed, &err);
	if (dead < 0)
		ret = cmd_fail_err(dead, &err);
	else if (dead)
		put_back_tell(&killed, NULL);
	if (!ret)
		ret = choose_end(&r.choose);
	if (!ret && !r.force)
		ret = choose_claim(&r.choose, "takes its settings away");
	if (!ret) {
		/* events that use dynamic events are off first */
		for (i = 0; i < r.choose.sel.count; i++) {
			int one = reset_one(&r, i);

			ret = ret ? ret : one;
		}
		change_remove_dynamic(r.keep);
	}
	choose_release(&r.choose);
	return ret;
}
