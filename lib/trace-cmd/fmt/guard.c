/*
 * guard.c - see guard.h. Layer 2.
 */
#include <string.h>

#include "fmt/guard.h"

#define DEPTH_MAX	64	/* of the tree of arguments */
#define ELEMENT_MAX	8	/* bytes of an array's element */
#define WIDTH_MAX	4096	/* of a number or text, where the record is shorter */
#define TAIL		512	/* bytes: more than plugins and %pI6 and its like look at unasked */

enum guard_kind {
	GUARD_COUNT,		/* of bytes or elements: within the record */
	GUARD_ELEMENT,		/* bytes of an element: 1, 2, 4, 8 */
	GUARD_DIVISOR,		/* neither 0 nor -1 */
	GUARD_WIDTH,		/* '*' */
	GUARD_MASK,		/* bytes of a bit mask: for none, libtraceevent allocates 3 GB */
};

struct guard {
	const struct guard *next;
	enum guard_kind kind;
	const struct value *value;
};

/* What walking along the arguments needs. */
struct walk {
	struct guards *g;
	struct arena *arena;
	struct tep_event *event;
	uint32_t *min_size;
};

/* @value NULL: there is none. */
static void add_value(struct walk *w, enum guard_kind kind, const struct value *value)
{
	struct guard *guard = value ? arena_alloc(w->arena, sizeof(*guard)) : NULL;

	if (!guard) {
		w->g->unsafe = true;
		return;
	}
	guard->kind = kind;
	guard->value = value;
	guard->next = w->g->first;
	w->g->first = guard;
}

static void add(struct walk *w, enum guard_kind kind, struct tep_print_arg *arg)
{
	add_value(w, kind, value_compile(w->arena, w->event, arg, w->min_size));
}

static void add_mask(struct walk *w, const struct tep_print_arg *arg)
{
	const struct tep_format_field *f = tep_find_any_field(w->event, arg->bitmask.bitmask);

	add_value(w, GUARD_MASK, value_dynamic_len(w->arena, w->event, f, w->min_size));
}

/* What libtraceevent takes for an array without looking: a field, or one of any length. */
static void check_array(struct walk *w, struct tep_print_arg *arg)
{
	bool array = arg->type == TEP_PRINT_DYNAMIC_ARRAY ||
		     (arg->type == TEP_PRINT_FIELD &&
		      tep_find_any_field(w->event, arg->field.name));

	if (!array)
		w->g->unsafe = true;
}

static void visit(struct walk *w, struct tep_print_arg *arg, unsigned int depth);

static void visit_op(struct walk *w, struct tep_print_arg *arg, unsigned int depth)
{
	const char *op = arg->op.op;

	if (!strcmp(op, "/") || !strcmp(op, "%"))
		add(w, GUARD_DIVISOR, arg->op.right);
	else if (!strcmp(op, "["))
		add(w, GUARD_COUNT, arg->op.right);
	visit(w, arg->op.left, depth);
	visit(w, arg->op.right, depth);
}

/* All that are in a list, too: arguments of functions. */
static void visit(struct walk *w, struct tep_print_arg *arg, unsigned int depth)
{
	if (depth == DEPTH_MAX)
		w->g->unsafe = true;
	if (!arg || w->g->unsafe)
		return;
	depth++;
	switch (arg->type) {
	case TEP_PRINT_FLAGS:
		visit(w, arg->flags.field, depth);
		break;
	case TEP_PRINT_SYMBOL:
		visit(w, arg->symbol.field, depth);
		break;
	case TEP_PRINT_HEX:
	case TEP_PRINT_HEX_STR:
		check_array(w, arg->hex.field);
		add(w, GUARD_COUNT, arg->hex.size);
		visit(w, arg->hex.field, depth);
		visit(w, arg->hex.size, depth);
		break;
	case TEP_PRINT_INT_ARRAY:
		check_array(w, arg->int_array.field);
		add(w, GUARD_COUNT, arg->int_array.count);
		add(w, GUARD_ELEMENT, arg->int_array.el_size);
		visit(w, arg->int_array.field, depth);
		visit(w, arg->int_array.count, depth);
		break;
	case TEP_PRINT_BITMASK:
	case TEP_PRINT_CPUMASK:
		add_mask(w, arg);
		break;
	case TEP_PRINT_TYPE:
		visit(w, arg->typecast.item, depth);
		break;
	case TEP_PRINT_DYNAMIC_ARRAY:
		if (arg->dynarray.index)
			add(w, GUARD_COUNT, arg->dynarray.index);
		break;
	case TEP_PRINT_OP:
		visit_op(w, arg, depth);
		break;
	case TEP_PRINT_FUNC:
		for (arg = arg->func.args; arg; arg = arg->next)
			visit(w, arg, depth);
		break;
	default:
		break;
	}
}

/* Arguments that are a width, a precision or a length: those that a '*' in the format takes. */
static void visit_stars(struct walk *w)
{
	const char *p = w->event->print_fmt.format;
	struct tep_print_arg *arg = w->event->print_fmt.args;

	while (p && arg && (p = strchr(p, '%'))) {
		if (*++p == '%') {
			p++;
			continue;
		}
		for (; *p && strchr("-+ #0123456789.*hlLzjqt", *p); p++) {
			if (*p != '*' || !arg)
				continue;
			add(w, GUARD_WIDTH, arg);
			arg = arg->next;
		}
		arg = arg ? arg->next : NULL;
	}
}

void guards_compile(struct guards *g, struct arena *arena, struct tep_event *event,
		    uint32_t *min_size)
{
	struct walk w = { .g = g, .arena = arena, .event = event, .min_size = min_size };
	struct tep_print_arg *arg;

	*g = (struct guards){ 0 };
	for (arg = event->print_fmt.args; arg; arg = arg->next)
		visit(&w, arg, 0);
	visit_stars(&w);
}

static bool guard_passes(const struct guard *g, uint64_t v, uint32_t limit)
{
	switch (g->kind) {
	case GUARD_COUNT:
		return v <= limit;
	case GUARD_ELEMENT:
		return v == 1 || v == 2 || v == 4 || v == 8;
	case GUARD_MASK:
		return v;
	case GUARD_DIVISOR:
		return v && v != UINT64_MAX;
	default:
		/* as the int that it becomes */
		if (limit < WIDTH_MAX)
			limit = WIDTH_MAX;
		return (int32_t)v >= -WIDTH_MAX && (int64_t)(int32_t)v <= (int64_t)limit;
	}
}

bool guards_pass(const struct guards *g, struct fmt_record *r, uint32_t limit)
{
	const struct guard *one;

	for (one = g->first; one; one = one->next) {
		uint64_t v = value_of(one->value, r);
		bool punted = r->punt;

		/* what has no value of ours has none that can be trusted */
		r->punt = false;
		if (punted || !guard_passes(one, v, limit))
			return false;
	}
	return true;
}

uint32_t guards_tail(const struct guards *g, uint32_t limit)
{
	return g->first ? limit * ELEMENT_MAX + WIDTH_MAX + TAIL : TAIL;
}
