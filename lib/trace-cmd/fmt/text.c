/*
 * text.c - see text.h. Layer 2.
 */
#include "fmt/text.h"

#define ROW(t) t "0" t "1" t "2" t "3" t "4" t "5" t "6" t "7" t "8" t "9"
const char text_two_digits[200] __attribute__((nonstring)) =
	ROW("0") ROW("1") ROW("2") ROW("3") ROW("4") ROW("5") ROW("6") ROW("7") ROW("8") ROW("9");

void text_release(struct text *t)
{
	free(t->data);
	*t = (struct text){ 0 };
}

bool text_grow(struct text *t, size_t more)
{
	size_t alloc = t->alloc ? t->alloc : 256;
	char *data;

	while (alloc - t->len < more) {
		if (alloc > SIZE_MAX / 4) {
			t->error = true;
			return false;
		}
		alloc *= 2;
	}
	data = realloc(t->data, alloc);
	if (!data) {
		t->error = true;
		return false;
	}
	t->data = data;
	t->alloc = alloc;
	return true;
}

char *put_decimal_long(char *to, uint64_t v)
{
	char *end = to + decimal_len(v), *p = end;

	while (v >= 100) {
		p -= 2;
		memcpy(p, text_two_digits + v % 100 * 2, 2);
		v /= 100;
	}
	if (v >= 10)
		memcpy(p - 2, text_two_digits + v * 2, 2);
	else
		p[-1] = '0' + v;
	return end;
}
