/*
 * test-in-formats.c - texts of formats that files have in common are kept once, and as long as
 * one of them needs them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "in/formats.h"

#define SYSTEM	"test"
#define FIRST	"name: one\nID: 7\nformat:\n"
#define SECOND	"name: two\nID: 9\nformat:\n"

/* Formats out of one text, and one of nobody's. */
static void make(struct in_formats *f, const char *second)
{
	struct buf b = BUF_INIT;

	*f = (struct in_formats){ .item = NULL };
	buf_add_cstr(&b, SYSTEM);
	buf_add(&b, FIRST, strlen(FIRST));
	buf_add_str(&b, second);
	assert_int_equal(in_formats_add(f, (char *)b.data, (char *)b.data + sizeof(SYSTEM), strlen(FIRST)), 0);
	assert_int_equal(in_formats_add(f, (char *)b.data, (char *)b.data + sizeof(SYSTEM) + strlen(FIRST),
					strlen(second)), 0);
	assert_int_equal(in_formats_add(f, "other", FIRST, strlen(FIRST)), 0);
	assert_int_equal(in_formats_keep(f, &b), 0);
	assert_null(b.data);
}

static void check(struct in_formats *f, int id, const char *text)
{
	unsigned int at = 0;
	const struct in_format *one = in_formats_take(f, id, &at);

	assert_non_null(one);
	assert_string_equal(one->system, SYSTEM);
	assert_int_equal(one->len, strlen(text));
	assert_memory_equal(one->text, text, one->len);
}

static void test_the_same_text_is_kept_once_and_outlives_either(void **state)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct in_formats f[2];

		make(&f[0], SECOND);
		make(&f[1], SECOND);
		check(&f[1], 7, FIRST);
		in_formats_share(&f[1], &f[0]);
		assert_ptr_equal(f[1].events, f[0].events);
		assert_ptr_equal(f[1].item[1].text, f[0].item[1].text);
		assert_string_equal(f[1].item[2].system, "other");
		in_formats_share(&f[1], &f[0]);
		in_formats_release(&f[i]);
		check(&f[!i], 9, SECOND);
		in_formats_release(&f[!i]);
	}
}

static void test_texts_of_other_lengths_and_none_are_left_alone(void **state)
{
	struct in_formats a, b, none = { .item = NULL };

	make(&a, SECOND);
	make(&b, SECOND "\n");
	in_formats_share(&a, &b);
	in_formats_share(&a, &none);
	in_formats_share(&none, &a);
	assert_ptr_not_equal(a.events, b.events);
	assert_null(none.events);
	check(&a, 9, SECOND);
	check(&b, 9, SECOND "\n");
	in_formats_release(&a);
	in_formats_release(&b);
	in_formats_release(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_text_is_kept_once_and_outlives_either),
		cmocka_unit_test(test_texts_of_other_lengths_and_none_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
