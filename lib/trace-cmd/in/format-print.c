/*
 * format-print.c - see format-check.h: the print format. Layer 2.
 *
 * A parser by recursive descent that only says yes or no:
 *
 *	print	STRING+ (, choice)*
 *	choice	chain [? choice : choice]
 *	chain	unary (OPERATOR unary)*
 *	unary	(! | ~ | - | + | (TYPE)) unary | primary
 *	primary	NUMBER | 'C' | STRING+ | NAME | NAME(arguments) | (choice) | record
 *	record	(REC | (REC))->NAME [[choice]]
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "in/format-check.h"

#define DEPTH_MAX	64	/* of choices and operands; kernels come to 30 */
#define CHAIN_MAX	256	/* operators next to each other: libtraceevent recurses for each */
#define ARGS_MAX	128
#define WORD_LEN_MAX	256
#define NUMBER_LEN_MAX	24
#define TOKENS_MAX	65536
#define WIDTH_DIGITS_MAX	4

enum kind { END, NUMBER, STRING, WORD, SIGN, WRONG };

struct parser {
	const char *p;			/* what comes behind the token */
	enum kind kind;			/* of the current token */
	const char *start;		/* where it is */
	size_t len;
	unsigned int depth, tokens;
	unsigned int used;		/* fields so far: what has some is no constant */
	const struct format_fields *fields;
};

static bool choice(struct parser *s);

/* --- tokens ---------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Behind the string at @p. NULL: it does not end, or isn't plain text. */
static const char *string_end(const char *p)
{
	for (p++; *p != '"'; p++) {
		if (*p == '\\')
			p++;
		if ((*p < ' ' && *p != '\t' && *p != '\n') || *p == 0x7f)
			return NULL;
	}
	return p + 1;
}

static size_t sign_len(const char *p)
{
	static const char *const two[] = {
		"->", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(two); i++)
		if (!strncmp(p, two[i], 2))
			return 2;
	return strchr("!~-+*/%<>&|^?:,(){}[]", *p) ? 1 : 0;
}

static void next(struct parser *s)
{
	const char *p = s->p + strspn(s->p, " \t\n");

	s->start = p;
	s->kind = WRONG;
	s->len = 0;
	if (++s->tokens > TOKENS_MAX)
		return;
	if (!*p) {
		s->kind = END;
	} else if (*p == '"') {
		p = string_end(p);
		if (p)
			s->kind = STRING;
	} else if (*p == '\'' && p[1] >= ' ' && p[1] < 0x7f && p[1] != '\\' && p[2] == '\'') {
		p += 3;
		s->kind = NUMBER;
	} else if (is_word(*p)) {
		bool digit = is_digit(*p);

		while (is_word(*p))
			p++;
		if (p - s->start <= (digit ? NUMBER_LEN_MAX : WORD_LEN_MAX))
			s->kind = digit ? NUMBER : WORD;
	} else {
		size_t len = sign_len(p);

		p += len;
		if (len)
			s->kind = SIGN;
	}
	if (s->kind == WRONG)
		return;
	s->p = p;
	s->len = p - s->start;
}

static bool is(const struct parser *s, enum kind kind, const char *text)
{
	return s->kind == kind && s->len == strlen(text) && !memcmp(s->start, text, s->len);
}

/* Go on if the sign is there. */
static bool take(struct parser *s, const char *sign)
{
	bool found = is(s, SIGN, sign);

	if (found)
		next(s);
	return found;
}

static bool take_kind(struct parser *s, enum kind kind)
{
	bool found = s->kind == kind;

	if (found)
		next(s);
	return found;
}

/* --- calls ------------------------------------------------------------------- */

/* The name of a field that there is: libtraceevent does not look in all places. */
static bool known_field(struct parser *s)
{
	const struct format_fields *f = s->fields;
	unsigned int i;

	if (s->kind != WORD)
		return false;
	for (i = 0; i < f->nr; i++) {
		if (f->field[i].len == s->len && !memcmp(f->field[i].name, s->start, s->len)) {
			s->used++;
			next(s);
			return true;
		}
	}
	return false;
}

/* { VALUE, "NAME" }, ... */
static bool names(struct parser *s)
{
	do {
		if (!take(s, "{") || !choice(s) || !take(s, ",") || !choice(s) || !take(s, "}"))
			return false;
	} while (take(s, ","));
	return true;
}

/* @count of them, or any number if it is 0 */
static bool arguments(struct parser *s, unsigned int count)
{
	unsigned int n = 0;

	if (!count && is(s, SIGN, ")"))
		return true;
	do {
		if (n++ == ARGS_MAX || !choice(s))
			return false;
	} while (take(s, ","));
	return !count || n == count;
}

/* sizeof(): libtraceevent uses memory that it has freed for all but a few */
static bool simple_type(struct parser *s)
{
	static const char *const types[] = {
		"unsigned", "signed", "char", "short", "int", "long",
		"u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64",
	};
	unsigned int i, n = 0;

	for (; s->kind == WORD; n++, next(s)) {
		for (i = 0; i < ARRAY_SIZE(types); i++)
			if (is(s, WORD, types[i]))
				break;
		if (i == ARRAY_SIZE(types) || n == 3)
			return false;
	}
	return n;
}

enum shape { FLAGS, SYMBOLS, FIELD, TWO, THREE, SIZE, ANY };

/* What is between the brackets behind this word. */
static enum shape call_shape(const struct parser *s)
{
	static const struct { const char *name; enum shape shape; } calls[] = {
		{ "__print_flags", FLAGS }, { "__print_symbolic", SYMBOLS },
		{ "__print_hex", TWO }, { "__print_hex_str", TWO },
		{ "__print_array", THREE }, { "__builtin_expect", TWO }, { "sizeof", SIZE },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (is(s, WORD, calls[i].name))
			return calls[i].shape;
	return s->len > 6 && !memcmp(s->start, "__get_", 6) ? FIELD : ANY;
}

static bool call(struct parser *s, enum shape shape)
{
	bool good;

	switch (shape) {
	case FLAGS:
		good = choice(s) && take(s, ",") && take_kind(s, STRING) && take(s, ",") && names(s);
		break;
	case SYMBOLS:
		good = choice(s) && take(s, ",") && names(s);
		break;
	case FIELD:
		good = known_field(s);
		break;
	case SIZE:
		good = simple_type(s);
		break;
	default:
		good = arguments(s, shape == TWO ? 2 : shape == THREE ? 3 : 0);
	}
	return good && take(s, ")");
}

/* --- expressions --------------------------------------------------------------- */

static bool field(struct parser *s)
{
	if (!take(s, "->") || !known_field(s))
		return false;
	return !take(s, "[") || (choice(s) && take(s, "]"));
}

/* Is this "(TYPE)" with an operand behind it? If so, go there. */
static bool cast(struct parser *s)
{
	struct parser ahead = *s;
	unsigned int words = 0;

	next(&ahead);
	for (; ahead.kind == WORD && words < 8; words++) {
		if (is(&ahead, WORD, "REC"))
			return false;
		next(&ahead);
	}
	while (is(&ahead, SIGN, "*"))
		next(&ahead);
	if (!words || !take(&ahead, ")"))
		return false;
	/* "(NAME) - 1" is no cast, nor has it to be taken for one */
	if (ahead.kind != NUMBER && ahead.kind != STRING && ahead.kind != WORD &&
	    !is(&ahead, SIGN, "(") && !(words > 1 && is(&ahead, SIGN, "-")))
		return false;
	*s = ahead;
	return true;
}

/* Go behind "(REC)", if that is here. */
static bool bracketed_record(struct parser *s)
{
	struct parser ahead = *s;

	next(&ahead);
	if (!is(&ahead, WORD, "REC"))
		return false;
	next(&ahead);
	if (!take(&ahead, ")"))
		return false;
	*s = ahead;
	return true;
}

static bool primary(struct parser *s)
{
	enum shape shape;
	bool rec;

	if (take_kind(s, NUMBER))
		return true;
	if (s->kind == STRING) {
		while (take_kind(s, STRING))
			;
		return true;
	}
	if (is(s, SIGN, "(")) {
		if (bracketed_record(s))
			return field(s);
		next(s);
		return choice(s) && take(s, ")");
	}
	if (s->kind != WORD)
		return false;
	rec = is(s, WORD, "REC");
	shape = call_shape(s);
	next(s);
	if (rec)
		return field(s);
	return !take(s, "(") || call(s, shape);
}

static bool take_prefix(struct parser *s)
{
	return take(s, "!") || take(s, "~") || take(s, "-") || take(s, "+") ||
	       (is(s, SIGN, "(") && cast(s));
}

static bool unary(struct parser *s)
{
	bool good;

	if (s->depth == DEPTH_MAX)
		return false;
	s->depth++;
	good = take_prefix(s) ? unary(s) : primary(s);
	s->depth--;
	return good;
}

static bool take_operator(struct parser *s, bool *ret_divides)
{
	static const char *const signs[] = {
		"/", "%", "+", "-", "*", "<<", ">>", "<", ">", "<=", ">=", "==", "!=",
		"&", "|", "^", "&&", "||",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(signs); i++) {
		if (take(s, signs[i])) {
			*ret_divides = i < 2;
			return true;
		}
	}
	return false;
}

/* Behind what may be around a number: blanks and brackets. */
static const char *brackets(const char *p)
{
	return p + strspn(p, "() \t\n");
}

/* Behind a cast at @p, whose bracket has been stepped over; @p if there is none. */
static const char *behind_cast(const char *p)
{
	const char *end = p;

	if (is_digit(*p) || p[-1] != '(')
		return p;
	while (is_word(*end))
		end++;
	return end > p && *end == ')' ? brackets(end) : p;
}

/*
 * Is what goes from @p, in brackets, to @end a number that isn't 0? Numbers may be multiplied, or one
 * is shifted; what comes out has to fit any type. A single number may have any size.
 */
static bool is_number(const char *p, const char *end)
{
	unsigned long long v = 0, n;
	const char *first = *p == '(' ? behind_cast(brackets(p)) : p;
	unsigned int shifts = 0, count = 0;
	bool cast = first > p && first != brackets(p);

	for (p = first; p < end; count++) {
		bool shift = count && !strncmp(p, "<<", 2);

		if (count && !shift && *p != '*')
			return false;
		p = count ? brackets(p + (shift ? 2 : 1)) : p;
		if (p >= end || !is_digit(*p))
			return false;
		n = strtoull(p, NULL, 0);
		shifts += shift;
		if (shift && n < 31)
			n = 1ull << n;
		else if (shift)
			return false;
		if (count && __builtin_mul_overflow(v, n, &v))
			return false;
		v = count ? v : n;
		while (is_word(*p))
			p++;
		p = brackets(p);
	}
	return v && (count == 1 || v <= INT32_MAX) && (!cast || v <= INT8_MAX) &&
	       (!shifts || count == 2);
}

/*
 * What is behind a division: libtraceevent computes constants while it parses. Only numbers and sizes
 * are seen not to be 0; anything else must have a field in it.
 */
static bool divisor(struct parser *s)
{
	const char *start = s->start;
	unsigned int used = s->used;
	bool size = is(s, WORD, "sizeof");

	if (!unary(s))
		return false;
	return size || s->used > used || is_number(start, s->start);
}

static bool chain(struct parser *s)
{
	bool divides = false;
	unsigned int n = 0;

	do {
		if (n++ == CHAIN_MAX || !(divides ? divisor(s) : unary(s)))
			return false;
	} while (take_operator(s, &divides));
	return true;
}

static bool choice(struct parser *s)
{
	bool good;

	if (s->depth == DEPTH_MAX)
		return false;
	s->depth++;
	good = chain(s);
	if (good && take(s, "?"))
		good = choice(s) && take(s, ":") && choice(s);
	s->depth--;
	return good;
}

bool format_widths_check(const char *text, size_t len, bool stars)
{
	const char *p, *end = text + len;

	for (p = text; p < end; p++) {
		size_t digits;

		if (*p != '%')
			continue;
		p += 1 + strspn(p + 1, "-+ #0");
		digits = strspn(p, "0123456789");
		p += digits;
		if (!stars && *p == '*')
			return false;
		if (*p == '.')
			p++;
		if (digits > WIDTH_DIGITS_MAX || strspn(p, "0123456789") > WIDTH_DIGITS_MAX ||
		    (!stars && *p == '*'))
			return false;
		if (*p != '%')
			p--;
	}
	return true;
}

bool format_print_check(const char *text, const struct format_fields *fields)
{
	struct parser s = { .p = text, .fields = fields };
	unsigned int n = 0;

	next(&s);
	if (s.kind != STRING)
		return false;
	for (; s.kind == STRING; next(&s))
		if (!format_widths_check(s.start, s.len, true))
			return false;
	while (take(&s, ","))
		if (n++ == ARGS_MAX || !choice(&s))
			return false;
	return s.kind == END;
}
