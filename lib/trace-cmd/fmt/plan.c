/*
 * plan.c - see plan.h. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fmt/directive.h"
#include "fmt/plan.h"

#define CHOICE_DEPTH_MAX	16

enum step_kind {
	STEP_NOTHING,				/* but the literal before it */
	STEP_LITERAL,
	STEP_SIGNED, STEP_UNSIGNED,		/* nothing but %d, %u */
	STEP_HEX,				/* nothing but %x and zeros in front */
	STEP_NUMBER,
	STEP_POINTER,
	STEP_FUNCTION,
	STEP_STRING,		/* an array inside the record */
	STEP_DYNAMIC_STRING,	/* its place is told by a field */
	STEP_FLAGS, STEP_SYMBOL,
	STEP_CHOICE,
};

/* The name of a value, or of a bit. */
struct name {
	uint64_t value;
	const char *text;
	uint32_t len;
	uint32_t order;		/* in the format */
};

struct step {
	/* what most steps need comes first, to be in one line of the cache */
	const char *before;		/* a literal in front of it */
	uint32_t before_len;
	uint8_t kind;			/* enum step_kind */
	uint8_t shift;			/* bits of 64 that aren't the number's */
	uint8_t digits;			/* of hex, at least */
	uint64_t end, mask;		/* value is the bits of mask in the 8 bytes before end; or UINT64_MAX */
	const struct value *value;
	bool swap;
	bool plain;			/* the directive says nothing but the conversion */
	struct directive d;
	const char *text;		/* literal; of flags: what stands between them */
	uint32_t len;
	uint32_t offset, size;		/* of a string; offset of a function: show it */
	struct name *names;
	uint32_t nr_names;
	const struct step *yes, *no;	/* of a choice */
};

#define FLAGS_TEXTS	256	/* a power of two */
#define FLAGS_TEXT_MAX	48

/* The text of a value of flags that was met. */
struct flags_text {
	const struct step *step;	/* whose names they are; NULL: not used */
	uint64_t value;
	uint32_t len;
	char text[FLAGS_TEXT_MAX];
};

/* What compiling shares. */
struct compiler {
	struct arena *arena;
	struct tep_event *event;
	struct plan *plan;
	unsigned int alloc;
	struct text literal;	/* gathered, not yet a step */
};

/* --- compiling ----------------------------------------------------------- */

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

/* %08x and its like, with what fits put_hex_wide() */
static bool zero_filled_hex(const struct directive *d)
{
	return d->conversion == 'x' && d->zero && !d->left && !d->alternate && !d->plus &&
	       !d->space && d->precision < 0 && d->width <= 16;
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
		s->kind = s->plain ? STEP_SIGNED : STEP_NUMBER;
		break;
	case 'u':
		s->kind = s->plain ? STEP_UNSIGNED : STEP_NUMBER;
		break;
	case 'x':
		s->kind = s->plain || zero_filled_hex(&s->d) ? STEP_HEX : STEP_NUMBER;
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

/* The most bytes that a step prints, besides the literal and those of a string of the record. */
static uint32_t step_max(const struct step *s)
{
	uint32_t i, max, other;

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
	bool ok;
	unsigned int i;

	if (!plan || !event->print_fmt.format)
		return NULL;
	ok = compile_format(&c);
	text_release(&c.literal);
	for (i = 0; ok && i < plan->nr_steps; i++)
		plan->max_text += plan->steps[i].before_len + step_max(&plan->steps[i]);
	return ok ? plan : NULL;
}

/* --- running ------------------------------------------------------------- */

static char *put_0x(char *to, uint64_t v)
{
	memcpy(to, "0x", 2);
	return put_hex(to + 2, v, TEXT_HEX_LOWER);
}

int plan_memory_init(struct plan_memory *m, struct tep_handle *tep, pthread_mutex_t *lock)
{
	m->flags = calloc(FLAGS_TEXTS, sizeof(*m->flags));
	return symbols_init(&m->symbols, tep, lock) || !m->flags ? -ENOMEM : 0;
}

void plan_memory_release(struct plan_memory *m)
{
	symbols_release(&m->symbols);
	free(m->flags);
	m->flags = NULL;
}

static char *make_flags(const struct step *s, uint64_t v, char *to)
{
	bool any = false;
	uint32_t i;

	for (i = 0; i < s->nr_names; i++) {
		const struct name *n = &s->names[i];

		if (!v && (int64_t)n->value < 0)
			return put_short(to, n->text, n->len);
		if ((int64_t)n->value <= 0 || (v & n->value) != n->value)
			continue;
		if (any)
			to = put_short(to, s->text, s->len);
		to = put_short(to, n->text, n->len);
		any = true;
		v &= ~n->value;
	}
	if (!v)
		return to;
	if (any)
		to = put_short(to, s->text, s->len);
	return put_0x(to, v);
}

/* The same; most values come again and again. */
static char *run_flags(const struct step *s, struct plan_memory *m, uint64_t v, char *to)
{
	uint64_t hash = (v + (uintptr_t)s) * 0x9e3779b97f4a7c15ull;
	struct flags_text *t = &m->flags[(hash >> 32) % FLAGS_TEXTS];
	char *end;

	if (t->step == s && t->value == v) {
		memcpy(to, t->text, sizeof(t->text));
		return to + t->len;
	}
	end = make_flags(s, v, to);
	if ((size_t)(end - to) <= sizeof(t->text)) {
		*t = (struct flags_text){ .step = s, .value = v, .len = end - to };
		memcpy(t->text, to, end - to);
	}
	return end;
}

static char *run_symbol(const struct step *s, uint64_t v, char *to)
{
	uint32_t low = 0, high = s->nr_names;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (s->names[mid].value < v)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < s->nr_names && s->names[low].value == v)
		return put_short(to, s->names[low].text, s->names[low].len);
	return put_0x(to, v);
}

/* The text between bytes @from and @end of the record. */
static char *run_string(const struct step *s, const struct fmt_record *r, uint32_t from,
			uint32_t end, char *to)
{
	const char *text = (const char *)r->data + from;
	size_t len = strnlen(text, end - from);

	if (!s->plain)
		return directive_string(&s->d, to, text, len);
	memcpy(to, text, len);
	return to + len;
}

static char *run_dynamic_string(const struct step *s, struct fmt_record *r, char *to)
{
	uint32_t from = value_read(r->data + s->offset, 4, s->swap) & 0xffff;

	return from < r->size ? run_string(s, r, from, r->size, to) : NULL;
}

static char *run_pointer(uint64_t v, char *to)
{
	if (v)
		return put_0x(to, v);
	memcpy(to, "(nil)", 5);
	return to + 5;
}

/* The number of a step. */
static inline uint64_t number(const struct step *s, struct fmt_record *r)
{
	uint64_t v;

	if (s->end > r->size)
		return value_of(s->value, r);
	memcpy(&v, r->data + s->end - sizeof(v), sizeof(v));
	return v & s->mask;
}

/* NULL: it can't be said. */
static inline char *run_step(const struct step *s, struct plan_memory *m, struct fmt_record *r,
			     char *to)
{
	switch (s->kind) {
	case STEP_NOTHING:
		return to;
	case STEP_LITERAL:
		return put_short(to, s->text, s->len);
	case STEP_SIGNED:
		return put_signed(to, (int64_t)(number(s, r) << s->shift) >> s->shift);
	case STEP_UNSIGNED:
		return put_decimal(to, number(s, r) << s->shift >> s->shift);
	case STEP_HEX:
		return put_hex_wide(to, number(s, r) << s->shift >> s->shift, s->digits,
				    TEXT_HEX_LOWER);
	case STEP_POINTER:
		return run_pointer(number(s, r), to);
	case STEP_FUNCTION:
		return symbols_put(&m->symbols, to, number(s, r), s->offset);
	case STEP_STRING:
		return run_string(s, r, s->offset, s->size ? s->offset + s->size : r->size, to);
	case STEP_DYNAMIC_STRING:
		return run_dynamic_string(s, r, to);
	case STEP_FLAGS:
		return run_flags(s, m, number(s, r), to);
	case STEP_SYMBOL:
		return run_symbol(s, number(s, r), to);
	default:
		return directive_number(&s->d, to, value_of(s->value, r));
	}
}

char *plan_run(const struct plan *plan, struct plan_memory *m, struct fmt_record *r, char *to)
{
	unsigned int i;

	for (i = 0; i < plan->nr_steps && to; i++) {
		const struct step *one = &plan->steps[i];

		to = put_short(to, one->before, one->before_len);
		while (one->kind == STEP_CHOICE)
			one = number(one, r) ? one->yes : one->no;
		to = run_step(one, m, r, to);
	}
	return r->punt ? NULL : to;
}
