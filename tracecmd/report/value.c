/*
 * value.c - see value.h. Layer 5.
 */
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "report/value.h"

static const char hex_digits[] = "0123456789abcdef";

static inline void add_digits(struct textout *out, unsigned long long v, unsigned int base)
{
	char digits[24], *p = digits + sizeof(digits);

	do {
		*--p = hex_digits[v % base];
		v /= base;
	} while (v);
	textout_add(out, p, digits + sizeof(digits) - p);
}

void value_unsigned(struct textout *out, unsigned long long v)
{
	add_digits(out, v, 10);
}

void value_hex(struct textout *out, unsigned long long v)
{
	textout_add(out, "0x", 2);
	add_digits(out, v, 16);
}

void value_signed(struct textout *out, long long v)
{
	if (v < 0)
		textout_add(out, "-", 1);
	value_unsigned(out, v < 0 ? -(unsigned long long)v : (unsigned long long)v);
}

void value_none(struct textout *out, enum report_format format)
{
	if (format == FORMAT_JSON)
		textout_add(out, "null", 4);
}

/* One character that a JSON string can't have as it is. */
static void json_escape(struct textout *out, uint8_t c)
{
	static const char named[] = "\"\"\\\\\nn\tt\rr\bb\ff";
	char text[7] = { '\\', 'u', '0', '0', hex_digits[c >> 4], hex_digits[c & 15] };
	const char *p;

	for (p = named; *p; p += 2) {
		if ((uint8_t)*p == c) {
			text[1] = p[1];
			textout_add(out, text, 2);
			return;
		}
	}
	textout_add(out, text, 6);
}

static void json_text(struct textout *out, const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text, *end = p + len, *plain = p;

	textout_add(out, "\"", 1);
	while (p < end) {
		size_t n = *p >= 0x80 ? utf8_length(p, end - p) : *p >= ' ' && *p != '"' && *p != '\\';

		if (n) {
			p += n;
			continue;
		}
		textout_add(out, plain, p - plain);
		json_escape(out, *p++);
		plain = p;
	}
	textout_add(out, plain, p - plain);
	textout_add(out, "\"", 1);
}

static void csv_text(struct textout *out, const char *text, size_t len)
{
	const char *end = text + len, *quote;
	size_t i;

	for (i = 0; i < len && !strchr(",\"\r\n", text[i]); i++)
		;
	if (i == len) {
		textout_add(out, text, len);
		return;
	}
	textout_add(out, "\"", 1);
	while ((quote = memchr(text, '"', end - text))) {
		textout_add(out, text, quote + 1 - text);
		textout_add(out, "\"", 1);
		text = quote + 1;
	}
	textout_add(out, text, end - text);
	textout_add(out, "\"", 1);
}

static void plain_text(struct textout *out, const char *text, size_t len)
{
	size_t i, from = 0;

	for (i = 0; i < len; i++) {
		if ((uint8_t)text[i] >= ' ' && text[i] != 0x7f)
			continue;
		textout_add(out, text + from, i - from);
		textout_add(out, " ", 1);
		from = i + 1;
	}
	textout_add(out, text + from, len - from);
}

void value_text(struct textout *out, enum report_format format, const char *text, size_t len)
{
	if (format == FORMAT_JSON)
		json_text(out, text, len);
	else if (format == FORMAT_CSV)
		csv_text(out, text, len);
	else
		plain_text(out, text, len);
}

static void number(struct textout *out, struct tep_handle *tep, const void *data, unsigned int size,
		   bool is_signed)
{
	unsigned long long v = tep_read_number(tep, data, size);

	if (!is_signed) {
		value_unsigned(out, v);
		return;
	}
	switch (size) {
	case 1:
		value_signed(out, (int8_t)v);
		break;
	case 2:
		value_signed(out, (int16_t)v);
		break;
	case 4:
		value_signed(out, (int32_t)v);
		break;
	default:
		value_signed(out, (int64_t)v);
	}
}

/* JSON: an array; else divided by blanks. */
static void numbers(struct textout *out, enum report_format format, const struct field *f,
		    struct tep_handle *tep, const char *data, unsigned int size)
{
	bool json = format == FORMAT_JSON;
	unsigned int at;

	if (json)
		textout_add(out, "[", 1);
	for (at = 0; at + f->element <= size; at += f->element) {
		if (at)
			textout_add(out, json ? "," : " ", 1);
		number(out, tep, data + at, f->element, f->is_signed);
	}
	if (json)
		textout_add(out, "]", 1);
}

/* Hexadecimal digits, a string in JSON. */
static void bytes(struct textout *out, enum report_format format, const uint8_t *data,
		  unsigned int size)
{
	const char *quote = format == FORMAT_JSON ? "\"" : "";
	unsigned int i;

	textout_str(out, quote);
	for (i = 0; i < size; i++) {
		char text[2] = { hex_digits[data[i] >> 4], hex_digits[data[i] & 15] };

		textout_add(out, text, 2);
	}
	textout_str(out, quote);
}

void value_field(struct textout *out, enum report_format format, const struct field *f,
		 struct tep_handle *tep, const struct tep_record *record)
{
	unsigned int size;
	const void *data = field_data(f, tep, record, &size);

	if (!data) {
		value_none(out, format);
		return;
	}
	switch (f->kind) {
	case FIELD_UNSIGNED:
	case FIELD_SIGNED:
		number(out, tep, data, size, f->kind == FIELD_SIGNED);
		break;
	case FIELD_TEXT:
		value_text(out, format, data, strnlen(data, size));
		break;
	case FIELD_NUMBERS:
		numbers(out, format, f, tep, data, size);
		break;
	default:
		bytes(out, format, data, size);
	}
}
