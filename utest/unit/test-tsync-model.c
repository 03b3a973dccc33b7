/*
 * Rounds of a session -> the file's option and TimeShift.
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

static void rounds_become_one_line(void **state)
{
	_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
	_cleanup_(timeshift_release) struct timeshift ts = { 0 };
	const struct opt_tsync_segment *seg;

	add_round(&s, -1, -1, 0, SEC, 5000);
	add_round(&s, -1, -1, 1, 5 * SEC, 5000);
	assert_true(s.bounds.count < 64);
	assert_int_equal(tsync_model_make(&s, &plain, &t), 0);
	assert_int_equal(t.kind, OPT_TSYNC_ALL);
	assert_int_equal(t.nr_groups, 1);
	assert_int_equal(t.groups[0].nr_cpus, 0);
	assert_int_equal(t.flags, OPT_TSYNC_GUARANTEED);
	assert_int_equal(t.rounds, 2);
	assert_int_equal(t.probes, 64);
	assert_int_equal(t.rtt_min, 2000);
	assert_in_range(t.rtt_median, 2002, 2004);
	assert_int_equal(t.nr_raw, 0);
	seg = &t.groups[0].segments[0];
	assert_int_equal(seg->offset, 5000);
	assert_int_equal(seg->drift, 0);
	assert_true(seg->lo_first <= 4000 && seg->hi_first >= 6000);
	assert_int_equal(tsync_model_timeshift(&t, TIMESHIFT_CURRENT, 1, 3, &ts), 0);
	assert_int_equal(ts.nr_cpus, 3);
	assert_int_equal(ts.peer_id, 7);
	assert_int_equal(ts.flags, 1);
	timeshift_prepare(&ts);
	assert_int_equal(timeshift_apply(&ts.cpus[2], 1, 3 * SEC), 3 * SEC + 5000);
	assert_int_equal(timeshift_apply(&ts.cpus[2], 1, 300 * SEC), 300 * SEC + 5000);
}

static void readers_interpolation_follows_the_lines(void **state)
{
	static const int64_t drifts[] = { 3000, -250000, 400000000 };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
		_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
		_cleanup_(timeshift_release) struct timeshift ts = { 0 };
		struct model_conf conf = plain;
		int64_t time;
		int k;

		/* the last one is what KVM's scaling makes of the TSC */
		conf.host_clock = i < 2 ? "local" : "x86-tsc";
		conf.same_machine = i != 1;
		for (k = 0; k < 5; k++) {
			_cleanup_(bounds_release) struct bounds b = { 0 };
			struct tsync_result r = { .guest_cpu = -1, .host_cpu = -1, .pass = k };
			int n;

			for (n = 0; n < 32; n++) {
				int64_t at = k * SEC + n * 3000;
				int64_t theta = at / 1000 * drifts[i] / 1000000;

				add_probe(&b, BOUND_PTP, at, theta + 500, at, theta - 500);
			}
			take_round(&s, &r, &b);
		}
		if (i == 1)
			conf.host_clock = "mono";
		assert_int_equal(tsync_model_make(&s, &conf, &t), 0);
		assert_int_equal(!(t.flags & OPT_TSYNC_GUARANTEED), i == 1);
		/* five moments, two halves each */
		assert_int_equal(t.groups[0].nr_segments, i == 1 ? 10 : 1);
		assert_int_equal(tsync_model_timeshift(&t, TIMESHIFT_CURRENT, 1, 1, &ts), 0);
		timeshift_prepare(&ts);
		for (time = 0; time < 6 * SEC; time += SEC / 7) {
			struct opt_tsync_value v;
			int64_t host = timeshift_apply(&ts.cpus[0], 1, time);

			assert_int_equal(opt_tsync_at(&t, 0, -1, time, &v), 0);
			assert_in_range(host - time - v.mid + 2, 0, 4);
			assert_true(v.lo <= time / 1000 * drifts[i] / 1000000 + 1);
			assert_true(v.hi >= time / 1000 * drifts[i] / 1000000 - 1);
		}
	}
}

static void a_step_is_a_step_for_readers_too(void **state)
{
	_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
	_cleanup_(timeshift_release) struct timeshift ts = { 0 };
	int i;

	for (i = 0; i < 6; i++)
		add_round(&s, -1, -1, i, i * SEC, i < 3 ? 5000 : 900 * SEC);
	assert_int_equal(tsync_model_make(&s, &plain, &t), 0);
	assert_int_equal(t.groups[0].nr_segments, 2);
	assert_int_equal(t.groups[0].segments[1].flags, 3);
	assert_int_equal(opt_tsync_steps(&t), 1);
	assert_int_equal(tsync_model_timeshift(&t, TIMESHIFT_CURRENT, 1, 1, &ts), 0);
	timeshift_prepare(&ts);
	assert_int_equal(timeshift_apply(&ts.cpus[0], 1, SEC), SEC + 5000);
	assert_int_equal(timeshift_apply(&ts.cpus[0], 1, 2 * SEC + 1000), 2 * SEC + 6000);
	assert_true(timeshift_apply(&ts.cpus[0], 1, 3 * SEC) == 903 * SEC);
	assert_true(timeshift_apply(&ts.cpus[0], 1, 4 * SEC) == 904 * SEC);
}

static void cpus_that_agree_are_one_clock(void **state)
{
	_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
	int i;

	/* noise of the seed's kind, far below the bounds */
	for (i = 0; i < 8; i++)
		add_round(&s, i % 4, -1, i / 4, SEC + i * SEC / 10, 5000 + 100 * (i % 3));
	assert_int_equal(tsync_model_make(&s, &plain, &t), 0);
	assert_int_equal(t.kind, OPT_TSYNC_ALL);
	assert_false(t.flags & OPT_TSYNC_APART);
}

static void cpus_that_contradict_each_other_are_kept_apart(void **state)
{
	unsigned int by_host;

	for (by_host = 0; by_host < 2; by_host++) {
		_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
		_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
		_cleanup_(timeshift_release) struct timeshift ts = { 0 };
		struct model_conf conf = plain;
		int i;

		conf.by_host_cpu = by_host;
		/* the third CPU is 50 us ahead of the others */
		for (i = 0; i < 8; i++)
			add_round(&s, by_host ? 0 : i % 4, by_host ? i % 4 : -1, i / 4,
				  SEC + i * SEC / 10, i % 4 == 2 ? 55000 : 5000);
		assert_int_equal(tsync_model_make(&s, &conf, &t), 0);
		assert_int_equal(t.kind, by_host ? OPT_TSYNC_HOST_CPUS : OPT_TSYNC_GUEST_CPUS);
		assert_true(t.flags & OPT_TSYNC_APART);
		assert_int_equal(t.nr_groups, 2);
		assert_int_equal(t.groups[0].nr_cpus, 3);
		assert_int_equal(t.groups[1].nr_cpus, 1);
		assert_int_equal(t.groups[1].cpus[0], 2);
		assert_int_equal(tsync_model_timeshift(&t, by_host ? TIMESHIFT_FORK :
						       TIMESHIFT_CURRENT, 1, 4, &ts), 0);
		assert_int_equal(ts.nr_cpus, 4);
		timeshift_prepare(&ts);
		for (i = 0; i < 4; i++) {
			assert_int_equal(ts.cpus[i].cpu, i);
			assert_int_equal(timeshift_apply(&ts.cpus[i], 1, 2 * SEC),
					 2 * SEC + (i == 2 ? 55000 : 5000));
		}
	}
}

/* CPU 0 differs from 1 and 2, and nothing is known of the others. */
static void cpus_not_measured_go_with_most(void **state)
{
	_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
	_cleanup_(timeshift_release) struct timeshift ts = { 0 };
	int i;

	for (i = 0; i < 6; i++)
		add_round(&s, i % 3, -1, i / 3, SEC + i * SEC / 10, i % 3 ? 5000 : 55000);
	assert_int_equal(tsync_model_make(&s, &plain, &t), 0);
	assert_int_equal(t.nr_groups, 2);
	assert_int_equal(tsync_model_timeshift(&t, TIMESHIFT_CURRENT, 1, 5, &ts), 0);
	timeshift_prepare(&ts);
	for (i = 0; i < 5; i++)
		assert_int_equal(timeshift_apply(&ts.cpus[i], 1, 2 * SEC),
				 2 * SEC + (i ? 5000 : 55000));
}

/* A guest whose stamps contradict each other all the time does not fill the host's memory. */
static void bounds_have_an_end(void **state)
{
	struct bounds b = { 0 };
	int64_t i;

	for (i = 0; i < 5000; i++) {
		add_probe(&b, BOUND_PTP, i * SEC, i % 2 * SEC, i * SEC, i % 2 * SEC - 100);
		assert_int_equal(bounds_thin(&b, 1000), 0);
		assert_true(b.count <= 1000);
	}
	/* of all times */
	assert_int_equal(b.at[0].time, 0);
	assert_true(b.at[b.count - 1].time > 4990 * SEC);
	bounds_release(&b);
}

static void raw_bounds_are_kept_if_asked_for(void **state)
{
	_cleanup_(tsync_samples_release) struct tsync_samples s = { .keep_all = true };
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
	struct model_conf conf = plain;

	conf.raw = true;
	add_round(&s, 1, 2, 0, SEC, 5000);
	assert_int_equal(s.bounds.count, 64);
	assert_int_equal(tsync_model_make(&s, &conf, &t), 0);
	assert_int_equal(t.nr_raw, 64);
	assert_int_equal(t.raw[0].value, 6000);
	assert_int_equal(t.raw[0].upper, 1);
	assert_int_equal(t.raw[0].guest_cpu, 1);
	assert_int_equal(t.raw[0].host_cpu, 2);
}

/* KVM's word of @theta at @time, of all CPUs. */
static void add_exact(struct tsync_samples *s, unsigned int pass, int64_t time, int64_t theta)
{
	struct tsync_result r = { .guest_cpu = -1, .host_cpu = -1, .pass = pass };
	_cleanup_(bounds_release) struct bounds b = { 0 };

	add_probe(&b, BOUND_KVM, time, theta, time, theta);
	take_round(s, &r, &b);
}

static void exact_bounds_are_exact(void **state)
{
	_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
	struct model_conf conf = plain;

	conf.host_clock = "x86-tsc";
	add_exact(&s, 0, 5, -12);
	assert_int_equal(tsync_model_make(&s, &conf, &t), 0);
	assert_int_equal(opt_tsync_worst(&t), 0);
	assert_int_equal(t.groups[0].segments[0].offset, -12);
}

/*
 * One round on either side of it is enough, whichever way it went: each is exact up to itself, and in between it
 * is either of them.
 */
static void check_changed_offset(int64_t before, int64_t after)
{
	int64_t low = before < after ? before : after, high = before < after ? after : before;
	const struct { int64_t time, lo, hi; } cases[] = {
		{ SEC - SEC / 2, before, before }, { SEC, before, before },
		{ SEC + 1, low, high }, { 2 * SEC - 1, low, high },
		{ 2 * SEC, after, after }, { 3 * SEC, after, after },
	};
	_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
	struct model_conf conf = plain;
	struct opt_tsync_value v;
	size_t i;

	conf.host_clock = conf.guest_clock = "x86-tsc";
	add_exact(&s, 0, SEC, before);
	add_exact(&s, 1, 2 * SEC, after);
	assert_int_equal(tsync_model_make(&s, &conf, &t), 0);
	assert_int_equal(opt_tsync_steps(&t), 1);
	assert_int_equal(opt_tsync_worst(&t), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(opt_tsync_at(&t, 0, -1, cases[i].time, &v), 0);
		assert_int_equal(v.lo, cases[i].lo);
		assert_int_equal(v.hi, cases[i].hi);
	}
}

static void an_offset_that_kvm_changed_is_exact_on_both_sides(void **state)
{
	check_changed_offset(-700, 9000);
	check_changed_offset(9000, -700);
	/* by so much that it might be a rate, if KVM had not told that there is none */
	check_changed_offset(0, SEC / 50);
	check_changed_offset(SEC / 50, -SEC);
}

/* A model made anew of what an earlier one stated, without its rounds: that one had a rate, or it had none. */
static void a_model_made_anew_keeps_what_was_known_of_the_rate(void **state)
{
	bool one_rate;
	int i;

	for (one_rate = false; ; one_rate = true) {
		_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
		struct tsync_samples s = { .keep_all = true };
		struct model_conf conf = plain;

		conf.host_clock = conf.guest_clock = "x86-tsc";
		conf.one_rate = one_rate;
		for (i = 0; i < 4; i++) {
			struct bound one = { .time = (i / 2 + 1) * SEC, .value = i / 2 * (SEC / 50),
					     .upper = i % 2, .source = BOUND_KVM };

			assert_int_equal(bounds_add(&s.bounds, &one), 0);
		}
		assert_int_equal(tsync_model_make(&s, &conf, &t), 0);
		bounds_release(&s.bounds);
		assert_int_equal(opt_tsync_steps(&t), one_rate);
		assert_int_equal(!t.groups[0].segments[0].drift, one_rate);
		if (one_rate)
			break;
	}
}

/* TSCs of two makes: 2.1 and 3.4 GHz. */
static void tscs_of_two_makes_are_a_line(void **state)
{
	_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
	_cleanup_(timeshift_release) struct timeshift ts = { 0 };
	struct model_conf conf = plain;
	struct opt_tsync_value v;
	int64_t time;
	int k;

	conf.host_clock = conf.guest_clock = "x86-tsc";
	conf.same_machine = false;
	for (k = 0; k < 2; k++) {
		_cleanup_(bounds_release) struct bounds b = { 0 };
		struct tsync_result r = { .guest_cpu = -1, .host_cpu = -1, .pass = k };
		int n;

		for (n = 0; n < 32; n++) {
			int64_t at = k * 20 * SEC + n * 9000;

			add_probe(&b, BOUND_PTP, at, at * 13 / 21 + 4000, at, at * 13 / 21 - 4000);
		}
		take_round(&s, &r, &b);
	}
	assert_int_equal(tsync_model_make(&s, &conf, &t), 0);
	assert_int_equal(t.groups[0].nr_segments, 1);
	assert_true(opt_tsync_worst(&t) < 4100);
	assert_int_equal(tsync_model_timeshift(&t, TIMESHIFT_CURRENT, 1, 1, &ts), 0);
	timeshift_prepare(&ts);
	for (time = 0; time < 20 * SEC; time += SEC / 3) {
		int64_t shown = timeshift_apply(&ts.cpus[0], 1, time) - time;

		assert_int_equal(opt_tsync_at(&t, 0, -1, time, &v), 0);
		assert_true(v.lo <= time * 13 / 21 + 1 && v.hi >= time * 13 / 21 - 1);
		assert_in_range(shown - v.mid + 2, 0, 4);
	}
}

/* Whether @theta at @time is not excluded. */
static bool is_possible(const struct opt_tsync *t, int64_t time, int64_t theta)
{
	struct opt_tsync_value v;

	assert_int_equal(opt_tsync_at(t, 0, -1, time, &v), 0);
	return v.lo <= theta && theta <= v.hi;
}

/* Two comparisons, one second and 1 ms apart; with more of them it is known what that was. */
static void check_step_or_rate(bool same_machine)
{
	static const int64_t third[] = { 0, 2000000, 1000000 };
	struct model_conf conf = plain;
	int64_t time;
	size_t i;

	conf.host_clock = conf.guest_clock = "x86-tsc";
	conf.same_machine = same_machine;
	for (i = 0; i < 3; i++) {
		_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
		_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
		_cleanup_buf_ struct buf text = BUF_INIT;
		bool unsure = i == 0, step = i != 1, rate = i != 2;

		add_round(&s, -1, -1, 0, 10 * SEC, 0);
		add_round(&s, -1, -1, 1, 11 * SEC, 1000000);
		if (third[i])
			add_round(&s, -1, -1, 2, 12 * SEC, third[i]);
		assert_int_equal(tsync_model_make(&s, &conf, &t), 0);
		assert_true(t.flags & OPT_TSYNC_GUARANTEED);
		assert_int_equal(!!(t.flags & OPT_TSYNC_UNSURE), unsure);
		assert_int_equal(opt_tsync_steps(&t), step);
		for (time = 8 * SEC; time <= 14 * SEC; time += SEC / 10) {
			if (rate)
				assert_true(is_possible(&t, time, (time - 10 * SEC) / 1000));
			/* right after the one, and right before the other */
			if (step)
				assert_true(is_possible(&t, time, time <= 10 * SEC ? 0 : 1000000));
			if (step)
				assert_true(is_possible(&t, time, time < 11 * SEC ? 0 : 1000000));
		}
		/* a step of TSCs of any rate may be on either side of the second comparison */
		assert_int_equal(is_possible(&t, 14 * SEC, 4000000), rate || !same_machine);
		opt_tsync_text(&text, &t, 0);
		assert_int_equal(!!strstr((char *)text.data, "; a clock stepped, or has another rate: two comparisons cannot tell, 1 time"),
				 unsure);
	}
}

static void two_comparisons_do_not_tell_a_step_from_a_rate(void **state)
{
	check_step_or_rate(true);
	check_step_or_rate(false);
}

static void without_bounds_there_is_no_model(void **state)
{
	_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
	struct opt_tsync t;
	struct tsync_result r = { .guest_cpu = -1, .host_cpu = -1 };

	assert_int_equal(tsync_samples_add(&s, &r), 0);
	assert_int_equal(tsync_model_make(&s, &plain, &t), -ENODATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rounds_become_one_line),
		cmocka_unit_test(readers_interpolation_follows_the_lines),
		cmocka_unit_test(a_step_is_a_step_for_readers_too),
		cmocka_unit_test(cpus_that_agree_are_one_clock),
		cmocka_unit_test(cpus_that_contradict_each_other_are_kept_apart),
		cmocka_unit_test(cpus_not_measured_go_with_most),
		cmocka_unit_test(bounds_have_an_end),
		cmocka_unit_test(raw_bounds_are_kept_if_asked_for),
		cmocka_unit_test(exact_bounds_are_exact),
		cmocka_unit_test(an_offset_that_kvm_changed_is_exact_on_both_sides),
		cmocka_unit_test(a_model_made_anew_keeps_what_was_known_of_the_rate),
		cmocka_unit_test(tscs_of_two_makes_are_a_line),
		cmocka_unit_test(two_comparisons_do_not_tell_a_step_from_a_rate),
		cmocka_unit_test(without_bounds_there_is_no_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
