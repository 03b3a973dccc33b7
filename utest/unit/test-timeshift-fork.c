/*
 * test-timeshift-fork.c - wire/opt-timeshift-fork: the layout without an order of samples.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "unit/timeshift-fixture.h"

/* The words of a payload without count fields in between. */
static void put_words(struct buf *b, const uint64_t *w, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		put_u64(b, ORDER_LITTLE, w[i]);
}

#define T0 109300709274646
#define T1 109306457764646
#define O0 83618290375331
#define O1 83618290385849

static void fork_put(struct buf *b, int32_t cpu, uint32_t n, const uint64_t *words)
{
	put_u64(b, ORDER_LITTLE, 0xF4BA9D67C82D7D);
	put_u32(b, ORDER_LITTLE, 1);
	put_u32(b, ORDER_LITTLE, (uint32_t)cpu);
	put_u32(b, ORDER_LITTLE, n);
	put_words(b, words, 2 * n);
}

static void the_forks_samples_are_found_in_whatever_order(void **state)
{
	static const uint64_t rows[][4] = {
		{ T0, T1, O0, O1 }, { O0, O1, T0, T1 }, { T0, O0, T1, O1 }, { O0, T0, O1, T1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(timeshift_release) struct timeshift ts = { 0 };
		_cleanup_buf_ struct buf b = BUF_INIT;

		fork_put(&b, -1, 2, rows[i]);
		assert_int_equal(b.len, 52);
		assert_int_equal(timeshift_parse(b.data, b.len, ORDER_LITTLE, &ts), 0);
		assert_int_equal(ts.layout, TIMESHIFT_FORK);
		assert_int_equal(ts.cpus[0].cpu, -1);
		assert_true(ts.cpus[0].samples[0].time == T0 && ts.cpus[0].samples[1].time == T1);
		assert_true(ts.cpus[0].samples[0].offset == O0 &&
			    ts.cpus[0].samples[1].offset == O1);
		assert_int_equal(ts.flags, TIMESHIFT_FL_INTERPOLATE);
	}
}

static void the_forks_order_is_found_for_other_offsets(void **state)
{
	/* offsets: 0, small, negative, beyond the times */
	static const int64_t offsets[][2] = {
		{ 0, 0 }, { 0, 25 }, { 40, 12 }, { -7, 12 }, { -O0, -O1 }, { 5 * T0, 5 * T0 + 900 },
	};
	size_t i, order;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		uint64_t a = offsets[i][0], c = offsets[i][1];
		const uint64_t rows[][4] = {
			{ T0, T1, a, c }, { a, c, T0, T1 }, { T0, a, T1, c }, { a, T0, c, T1 },
		};

		for (order = 0; order < ARRAY_SIZE(rows); order++) {
			_cleanup_(timeshift_release) struct timeshift ts = { 0 };
			_cleanup_buf_ struct buf b = BUF_INIT;

			fork_put(&b, 3, 2, rows[order]);
			assert_int_equal(timeshift_parse(b.data, b.len, ORDER_LITTLE, &ts), 0);
			assert_true(ts.cpus[0].samples[0].time == T0);
			assert_true(ts.cpus[0].samples[1].time == T1);
			assert_true(ts.cpus[0].samples[0].offset == offsets[i][0]);
			assert_true(ts.cpus[0].samples[1].offset == offsets[i][1]);
		}
	}
}

static void a_single_sample_is_taken_as_we_write_it_unless_that_time_is_negative(void **state)
{
	static const struct {
		uint64_t words[2];
		int64_t time, offset;
	} rows[] = {
		{{1000, 77}, 1000, 77},
		{{77, 1000}, 77, 1000},
		{{-77, 1000}, 1000, -77},
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(timeshift_release) struct timeshift ts = { 0 };
		_cleanup_buf_ struct buf b = BUF_INIT;

		fork_put(&b, 0, 1, rows[i].words);
		assert_int_equal(timeshift_parse(b.data, b.len, ORDER_LITTLE, &ts), 0);
		assert_int_equal(ts.layout, TIMESHIFT_FORK);
		assert_true(ts.cpus[0].samples[0].time == rows[i].time);
		assert_true(ts.cpus[0].samples[0].offset == rows[i].offset);
	}
}

static void the_forks_cpus_must_ascend(void **state)
{
	static const struct {
		int32_t ids[2];
		int want;
	} rows[] = {
		{ { 0, 1 }, 0 }, { { -1, 0 }, 0 }, { { 2, 9 }, 0 }, { { 1, 1 }, -EBADMSG },
		{ { 1, 0 }, -EBADMSG }, { { -2, 0 }, -EBADMSG }, { { 0, 65536 }, -EBADMSG },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(timeshift_release) struct timeshift in = { 0 }, out = { 0 };
		_cleanup_buf_ struct buf b = BUF_INIT;

		fill(&in, TIMESHIFT_FORK, 2, two, 2);
		in.cpus[0].cpu = rows[i].ids[0];
		in.cpus[1].cpu = rows[i].ids[1];
		assert_int_equal(timeshift_put(&b, ORDER_LITTLE, &in), 0);
		assert_int_equal(timeshift_parse(b.data, b.len, ORDER_LITTLE, &out), rows[i].want);
	}
}

static void the_forks_host_cpu_is_looked_up_then_any_then_the_first(void **state)
{
	_cleanup_(timeshift_release) struct timeshift ts = { 0 };

	fill(&ts, TIMESHIFT_FORK, 3, two, 2);
	ts.cpus[0].cpu = -1;
	ts.cpus[1].cpu = 2;
	ts.cpus[2].cpu = 5;
	assert_ptr_equal(timeshift_find(&ts, 0, 5), &ts.cpus[2]);
	assert_ptr_equal(timeshift_find(&ts, 0, 3), &ts.cpus[0]);
	assert_ptr_equal(timeshift_find(&ts, 0, -1), &ts.cpus[0]);
	ts.cpus[0].cpu = 0;
	assert_ptr_equal(timeshift_find(&ts, 99, 3), &ts.cpus[0]);
	ts.cpus[0].nr_samples = 0;
	assert_ptr_equal(timeshift_find(&ts, 99, 0), &ts.cpus[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_forks_samples_are_found_in_whatever_order),
		cmocka_unit_test(the_forks_order_is_found_for_other_offsets),
		cmocka_unit_test(
			a_single_sample_is_taken_as_we_write_it_unless_that_time_is_negative),
		cmocka_unit_test(the_forks_cpus_must_ascend),
		cmocka_unit_test(the_forks_host_cpu_is_looked_up_then_any_then_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
