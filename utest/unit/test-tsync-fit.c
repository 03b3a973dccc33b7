/*
 * Fitting bounds: hulls against brute force, segments, limits of the numbers.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tsync/fit.h"
#include "tsync/reduce.h"

static void add(struct bounds *b, bool upper, int64_t time, int64_t value)
{
	struct bound one = { .time = time, .value = value, .upper = upper, .source = BOUND_PTP,
			     .guest_cpu = -1, .host_cpu = -1 };

	assert_int_equal(bounds_add(b, &one), 0);
}

/* --- against brute force ----------------------------------------------------- */

/* Whether the line through value @v at @t with slope @num / @den meets all; in units of 1/den. */
static bool meets(const struct bounds *b, int64_t v_den, int64_t t, int64_t num, int64_t den)
{
	size_t i;

	for (i = 0; i < b->count; i++) {
		int64_t at = v_den + num * (b->at[i].time - t), limit = b->at[i].value * den;

		if (b->at[i].upper ? at > limit : at < limit)
			return false;
	}
	return true;
}

/*
 * The highest value of a line at @t, by trying each line through two bounds, and each of the two
 * steepest slopes through each bound: one of them is the answer. False: no line.
 */
static bool brute(const struct bounds *b, int64_t t, int64_t rho, bool highest, double *ret)
{
	bool found = false;
	size_t i, k;

	for (i = 0; i < b->count; i++) {
		const struct bound *p = &b->at[i];

		for (k = 0; k < b->count + 2; k++) {
			const struct bound *q = k < b->count ? &b->at[k] : NULL;
			int64_t den = q ? q->time - p->time : 1, num;
			double v;

			if (den <= 0)
				continue;
			num = q ? q->value - p->value : k == b->count ? rho : -rho;
			if (num > rho * den || num < -rho * den ||
			    !meets(b, p->value * den, p->time, num, den))
				continue;
			v = p->value + (double)num * (t - p->time) / den;
			if (!found || (highest ? v > *ret : v < *ret))
				*ret = v;
			found = true;
		}
	}
	return found;
}

static uint64_t rng;

static int64_t draw(int64_t lo, int64_t hi)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return lo + (int64_t)((rng >> 33) % (uint64_t)(hi - lo + 1));
}

static void limits_are_those_of_trying_all_lines(void **state)
{
	unsigned int round, whole = 0;

	for (round = 0; round < 20000; round++) {
		struct fit_conf conf = { .rho_max_ppb = draw(0, 2) * 1000000000 };
		int64_t rho = conf.rho_max_ppb / 1000000000, t;
		struct bounds b = { 0 };
		struct fit f;
		int i, n = draw(2, 9);
		double dummy;

		rng = rng + round;
		for (i = 0; i < n; i++) {
			bool upper = i % 2;

			add(&b, upper, draw(0, 20), upper ? draw(-3, 25) : draw(-25, 3));
		}
		assert_int_equal(tsync_fit(&b, &conf, &f), 0);
		/* one segment if, and only if, there is such a line */
		assert_int_equal(f.nr_segments == 1, brute(&b, 0, rho, true, &dummy));
		whole += f.nr_segments == 1;
		for (t = -10; f.nr_segments == 1 && t <= 30; t++) {
			struct fit_value v;
			double lo, hi;

			assert_int_equal(fit_at(&f, t, &v), 0);
			brute(&b, t, rho, false, &lo);
			brute(&b, t, rho, true, &hi);
			assert_true(v.hi >= hi - 1e-9 && v.hi < hi + 1 + 1e-6);
			assert_true(v.lo <= lo + 1e-9 && v.lo > lo - 1 - 1e-6);
			assert_true(v.lo <= v.mid && v.mid <= v.hi);
		}
		fit_release(&f);
		bounds_release(&b);
	}
	/* both kinds occur */
	assert_in_range(whole, 1000, 19000);
}

static void fewer_bounds_have_the_same_line(void **state)
{
	unsigned int round;

	for (round = 0; round < 2000; round++) {
		struct fit_conf conf = { .rho_max_ppb = 3000000000 };
		struct bounds b = { 0 };
		struct fit all, few;
		int64_t slope = draw(-3, 3), t;
		size_t before;
		int i;

		for (i = 0; i < 60; i++) {
			int64_t time = draw(0, 1000);

			add(&b, i % 2, time, slope * time + (i % 2 ? draw(5, 90) : -draw(5, 90)));
		}
		assert_int_equal(tsync_fit(&b, &conf, &all), 0);
		before = b.count;
		assert_int_equal(bounds_reduce(&b, 0), 0);
		assert_true(b.count < before);
		assert_int_equal(tsync_fit(&b, &conf, &few), 0);
		for (t = -100; t < 1100; t += 7) {
			struct fit_value v, w;

			assert_int_equal(fit_at(&all, t, &v), 0);
			assert_int_equal(fit_at(&few, t, &w), 0);
			/* rounding goes by the first bound, which may be another */
			assert_in_range(v.lo - w.lo + 1, 0, 2);
			assert_in_range(v.hi - w.hi + 1, 0, 2);
			assert_in_range(v.mid - w.mid + 1, 0, 2);
		}
		fit_release(&all);
		fit_release(&few);
		bounds_release(&b);
	}
}

/* --- by hand ------------------------------------------------------------------ */

static void one_probe_gives_its_bounds_and_the_middle(void **state)
{
	struct fit_conf conf = { .quantum = 1 };
	_cleanup_(bounds_release) struct bounds b = { 0 };
	struct fit_value v;
	struct fit f;

	add(&b, true, 1000, 50);
	add(&b, false, 1020, 30);
	assert_int_equal(tsync_fit(&b, &conf, &f), 0);
	assert_int_equal(fit_at(&f, 1010, &v), 0);
	assert_int_equal(v.lo, 29);
	assert_int_equal(v.hi, 51);
	assert_int_equal(v.mid, 40);
	assert_int_equal(v.lo_source, BOUND_PTP);
	assert_int_equal(v.hi_source, BOUND_PTP);
	fit_release(&f);
}

static void bounds_widen_away_from_measurements_by_the_prior(void **state)
{
	struct fit_conf conf = { .rho_max_ppb = 1000 };
	unsigned int varies;

	for (varies = 0; varies < 2; varies++) {
		_cleanup_(bounds_release) struct bounds b = { 0 };
		struct fit_value v;
		struct fit f;

		conf.varies = varies;
		add(&b, true, 0, 50);
		add(&b, false, 0, -50);
		assert_int_equal(tsync_fit(&b, &conf, &f), 0);
		assert_int_equal(fit_at(&f, 1000000, &v), 0);
		/* never rounded down */
		assert_in_range(v.hi, 51, 52);
		assert_in_range(-v.lo, 51, 52);
		assert_int_equal(fit_at(&f, -2000000000, &v), 0);
		assert_in_range(v.hi, 2050, 2052);
		assert_in_range(-v.lo, 2050, 2052);
		assert_int_equal(v.mid, 0);
		fit_release(&f);
	}
}

/* Of a rate that varies, measurements elsewhere say nothing about the way in between. */
static void a_varying_rate_is_not_a_line(void **state)
{
	struct fit_conf conf = { .rho_max_ppb = 100000, .varies = true };
	_cleanup_(bounds_release) struct bounds b = { 0 };
	struct fit_value v;
	struct fit f;

	add(&b, true, 0, 10);
	add(&b, false, 0, -10);
	add(&b, true, 2000000, 10);
	add(&b, false, 2000000, -10);
	assert_int_equal(tsync_fit(&b, &conf, &f), 0);
	assert_int_equal(fit_at(&f, 1000000, &v), 0);
	assert_in_range(v.hi, 110, 111);
	fit_release(&f);
	conf.varies = false;
	assert_int_equal(tsync_fit(&b, &conf, &f), 0);
	assert_int_equal(fit_at(&f, 1000000, &v), 0);
	assert_int_equal(v.hi, 10);
	fit_release(&f);
}

static void one_sided_bounds_are_one_sided_results(void **state)
{
	struct fit_conf conf = { 0 };
	_cleanup_(bounds_release) struct bounds b = { 0 };
	struct fit_value v;
	struct fit f;

	add(&b, true, 0, 10);
	assert_int_equal(tsync_fit(&b, &conf, &f), 0);
	assert_int_equal(f.nr_segments, 1);
	assert_false(f.segments[0].known);
	assert_int_equal(fit_at(&f, 0, &v), -ENODATA);
	fit_release(&f);
}

static void a_step_makes_two_segments_and_a_gap_that_covers_both(void **state)
{
	struct fit_conf conf = { 0 };
	_cleanup_(bounds_release) struct bounds b = { 0 };
	struct fit_value v;
	struct fit f;
	int64_t t;

	for (t = 0; t < 2000; t += 100) {
		int64_t theta = t < 1000 ? 0 : 5000;

		add(&b, true, t, theta + 10);
		add(&b, false, t + 20, theta - 10);
	}
	assert_int_equal(tsync_fit(&b, &conf, &f), 0);
	assert_int_equal(f.nr_segments, 2);
	assert_int_equal(fit_at(&f, 500, &v), 0);
	assert_true(v.lo == -10 && v.hi == 10 && v.mid == 0);
	assert_int_equal(fit_at(&f, 1500, &v), 0);
	assert_true(v.lo == 4990 && v.hi == 5010 && v.mid == 5000);
	assert_int_equal(fit_at(&f, 950, &v), 0);
	assert_true(v.lo == -10 && v.hi == 5010);
	assert_true(v.mid >= -10 && v.mid <= 10);
	fit_release(&f);
}

static void no_drift_is_made_of_noise(void **state)
{
	struct fit_conf conf = { .rho_max_ppb = 100000, .sigma = 20 };
	_cleanup_(bounds_release) struct bounds b = { 0 };
	struct fit f;

	/* the middle moves by 30 in 1 ms: 30 ppm, but three sigmas are 60 */
	add(&b, true, 0, 5000);
	add(&b, false, 1, -5000);
	add(&b, true, 1000000, 5030);
	add(&b, false, 1000001, -4970);
	assert_int_equal(tsync_fit(&b, &conf, &f), 0);
	assert_int_equal(f.segments[0].drift, 0);
	fit_release(&f);
	/* that is more than noise */
	b.at[2].value += 500;
	b.at[3].value += 500;
	conf.rho_max_ppb = 1000000;
	assert_int_equal(tsync_fit(&b, &conf, &f), 0);
	assert_in_range(slope_to_ppb(f.segments[0].drift), 500000, 560000);
	fit_release(&f);
}

static void extremes_are_refused_or_right(void **state)
{
	static const int64_t far[] = { INT64_MAX, INT64_MIN, (1LL << 60) + 1 };
	struct fit_conf conf = { 0 }, bad = { .rho_max_ppb = -1 };
	struct bounds none = { 0 };
	struct fit f;
	size_t i;

	assert_int_equal(tsync_fit(&none, &conf, &f), -ENODATA);
	for (i = 0; i < 3; i++) {
		_cleanup_(bounds_release) struct bounds b = { 0 };

		add(&b, true, 0, 0);
		assert_int_equal(tsync_fit(&b, &bad, &f), -EINVAL);
		add(&b, false, far[i], 0);
		assert_int_equal(tsync_fit(&b, &conf, &f), -ERANGE);
		b.at[1].time = 0;
		b.at[1].value = far[i];
		assert_int_equal(tsync_fit(&b, &conf, &f), -ERANGE);
	}
	for (i = 0; i < 2; i++) {
		_cleanup_(bounds_release) struct bounds b = { 0 };
		struct fit_value v;
		int64_t big = 1LL << 60;

		/* corners of what is allowed; the sanitizer watches */
		conf = (struct fit_conf){ .rho_max_ppb = 100000000000, .varies = i,
					  .drift = FIT_DRIFT_MAX };
		add(&b, true, 0, 0);
		add(&b, false, 0, -big);
		add(&b, true, big, big);
		add(&b, false, -big, -big);
		assert_int_equal(tsync_fit(&b, &conf, &f), 0);
		if (!fit_at(&f, big, &v))
			assert_true(v.lo <= v.hi);
		if (!fit_at(&f, -big, &v))
			assert_true(v.lo <= v.hi);
		assert_int_equal(fit_at(&f, INT64_MIN, &v), -ENODATA);
		fit_release(&f);
	}
}

static void a_clock_that_steps_all_the_time_is_none(void **state)
{
	struct fit_conf conf = { 0 };
	_cleanup_(bounds_release) struct bounds b = { 0 };
	struct fit f;
	int64_t t;

	for (t = 0; t < 2 * FIT_SEGMENTS_MAX; t++) {
		add(&b, true, 2 * t, t * 100);
		add(&b, false, 2 * t + 1, t * 100 - 1);
	}
	assert_int_equal(tsync_fit(&b, &conf, &f), -ERANGE);
}

/* --- rounds ------------------------------------------------------------------- */

static void a_round_has_its_figures(void **state)
{
	_cleanup_(bounds_release) struct bounds b = { 0 };
	struct round_stat stat;
	int i;

	assert_int_equal(bounds_stat(&b, 0, &stat), -ENODATA);
	for (i = 0; i < 32; i++) {
		add(&b, true, 100 * i, 1000 + i % 4);
		add(&b, false, 100 * i + 50, 900 - i % 4);
	}
	assert_int_equal(bounds_stat(&b, 0, &stat), 0);
	assert_int_equal(stat.first, 0);
	assert_int_equal(stat.last, 3150);
	assert_int_equal(stat.probes, 32);
	assert_int_equal(stat.rtt_min, 100);
	assert_int_equal(stat.rtt_median, 104);
	/* each eighth says the same */
	assert_int_equal(stat.sigma, 0);
	b.at[0].value = 980;
	assert_int_equal(bounds_stat(&b, 0, &stat), 0);
	/* only without the first eighth it is 10 more: sqrt(7 / 8 * 10^2 * (7 / 8)) */
	assert_in_range(stat.sigma, 8, 9);
	assert_int_equal(bounds_stat(&b, 62, &stat), 0);
	assert_int_equal(stat.probes, 1);
	assert_int_equal(stat.sigma, -1);
}

static void rounds_of_a_step_are_kept_whole(void **state)
{
	_cleanup_(bounds_release) struct bounds b = { 0 };

	add(&b, true, 0, 10);
	add(&b, false, 1, 0);
	add(&b, true, 2, 10);
	add(&b, true, 3, -100);
	add(&b, false, 4, -200);
	add(&b, false, 5, 0);
	assert_int_equal(bounds_reduce(&b, 0), 0);
	assert_int_equal(b.count, 6);
}

static void hours_of_rounds_stay_small(void **state)
{
	_cleanup_(bounds_release) struct bounds b = { 0 };
	int64_t t;
	int round, i;

	for (round = 0; round < 5000; round++) {
		size_t first = b.count;

		for (i = 0; i < 32; i++) {
			t = round * 1000000000LL + i * 30000;
			add(&b, true, t, draw(5000, 20000));
			add(&b, false, t + 10000, -draw(5000, 20000));
		}
		assert_int_equal(bounds_reduce(&b, first), 0);
		assert_true(b.count - first < 32);
		assert_int_equal(bounds_thin(&b, 4096), 0);
		assert_true(b.count <= 4096);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_those_of_trying_all_lines),
		cmocka_unit_test(fewer_bounds_have_the_same_line),
		cmocka_unit_test(one_probe_gives_its_bounds_and_the_middle),
		cmocka_unit_test(bounds_widen_away_from_measurements_by_the_prior),
		cmocka_unit_test(a_varying_rate_is_not_a_line),
		cmocka_unit_test(one_sided_bounds_are_one_sided_results),
		cmocka_unit_test(a_step_makes_two_segments_and_a_gap_that_covers_both),
		cmocka_unit_test(no_drift_is_made_of_noise),
		cmocka_unit_test(extremes_are_refused_or_right),
		cmocka_unit_test(a_clock_that_steps_all_the_time_is_none),
		cmocka_unit_test(a_round_has_its_figures),
		cmocka_unit_test(rounds_of_a_step_are_kept_whole),
		cmocka_unit_test(hours_of_rounds_stay_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
