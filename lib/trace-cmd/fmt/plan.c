/*
 * plan.c - plans run. See plan.h. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fmt/step.h"

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
	size_t len;

	if (s->plain && end - from == TEXT_COMM)
		return put_comm16(to, text);
	len = strnlen(text, end - from);
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
	case STEP_SIGNED_ZEROS:
		return put_zero_filled(to, (int64_t)(number(s, r) << s->shift) >> s->shift, s->digits);
	case STEP_UNSIGNED:
		return put_decimal(to, number(s, r) << s->shift >> s->shift);
	case STEP_HEX:
		return put_hex_wide(to, number(s, r) << s->shift >> s->shift, s->digits,
				    TEXT_HEX_LOWER);
	case STEP_POINTER:
		return run_pointer(number(s, r), to);
	case STEP_FUNCTION:
		return symbols_put_any(&m->symbols, to, number(s, r), s->offset);
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
