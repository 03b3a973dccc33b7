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

/* How many decimal digits @v has. */
static inline unsigned int decimal_len(uint64_t v)
{
	unsigned int n = 1;

	for (; v >= 10000; v /= 10000)
		n += 4;
	return n + (v >= 10) + (v >= 100) + (v >= 1000);
}

/* @v, below 10000, in decimal at @to. Returns the end. */
static inline char *put_decimal4(char *to, unsigned int v)
{
	unsigned int high = v / 100;

	if (high) {
		memcpy(to, text_two_digits + high * 2 + (high < 10), 2);
		to += 2 - (high < 10);
		v -= high * 100;
	} else if (v < 10) {
		*to = '0' + v;
		return to + 1;
	}
	memcpy(to, text_two_digits + v * 2, 2);
	return to + 2;
}

/* @v of any size. */
char *put_decimal_long(char *to, uint64_t v);

/* @v in decimal at @to. Returns the end. */
static inline char *put_decimal(char *to, uint64_t v)
{
	unsigned int high, low;

	/* most numbers are small */
	if (v < 10000)
		return put_decimal4(to, v);
	if (v >= 100000000)
		return put_decimal_long(to, v);
	high = (unsigned int)v / 10000;
	low = (unsigned int)v - high * 10000;
	to = put_decimal4(to, high);
	memcpy(to, text_two_digits + low / 100 * 2, 2);
	memcpy(to + 2, text_two_digits + low % 100 * 2, 2);
	return to + 4;
}

static inline char *put_signed(char *to, int64_t v)
{
	if (v >= 0)
		return put_decimal(to, v);
	*to++ = '-';
	return put_decimal(to, -(uint64_t)v);
}

/* The same of at least @width characters, with zeros in front. */
static inline char *put_zero_filled(char *to, int64_t v, unsigned int width)
{
	unsigned int n;

	if (v < 0) {
		*to++ = '-';
		width -= width != 0;
	}
	for (n = decimal_len(v < 0 ? -(uint64_t)v : v); n < width; n++)
		*to++ = '0';
	return put_decimal(to, v < 0 ? -(uint64_t)v : v);
}

#define TEXT_HEX_LOWER	('a' - '9' - 1)
#define TEXT_HEX_UPPER	('A' - '9' - 1)

/* The eight hex digits of @v in the order of their bytes in memory; @letters: TEXT_HEX_* */
static inline uint64_t hex_digits(uint32_t v, unsigned int letters)
{
	const uint64_t ones = 0x0101010101010101ull;
	uint64_t x = v;

	/* a digit a byte */
	x = (x << 16 | x) & 0x0000ffff0000ffffull;
	x = (x << 8 | x) & 0x00ff00ff00ff00ffull;
	x = (x << 4 | x) & 0x0f0f0f0f0f0f0f0full;
	/* bit 4 of digit + 6 tells the letters */
	x += '0' * ones + ((x + 6 * ones) >> 4 & ones) * letters;
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? x : __builtin_bswap64(x);
}

/*
 * @v in hex at @to, without 0x, of at least @width digits (1 to 16). Writes up to 16 bytes
 * behind the end. Returns the end.
 */
static inline char *put_hex_wide(char *to, uint64_t v, unsigned int width, unsigned int letters)
{
	unsigned int n = v ? (67 - __builtin_clzll(v)) / 4 : 1;
	uint64_t digits;

	n = n > width ? n : width;
	/* the first digit comes to the front */
	v <<= (64 - 4 * n) & 63;
	digits = hex_digits(v >> 32, letters);
	memcpy(to, &digits, 8);
	digits = hex_digits(v, letters);
	memcpy(to + 8, &digits, 8);
	return to + n;
}

/* @v in hex, likewise. */
static inline char *put_hex(char *to, uint64_t v, unsigned int letters)
{
	return put_hex_wide(to, v, 1, letters);
}

#define TEXT_SLACK	16	/* bytes that may be read behind what put_short() copies, and written */

/* Copy @len bytes. Short ones are copied at a fixed length, without a call. */
static inline char *put_short(char *to, const char *from, size_t len)
{
	memcpy(to, from, TEXT_SLACK);
	if (len > 2 * TEXT_SLACK)
		memcpy(to + TEXT_SLACK, from + TEXT_SLACK, len - TEXT_SLACK);
	else if (len > TEXT_SLACK)
		memcpy(to + len - TEXT_SLACK, from + len - TEXT_SLACK, TEXT_SLACK);
	return to + len;
}

#define TEXT_COMM	16	/* bytes of a task's name, as kernels have it */

/* Copy the text at @from, of at most TEXT_COMM bytes and ended by a NUL if shorter; so many are written. Returns the end. */
static inline char *put_comm16(char *to, const char *from)
{
	const uint64_t ones = 0x0101010101010101ull;
	uint64_t low, high, ends;

	memcpy(&low, from, 8);
	memcpy(&high, from + 8, 8);
	memcpy(to, &low, 8);
	memcpy(to + 8, &high, 8);
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return to + strnlen(from, TEXT_COMM);
	/* the lowest of the top bits is of the first NUL */
	ends = (low - ones) & ~low & ones << 7;
	if (ends)
		return to + __builtin_ctzll(ends) / 8;
	ends = (high - ones) & ~high & ones << 7;
	return to + (ends ? 8 + __builtin_ctzll(ends) / 8 : TEXT_COMM);
}

#endif
