/*
 * text.h - a growing text, and putting numbers into it by hand.
 *
 * Layer 2. printf() would take longer than all the rest of a line. Who appends
 * reserves first: the put_* functions write where they are told and return the end.
 */
#ifndef FMT_TEXT_H
#define FMT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_DIGITS_MAX	24	/* characters of any 64-bit number, sign or 0x included */

/* Zeroed it is empty. After an allocation failed, error is set and the text stays as it was. */
struct text {
	char *data;
	size_t len, alloc;
	bool error;
};

void text_release(struct text *t);

/* Room for @more bytes; false: out of memory. */
bool text_grow(struct text *t, size_t more);

/* Where @more bytes may be put, which text_commit() then makes part of the text. */
static inline char *text_reserve(struct text *t, size_t more)
{
	if ((!t->data || t->alloc - t->len < more) && !text_grow(t, more))
		return NULL;
	return t->data + t->len;
}

static inline void text_commit(struct text *t, const char *end)
{
	t->len = end - t->data;
}

static inline void text_add(struct text *t, const void *data, size_t len)
{
	char *to = text_reserve(t, len);

	if (!to)
		return;
	memcpy(to, data, len);
	t->len += len;
}

static inline void text_char(struct text *t, char c)
{
	text_add(t, &c, 1);
}

static inline void text_fill(struct text *t, char c, size_t n)
{
	char *to = text_reserve(t, n);

	if (!to)
		return;
	memset(to, c, n);
	t->len += n;
}

extern const char text_two_digits[200];

/* @v in decimal at @to. Returns the end. */
static inline char *put_decimal(char *to, uint64_t v)
{
	char digits[TEXT_DIGITS_MAX];
	char *p = digits + sizeof(digits);

	while (v >= 100) {
		p -= 2;
		memcpy(p, text_two_digits + v % 100 * 2, 2);
		v /= 100;
	}
	if (v >= 10) {
		p -= 2;
		memcpy(p, text_two_digits + v * 2, 2);
	} else {
		*--p = '0' + v;
	}
	memcpy(to, p, digits + sizeof(digits) - p);
	return to + (digits + sizeof(digits) - p);
}

static inline char *put_signed(char *to, int64_t v)
{
	if (v >= 0)
		return put_decimal(to, v);
	*to++ = '-';
	return put_decimal(to, -(uint64_t)v);
}

/* @v in hex at @to, without 0x. Returns the end. */
static inline char *put_hex(char *to, uint64_t v, const char *digits)
{
	int shift = v ? (63 - __builtin_clzll(v)) & ~3 : 0;

	for (; shift >= 0; shift -= 4)
		*to++ = digits[v >> shift & 15];
	return to;
}

extern const char text_hex_lower[17], text_hex_upper[17];

#define TEXT_SLACK	16	/* bytes that may be read behind what put_short() copies, and written */

/* Copy @len bytes. Short ones are copied at a fixed length, without a call. */
static inline char *put_short(char *to, const char *from, size_t len)
{
	if (len <= TEXT_SLACK)
		memcpy(to, from, TEXT_SLACK);
	else
		memcpy(to, from, len);
	return to + len;
}

#endif
