/*
 * Models made again of what an earlier one states.
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
#include "tsync/model-before.h"

/* Lower bounds only, of a clock that is at @theta then. */
static void add_lower(struct tsync_samples *s, int cpu, int64_t time, int64_t theta)
{
	_cleanup_(bounds_release) struct bounds b = { 0 };
	struct tsync_result r = { .time = time, .guest_cpu = cpu, .host_cpu = -1 };
	int i;

	for (i = 0; i < 8; i++) {
		struct bound low = { .time = time + i * 3000, .value = theta - 1000, .source = BOUND_PTP };

		assert_int_equal(bounds_add(&b, &low), 0);
	}
	assert_int_equal(tsync_samples_take_bounds(s, &r, &b), 0);
}

/* On @cpu: 0, far ahead for a while that is known from one side only, then @last. */
static void add_excursion(struct tsync_samples *s, int cpu, int64_t last)
{
	int k;

	for (k = 0; k < 3; k++)
		add_round(s, cpu, -1, k, k * SEC, 0);
	for (; k < 5; k++)
		add_lower(s, cpu, k * SEC, 100 * SEC);
	for (; k < 8; k++)
		add_round(s, cpu, -1, k, k * SEC, last);
}

/* Of what @t states, as tsync --refine does if no measured bounds were kept. */
static void make_again(const struct opt_tsync *t, const struct model_conf *conf, struct opt_tsync *ret)
{
	struct tsync_samples s = { .keep_all = true };
	struct model_conf again = *conf;

	again.before = t;
	assert_int_equal(model_before_bounds(t, &s.bounds), 0);
	assert_int_equal(tsync_model_make(&s, &again, ret), 0);
	bounds_release(&s.bounds);
}

static void check_excursion(const struct opt_tsync *t, int cpu, int64_t last)
{
	/* where a clock may have been slewed from the one to the other, less is known */
	bool wide = !strcmp(t->host_clock, "mono") && last;
	struct opt_tsync_value v;

	assert_int_equal(opt_tsync_at(t, cpu, -1, 1 * SEC + 50000, &v), 0);
	assert_true(v.lo <= 0 && v.hi >= 0);
	assert_true(wide || (v.lo > -2000000 && v.hi < 2000000));
	assert_int_equal(opt_tsync_at(t, cpu, -1, 3 * SEC + SEC / 2, &v), 0);
	assert_true(v.lo == INT64_MIN && v.hi == INT64_MAX);
	assert_int_equal(opt_tsync_at(t, cpu, -1, 6 * SEC + 50000, &v), 0);
	assert_true(v.lo <= last && v.hi >= last);
	assert_true(wide || (v.lo > last - 2000000 && v.hi < last + 2000000));
}

static void what_nobody_knew_stays_unknown(void **state)
{
	static const char *const clocks[] = { "local", "mono", "x86-tsc" };
	/* it may come back to where it was: then nothing else tells that it was away */
	static const int64_t lasts[] = { 0, 50 * SEC };
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(clocks); i++) {
		for (k = 0; k < ARRAY_SIZE(lasts); k++) {
			_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
			_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 }, t2 = { 0 }, t3 = { 0 };
			struct model_conf conf = plain;

			conf.host_clock = conf.guest_clock = clocks[i];
			add_excursion(&s, -1, lasts[k]);
			assert_int_equal(tsync_model_make(&s, &conf, &t), 0);
			check_excursion(&t, -1, lasts[k]);
			make_again(&t, &conf, &t2);
			check_excursion(&t2, -1, lasts[k]);
			make_again(&t2, &conf, &t3);
			check_excursion(&t3, -1, lasts[k]);
			/* not if one line is left of the time before and after, nor if it may be a slew */
			assert_int_equal(model_before_kept(&t, &t2), lasts[k] && strcmp(clocks[i], "mono"));
			assert_int_equal(t3.groups[0].nr_segments, t2.groups[0].nr_segments);
		}
	}
}

/* Of measured bounds it is the same model again, also of clocks that daemons adjust: nothing is lost. */
static void measured_bounds_lose_nothing(void **state)
{
	_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 }, raw = { .keep_all = true };
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 }, t2 = { 0 };
	struct model_conf conf = adjusted;
	uint32_t i;

	s.keep_all = conf.raw = true;
	add_excursion(&s, -1, 50 * SEC);
	assert_int_equal(tsync_model_make(&s, &conf, &t), 0);
	assert_int_equal(opt_tsync_steps(&t), 2);
	for (i = 0; i < t.nr_raw; i++) {
		struct bound one = { .time = t.raw[i].time, .value = t.raw[i].value, .source = t.raw[i].source,
				     .upper = t.raw[i].upper, .guest_cpu = -1, .host_cpu = -1 };

		assert_int_equal(bounds_add(&raw.bounds, &one), 0);
	}
	conf.before = &t;
	assert_int_equal(tsync_model_make(&raw, &conf, &t2), 0);
	check_excursion(&t2, -1, 50 * SEC);
	assert_true(model_before_kept(&t, &t2));
	/* of what it states alone it would not be the same */
	t.nr_raw = 0;
	assert_false(model_before_kept(&t, &t2));
}

static void of_cpus_apart_each_keeps_its_own(void **state)
{
	_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 }, t2 = { 0 };
	struct opt_tsync_value v;
	int k;

	add_excursion(&s, 0, 50 * SEC);
	for (k = 0; k < 8; k++)
		add_round(&s, 1, -1, k, k * SEC + SEC / 10, -300 * SEC);
	assert_int_equal(tsync_model_make(&s, &plain, &t), 0);
	assert_int_equal(t.nr_groups, 2);
	make_again(&t, &plain, &t2);
	assert_int_equal(t2.nr_groups, 2);
	check_excursion(&t2, 0, 50 * SEC);
	assert_int_equal(opt_tsync_at(&t2, 1, -1, 3 * SEC + SEC / 2, &v), 0);
	assert_true(v.lo <= -300 * SEC && v.hi >= -300 * SEC && v.hi - v.lo < 4000000);
}

static void one_in_the_beginning_is_unknown_too(void **state)
{
	_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 }, t2 = { 0 };
	struct opt_tsync_value v;
	int k;

	add_lower(&s, -1, 0, 100 * SEC);
	for (k = 1; k < 4; k++)
		add_round(&s, -1, -1, k, k * SEC, 0);
	assert_int_equal(tsync_model_make(&s, &plain, &t), 0);
	make_again(&t, &plain, &t2);
	assert_int_equal(opt_tsync_steps(&t2), opt_tsync_steps(&t));
	assert_int_equal(opt_tsync_at(&t2, 0, -1, SEC / 2, &v), 0);
	assert_true(v.lo == INT64_MIN && v.hi == INT64_MAX);
	assert_int_equal(opt_tsync_at(&t2, 0, -1, 2 * SEC, &v), 0);
	assert_true(v.lo <= 0 && v.lo > -2000 && v.hi >= 0 && v.hi < 2000);
}

/* Two rounds of one CPU, @gap between the limits of the one and of the other. */
static void add_two(struct tsync_samples *s, int cpu, int64_t theta, int64_t gap)
{
	add_round(s, cpu, -1, 0, SEC + cpu * SEC / 10, theta);
	add_round(s, cpu, -1, 1, 3 * SEC + cpu * SEC / 10, theta + 2000 + gap);
}

/* A clock of CPUs apart hides its step: that another one shows its own is of no help. */
static void steps_of_each_clock_are_to_be_kept(void **state)
{
	/* the second CPU's limits touch each other once they are rounded outwards */
	static const struct { int64_t gap; bool kept; } cases[] = { { 100000, true }, { 1, false } };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
		_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 }, t2 = { 0 };
		struct opt_tsync_group *g;
		struct model_conf conf = plain;

		conf.host_clock = conf.guest_clock = "x86-tsc";
		conf.one_rate = true;
		add_two(&s, 0, 0, 100000);
		add_two(&s, 1, 700 * SEC, cases[i].gap);
		assert_int_equal(tsync_model_make(&s, &conf, &t), 0);
		assert_int_equal(t.nr_groups, 2);
		g = &t.groups[1];
		assert_int_equal(g->nr_segments, 2);
		/* as limits that were not quite that narrow say it */
		g->segments[0].hi_first++;
		g->segments[0].hi_last++;
		make_again(&t, &conf, &t2);
		assert_int_equal(t2.groups[0].nr_segments, 2);
		assert_int_equal(opt_tsync_steps(&t2), 1);
		assert_int_equal(model_before_kept(&t, &t2), cases[i].kept);
		assert_true(model_before_kept(&t, &t));
	}
}

/* A step or a rate: each clock must show the one or the other. */
static void what_is_unsure_of_each_clock_is_to_be_kept(void **state)
{
	_cleanup_(tsync_samples_release) struct tsync_samples s = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 }, t2 = { 0 };
	struct model_conf conf = plain;
	int cpu, k;

	conf.host_clock = conf.guest_clock = "x86-tsc";
	for (cpu = 0; cpu < 2; cpu++)
		for (k = 0; k < 2; k++)
			add_round(&s, cpu, -1, k, k * 10 * SEC, cpu * 700 * SEC + k * 50000000);
	assert_int_equal(tsync_model_make(&s, &conf, &t), 0);
	assert_int_equal(t.nr_groups, 2);
	assert_true(t.flags & OPT_TSYNC_UNSURE);
	for (cpu = 0; cpu < 2; cpu++) {
		struct opt_tsync_value v;

		/* of either clock: the step at any time, and the rate of 5000 ppm */
		assert_int_equal(opt_tsync_at(&t, cpu, -1, 5 * SEC, &v), 0);
		assert_true(v.lo <= cpu * 700 * SEC && v.hi >= cpu * 700 * SEC + 50000000);
		assert_int_equal(opt_tsync_at(&t, cpu, -1, 20 * SEC, &v), 0);
		assert_true(v.lo <= cpu * 700 * SEC + 50000000 && v.hi >= cpu * 700 * SEC + 100000000);
	}
	make_again(&t, &conf, &t2);
	assert_true(model_before_kept(&t, &t2));
	/* the one has lost it, the other not */
	t2.groups[1].nr_segments = 1;
	t2.groups[1].segments[0].drift = 0;
	assert_true(opt_tsync_steps(&t2) > 0);
	assert_false(model_before_kept(&t, &t2));
	t2.groups[1].segments[0].drift = 5;
	assert_true(model_before_kept(&t, &t2));
}

/* Any number of them, in any order, may be in a file. */
static void too_many_that_nobody_knows_are_refused(void **state)
{
	enum { MANY = 10000 };
	struct opt_tsync_segment *s = calloc(MANY, sizeof(*s));
	struct opt_tsync_group hostile = { .nr_segments = MANY, .segments = s }, g = { 0 };
	struct opt_tsync t = { .kind = OPT_TSYNC_ALL, .nr_groups = 1, .groups = &hostile };
	int32_t any = -1;
	int i;

	assert_non_null(s);
	for (i = 0; i < MANY; i++)
		s[i].first = s[i].last = MANY - i;
	g.cpus = &any;
	g.nr_cpus = 1;
	g.segments = calloc(1, sizeof(*g.segments));
	g.nr_segments = 1;
	assert_int_equal(model_before_unknown(&t, &g), -ERANGE);
	assert_in_range(g.nr_segments, 1000, MANY - 1);
	for (i = 1; i < (int)g.nr_segments; i++)
		assert_true(g.segments[i - 1].first <= g.segments[i].first);
	free(g.segments);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_knew_stays_unknown),
		cmocka_unit_test(measured_bounds_lose_nothing),
		cmocka_unit_test(of_cpus_apart_each_keeps_its_own),
		cmocka_unit_test(one_in_the_beginning_is_unknown_too),
		cmocka_unit_test(steps_of_each_clock_are_to_be_kept),
		cmocka_unit_test(what_is_unsure_of_each_clock_is_to_be_kept),
		cmocka_unit_test(too_many_that_nobody_knows_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
