/*
 * compile.c - a plan out of what libtraceevent has parsed of a print format. See plan.h. Layer 2.
 */
#include <stdlib.h>
#include <string.h>

#include "fmt/step.h"

#define CHOICE_DEPTH_MAX	16
#define STEPS_MAX		1024
#define PLAN_TEXT_MAX		(1u << 20)	/* bytes; real ones have a few thousands */

/* What compiling shares. */
struct compiler {
	struct arena *arena;
	struct tep_event *event;
	struct plan *plan;
	unsigned int alloc;
	struct text literal;	/* gathered, not yet a step */
};

static int name_order(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/*
 * What libtraceevent takes a value in a list of names for: numbers for numbers, and words
 * that the kernel's format left in it, or negative numbers, for -1; but for a few words.
 */
static bool name_value(const char *text, uint64_t *ret_value)
{
	if (strstr(text, "_SOFTIRQ") || !strncmp(text, "HRTIMER_", 8))
		if (!strstr(text, "_MODE_"))
			return false;
	*ret_value = text[0] >= '0' && text[0] <= '9' ? strtoull(text, NULL, 0) : ~0ull;
	return true;
}

/* The names of a flags or symbol argument; those of symbols are sorted by value. */
static bool compile_names(struct compiler *c, struct step *s, const struct tep_print_flag_sym *list)
{
	const struct tep_print_flag_sym *sym;
	uint32_t n = 0;

	for (sym = list; sym; sym = sym->next)
		n++;
	s->names = arena_alloc(c->arena, n * sizeof(*s->names));
	if (!s->names)
		return false;
	for (sym = list; sym; sym = sym->next) {
		struct name *name = &s->names[s->nr_names];

		if (!sym->value || !sym->str || !name_value(sym->value, &name->value))
			return false;
		name->order = s->nr_names++;
		name->len = strlen(sym->str);
		name->text = arena_copy(c->arena, sym->str, name->len);
		if (!name->text)
			return false;
	}
	if (s->kind == STEP_SYMBOL)
		qsort(s->names, s->nr_names, sizeof(*s->names), name_order);
	return true;
}

/* The number that a step is about; NULL if it can't be compiled. */
static void set_value(struct compiler *c, struct step *s, struct tep_print_arg *arg)
{
	uint64_t place;

	s->value = value_compile(c->arena, c->event, arg, &c->plan->min_size);
	s->end = s->value && value_is_direct(s->value, &place, &s->mask) ? place + 8 : UINT64_MAX;
}

static bool compile_flags(struct compiler *c, struct step *s, struct tep_print_arg *arg)
{
	s->kind = STEP_FLAGS;
	s->len = arg->flags.delim ? strlen(arg->flags.delim) : 0;
	s->text = arena_copy(c->arena, arg->flags.delim ? arg->flags.delim : "", s->len);
	if (!s->text || !s->plain)
		return false;
	set_value(c, s, arg->flags.field);
	return s->value && compile_names(c, s, arg->flags.flags);
}

static bool compile_symbol(struct compiler *c, struct step *s, struct tep_print_arg *arg)
{
	s->kind = STEP_SYMBOL;
	if (!s->plain)
		return false;
	set_value(c, s, arg->symbol.field);
	return s->value && compile_names(c, s, arg->symbol.symbols);
}

/* An array of characters inside the record. */
static bool compile_array(struct compiler *c, struct step *s, struct tep_print_arg *arg)
{
	const struct tep_format_field *f = arg->field.field;

	if (!f)
		f = tep_find_any_field(c->event, arg->field.name);
	if (!f || f->offset < 0 || f->size < 0 || f->flags & TEP_FIELD_IS_DYNAMIC)
		return false;
	/* a pointer is libtraceevent's to look up */
	if (!(f->flags & TEP_FIELD_IS_ARRAY) && (f->size == 8 || f->size == 4))
		return false;
	s->kind = STEP_STRING;
	s->offset = f->offset;
	s->size = f->size;
	if (s->offset + s->size > c->plan->min_size)
		c->plan->min_size = s->offset + s->size;
	return true;
}

static bool compile_dynamic(struct compiler *c, struct step *s, struct tep_print_arg *arg)
{
	struct tep_format_field *f = arg->string.field;

	if (!f)
		f = tep_find_any_field(c->event, arg->string.string);
	if (!f || f->offset < 0 || f->size != 4 || f->flags & TEP_FIELD_IS_RELATIVE)
		return false;
	s->kind = STEP_DYNAMIC_STRING;
	s->offset = f->offset;
	s->swap = value_swapped(c->event->tep);
	if (s->offset + 4 > c->plan->min_size)
		c->plan->min_size = s->offset + 4;
	return true;
}

static bool compile_string(struct compiler *c, struct step *s, struct tep_print_arg *arg, int depth);

/* A ? "b" : "c" */
static bool compile_choice(struct compiler *c, struct step *s, struct tep_print_arg *arg, int depth)
{
	struct tep_print_arg *both = arg->op.right;
	struct step *yes = arena_alloc(c->arena, sizeof(*yes));
	struct step *no = arena_alloc(c->arena, sizeof(*no));

	if (strcmp(arg->op.op, "?") || !both || both->type != TEP_PRINT_OP || !yes || !no)
		return false;
	s->kind = STEP_CHOICE;
	yes->d = no->d = s->d;
	yes->plain = no->plain = s->plain;
	s->yes = yes;
	s->no = no;
	set_value(c, s, arg->op.left);
	return s->value && compile_string(c, yes, both->op.left, depth + 1) &&
	       compile_string(c, no, both->op.right, depth + 1);
}

/* An argument of %s. */
static bool compile_string(struct compiler *c, struct step *s, struct tep_print_arg *arg, int depth)
{
	if (!arg || depth > CHOICE_DEPTH_MAX)
		return false;
	switch (arg->type) {
	case TEP_PRINT_ATOM:
		s->kind = STEP_LITERAL;
		s->len = strlen(arg->atom.atom);
		s->text = arena_copy(c->arena, arg->atom.atom, s->len);
		return s->text && s->plain;
	case TEP_PRINT_FIELD:
		return compile_array(c, s, arg);
	case TEP_PRINT_STRING:
		return compile_dynamic(c, s, arg);
	case TEP_PRINT_FLAGS:
		return compile_flags(c, s, arg);
	case TEP_PRINT_SYMBOL:
		return compile_symbol(c, s, arg);
	case TEP_PRINT_OP:
		return compile_choice(c, s, arg, depth);
	default:
		return false;
	}
}

/* %08x, %03d and their like, with what fits put_hex_wide() */
static bool zero_filled(const struct directive *d)
{
	return d->zero && !d->left && !d->alternate && !d->plus && !d->space && d->precision < 0 &&
	       d->width <= 16;
}

static bool compile_number(struct compiler *c, struct step *s, struct tep_print_arg *arg)
{
	set_value(c, s, arg);
	switch (s->d.conversion) {
	case 'p':
		if (!strchr("fFsS", s->d.extension) || !s->plain)
			return false;
		s->kind = s->d.extension ? STEP_FUNCTION : STEP_POINTER;
		s->offset = s->d.extension == 'S' || s->d.extension == 'F';
		break;
	case 'd':
		s->kind = s->plain ? STEP_SIGNED : zero_filled(&s->d) ? STEP_SIGNED_ZEROS : STEP_NUMBER;
		s->digits = s->d.width > 0 ? s->d.width : 1;
		break;
	case 'u':
		s->kind = s->plain ? STEP_UNSIGNED : STEP_NUMBER;
		break;
	case 'x':
		s->kind = s->plain || zero_filled(&s->d) ? STEP_HEX : STEP_NUMBER;
		s->digits = s->d.width > 0 ? s->d.width : 1;
		break;
	default:
		s->kind = STEP_NUMBER;
	}
	s->shift = 64 - s->d.bits;
	return s->value;
}

/* A step behind the literal text that was gathered. */
static struct step *step_new(struct compiler *c)
{
	struct step *s;
	struct plan *p = c->plan;

	if (p->nr_steps == STEPS_MAX)
		return NULL;
	if (p->nr_steps == c->alloc) {
		unsigned int alloc = c->alloc ? 2 * c->alloc : 16;
		struct step *more = arena_alloc(c->arena, alloc * sizeof(*more));

		if (!more)
			return NULL;
		if (p->nr_steps)
			memcpy(more, p->steps, p->nr_steps * sizeof(*more));
		p->steps = more;
		c->alloc = alloc;
	}
	s = &p->steps[p->nr_steps];
	s->before = arena_copy(c->arena, c->literal.len ? c->literal.data : "", c->literal.len);
	s->before_len = c->literal.len;
	if (!s->before || c->literal.error)
		return NULL;
	c->literal.len = 0;
	p->nr_steps++;
	return s;
}

/* What a backslash and @c stand for in a format file. */
static char unescape(char c)
{
	return c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
}

static bool compile_format(struct compiler *c)
{
	const char *f = c->event->print_fmt.format;
	struct tep_print_arg *arg = c->event->print_fmt.args;
	unsigned int long_bits = 8 * tep_get_long_size(c->event->tep);

	while (*f) {
		struct directive d;
		struct step *s;
		unsigned int n;

		if (*f == '\\' && f[1]) {
			text_char(&c->literal, unescape(f[1]));
			f += 2;
			continue;
		}
		if (*f != '%' || f[1] == '%') {
			text_char(&c->literal, *f);
			f += *f == '%' ? 2 : 1;
			continue;
		}
		n = directive_parse(&d, f + 1, long_bits);
		if (!n || !arg)
			return false;
		s = step_new(c);
		if (!s)
			return false;
		s->d = d;
		s->plain = directive_is_plain(&d);
		if (!(d.conversion == 's' ? compile_string(c, s, arg, 0) : compile_number(c, s, arg)))
			return false;
		arg = arg->next;
		f += n + 1;
	}
	return !c->literal.len || step_new(c);
}

/* " NAME=" and the number of a field, as libtraceevent shows it without a print format. */
static bool compile_field(struct compiler *c, struct tep_format_field *f)
{
	struct tep_print_arg arg = { .type = TEP_PRINT_FIELD, .field = { .name = f->name, .field = f } };
	bool is_signed = f->flags & TEP_FIELD_IS_SIGNED, is_long = f->flags & TEP_FIELD_IS_LONG;
	bool hex = f->flags & TEP_FIELD_IS_POINTER || (is_long && !is_signed);
	const char *text = hex ? "llx" : !is_signed ? "llu" : f->size == 8 ? "lld" :
			   f->size == 4 ? "d" : f->size == 2 ? "2hd" : "1hhd";
	struct step *s;

	/* how a signed long of 4 bytes looks is libtraceevent's to say; and arrays are */
	if (f->flags & (TEP_FIELD_IS_ARRAY | TEP_FIELD_IS_DYNAMIC) || (is_signed && is_long && f->size == 4))
		return false;
	text_char(&c->literal, ' ');
	text_add(&c->literal, f->name, strlen(f->name));
	text_add(&c->literal, "=0x", hex ? 3 : 1);
	s = step_new(c);
	if (!s || !directive_parse(&s->d, text, 64))
		return false;
	s->plain = directive_is_plain(&s->d);
	return compile_number(c, s, &arg);
}

/* An event whose print format libtraceevent can't parse: its fields. */
static bool compile_fields(struct compiler *c)
{
	static const char head[] = "[FAILED TO PARSE]";
	struct tep_format_field *f;

	text_add(&c->literal, head, sizeof(head) - 1);
	for (f = c->event->format.fields; f; f = f->next)
		if (!compile_field(c, f))
			return false;
	return !c->literal.len || step_new(c);
}

/* The most bytes that a step prints, besides the literal and those of a string of the record. */
static uint64_t step_max(const struct step *s)
{
	uint64_t max, other;
	uint32_t i;

	switch (s->kind) {
	case STEP_NOTHING:
		return 0;
	case STEP_LITERAL:
		return s->len;
	case STEP_FUNCTION:
		return SYMBOL_TEXT_MAX;
	case STEP_FLAGS:
	case STEP_SYMBOL:
		max = 2 + TEXT_DIGITS_MAX + s->len + FLAGS_TEXT_MAX;
		for (i = 0; i < s->nr_names; i++)
			max += s->names[i].len + s->len;
		return max;
	case STEP_CHOICE:
		max = step_max(s->yes);
		other = step_max(s->no);
		return max > other ? max : other;
	default:
		return directive_max(&s->d);
	}
}

struct plan *plan_compile(struct arena *arena, struct tep_event *event)
{
	struct plan *plan = arena_alloc(arena, sizeof(*plan));
	struct compiler c = { .arena = arena, .event = event, .plan = plan };
	uint64_t max = 0;
	unsigned int i;
	bool ok;

	if (!plan || !event->print_fmt.format)
		return NULL;
	ok = event->flags & TEP_EVENT_FL_FAILED ? compile_fields(&c) : compile_format(&c);
	text_release(&c.literal);
	for (i = 0; ok && i < plan->nr_steps; i++)
		max += plan->steps[i].before_len + step_max(&plan->steps[i]);
	plan->max_text = max < PLAN_TEXT_MAX ? max : 0;
	return ok && max < PLAN_TEXT_MAX ? plan : NULL;
}
