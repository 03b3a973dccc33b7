/*
 * Clocks whose rates daemons change: rounds of a session -> the file's option.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/rounds.h"

/* Up by 400 ppm for half a second, and down again: theta of a clock under a daemon that looks each second. */
static int64_t slewed(int64_t time)
{
	int64_t phase = time % SEC;

	return (phase < SEC / 2 ? phase : SEC - phase) * 4 / 10000;
}

static void a_slewed_clock_may_be_anywhere_between_comparisons(void **state)
{
	_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
	_cleanup_(timeshift_release) struct timeshift ts = { 0 };
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct opt_tsync_value v;
	int64_t time;
	int k;

	for (k = 0; k < 5; k++)
		add_round(&s, -1, -1, k, k * SEC, 0);
	assert_int_equal(tsync_model_make(&s, &adjusted, &t), 0);
	assert_int_equal(tsync_model_timeshift(&t, TIMESHIFT_CURRENT, 1, 1, &ts), 0);
	timeshift_prepare(&ts);
	for (time = 0; time <= 4 * SEC; time += SEC / 50) {
		assert_int_equal(opt_tsync_at(&t, 0, -1, time, &v), 0);
		assert_true(v.lo <= slewed(time) && slewed(time) <= v.hi);
		assert_true(v.hi - v.lo <= 2002000 + 400);
		/* the middle, along the line between the comparisons */
		assert_in_range(v.mid + 100, 0, 200);
		assert_in_range(timeshift_apply(&ts.cpus[0], 1, time) - time - v.mid + 2, 0, 4);
	}
	/* and as well known as ever when they are compared */
	assert_int_equal(opt_tsync_at(&t, 0, -1, 2 * SEC + 3000, &v), 0);
	assert_true(v.hi - v.lo < 2400);
	assert_in_range(opt_tsync_worst(&t), 500000, 502000);
	opt_tsync_text(&text, &t, 1);
	assert_non_null(strstr((char *)text.data, " us when compared, +-501."));
	assert_non_null(strstr((char *)text.data, " us in between unless a clock was adjusted by more than 500 ppm"));
}

/* Of a step nobody knows more than between which two comparisons it came. */
static void a_slewed_clock_may_step_as_well(void **state)
{
	_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
	struct opt_tsync_value v;
	int64_t time;
	int k;

	for (k = 0; k < 6; k++)
		add_round(&s, -1, -1, k, k * SEC, k < 3 ? 0 : 50000000);
	assert_int_equal(tsync_model_make(&s, &adjusted, &t), 0);
	assert_int_equal(opt_tsync_steps(&t), 1);
	for (time = 0; time <= 5 * SEC; time += SEC / 50) {
		assert_int_equal(opt_tsync_at(&t, 0, -1, time, &v), 0);
		if (time < 3 * SEC)
			assert_true(v.lo <= slewed(time) && slewed(time) <= v.hi);
		if (time > 2 * SEC + 100000)
			assert_true(v.lo <= 50000000 + slewed(time) &&
				    50000000 + slewed(time) <= v.hi);
	}
	/* as a daemon may have begun to slew it after the comparison before */
	assert_in_range(opt_tsync_worst(&t), 1000000, 1010000);
}

/* Up and down by the tightest probes of a burst of 3 ms, which come at its ends. */
static void add_long_round(struct tsync_samples *s, unsigned int pass, int64_t time, int64_t slope_ppm)
{
	_cleanup_(bounds_release) struct bounds b = { 0 };
	struct tsync_result r = { .time = time, .guest_cpu = -1, .host_cpu = -1, .pass = pass };
	int i;

	for (i = 0; i < 300; i++) {
		int64_t at = time + i * 10000, theta = at * slope_ppm / 1000000;

		add_probe(&b, BOUND_BURST, at, theta + (i == 10 ? 2000 : 4000),
			  at + 5000, theta - (i == 290 ? 2000 : 4000));
	}
	take_round(s, &r, &b);
}

/* All probes count for the estimate, if not for the limits, whatever rate the clocks have. */
static void a_slewed_clock_is_estimated_by_whole_bursts(void **state)
{
	static const int64_t slopes_ppm[] = { 0, 80, -400 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(slopes_ppm); i++) {
		_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
		_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
		struct opt_tsync_value v;
		uint32_t n;
		int k;

		for (k = 0; k < 4; k++)
			add_long_round(&s, k, k * SEC, slopes_ppm[i]);
		assert_int_equal(tsync_model_make(&s, &adjusted, &t), 0);
		for (n = 0; n < t.groups[0].nr_segments; n += 2) {
			int64_t time = t.groups[0].segments[n].last;

			assert_int_equal(opt_tsync_at(&t, 0, -1, time, &v), 0);
			assert_in_range(v.mid - time * slopes_ppm[i] / 1000000 + 60, 0, 120);
			/* while by the limits it may be anywhere in there */
			assert_true(v.hi - v.lo > 5900);
		}
	}
}

/* By 1 % from 1.95 s to 3.3 s: the second comparison does not show it yet, those after it do. */
static int64_t slewed_fast(int64_t time)
{
	int64_t from = SEC * 195 / 100, to = SEC * 33 / 10;

	return time < from ? 0 : (time < to ? time - from : to - from) / 100;
}

static void a_clock_may_be_slewed_by_more_than_it_should(void **state)
{
	_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct opt_tsync_value v;
	int64_t time;
	int k;

	for (k = 0; k < 6; k++)
		add_round(&s, -1, -1, k, k * SEC, slewed_fast(k * SEC));
	assert_int_equal(tsync_model_make(&s, &adjusted, &t), 0);
	assert_int_equal(opt_tsync_steps(&t), 2);
	assert_false(t.flags & OPT_TSYNC_GUARANTEED);
	for (time = 0; time <= 5 * SEC; time += SEC / 100) {
		assert_int_equal(opt_tsync_at(&t, 0, -1, time, &v), 0);
		assert_true(v.lo <= slewed_fast(time) && slewed_fast(time) <= v.hi);
	}
	/* it is over by then, for all that is known, but not where nobody looked */
	assert_int_equal(opt_tsync_at(&t, 0, -1, 4 * SEC + SEC / 2, &v), 0);
	assert_true(v.hi - v.lo < 2100000);
	opt_tsync_text(&text, &t, 1);
	assert_non_null(strstr((char *)text.data, "; a clock stepped, or was adjusted by more than that, 2 times"));
}

/* One that was seen to change in the last comparison, and may go on with that. */
static void a_clock_that_is_being_slewed_may_go_on(void **state)
{
	_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
	struct opt_tsync_value v;
	int k;

	for (k = 0; k < 3; k++)
		add_round(&s, -1, -1, k, k * SEC, k < 2 ? 0 : 50000000);
	assert_int_equal(tsync_model_make(&s, &adjusted, &t), 0);
	assert_int_equal(opt_tsync_at(&t, 0, -1, 3 * SEC, &v), 0);
	assert_true(v.hi >= 150000000);
	/* nobody is slewed by 5 s in a second: that is a step, and no more */
	tsync_samples_release(&s);
	opt_tsync_release(&t);
	for (k = 0; k < 3; k++)
		add_round(&s, -1, -1, k, k * SEC, k < 2 ? 0 : 5 * SEC);
	assert_int_equal(tsync_model_make(&s, &adjusted, &t), 0);
	assert_int_equal(opt_tsync_at(&t, 0, -1, 3 * SEC, &v), 0);
	assert_true(v.hi < 5 * SEC + 1002000);
}

static void add_limits(struct tsync_samples *s, int64_t time, int64_t lo, int64_t hi)
{
	struct bound up = { .time = time, .value = hi, .guest_cpu = -1, .host_cpu = -1, .upper = true,
			    .source = BOUND_WINDOW };
	struct bound low = { .time = time, .value = lo, .guest_cpu = -1, .host_cpu = -1,
			     .source = BOUND_WINDOW };

	assert_int_equal(bounds_add(&s->bounds, &up), 0);
	assert_int_equal(bounds_add(&s->bounds, &low), 0);
}

/*
 * Comparisons each second, whose limits are @width apart with the truth, 50 ppm * time, in their middle; then events half
 * way between, whose limits are 10000 below and 90000 above it. How far the estimate is off there.
 */
static int64_t off_between(int64_t width)
{
	_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync before = { 0 }, t = { 0 };
	struct model_conf conf = adjusted;
	struct opt_tsync_value v;
	int64_t off = 0, time;
	int k;

	for (k = 0; k < 4; k++)
		add_limits(&s, k * SEC, k * SEC / 20000 - width / 2, k * SEC / 20000 + width / 2);
	assert_int_equal(tsync_model_make(&s, &conf, &before), 0);
	for (time = SEC / 2; time < 3 * SEC; time += SEC)
		add_limits(&s, time, time / 20000 - 10000, time / 20000 + 90000);
	conf.before = &before;
	assert_int_equal(tsync_model_make(&s, &conf, &t), 0);
	for (time = SEC / 2; time < 3 * SEC; time += SEC) {
		assert_int_equal(opt_tsync_at(&t, 0, -1, time, &v), 0);
		assert_true(v.hi - v.lo <= 100002);
		assert_true(v.lo <= v.mid && v.mid <= v.hi);
		off = v.mid - time / 20000 > off ? v.mid - time / 20000 : off;
	}
	return off;
}

/* What events tell between comparisons narrows the limits, but is no better estimate if these were good. */
static void an_estimate_stays_where_it_is_known_better(void **state)
{
	assert_in_range(off_between(2000) + 2, 0, 4);
	assert_in_range(off_between(400000), 39990, 40010);
}

/* One that the new limits exclude goes to where they are. */
static void an_estimate_does_not_stay_outside_of_the_limits(void **state)
{
	_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync before = { 0 }, t = { 0 };
	struct model_conf conf = adjusted;
	struct opt_tsync_value v;
	int k;

	for (k = 0; k < 2; k++)
		add_limits(&s, k * SEC, -1000, 1000);
	assert_int_equal(tsync_model_make(&s, &conf, &before), 0);
	add_limits(&s, SEC / 2, 50000, 90000);
	conf.before = &before;
	assert_int_equal(tsync_model_make(&s, &conf, &t), 0);
	assert_int_equal(opt_tsync_at(&t, 0, -1, SEC / 2, &v), 0);
	assert_in_range(v.lo, 49998, 50000);
	assert_in_range(v.hi, 90000, 90002);
	assert_in_range(v.mid, 49998, 50002);
}

/* By 5 % for a second. */
static int64_t slewed_for_a_second(int64_t time)
{
	return time < SEC ? 0 : (time < 2 * SEC ? time - SEC : SEC) / 20;
}

/* On the way events tell limits of one side only: what others say of their times they do not say for sure. */
static void a_clock_may_have_been_on_its_way_where_one_side_is_limited(void **state)
{
	_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
	struct bound low = { .guest_cpu = -1, .host_cpu = -1, .source = BOUND_WINDOW };
	struct opt_tsync_value v;
	int64_t time;

	for (time = 0; time < 5 * SEC; time += SEC)
		add_limits(&s, time, slewed_for_a_second(time) - 1000, slewed_for_a_second(time) + 1000);
	for (low.time = SEC * 13 / 10; low.time < SEC * 19 / 10; low.time += SEC / 1000) {
		low.value = slewed_for_a_second(low.time) - 5000000;
		assert_int_equal(bounds_add(&s.bounds, &low), 0);
	}
	assert_int_equal(tsync_model_make(&s, &adjusted, &t), 0);
	assert_int_equal(opt_tsync_steps(&t), 1);
	for (time = 0; time < 4 * SEC; time += SEC / 100) {
		assert_int_equal(opt_tsync_at(&t, 0, -1, time, &v), 0);
		assert_true(v.lo <= slewed_for_a_second(time) && slewed_for_a_second(time) <= v.hi);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slewed_clock_may_be_anywhere_between_comparisons),
		cmocka_unit_test(a_slewed_clock_may_step_as_well),
		cmocka_unit_test(a_slewed_clock_is_estimated_by_whole_bursts),
		cmocka_unit_test(a_clock_may_be_slewed_by_more_than_it_should),
		cmocka_unit_test(a_clock_that_is_being_slewed_may_go_on),
		cmocka_unit_test(a_clock_may_have_been_on_its_way_where_one_side_is_limited),
		cmocka_unit_test(an_estimate_stays_where_it_is_known_better),
		cmocka_unit_test(an_estimate_does_not_stay_outside_of_the_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
