/*
 * test-cursor.c - wire/cursor: no read leaves the bytes, whatever they say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "wire/cursor.h"

static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

static void integers_are_read_in_both_byte_orders(void **state)
{
	struct cursor le = cursor_over(bytes, sizeof(bytes), ORDER_LITTLE);
	struct cursor be = cursor_over(bytes, sizeof(bytes), ORDER_BIG);

	assert_int_equal(cursor_u8(&le), 1);
	assert_int_equal(cursor_u16(&le), 0x0302);
	assert_int_equal(cursor_u32(&le), 0x07060504);
	assert_true(cursor_u64(&le) == 0x0f0e0d0c0b0a0908);
	assert_int_equal(cursor_u8(&be), 1);
	assert_int_equal(cursor_u16(&be), 0x0203);
	assert_int_equal(cursor_u32(&be), 0x04050607);
	assert_true(cursor_u64(&be) == 0x08090a0b0c0d0e0f);
	assert_false(le.failed || be.failed);
	assert_int_equal(cursor_left(&le), 0);
}

static void signed_integers_keep_their_sign(void **state)
{
	static const uint8_t ff[12] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
	struct cursor c = cursor_over(ff, sizeof(ff), ORDER_LITTLE);

	assert_int_equal(cursor_s32(&c), -1);
	assert_true(cursor_s64(&c) == -1);
}

static void a_read_past_the_end_gives_zero_and_fails_for_good(void **state)
{
	struct cursor c = cursor_over(bytes, 3, ORDER_LITTLE);

	assert_int_equal(cursor_u32(&c), 0);
	assert_true(c.failed);
	assert_int_equal(cursor_left(&c), 0);
	/* the bytes that are there are not given out any more */
	assert_int_equal(cursor_u8(&c), 0);
	assert_null(cursor_bytes(&c, 0));
	assert_null(cursor_cstr(&c, 10));
}

static void huge_lengths_do_not_wrap(void **state)
{
	struct cursor c = cursor_over(bytes, sizeof(bytes), ORDER_LITTLE);
	struct cursor sub;

	cursor_u32(&c);
	assert_null(cursor_bytes(&c, SIZE_MAX));
	c = cursor_over(bytes, sizeof(bytes), ORDER_LITTLE);
	cursor_u32(&c);
	sub = cursor_sub(&c, SIZE_MAX - 2);
	assert_true(sub.failed && c.failed);
}

static void a_string_needs_its_nul_within_bytes_and_limit(void **state)
{
	static const struct {
		const char *data;
		size_t len, max;
		const char *want;
	} rows[] = {
		{ "abc\0x", 5, 10, "abc" },
		{ "abc\0x", 5, 4, "abc" },
		{ "abc\0x", 5, 3, NULL },
		{ "abc", 3, 10, NULL },
		{ "", 1, 10, "" },
		{ "", 0, 10, NULL },
		{ "", 1, 0, NULL },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cursor c = cursor_over(rows[i].data, rows[i].len, ORDER_LITTLE);
		const char *s = cursor_cstr(&c, rows[i].max);

		assert_int_equal(c.failed, !rows[i].want);
		if (!rows[i].want) {
			assert_null(s);
			continue;
		}
		assert_string_equal(s, rows[i].want);
		assert_int_equal(c.pos, strlen(s) + 1);
	}
}

static void a_sub_cursor_ends_where_it_was_told(void **state)
{
	struct cursor c = cursor_over(bytes, sizeof(bytes), ORDER_BIG);
	struct cursor sub = cursor_sub(&c, 3);

	assert_int_equal(cursor_u16(&sub), 0x0102);
	assert_int_equal(cursor_u16(&sub), 0);
	assert_true(sub.failed);
	assert_false(c.failed);
	assert_int_equal(cursor_u16(&c), 0x0405);
}

static void what_is_put_is_what_is_read(void **state)
{
	enum byte_order order;

	for (order = ORDER_LITTLE; order <= ORDER_BIG; order++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		uint8_t stored[14];
		struct cursor c;

		put_u8(&b, 0xa1);
		put_u16(&b, order, 0xb1b2);
		put_u32(&b, order, 0xc1c2c3c4);
		put_u64(&b, order, 0xd1d2d3d4d5d6d7d8);
		assert_int_equal(b.len, 15);
		c = cursor_over(b.data, b.len, order);
		assert_int_equal(cursor_u8(&c), 0xa1);
		assert_int_equal(cursor_u16(&c), 0xb1b2);
		assert_int_equal(cursor_u32(&c), 0xc1c2c3c4);
		assert_true(cursor_u64(&c) == 0xd1d2d3d4d5d6d7d8);
		store_u16(stored, order, 0xb1b2);
		store_u32(stored + 2, order, 0xc1c2c3c4);
		store_u64(stored + 6, order, 0xd1d2d3d4d5d6d7d8);
		assert_memory_equal(stored, b.data + 1, 14);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_read_in_both_byte_orders),
		cmocka_unit_test(signed_integers_keep_their_sign),
		cmocka_unit_test(a_read_past_the_end_gives_zero_and_fails_for_good),
		cmocka_unit_test(huge_lengths_do_not_wrap),
		cmocka_unit_test(a_string_needs_its_nul_within_bytes_and_limit),
		cmocka_unit_test(a_sub_cursor_ends_where_it_was_told),
		cmocka_unit_test(what_is_put_is_what_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
