/*
 * filter-plan.c - see filter-plan.h. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "in/filter-plan.h"

#define CHECKS		16
#define DEPTH_MAX	64

enum node_op {
	NODE_CONST,		/* left's */
	NODE_NOT, NODE_AND, NODE_OR,
	NODE_TRUE,		/* left is not 0 */
	NODE_TASK,		/* left is one of the tasks */
	NODE_EQ, NODE_NE, NODE_GT, NODE_LT, NODE_GE, NODE_LE,
};

/* A number: of a field, or a constant. */
struct operand {
	uint64_t k;
	uint16_t offset;
	uint8_t size;		/* bytes of the field; 0: it is k */
	uint8_t shift;		/* bits of 64 that aren't the number's, if it has a sign; else 0 */
};

struct in_filter_node {
	struct in_filter_node *all;	/* the next one of the plan */
	enum node_op op;
	struct operand left, right;
	const struct in_tasks *tasks;
	const struct in_filter_node *a, *b;
};

struct in_filter_test {
	const struct in_filter_node *node;
	bool neg;
};

struct in_filter_plan *in_filter_plan_new(bool show)
{
	struct in_filter_plan *p = calloc(1, sizeof(*p));

	if (p) {
		p->show = show;
		p->checks = CHECKS;
	}
	return p;
}

void in_filter_plan_free(struct in_filter_plan *p)
{
	struct in_filter_node *n;

	if (!p)
		return;
	while ((n = p->nodes)) {
		p->nodes = n->all;
		free(n);
	}
	free(p->tests);
	free(p);
}

/* --- compiling -------------------------------------------------------------- */

static struct in_filter_node *node_new(struct in_filter_plan *p, enum node_op op)
{
	struct in_filter_node *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->op = op;
	n->all = p->nodes;
	p->nodes = n;
	return n;
}

/* False: @arg is no number of this kind. */
static bool operand_of(struct in_filter_plan *p, const struct tep_filter_arg *arg, struct operand *ret)
{
	const unsigned int other = TEP_FIELD_IS_ARRAY | TEP_FIELD_IS_STRING | TEP_FIELD_IS_DYNAMIC |
				   TEP_FIELD_IS_RELATIVE;
	const struct tep_format_field *f;

	*ret = (struct operand){ .k = 0 };
	if (arg->type == TEP_FILTER_ARG_VALUE) {
		ret->k = arg->value.val;
		return arg->value.type == TEP_FILTER_NUMBER;
	}
	f = arg->type == TEP_FILTER_ARG_FIELD ? arg->field.field : NULL;
	/* "COMM" and "CPU" have no size */
	if (!f || f->flags & other || f->offset < 0 || f->offset > UINT16_MAX ||
	    (f->size != 1 && f->size != 2 && f->size != 4 && f->size != 8))
		return false;
	ret->offset = f->offset;
	ret->size = f->size;
	ret->shift = f->flags & TEP_FIELD_IS_SIGNED ? 64 - 8 * f->size : 0;
	if ((uint32_t)f->offset + f->size > p->min_size)
		p->min_size = f->offset + f->size;
	return true;
}

static bool compare_op(enum tep_filter_cmp_type type, enum node_op *ret_op)
{
	switch (type) {
	case TEP_FILTER_CMP_EQ:
		*ret_op = NODE_EQ;
		return true;
	case TEP_FILTER_CMP_NE:
		*ret_op = NODE_NE;
		return true;
	case TEP_FILTER_CMP_GT:
		*ret_op = NODE_GT;
		return true;
	case TEP_FILTER_CMP_LT:
		*ret_op = NODE_LT;
		return true;
	case TEP_FILTER_CMP_GE:
		*ret_op = NODE_GE;
		return true;
	case TEP_FILTER_CMP_LE:
		*ret_op = NODE_LE;
		return true;
	default:
		return false;
	}
}

static struct in_filter_node *compile(struct in_filter_plan *p, const struct tep_filter_arg *arg,
				      unsigned int depth);

static struct in_filter_node *compile_op(struct in_filter_plan *p, const struct tep_filter_arg_op *op,
					 unsigned int depth)
{
	struct in_filter_node *n;

	if (op->type != TEP_FILTER_OP_AND && op->type != TEP_FILTER_OP_OR &&
	    op->type != TEP_FILTER_OP_NOT)
		return NULL;
	n = node_new(p, op->type == TEP_FILTER_OP_AND ? NODE_AND :
			op->type == TEP_FILTER_OP_OR ? NODE_OR : NODE_NOT);
	if (!n)
		return NULL;
	n->b = compile(p, op->right, depth + 1);
	n->a = n->op == NODE_NOT ? n->b : compile(p, op->left, depth + 1);
	return n->a && n->b ? n : NULL;
}

/* NULL: it can't be compiled (or no memory). */
static struct in_filter_node *compile(struct in_filter_plan *p, const struct tep_filter_arg *arg,
				      unsigned int depth)
{
	enum node_op op = NODE_TRUE;
	struct in_filter_node *n;

	if (!arg || depth > DEPTH_MAX)
		return NULL;
	switch (arg->type) {
	case TEP_FILTER_ARG_BOOLEAN:
		n = node_new(p, NODE_CONST);
		if (n)
			n->left.k = arg->boolean.value == TEP_FILTER_TRUE;
		return n;
	case TEP_FILTER_ARG_OP:
		return compile_op(p, &arg->op, depth);
	case TEP_FILTER_ARG_VALUE:
	case TEP_FILTER_ARG_FIELD:
		n = node_new(p, NODE_TRUE);
		return n && operand_of(p, arg, &n->left) ? n : NULL;
	case TEP_FILTER_ARG_NUM:
		n = compare_op(arg->num.type, &op) ? node_new(p, op) : NULL;
		return n && operand_of(p, arg->num.left, &n->left) &&
		       operand_of(p, arg->num.right, &n->right) ? n : NULL;
	default:
		return NULL;
	}
}

/* 0; -ENOMEM. */
static int add_test(struct in_filter_plan *p, const struct in_filter_node *node, bool neg)
{
	struct in_filter_test *more = reallocarray(p->tests, p->nr_tests + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	p->tests = more;
	p->tests[p->nr_tests++] = (struct in_filter_test){ .node = node, .neg = neg };
	return 0;
}

int in_filter_plan_add(struct in_filter_plan *p, const struct tep_event_filter *filter, int id,
		       bool neg)
{
	const struct in_filter_node *node;
	int i;

	for (i = 0; i < filter->filters && filter->event_filters[i].event_id != id; i++)
		;
	if (i == filter->filters)
		return 0;
	node = compile(p, filter->event_filters[i].filter, 0);
	return node ? add_test(p, node, neg) : -EOPNOTSUPP;
}

int in_filter_plan_add_tasks(struct in_filter_plan *p, const struct in_tasks *tasks, struct tep_event *event,
			     bool neg)
{
	const struct tep_format_field *field[IN_TASK_FIELDS];
	unsigned int i, n = event ? in_tasks_fields(event, field) : 0;
	struct in_filter_node *all = NULL;

	for (i = 0; i < n; i++) {
		const struct tep_filter_arg arg = { .type = TEP_FILTER_ARG_FIELD,
			.field.field = (struct tep_format_field *)field[i] };
		struct in_filter_node *task = node_new(p, NODE_TASK);
		struct in_filter_node *or = all ? node_new(p, NODE_OR) : task;

		if (!task || !or)
			return -ENOMEM;
		if (!operand_of(p, &arg, &task->left))
			return -EOPNOTSUPP;
		task->tasks = tasks;
		if (all) {
			or->a = all;
			or->b = task;
		}
		all = or;
	}
	return all ? add_test(p, all, neg) : -EOPNOTSUPP;
}

/* --- running ------------------------------------------------------------------ */

/* As libtraceevent has numbers: all are compared without their signs. */
static inline uint64_t number(const struct operand *o, const uint8_t *data)
{
	uint64_t v = 0;

	switch (o->size) {
	case 0:
		return o->k;
	case 1:
		v = data[o->offset];
		break;
	case 2:
		memcpy(&v, data + o->offset, 2);
		break;
	case 4:
		memcpy(&v, data + o->offset, 4);
		break;
	default:
		memcpy(&v, data + o->offset, 8);
	}
	return o->shift ? (uint64_t)((int64_t)(v << o->shift) >> o->shift) : v;
}

static bool is_true(const struct in_filter_node *n, const uint8_t *data)
{
	uint64_t left, right;

	switch (n->op) {
	case NODE_CONST:
		return n->left.k;
	case NODE_NOT:
		return !is_true(n->b, data);
	case NODE_AND:
		return is_true(n->a, data) && is_true(n->b, data);
	case NODE_OR:
		return is_true(n->a, data) || is_true(n->b, data);
	default:
		break;
	}
	left = number(&n->left, data);
	if (n->op == NODE_TASK)
		return in_tasks_has(n->tasks, left);
	right = number(&n->right, data);
	switch (n->op) {
	case NODE_EQ:
		return left == right;
	case NODE_NE:
		return left != right;
	case NODE_GT:
		return left > right;
	case NODE_LT:
		return left < right;
	case NODE_GE:
		return left >= right;
	case NODE_LE:
		return left <= right;
	default:
		return left;
	}
}

bool in_filter_plan_shows(const struct in_filter_plan *p, const uint8_t *data)
{
	bool show = p->show;
	unsigned int i;

	for (i = 0; i < p->nr_tests; i++) {
		const struct in_filter_test *t = &p->tests[i];

		if ((!t->neg && show) || !is_true(t->node, data))
			continue;
		if (t->neg)
			return false;
		show = true;
	}
	return show;
}
