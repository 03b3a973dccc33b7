/*
 * directive.c - see directive.h. Layer 2.
 */
#include "fmt/directive.h"

#define WIDTH_MAX	4096	/* columns; a file may ask for any number */

static unsigned int parse_flags(struct directive *d, const char *text)
{
	unsigned int n = 0;

	for (;; n++) {
		switch (text[n]) {
		case '-': d->left = true; break;
		case '0': d->zero = true; break;
		case '#': d->alternate = true; break;
		case '+': d->plus = true; break;
		case ' ': d->space = true; break;
		default: return n;
		}
	}
}

/* A number at @text; -1 if it is too large. */
static int parse_columns(const char *text, unsigned int *n)
{
	int v = 0;

	for (; text[*n] >= '0' && text[*n] <= '9'; ++*n) {
		v = 10 * v + text[*n] - '0';
		if (v > WIDTH_MAX)
			return -1;
	}
	return v;
}

static unsigned int parse_length(struct directive *d, const char *text, unsigned int long_bits)
{
	d->bits = 32;
	if (text[0] == 'h') {
		d->bits = text[1] == 'h' ? 8 : 16;
		return text[1] == 'h' ? 2 : 1;
	}
	if (text[0] == 'l') {
		d->bits = text[1] == 'l' ? 64 : long_bits;
		return text[1] == 'l' ? 2 : 1;
	}
	if (text[0] == 'L' || text[0] == 'z' || text[0] == 'Z') {
		d->bits = text[0] == 'L' ? 64 : long_bits;
		return 1;
	}
	return 0;
}

unsigned int directive_parse(struct directive *d, const char *text, unsigned int long_bits)
{
	unsigned int n;

	*d = (struct directive){ .precision = -1 };
	n = parse_flags(d, text);
	d->width = parse_columns(text, &n);
	if (text[n] == '.') {
		n++;
		d->precision = parse_columns(text, &n);
	}
	if (d->width < 0 || d->precision < -1)
		return 0;
	n += parse_length(d, text + n, long_bits);
	d->conversion = text[n];
	switch (text[n++]) {
	case 'i':
		d->conversion = 'd';
		return n;
	case 'd': case 'u': case 'x': case 'X': case 'o': case 'c': case 's':
		return n;
	case 'p':
		d->bits = 64;
		if ((text[n] >= 'a' && text[n] <= 'z') || (text[n] >= 'A' && text[n] <= 'Z'))
			d->extension = text[n++];
		return n;
	default:
		return 0;
	}
}

bool directive_is_plain(const struct directive *d)
{
	return !d->left && !d->zero && !d->alternate && !d->plus && !d->space && !d->width &&
	       d->precision < 0;
}

static char *put_fill(char *to, char c, size_t n)
{
	memset(to, c, n);
	return to + n;
}

/* @len bytes filled up with blanks to the directive's width. */
static char *put_padded(const struct directive *d, char *to, const char *s, size_t len)
{
	size_t fill = d->width > 0 && (size_t)d->width > len ? d->width - len : 0;

	if (!d->left)
		to = put_fill(to, ' ', fill);
	memcpy(to, s, len);
	to += len;
	return d->left ? put_fill(to, ' ', fill) : to;
}

unsigned int directive_max(const struct directive *d)
{
	return d->width + (d->precision > 0 ? d->precision : 0) + 2 * TEXT_DIGITS_MAX;
}

char *directive_string(const struct directive *d, char *to, const char *s, size_t len)
{
	if (d->precision >= 0 && len > (size_t)d->precision)
		len = d->precision;
	return put_padded(d, to, s, len);
}

/* The digits of @v at @to. Returns the end. */
static char *put_digits(const struct directive *d, char *to, uint64_t v)
{
	char digits[TEXT_DIGITS_MAX];
	unsigned int n = 0;

	switch (d->conversion) {
	case 'x':
		return put_hex(to, v, TEXT_HEX_LOWER);
	case 'X':
		return put_hex(to, v, TEXT_HEX_UPPER);
	case 'o':
		do {
			digits[n++] = '0' + (v & 7);
			v >>= 3;
		} while (v);
		while (n)
			*to++ = digits[--n];
		return to;
	default:
		return put_decimal(to, v);
	}
}

/* What stands before the digits: a sign or 0x. Its length. */
static unsigned int put_prefix(const struct directive *d, char *to, uint64_t v, bool negative)
{
	if (d->conversion == 'd') {
		if (!negative && !d->plus && !d->space)
			return 0;
		*to = negative ? '-' : d->plus ? '+' : ' ';
		return 1;
	}
	if (d->alternate && v && (d->conversion == 'x' || d->conversion == 'X')) {
		to[0] = '0';
		to[1] = d->conversion;
		return 2;
	}
	return 0;
}

char *directive_number(const struct directive *d, char *to, uint64_t v)
{
	char digits[TEXT_DIGITS_MAX + TEXT_SLACK], prefix[2];
	unsigned int n, before, zeros = 0, fill = 0;
	bool negative = false;

	if (d->bits < 64)
		v &= (1ull << d->bits) - 1;
	if (d->conversion == 'c') {
		digits[0] = (char)v;
		return put_padded(d, to, digits, 1);
	}
	if (d->conversion == 'd') {
		negative = v >> (d->bits - 1) & 1;
		if (negative)
			v = -(d->bits < 64 ? v | ~0ull << d->bits : v);
	}
	n = d->precision || v ? put_digits(d, digits, v) - digits : 0;
	before = put_prefix(d, prefix, v, negative);
	if (d->precision > (int)n)
		zeros = d->precision - n;
	if (d->conversion == 'o' && d->alternate && !zeros && (!n || digits[0] != '0'))
		zeros = 1;
	if (d->width > (int)(n + zeros + before))
		fill = d->width - n - zeros - before;
	if (d->zero && !d->left && d->precision < 0) {
		zeros += fill;
		fill = 0;
	}
	if (!d->left)
		to = put_fill(to, ' ', fill);
	memcpy(to, prefix, before);
	to = put_fill(to + before, '0', zeros);
	memcpy(to, digits, n);
	to += n;
	return d->left ? put_fill(to, ' ', fill) : to;
}
