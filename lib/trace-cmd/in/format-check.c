/*
 * format-check.c - see format-check.h: the lines of an event's format. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "in/format-check.h"

#define NAME_LEN_MAX	256	/* bytes of an event's name; kernels have 64 to 128 */
#define DECL_LEN_MAX	512	/* of a field's declaration */
#define FIELDS_MAX	1024
#define NUMBER_MAX	65535	/* an id; where a field is, and its size */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static const char *blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* Behind @word at @p; NULL: it isn't there, or @p is NULL, which makes these chain. */
static const char *word(const char *p, const char *word)
{
	size_t len = strlen(word);

	return p && !strncmp(p, word, len) ? p + len : NULL;
}

/* Behind the decimal number at @p, which has a limit. NULL: there is none. */
static const char *number(const char *p)
{
	unsigned long v = 0;

	if (!p || !is_digit(*p))
		return NULL;
	for (; is_digit(*p); p++) {
		v = v * 10 + (unsigned long)(*p - '0');
		if (v > NUMBER_MAX)
			return NULL;
	}
	return p;
}

/* Behind "[...]": a number or an expression of words and signs, without another "[". */
static const char *array(const char *p)
{
	for (p++; *p != ']'; p++) {
		if (!*p || (!is_word(*p) && !strchr(" +-*/%()<>=!&|~^?:,", *p)))
			return NULL;
	}
	return p + 1;
}

/*
 * "TYPE NAME" or "TYPE NAME[N]", to the semicolon: words, stars and brackets, a name at the
 * end. "__data_loc TYPE[] NAME" has brackets before the name.
 */
static const char *declaration(const char *p, struct format_fields *fields)
{
	unsigned int words = 0, brackets = 0;
	const char *start = p, *name = p;
	bool named = false;
	size_t len = 0;

	while (*p && *p != ';' && p - start < DECL_LEN_MAX) {
		if (*p == ' ' || *p == '\t') {
			p++;
		} else if (*p == '*') {
			named = false;
			p++;
		} else if (is_word(*p)) {
			named = !is_digit(*p);
			words++;
			name = p;
			while (is_word(*p))
				p++;
			len = p - name;
		} else if (*p == '[' && words && !brackets++) {
			p = array(p);
			if (!p)
				return NULL;
		} else {
			return NULL;
		}
	}
	if (*p != ';' || !named || words < 2 || fields->nr == FIELDS_MAX)
		return NULL;
	fields->field[fields->nr].name = name;
	fields->field[fields->nr++].len = len;
	return p;
}

/* "\tfield:int x;\toffset:8;\tsize:4;\tsigned:1;" and the newline; old kernels have no signed */
static const char *field(const char *p, struct format_fields *fields)
{
	const char *sign;

	p = blanks(p);
	if (word(p, "field special:"))
		p = word(p, "field special:");
	else
		p = word(p, "field:");
	p = p ? declaration(blanks(p), fields) : NULL;
	p = p ? word(blanks(p + 1), "offset:") : NULL;
	p = word(number(p), ";");
	p = p ? word(blanks(p), "size:") : NULL;
	p = word(number(p), ";");
	if (!p)
		return NULL;
	sign = word(blanks(p), "signed:");
	if (sign)
		p = word(number(sign), ";");
	return p ? word(blanks(p), "\n") : NULL;
}

static const char *name(const char *p)
{
	const char *start = word(p, "name: ");

	if (!start)
		return NULL;
	for (p = start; is_word(*p) || *p == '-' || *p == '.'; p++)
		;
	return p > start && p - start <= NAME_LEN_MAX ? p : NULL;
}

/* All lines of fields, to the print format or the end. */
static const char *all_fields(const char *p, struct format_fields *fields)
{
	while (p && *p && !word(p, "print fmt:"))
		p = *p == '\n' ? p + 1 : field(p, fields);
	return p;
}

int format_check(const char *text, enum format_verdict *ret_verdict, size_t *ret_print)
{
	struct format_fields fields = { 0 };
	const char *p = word(name(text), "\nID: ");
	bool good;

	*ret_verdict = FORMAT_BAD;
	p = word(word(number(p), "\nformat:"), "\n");
	if (!p)
		return 0;
	fields.field = calloc(FIELDS_MAX, sizeof(*fields.field));
	if (!fields.field)
		return -ENOMEM;
	p = all_fields(p, &fields);
	if (p) {
		*ret_print = p - text;
		p = word(p, "print fmt:");
		good = p && format_print_check(p, &fields);
		*ret_verdict = good ? FORMAT_GOOD : FORMAT_NO_PRINT;
	}
	free(fields.field);
	return 0;
}
