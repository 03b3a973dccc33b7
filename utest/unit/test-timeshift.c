/*
 * test-timeshift.c - wire/opt-timeshift: all layouts of option 12, and what they do to a time.
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

static void the_documented_payload_is_written_byte_for_byte(void **state)
{
	static const uint8_t want[84] = {
		0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,
		0xe8, 3, 0, 0, 0, 0, 0, 0, 0xd0, 7, 0, 0, 0, 0, 0, 0,
		0x64, 0, 0, 0, 0, 0, 0, 0, 0xc9, 0, 0, 0, 0, 0, 0, 0,
		1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
	};
	_cleanup_(timeshift_release) struct timeshift in = { 0 }, out = { 0 };
	_cleanup_buf_ struct buf b = BUF_INIT;

	fill(&in, TIMESHIFT_CURRENT, 1, two, 2);
	assert_int_equal(timeshift_put(&b, ORDER_LITTLE, &in), 0);
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(b.data, want, sizeof(want));
	assert_int_equal(timeshift_parse(want, sizeof(want), ORDER_LITTLE, &out), 0);
	assert_int_equal(out.layout, TIMESHIFT_CURRENT);
	assert_int_equal(out.flags, TIMESHIFT_FL_INTERPOLATE);
	assert_int_equal(out.nr_cpus, 1);
	assert_true(out.cpus[0].samples[1].offset == 201);
}

/* The length that a payload in @ts's layout must have. */
static size_t exact_len(const struct timeshift *ts)
{
	static const struct {
		size_t head, cpu, sample;
	} parts[] = {
		[TIMESHIFT_CURRENT] = { 16, 4, 32 }, [TIMESHIFT_NO_FRACTION] = { 16, 4, 24 },
		[TIMESHIFT_GLOBAL_SCALED] = { 16, 0, 24 }, [TIMESHIFT_GLOBAL] = { 12, 0, 16 },
		[TIMESHIFT_FORK] = { 12, 8, 16 },
	};
	size_t i, len = parts[ts->layout].head;

	for (i = 0; i < ts->nr_cpus; i++)
		len += parts[ts->layout].cpu + ts->cpus[i].nr_samples * parts[ts->layout].sample;
	return len;
}

static void written_layouts_have_the_documented_lengths_and_survive(void **state)
{
	static const struct {
		enum timeshift_layout layout;
		uint32_t nr_cpus;
		size_t len;
	} rows[] = {
		{TIMESHIFT_CURRENT, 1, 84},  {TIMESHIFT_CURRENT, 2, 152},
		{TIMESHIFT_CURRENT, 8, 560}, {TIMESHIFT_FORK, 1, 52},
		{TIMESHIFT_FORK, 2, 92},     {TIMESHIFT_FORK, 8, 332},
	};
	size_t i, cut;

	for (i = 0; i < ARRAY_SIZE(rows) * 2; i++) {
		enum byte_order order = i % 2 ? ORDER_BIG : ORDER_LITTLE;
		_cleanup_(timeshift_release) struct timeshift in = { 0 }, out = { 0 };
		_cleanup_buf_ struct buf b = BUF_INIT, again = BUF_INIT;

		fill(&in, rows[i / 2].layout, rows[i / 2].nr_cpus, two, 2);
		assert_int_equal(timeshift_put(&b, order, &in), 0);
		assert_int_equal(b.len, rows[i / 2].len);
		assert_int_equal(timeshift_parse(b.data, b.len, order, &out), 0);
		assert_int_equal(out.layout, rows[i / 2].layout);
		assert_int_equal(timeshift_put(&again, order, &out), 0);
		assert_int_equal(again.len, b.len);
		assert_memory_equal(again.data, b.data, b.len);
		for (cut = 0; cut < b.len; cut++) {
			struct timeshift part;
			uint8_t *copy = malloc(cut ? cut : 1);
			int ret;

			memcpy(copy, b.data, cut);
			ret = timeshift_parse(copy, cut, order, &part);
			free(copy);
			if (ret == -EBADMSG)
				continue;
			/* only what has the exact length of another layout is taken for one */
			assert_int_equal(ret, 0);
			assert_int_equal(cut, exact_len(&part));
			timeshift_release(&part);
		}
	}
}

static void counts_are_honest_for_each_cpu(void **state)
{
	static const struct timeshift_sample s[] = { CUR(10, 1), CUR(20, 2), CUR(30, 3) };
	_cleanup_(timeshift_release) struct timeshift in = { 0 }, out = { 0 };
	_cleanup_buf_ struct buf b = BUF_INIT;

	fill(&in, TIMESHIFT_CURRENT, 2, s, 1);
	timeshift_add(&in, 0, &s[1]);
	timeshift_add(&in, 0, &s[2]);
	in.flags = 0;
	assert_int_equal(timeshift_put(&b, ORDER_LITTLE, &in), 0);
	assert_int_equal(b.len, 16 + (4 + 96) + (4 + 32));
	assert_int_equal(timeshift_parse(b.data, b.len, ORDER_LITTLE, &out), 0);
	assert_int_equal(out.flags, 0);
	assert_int_equal(out.cpus[0].nr_samples, 3);
	assert_int_equal(out.cpus[1].nr_samples, 1);
	assert_true(out.cpus[1].samples[0].time == 10);
}

static void a_writer_that_lies_about_counts_is_refused(void **state)
{
	/* two CPUs with 3 and 1 samples, but count fields 1 and 1: 136 bytes */
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct timeshift ts;
	int i;

	put_u64(&b, ORDER_LITTLE, 1);
	put_u32(&b, ORDER_LITTLE, 1);
	put_u32(&b, ORDER_LITTLE, 2);
	put_u32(&b, ORDER_LITTLE, 1);
	for (i = 0; i < 9; i++)
		put_u64(&b, ORDER_LITTLE, 0x1234567890 + i);
	put_u32(&b, ORDER_LITTLE, 1);
	for (i = 0; i < 3; i++)
		put_u64(&b, ORDER_LITTLE, 0x1234567890 + i);
	for (i = 0; i < 2; i++)
		put_u64(&b, ORDER_LITTLE, 0);
	assert_int_equal(b.len, 136);
	assert_int_equal(timeshift_parse(b.data, b.len, ORDER_LITTLE, &ts), -EBADMSG);
}

/* The words of a payload without count fields in between. */
static void put_words(struct buf *b, const uint64_t *w, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		put_u64(b, ORDER_LITTLE, w[i]);
}

static void layouts_of_the_past_are_told_apart(void **state)
{
	static const uint64_t w[] = { 1000, 2000, 100, 201, 3, 5 };
	_cleanup_(timeshift_release) struct timeshift a = { 0 }, c = { 0 }, d = { 0 };
	_cleanup_buf_ struct buf b = BUF_INIT;

	/* 2.9.0: id, count, times, offsets */
	put_u64(&b, ORDER_LITTLE, 9);
	put_u32(&b, ORDER_LITTLE, 2);
	put_words(&b, w, 4);
	assert_int_equal(timeshift_parse(b.data, b.len, ORDER_LITTLE, &a), 0);
	assert_int_equal(a.layout, TIMESHIFT_GLOBAL);
	assert_int_equal(a.flags, TIMESHIFT_FL_INTERPOLATE);
	assert_true(a.cpus[0].samples[1].time == 2000 && a.cpus[0].samples[1].offset == 201);
	assert_true(a.cpus[0].samples[1].scaling == 1);
	/* the only table holds for every CPU */
	assert_ptr_equal(timeshift_find(&a, 77, -1), &a.cpus[0]);

	/* 2.9.2: flags and scalings, too */
	buf_reset(&b);
	put_u64(&b, ORDER_LITTLE, 9);
	put_u32(&b, ORDER_LITTLE, 0);
	put_u32(&b, ORDER_LITTLE, 2);
	put_words(&b, w, 6);
	assert_int_equal(timeshift_parse(b.data, b.len, ORDER_LITTLE, &c), 0);
	assert_int_equal(c.layout, TIMESHIFT_GLOBAL_SCALED);
	assert_int_equal(c.flags, 0);
	assert_true(c.cpus[0].samples[1].scaling == 5);

	/* per CPU, but without fractions */
	buf_reset(&b);
	put_u64(&b, ORDER_LITTLE, 9);
	put_u32(&b, ORDER_LITTLE, 1);
	put_u32(&b, ORDER_LITTLE, 1);
	put_u32(&b, ORDER_LITTLE, 2);
	put_words(&b, w, 6);
	assert_int_equal(b.len, 68);
	assert_int_equal(timeshift_parse(b.data, b.len, ORDER_LITTLE, &d), 0);
	assert_int_equal(d.layout, TIMESHIFT_NO_FRACTION);
	assert_true(d.cpus[0].samples[0].scaling == 3 && d.cpus[0].samples[0].fraction == 0);
	/* CPUs beyond the table are not shifted */
	assert_non_null(timeshift_find(&d, 0, -1));
	assert_null(timeshift_find(&d, 1, -1));
	assert_null(timeshift_find(&d, -1, -1));
}

static void a_cpu_without_samples_is_read_but_never_written(void **state)
{
	_cleanup_(timeshift_release) struct timeshift in = { 0 }, out = { 0 };
	_cleanup_buf_ struct buf b = BUF_INIT;

	fill(&in, TIMESHIFT_CURRENT, 2, two, 2);
	in.cpus[1].nr_samples = 0;
	assert_int_equal(timeshift_put(&b, ORDER_LITTLE, &in), -EINVAL);
	buf_reset(&b);
	put_u64(&b, ORDER_LITTLE, 9);
	put_u32(&b, ORDER_LITTLE, 1);
	put_u32(&b, ORDER_LITTLE, 2);
	put_u32(&b, ORDER_LITTLE, 1);
	put_words(&b, (const uint64_t[]){ 5, 6, 1 }, 3);
	put_u32(&b, ORDER_LITTLE, 0);
	put_u64(&b, ORDER_LITTLE, 0);
	assert_int_equal(timeshift_parse(b.data, b.len, ORDER_LITTLE, &out), 0);
	assert_int_equal(out.cpus[1].nr_samples, 0);
	assert_null(timeshift_find(&out, 1, -1));
}

static void layouts_that_are_no_longer_written_are_refused(void **state)
{
	_cleanup_(timeshift_release) struct timeshift ts = { 0 };
	_cleanup_buf_ struct buf b = BUF_INIT;

	fill(&ts, TIMESHIFT_GLOBAL, 1, two, 2);
	assert_int_equal(timeshift_put(&b, ORDER_LITTLE, &ts), -EINVAL);
	ts.layout = TIMESHIFT_CURRENT;
	assert_int_equal(timeshift_put(&b, ORDER_LITTLE, &ts), 0);
}

static void impossible_fractions_are_refused(void **state)
{
	_cleanup_(timeshift_release) struct timeshift ts = { 0 };
	struct timeshift_sample bad = { 1, 1, 1, 64 };
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct timeshift out;

	fill(&ts, TIMESHIFT_CURRENT, 1, two, 2);
	assert_int_equal(timeshift_add(&ts, 0, &bad), -EINVAL);
	assert_int_equal(timeshift_add(&ts, 1, &two[0]), -EINVAL);
	timeshift_put(&b, ORDER_LITTLE, &ts);
	b.data[b.len - 8] = 64;
	assert_int_equal(timeshift_parse(b.data, b.len, ORDER_LITTLE, &out), -EBADMSG);
}

/* --- use ----------------------------------------------------------------- */

static void times_are_shifted_as_documented(void **state)
{
	static const struct {
		int n, flag;
		struct timeshift_sample s[3];
		uint64_t in[5], out[5];
	} rows[] = {
		{2, 0, {CUR(1000, 100), CUR(2000, 201)}, {500, 1500, 2500}, {600, 1600, 2600}},
		{2,
		 1,
		 {CUR(1000, 100), CUR(2000, 201)},
		 {500, 1500, 1501, 2000, 2500},
		 {550, 1651, 1652, 2201, 2752}},
		{2,
		 1,
		 {CUR(1000, 100), CUR(2000, -1)},
		 {500, 1500, 1501, 2000, 2500},
		 {651, 1550, 1551, 2000, 2449}},
		{3,
		 0,
		 {CUR(1000, 10), CUR(2000, 20), CUR(3000, 30)},
		 {500, 1500, 2000, 2500, 3500},
		 {510, 1510, 2020, 2520, 3520}},
		{3,
		 1,
		 {CUR(1000, 10), CUR(2000, 20), CUR(3000, 30)},
		 {500, 1000, 1501, 2500, 3500},
		 {506, 1010, 1516, 2525, 3535}},
		{2, 0, {{1000, -7, 3, 1}, {2000, -9, 5, 2}}, {500, 1501, 2500}, {743, 2244, 3743}},
		{2,
		 1,
		 {{1000, -7, 3, 1}, {2000, -9, 5, 2}},
		 {500, 1501, 2000, 3500},
		 {744, 2244, 2992, 5239}},
		{1, 0, {{1000, 50, 3, 1}}, {500, 2500}, {550, 2550}},
		{1, 1, {{1000, 50, 3, 1}}, {500, 2500}, {550, 2550}},
	};
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct timeshift_cpu cpu = { 0, rows[i].n, (struct timeshift_sample *)rows[i].s };

		for (k = 0; k < 5 && rows[i].in[k]; k++)
			assert_int_equal(timeshift_apply(&cpu, rows[i].flag, rows[i].in[k]),
					 rows[i].out[k]);
	}
}

static void no_samples_shift_nothing(void **state)
{
	struct timeshift_cpu none = { 0 };

	assert_int_equal(timeshift_apply(&none, 1, 12345), 12345);
	assert_int_equal(timeshift_apply(NULL, 1, 12345), 12345);
	assert_null(timeshift_find(NULL, 0, 0));
}

static void extreme_samples_neither_trap_nor_hang(void **state)
{
	static const int64_t v[] = { INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX };
	size_t a, b, c, d, t;

	for (a = 0; a < 7; a++)
		for (b = 0; b < 7; b++)
			for (c = 0; c < 7; c++)
				for (d = 0; d < 7; d++) {
					struct timeshift_sample s[] = {
						{ v[a], v[c], (uint64_t)v[d], 63 }, CUR(v[b], v[d]),
						CUR(v[c], v[a]),
					};
					struct timeshift_cpu cpu = { 0, 3, s };
					struct timeshift ts = { .nr_cpus = 1, .cpus = &cpu };

					timeshift_prepare(&ts);
					for (t = 0; t < 7; t++)
						timeshift_apply(&cpu, t & 1, (uint64_t)v[t]);
				}
}

static void preparing_sorts_and_keeps_the_first_of_equal_times(void **state)
{
	struct timeshift_sample s[] = {
		{30, 3, 1, 5}, {10, 1, 1, 63}, {30, 4, 2, 6}, {-5, 9, 1, 0}, {10, 2, 1, 1},
	};
	struct timeshift_cpu cpu = { 0, 5, s };
	struct timeshift ts = { .nr_cpus = 1, .cpus = &cpu };

	timeshift_prepare(&ts);
	assert_int_equal(cpu.nr_samples, 3);
	assert_true(s[0].time == -5 && s[0].offset == 9);
	assert_true(s[1].time == 10 && s[1].offset == 1 && s[1].fraction == 63);
	assert_true(s[2].time == 30 && s[2].offset == 3 && s[2].fraction == 5);
}

static void lookup_among_many_samples_finds_the_segment(void **state)
{
	struct timeshift_sample s[100];
	struct timeshift_cpu cpu = { 0, 100, s };
	uint64_t t;
	int i;

	for (i = 0; i < 100; i++)
		s[i] = (struct timeshift_sample)CUR(i * 10 + 10, i * 1000000);
	/* without interpolation each segment has its lower sample's offset, the end the last but
	 * one's */
	for (t = 10; t < 1010; t++)
		assert_int_equal(timeshift_apply(&cpu, 0, t),
				 t + ((t - 10) / 10 > 98 ? 98 : (t - 10) / 10) * 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_documented_payload_is_written_byte_for_byte),
		cmocka_unit_test(written_layouts_have_the_documented_lengths_and_survive),
		cmocka_unit_test(counts_are_honest_for_each_cpu),
		cmocka_unit_test(a_writer_that_lies_about_counts_is_refused),
		cmocka_unit_test(layouts_of_the_past_are_told_apart),
		cmocka_unit_test(a_cpu_without_samples_is_read_but_never_written),
		cmocka_unit_test(layouts_that_are_no_longer_written_are_refused),
		cmocka_unit_test(impossible_fractions_are_refused),
		cmocka_unit_test(times_are_shifted_as_documented),
		cmocka_unit_test(no_samples_shift_nothing),
		cmocka_unit_test(extreme_samples_neither_trap_nor_hang),
		cmocka_unit_test(preparing_sorts_and_keeps_the_first_of_equal_times),
		cmocka_unit_test(lookup_among_many_samples_finds_the_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
