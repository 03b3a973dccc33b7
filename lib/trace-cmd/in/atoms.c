/*
 * atoms.c - see atoms.h. Layer 2.
 */
#include <errno.h>
#include <inttypes.h>
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
	const struct in_ksyms *k = is_name(*atom) ? in_handle_ksyms(h) : NULL;
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

static int visit(struct tracecmd_input *h, struct tep_print_arg *arg, int depth)
{
	int ret = 0;

	if (!arg || depth > DEPTH_MAX)
		return 0;
	depth++;
	switch (arg->type) {
	case TEP_PRINT_ATOM:
		/* all of an argument it may be a text */
		return depth > 1 ? resolve(h, &arg->atom.atom) : 0;
	case TEP_PRINT_FLAGS:
		return visit(h, arg->flags.field, depth);
	case TEP_PRINT_SYMBOL:
		return visit(h, arg->symbol.field, depth);
	case TEP_PRINT_TYPE:
		return visit(h, arg->typecast.item, depth);
	case TEP_PRINT_OP:
		ret = visit(h, arg->op.left, depth);
		return ret ? ret : visit(h, arg->op.right, depth);
	case TEP_PRINT_FUNC:
		for (arg = arg->func.args; arg && !ret; arg = arg->next)
			ret = visit(h, arg, depth);
		return ret;
	default:
		return 0;
	}
}

int in_atoms_resolve(struct tracecmd_input *h, struct tep_event *event)
{
	struct tep_print_arg *arg;
	int ret = 0;

	for (arg = event->print_fmt.args; arg && !ret; arg = arg->next)
		ret = visit(h, arg, 0);
	return ret;
}
