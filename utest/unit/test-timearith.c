/*
 * test-timearith.c - base/timearith: exact, and defined for every input.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/timearith.h"

static void products_have_128_bits(void **state)
{
	/* TSC to ns, with the documented results */
	assert_int_equal(mul_shift_u64(0x123456789abc, 715827883, 31), 6671999451062);
	assert_int_equal(mul_shift_u64(3721000000000, 715827883, 31), 1240333333910);
	assert_true(mul_shift_u64(UINT64_MAX, UINT64_MAX, 64) == UINT64_MAX - 1);
	assert_true(mul_shift_u64(UINT64_MAX, UINT64_MAX, 0) == 1);
	assert_true(mul_shift_u64(UINT64_MAX, UINT64_MAX, 127) == 1);
	assert_true(mul_shift_u64(12345, 1, 0) == 12345);
}

static void a_line_goes_through_its_points_and_rounds(void **state)
{
	static const struct {
		uint64_t t, t0, t1;
		int64_t v0, v1, want;
	} rows[] = {
		{ 1000, 1000, 2000, 100, 201, 100 },
		{ 2000, 1000, 2000, 100, 201, 201 },
		{ 1500, 1000, 2000, 100, 201, 151 },	/* 150.5 */
		{ 1501, 1000, 2000, 100, 201, 151 },
		{ 500, 1000, 2000, 100, 201, 50 },	/* trunc(-50.0) */
		{ 2500, 1000, 2000, 100, 201, 252 },
		{ 1500, 1000, 2000, 100, -1, 50 },
		{ 77, 1000, 1000, 5, 9, 5 },		/* no line: the first point */
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(line_at(rows[i].t, rows[i].t0, rows[i].v0, rows[i].t1, rows[i].v1),
				 rows[i].want);
}

static void long_lines_do_not_overflow(void **state)
{
	/* a day in ns, an offset of decades: (t - t0) * (v1 - v0) has far more than 64 bits */
	const int64_t day = 86400000000000, decade = 315360000000000000;

	assert_int_equal(line_at(day / 2, 0, decade, day, 2 * decade), decade + decade / 2);
	assert_int_equal(line_at(day / 2, 0, -decade, day, decade), 0);
	/* times beyond the signed range: their differences count */
	assert_int_equal(line_at(UINT64_MAX, UINT64_MAX - 1000, 0, UINT64_MAX - 1000 + 2000, 200),
			 100);
}

static void every_input_has_a_result(void **state)
{
	static const int64_t v[] = { INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX };
	volatile int64_t sink;
	size_t a, b, c, d, e;

	for (a = 0; a < 7; a++)
		for (b = 0; b < 7; b++)
			for (c = 0; c < 7; c++)
				for (d = 0; d < 7; d++)
					for (e = 0; e < 7; e++)
						sink = line_at(v[a], v[b], v[c], v[d], v[e]);
	(void)sink;
}

static void the_midpoint_rounds_down_without_overflow(void **state)
{
	static const struct {
		int64_t a, b, want;
	} rows[] = {
		{1, 4, 2},
		{-1, -4, -3},
		{-1, 4, 1},
		{3, 3, 3},
		{0, 0, 0},
		{INT64_MAX, INT64_MAX - 1, INT64_MAX - 1},
		{INT64_MIN, INT64_MIN + 1, INT64_MIN},
		{INT64_MIN, INT64_MAX, -1},
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(midpoint_s64(rows[i].a, rows[i].b) == rows[i].want);
		assert_true(midpoint_s64(rows[i].b, rows[i].a) == rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(products_have_128_bits),
		cmocka_unit_test(a_line_goes_through_its_points_and_rounds),
		cmocka_unit_test(long_lines_do_not_overflow),
		cmocka_unit_test(every_input_has_a_result),
		cmocka_unit_test(the_midpoint_rounds_down_without_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
