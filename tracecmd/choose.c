/*
 * choose.c - see choose.h. Layer 6.
 */
#include <errno.h>

#include "choose.h"
#include "commands.h"
#include "message.h"

int choose_init(struct choose *c)
{
	struct err err = { 0 };
	int ret;

	*c = (struct choose){ 0 };
	ret = selection_init(&c->sel, &err);
	return ret ? cmd_fail_err(-ret, &err) : 0;
}

void choose_release(struct choose *c)
{
	selection_release(&c->sel);
}

int choose_option(struct choose *c, int id, const char *arg)
{
	struct err err = { 0 };
	int ret;

	if (id == 't') {
		c->top = true;
		return 0;
	}
	if (id == 'a') {
		c->all = true;
		return 0;
	}
	c->named = true;
	ret = selection_add(&c->sel, arg, &err);
	return ret ? cmd_fail_err(-ret, &err) : 0;
}

int choose_end(struct choose *c)
{
	struct err err = { 0 };
	int ret = 0;

	if (c->top || !c->named)
		ret = selection_add_top(&c->sel, &err);
	if (!ret && c->all)
		ret = selection_add_instances(&c->sel, &err);
	return ret ? cmd_fail_err(-ret, &err) : 0;
}

int choose_no_words(const struct optparse *p)
{
	return opt_rest(p) < p->argc ? usage(p->argv[0]) : 0;
}
