/*
 * choose.c - see choose.h. Layer 6.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "choose.h"
#include "commands.h"
#include "message.h"
#include "setup/inuse.h"

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
	unsigned int i;

	for (i = 0; c->claim_fd && i < c->sel.count; i++)
		fd_close(&c->claim_fd[i]);
	free(c->claim_fd);
	c->claim_fd = NULL;
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

int choose_claim(struct choose *c, const char *what)
{
	unsigned int i;
	char who[64];
	pid_t pid;

	c->claim_fd = malloc((c->sel.count + 1) * sizeof(*c->claim_fd));
	if (!c->claim_fd)
		return cmd_fail(ENOMEM, "out of memory");
	for (i = 0; i < c->sel.count; i++)
		c->claim_fd[i] = -1;
	for (i = 0; i < c->sel.count; i++) {
		const char *name = c->sel.item[i].name;

		if (inuse_claim(c->sel.item[i].dir, &c->claim_fd[i], &pid))
			return cmd_fail(EBUSY, "%s is recording in the %s%s\n--force %s",
					inuse_who(pid, who, sizeof(who)), name ? "instance " : "top instance",
					name ? name : "", what);
	}
	return 0;
}

int choose_no_words(const struct optparse *p)
{
	int rest = opt_rest(p);

	return rest < p->argc ? usage_why(p->argv[0], "unexpected argument '%s'", p->argv[rest]) : 0;
}
