/*
 * atoms.c - see atoms.h. Layer 2.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "in/atoms.h"
#include "in/handle.h"
#include "in/ksyms.h"

#define DEPTH_MAX	64	/* of the tree of arguments */

static bool is_name(const char *text)
{
	char c = *text | 0x20;

	return (c >= 'a' && c <= 'z') || *text == '_';
}

static int resolve(struct tracecmd_input *h, char **atom)
{
	struct in_ksyms *k = is_name(*atom) ? in_handle_ksyms(h) : NULL;
	const struct in_ksym *s = k ? in_ksyms_named(k, *atom) : NULL;
	char text[24], *address;

	if (!s)
		return 0;
	snprintf(text, sizeof(text), "0x%" PRIx64, s->addr);
	address = strdup(text);
	if (!address)
		return -ENOMEM;
	free(*atom);
	*atom = address;
	return 0;
}

/* @text: what @arg is may be a text, which looks like a name here, as it has lost its quotes. */
static int visit(struct tracecmd_input *h, struct tep_print_arg *arg, bool text, int depth)
{
	int ret = 0;

	if (!arg || depth > DEPTH_MAX)
		return 0;
	depth++;
	switch (arg->type) {
	case TEP_PRINT_ATOM:
		return text ? 0 : resolve(h, &arg->atom.atom);
	case TEP_PRINT_FLAGS:
		return visit(h, arg->flags.field, false, depth);
	case TEP_PRINT_SYMBOL:
		return visit(h, arg->symbol.field, false, depth);
	case TEP_PRINT_TYPE:
		return visit(h, arg->typecast.item, text, depth);
	case TEP_PRINT_OP:
		/* A ? "b" : "c" */
		ret = visit(h, arg->op.left, text && !strcmp(arg->op.op, ":"), depth);
		text &= !strcmp(arg->op.op, ":") || !strcmp(arg->op.op, "?");
		return ret ? ret : visit(h, arg->op.right, text, depth);
	case TEP_PRINT_FUNC:
		for (arg = arg->func.args; arg && !ret; arg = arg->next)
			ret = visit(h, arg, false, depth);
		return ret;
	default:
		return 0;
	}
}

/* May the next argument of @format be a text? Moves @format behind what takes it. */
static bool next_is_text(const char **format)
{
	const char *f = *format;
	char conversion = '%';

	while (conversion == '%') {
		f = strchr(f, '%');
		if (!f)
			return true;
		f += 1 + strspn(f + 1, "-+ #0123456789.hlLqjzt");
		conversion = *f;
		f += conversion != 0;
	}
	/* a width is an argument, too, and who it belongs to is not worth the effort */
	*format = conversion == '*' ? "" : f;
	return conversion == 's' || conversion == '*';
}

int in_atoms_resolve(struct tracecmd_input *h, struct tep_event *event)
{
	const char *format = event->print_fmt.format;
	struct tep_print_arg *arg;
	int ret = 0;

	for (arg = format ? event->print_fmt.args : NULL; arg && !ret; arg = arg->next)
		ret = visit(h, arg, next_is_text(&format), 0);
	return ret;
}
