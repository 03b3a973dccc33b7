/*
 * value.c - see value.h. Layer 2.
 */
#include <byteswap.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fmt/value.h"

#define EXPRESSION_DEPTH_MAX	64	/* formats come from files: no stack may be exhausted */

static const struct {
	char text[4];
	enum value_op op;
} operators[] = {
	{ "+", VALUE_ADD }, { "-", VALUE_SUB }, { "*", VALUE_MUL }, { "/", VALUE_DIV },
	{ "%", VALUE_MOD }, { "&", VALUE_AND }, { "|", VALUE_OR }, { "^", VALUE_XOR },
	{ "<<", VALUE_SHL }, { ">>", VALUE_SHR }, { "&&", VALUE_LAND }, { "||", VALUE_LOR },
	{ "==", VALUE_EQ }, { "!=", VALUE_NE }, { "<", VALUE_LT }, { "<=", VALUE_LE },
	{ ">", VALUE_GT }, { ">=", VALUE_GE },
};

bool value_swapped(const struct tep_handle *tep)
{
	return tep_is_file_bigendian((struct tep_handle *)tep) !=
	       (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
}

uint64_t value_read(const uint8_t *data, unsigned int size, bool swap)
{
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	switch (size) {
	case 1:
		return *data;
	case 2:
		memcpy(&v16, data, 2);
		return swap ? bswap_16(v16) : v16;
	case 4:
		memcpy(&v32, data, 4);
		return swap ? bswap_32(v32) : v32;
	default:
		memcpy(&v64, data, 8);
		return swap ? bswap_64(v64) : v64;
	}
}

static struct value *value_new(struct arena *arena, enum value_op op)
{
	struct value *v = arena_alloc(arena, sizeof(*v));

	if (v)
		v->op = op;
	return v;
}

static struct tep_format_field *field_of(struct tep_event *event, struct tep_print_arg *arg)
{
	if (!arg->field.field)
		arg->field.field = tep_find_any_field(event, arg->field.name);
	return arg->field.field;
}

static struct value *compile_field(struct arena *arena, struct tep_event *event,
				   const struct tep_format_field *f, uint32_t *min_size)
{
	struct value *v;

	if (!f || f->offset < 0 || f->flags & (TEP_FIELD_IS_DYNAMIC | TEP_FIELD_IS_ARRAY))
		return NULL;
	if (f->size != 1 && f->size != 2 && f->size != 4 && f->size != 8)
		return NULL;
	v = value_new(arena, VALUE_FIELD);
	if (!v)
		return NULL;
	v->k = f->offset;
	v->size = f->size;
	v->swap = value_swapped(event->tep);
	if ((uint32_t)f->offset + f->size > *min_size)
		*min_size = f->offset + f->size;
	return v;
}

struct value *value_dynamic_len(struct arena *arena, struct tep_event *event,
				const struct tep_format_field *f, uint32_t *min_size)
{
	struct value *v;

	if (!f || f->offset < 0 || f->size != 4 || !(f->flags & TEP_FIELD_IS_DYNAMIC))
		return NULL;
	v = value_new(arena, VALUE_DYNAMIC_LEN);
	if (!v)
		return NULL;
	v->k = f->offset;
	v->size = 4;
	v->swap = value_swapped(event->tep);
	if ((uint32_t)f->offset + 4 > *min_size)
		*min_size = f->offset + 4;
	return v;
}

/* Which bits a cast leaves; 0: all of them. */
static uint64_t cast_mask(const char *type)
{
	static const struct {
		const char *name;
		uint64_t mask;
	} casts[] = {
		{ "u8", 0xff }, { "s8", 0xff }, { "char", 0xff },
		{ "u16", 0xffff }, { "s16", 0xffff }, { "short", 0xffff },
		{ "u32", 0xffffffff }, { "s32", 0xffffffff }, { "int", 0xffffffff },
	};
	size_t len = strlen(type);
	unsigned int i;

	if (len && type[len - 1] == '*')
		return 0;
	if (!strncmp(type, "unsigned ", 9))
		type += 9;
	for (i = 0; i < ARRAY_SIZE(casts); i++)
		if (!strcmp(type, casts[i].name))
			return casts[i].mask;
	return 0;
}

static struct value *compile(struct arena *arena, struct tep_event *event,
			     struct tep_print_arg *arg, uint32_t *min_size, int depth);

static struct value *compile_cast(struct arena *arena, struct tep_event *event,
				  struct tep_print_arg *arg, uint32_t *min_size, int depth)
{
	struct value *item = compile(arena, event, arg->typecast.item, min_size, depth);
	uint64_t mask = cast_mask(arg->typecast.type);
	struct value *v;

	if (!item || !mask)
		return item;
	v = value_new(arena, VALUE_MASK);
	if (!v)
		return NULL;
	v->k = mask;
	v->a = item;
	return v;
}

static struct value *compile_choice(struct arena *arena, struct tep_event *event,
				    struct tep_print_arg *arg, uint32_t *min_size, int depth)
{
	struct tep_print_arg *both = arg->op.right;
	struct value *v = value_new(arena, VALUE_CHOICE);

	if (!v || !both || both->type != TEP_PRINT_OP)
		return NULL;
	v->a = compile(arena, event, arg->op.left, min_size, depth);
	v->b = compile(arena, event, both->op.left, min_size, depth);
	v->c = compile(arena, event, both->op.right, min_size, depth);
	return v->a && v->b && v->c ? v : NULL;
}

/* One element of an array inside the record, by a constant index. */
static struct value *compile_element(struct arena *arena, struct tep_event *event,
				     struct tep_print_arg *arg, uint32_t *min_size)
{
	struct tep_print_arg *array = arg->op.left, *index = arg->op.right;
	const struct tep_format_field *f;
	struct value *v;
	uint64_t i;

	if (!array || !index || array->type != TEP_PRINT_FIELD || index->type != TEP_PRINT_ATOM)
		return NULL;
	f = field_of(event, array);
	i = strtoull(index->atom.atom, NULL, 0);
	if (!f || f->offset < 0 || !(f->flags & TEP_FIELD_IS_ARRAY) ||
	    f->flags & TEP_FIELD_IS_DYNAMIC || f->size <= 0 ||
	    (f->elementsize != 1 && f->elementsize != 2 && f->elementsize != 4 && f->elementsize != 8) ||
	    i >= (unsigned int)f->size / f->elementsize)
		return NULL;
	v = value_new(arena, VALUE_FIELD);
	if (!v)
		return NULL;
	v->k = f->offset + i * f->elementsize;
	v->size = f->elementsize;
	v->swap = value_swapped(event->tep);
	if (v->k + v->size > *min_size)
		*min_size = v->k + v->size;
	return v;
}

static struct value *compile_op(struct arena *arena, struct tep_event *event,
				struct tep_print_arg *arg, uint32_t *min_size, int depth)
{
	const char *op = arg->op.op;
	bool unary = !arg->op.left || arg->op.left->type == TEP_PRINT_NULL;
	struct value *v = NULL;
	unsigned int i;

	if (!strcmp(op, "?"))
		return compile_choice(arena, event, arg, min_size, depth);
	if (!strcmp(op, "["))
		return compile_element(arena, event, arg, min_size);
	if (unary) {
		if (strcmp(op, "!") && strcmp(op, "~") && strcmp(op, "-"))
			return NULL;
		v = value_new(arena, *op == '!' ? VALUE_NOT : *op == '~' ? VALUE_INVERT : VALUE_NEGATE);
		if (!v)
			return NULL;
		v->a = compile(arena, event, arg->op.right, min_size, depth);
		return v->a ? v : NULL;
	}
	for (i = 0; i < ARRAY_SIZE(operators) && !v; i++)
		if (!strcmp(op, operators[i].text))
			v = value_new(arena, operators[i].op);
	if (!v)
		return NULL;
	v->a = compile(arena, event, arg->op.left, min_size, depth);
	v->b = compile(arena, event, arg->op.right, min_size, depth);
	return v->a && v->b ? v : NULL;
}

static struct value *compile(struct arena *arena, struct tep_event *event,
			     struct tep_print_arg *arg, uint32_t *min_size, int depth)
{
	struct value *v;

	if (!arg || depth > EXPRESSION_DEPTH_MAX)
		return NULL;
	switch (arg->type) {
	case TEP_PRINT_ATOM:
		v = value_new(arena, VALUE_CONST);
		if (!v)
			return NULL;
		/* 1UL is fine; libtraceevent takes a name that in/atoms.c has left for 0 */
		v->k = strtoull(arg->atom.atom, NULL, 0);
		return v;
	case TEP_PRINT_FIELD:
		return compile_field(arena, event, field_of(event, arg), min_size);
	case TEP_PRINT_TYPE:
		return compile_cast(arena, event, arg, min_size, depth + 1);
	case TEP_PRINT_OP:
		return compile_op(arena, event, arg, min_size, depth + 1);
	case TEP_PRINT_DYNAMIC_ARRAY_LEN:
		return value_dynamic_len(arena, event, arg->dynarray.field, min_size);
	default:
		return NULL;
	}
}

const struct value *value_compile(struct arena *arena, struct tep_event *event,
				  struct tep_print_arg *arg, uint32_t *min_size)
{
	return compile(arena, event, arg, min_size, 0);
}

bool value_is_direct(const struct value *v, uint64_t *ret_offset, uint64_t *ret_mask)
{
	uint64_t mask = UINT64_MAX;

	for (; v->op == VALUE_MASK; v = v->a)
		mask &= v->k;
	if (v->op != VALUE_FIELD || v->swap || __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		return false;
	*ret_offset = v->k;
	*ret_mask = mask & UINT64_MAX >> (64 - 8 * v->size);
	return true;
}

/* Two operands, both already numbers. */
static uint64_t binary(const struct value *v, uint64_t a, uint64_t b, struct fmt_record *r)
{
	switch (v->op) {
	case VALUE_ADD: return a + b;
	case VALUE_SUB: return a - b;
	case VALUE_MUL: return a * b;
	case VALUE_AND: return a & b;
	case VALUE_OR: return a | b;
	case VALUE_XOR: return a ^ b;
	case VALUE_EQ: return a == b;
	case VALUE_NE: return a != b;
	case VALUE_LT: return a < b;
	case VALUE_LE: return a <= b;
	case VALUE_GT: return a > b;
	case VALUE_GE: return a >= b;
	case VALUE_DIV:
	case VALUE_MOD:
		if (!b)
			break;
		return v->op == VALUE_DIV ? a / b : a % b;
	case VALUE_SHL:
	case VALUE_SHR:
		if (b > 63)
			break;
		return v->op == VALUE_SHL ? a << b : a >> b;
	default:
		break;
	}
	r->punt = true;
	return 0;
}

/* What most operands are, without a call. */
static inline uint64_t operand(const struct value *v, struct fmt_record *r)
{
	if (v->op == VALUE_CONST)
		return v->k;
	return v->op == VALUE_FIELD ? value_read(r->data + v->k, v->size, v->swap) : value_of(v, r);
}

uint64_t value_of(const struct value *v, struct fmt_record *r)
{
	switch (v->op) {
	case VALUE_CONST:
		return v->k;
	case VALUE_FIELD:
		return value_read(r->data + v->k, v->size, v->swap);
	case VALUE_DYNAMIC_LEN:
		return value_read(r->data + v->k, 4, v->swap) >> 16;
	case VALUE_MASK:
		return operand(v->a, r) & v->k;
	case VALUE_NOT:
		return !value_of(v->a, r);
	case VALUE_INVERT:
		return ~value_of(v->a, r);
	case VALUE_NEGATE:
		return -value_of(v->a, r);
	case VALUE_LAND:
		return value_of(v->a, r) && value_of(v->b, r);
	case VALUE_LOR:
		return value_of(v->a, r) || value_of(v->b, r);
	case VALUE_CHOICE:
		return operand(operand(v->a, r) ? v->b : v->c, r);
	default:
		return binary(v, operand(v->a, r), operand(v->b, r), r);
	}
}
