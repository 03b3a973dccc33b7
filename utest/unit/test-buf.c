/*
 * test-buf.c - base/buf: grows, stops at its cap, remembers its first error.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"

static void content_is_always_followed_by_a_nul(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	int i;

	for (i = 0; i < 1000; i++) {
		assert_int_equal(buf_add(&b, "x", 1), 0);
		assert_int_equal(b.len, i + 1);
		assert_int_equal(strlen((char *)b.data), b.len);
	}
	buf_reset(&b);
	assert_int_equal(b.len, 0);
	assert_string_equal((char *)b.data, "");
}

static void texts_are_joined(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_add_str(&b, "a");
	buf_printf(&b, "%d-%s", 42, "b");
	buf_add_cstr(&b, "c");
	assert_int_equal(b.error, 0);
	assert_int_equal(b.len, 7);
	assert_memory_equal(b.data, "a42-bc", 7);
}

static void long_texts_are_formatted_whole(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_add_str(&b, "x");
	assert_int_equal(buf_printf(&b, "%05000d", 7), 0);
	assert_int_equal(b.len, 5001);
	assert_int_equal(b.data[5000], '7');
	assert_int_equal(b.data[5001], 0);
}

static void extended_bytes_are_zero(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	uint8_t *p;
	int i;

	buf_add_str(&b, "some old bytes that stay in memory");
	buf_reset(&b);
	buf_add_str(&b, "x");
	p = buf_extend(&b, 20);
	assert_ptr_equal(p, b.data + 1);
	for (i = 0; i <= 20; i++)
		assert_int_equal(p[i], 0);
	assert_int_equal(b.len, 21);
}

static void the_cap_may_be_reached_but_not_passed(void **state)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, 4);
	assert_int_equal(buf_add(&b, "1234", 4), 0);
	assert_int_equal(buf_add(&b, "", 0), 0);
	assert_int_equal(buf_add(&b, "5", 1), -E2BIG);
	assert_memory_equal(b.data, "1234", 5);
}

static void the_first_error_stays_until_reset(void **state)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, 4);
	buf_add_str(&b, "12");
	assert_int_equal(buf_printf(&b, "%s", "345"), -E2BIG);
	assert_int_equal(b.error, -E2BIG);
	assert_int_equal(buf_add(&b, "3", 1), -E2BIG);
	assert_null(buf_extend(&b, 1));
	assert_int_equal(b.len, 2);
	buf_reset(&b);
	assert_int_equal(buf_add(&b, "3", 1), 0);
	/* the cap outlives releasing, too */
	buf_release(&b);
	assert_int_equal(buf_add(&b, "12345", 5), -E2BIG);
}

static void absurd_sizes_are_errors(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_add_str(&b, "x");
	assert_null(buf_extend(&b, SIZE_MAX));
	assert_int_equal(b.error, -E2BIG);
	buf_reset(&b);
	assert_null(buf_extend(&b, SIZE_MAX - 1));
	assert_null(buf_extend(&b, SIZE_MAX / 2));
}

static void taking_gives_the_text_away(void **state)
{
	struct buf b = BUF_INIT;
	char *s = buf_take_str(&b);

	assert_string_equal(s, "");
	free(s);
	buf_add_str(&b, "text");
	s = buf_take_str(&b);
	assert_string_equal(s, "text");
	assert_int_equal(b.len, 0);
	free(s);
	buf_add_str(&b, "again");
	assert_string_equal((char *)b.data, "again");
	b.error = -ENOMEM;
	assert_null(buf_take_str(&b));
	buf_release(NULL);
}

static void expected_memory_is_only_a_hint(void **state)
{
	struct buf b;
	size_t i;

	buf_init(&b, 6 << 20);
	buf_expect(&b, 4 << 20);
	assert_int_equal(b.len, 0);
	assert_string_equal((char *)b.data, "");
	for (i = 0; i < 5 << 20; i += 1 << 20)
		memset(buf_extend_raw(&b, 1 << 20), 'a' + i / (1 << 20), 1 << 20);
	assert_int_equal(b.len, 5 << 20);
	for (i = 0; i < b.len && b.data[i] == 'a' + i / (1 << 20); i++)
		;
	assert_int_equal(i, b.len);
	assert_int_equal(b.data[b.len], 0);
	/* what is in it stays */
	buf_expect(&b, 8 << 20);
	assert_int_equal(b.data[b.len - 1], 'e');
	assert_int_equal(buf_add(&b, b.data, 2 << 20), -E2BIG);
	assert_int_equal(b.error, -E2BIG);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_is_always_followed_by_a_nul),
		cmocka_unit_test(texts_are_joined),
		cmocka_unit_test(long_texts_are_formatted_whole),
		cmocka_unit_test(extended_bytes_are_zero),
		cmocka_unit_test(the_cap_may_be_reached_but_not_passed),
		cmocka_unit_test(the_first_error_stays_until_reset),
		cmocka_unit_test(absurd_sizes_are_errors),
		cmocka_unit_test(taking_gives_the_text_away),
		cmocka_unit_test(expected_memory_is_only_a_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
