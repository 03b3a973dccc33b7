/*
 * Estimators against simulated clocks whose truth is known: bounds that must hold for each seed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/clocksim.h"
#include "tsync/estimate.h"
#include "tsync/samples.h"

#define SEEDS 1500

static const uint32_t both_flags[] = { PTP_FLAG_FASTEST_RESPONSE, 0 };

/* How far @value lies outside of [lo, hi]. */
static int64_t outside(int64_t value, int64_t lo, int64_t hi)
{
	if (value < lo)
		return lo - value;
	return value > hi ? value - hi : 0;
}

static void assert_within(int64_t value, int64_t lo, int64_t hi, uint64_t seed)
{
	if (outside(value, lo, hi))
		fail_msg("seed %llu: %lld is not in [%lld, %lld]", (unsigned long long)seed,
			 (long long)value, (long long)lo, (long long)hi);
}

/* Whatever the path does: the truth lies in the bounds, the estimate half a response around it. */
static void check_steady(struct clocksim *sim, uint64_t seed)
{
	struct sim_truth truth;
	struct series s;
	unsigned int i;

	sim_round(sim, 1, &s, &truth);
	for (i = 0; i < 2; i++) {
		struct estimate est;

		assert_int_equal(estimate_series(&s, both_flags[i], &est), 0);
		assert_in_range(est.good + est.bad, sim->loss > 0 ? 1 : PTP_PROBES, PTP_PROBES);
		assert_within(truth.lo, est.lo, est.hi, seed);
		assert_within(est.offset, truth.lo - est.response / 2 - 1,
			      truth.lo + est.response / 2 + 1, seed);
	}
}

static void steady_truth_is_always_inside_the_bounds(void **state)
{
	uint64_t seed;

	for (seed = 0; seed < SEEDS; seed++) {
		struct clocksim sim;

		sim_init(&sim, seed);
		check_steady(&sim, seed);
	}
}

static void lost_stamps_cost_only_their_probes(void **state)
{
	uint64_t seed;

	for (seed = 0; seed < SEEDS; seed++) {
		struct clocksim sim;

		sim_init(&sim, seed);
		sim.loss = 0.3;
		check_steady(&sim, seed);
	}
}

static void drift_within_a_round_moves_the_bounds_no_further_than_itself(void **state)
{
	uint64_t seed;

	for (seed = 0; seed < SEEDS; seed++) {
		struct clocksim sim;
		struct sim_truth truth;
		struct series s;
		struct estimate est;
		unsigned int i;

		sim_init(&sim, seed);
		sim.drift_ppb = sim_range(&sim, -100000, 100000);
		sim_round(&sim, 1, &s, &truth);
		for (i = 0; i < 2; i++) {
			int64_t slack;

			assert_int_equal(estimate_series(&s, both_flags[i], &est), 0);
			slack = est.response / 2 + 1;
			/* each limit was one of a true offset of the round */
			assert_true(est.lo <= truth.hi);
			assert_true(est.hi >= truth.lo);
			assert_within(est.offset, truth.lo - slack, truth.hi + slack, seed);
		}
	}
}

static void a_step_within_a_round_shows_as_crossed_bounds(void **state)
{
	uint64_t seed;

	for (seed = 0; seed < SEEDS; seed++) {
		struct clocksim sim;
		struct sim_truth truth;
		struct series s;
		struct estimate est;

		sim_init(&sim, seed);
		sim.preempt = 0;
		/* after some probes, before others, and more than any response */
		sim.step_at = sim.now + 20 * (sim.up_min + sim.down_min + 2 * sim.jitter);
		sim.step = seed % 2 ? 100000000 : -100000000;
		sim_round(&sim, 1, &s, &truth);
		assert_int_equal(estimate_fastest(&s, &est), 0);
		assert_true(est.lo > est.hi);
	}
}

/* With equal legs the error is one of jitter, not of its rare extremes. */
static void symmetric_error_is_small_against_the_jitter(void **state)
{
	double sum[2] = { 0, 0 };
	uint64_t seed;
	unsigned int i;

	for (seed = 0; seed < SEEDS; seed++) {
		struct clocksim sim;
		struct sim_truth truth;
		struct series s;

		sim_init(&sim, seed);
		sim.down_min = sim.up_min;
		sim_round(&sim, 1, &s, &truth);
		for (i = 0; i < 2; i++) {
			struct estimate est;

			assert_int_equal(estimate_series(&s, both_flags[i], &est), 0);
			assert_within(est.offset - truth.lo, -sim.jitter - 2, sim.jitter + 2, seed);
			sum[i] += llabs(est.offset - truth.lo) / (double)sim.jitter;
		}
	}
	print_message("mean error / jitter: fastest %.3f, histogram %.3f\n", sum[0] / SEEDS,
		      sum[1] / SEEDS);
	assert_true(sum[0] / SEEDS < 0.1);
	assert_true(sum[1] / SEEDS < 0.15);
}

/* A third of the answers comes late by a fixed time: the histogram's peak is not the mean. */
static void histogram_keeps_to_the_peak_when_a_path_has_two_speeds(void **state)
{
	uint64_t seed;

	for (seed = 0; seed < SEEDS; seed++) {
		struct clocksim sim;
		struct sim_truth truth;
		struct series s;
		struct estimate est;
		uint32_t i;

		sim_init(&sim, seed);
		sim.down_min = sim.up_min;
		sim.preempt = 0;
		sim.jitter = 100;
		sim_round(&sim, 1, &s, &truth);
		for (i = 0; i < PTP_PROBES; i++)
			if (sim_unit(&sim) < 0.33)
				s.probe[i].time[SERIES_RECEIVE] += 40000;
		assert_int_equal(estimate_histogram(&s, &est), 0);
		assert_within(est.offset, truth.lo - 300, truth.lo + 300, seed);
	}
}

/* Rounds of a session, some of them without result, one second apart. */
static void run_session(struct clocksim *sim, uint32_t flags, int passes,
			struct tsync_samples *samples)
{
	int pass;

	for (pass = 0; pass < passes; pass++) {
		struct sim_truth truth;
		struct series s;
		struct estimate est;
		struct tsync_result r = { .guest_cpu = -1, .host_cpu = -1, .pass = pass };

		sim_round(sim, pass + 1, &s, &truth);
		if (pass == 1)
			series_reset(&s, pass + 1);
		if (!estimate_series(&s, flags, &est)) {
			r.time = est.time;
			r.offset = est.offset;
			r.response = est.response;
			assert_int_equal(tsync_samples_add(samples, &r), 0);
		}
		sim->now += 1000000000;
	}
}

static void whole_sessions_convert_guest_times_within_the_round_trips(void **state)
{
	uint64_t seed;

	for (seed = 0; seed < SEEDS; seed++) {
		struct clocksim sim;
		struct tsync_samples samples = { 0 };
		struct timeshift ts;
		int64_t first, time, worst = 0;
		size_t i;

		sim_init(&sim, seed);
		sim.drift_ppb = sim_range(&sim, -50000, 50000);
		sim.loss = sim_unit(&sim) * 0.2;
		first = sim.now;
		run_session(&sim, both_flags[seed % 2], 6, &samples);
		assert_int_equal(samples.count, 5);
		for (i = 0; i < samples.count; i++)
			if (samples.results[i].response > worst)
				worst = samples.results[i].response;
		assert_int_equal(tsync_samples_timeshift(&samples, TIMESHIFT_CURRENT, 7,
							 TIMESHIFT_FL_INTERPOLATE, 3, &ts), 0);
		timeshift_prepare(&ts);
		for (time = first; time < sim.now - 1000000000; time += 99999989) {
			int64_t truth = time + sim_offset(&sim, time);
			int64_t host = timeshift_apply(&ts.cpus[2], 1, time);

			/* beyond the outer samples the line through two of them goes on */
			assert_within(host, truth - 2 * worst - 2, truth + 2 * worst + 2, seed);
		}
		timeshift_release(&ts);
		tsync_samples_release(&samples);
	}
}

static void identical_clocks_give_offset_zero(void **state)
{
	struct clocksim sim;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct tsync_samples samples = { 0 };
		struct timeshift ts;

		sim_init(&sim, 1);
		sim.offset = 0;
		sim.up_min = sim.down_min = 5000;
		sim.jitter = 0;
		sim.preempt = 0;
		run_session(&sim, both_flags[i], 3, &samples);
		assert_int_equal(samples.count, 2);
		assert_int_equal(samples.results[0].offset, 0);
		assert_int_equal(tsync_samples_timeshift(&samples, TIMESHIFT_CURRENT, 7, 1, 1,
							 &ts), 0);
		assert_int_equal(ts.cpus[0].nr_samples, 2);
		assert_int_equal(ts.cpus[0].samples[0].offset, 0);
		timeshift_release(&ts);
		tsync_samples_release(&samples);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steady_truth_is_always_inside_the_bounds),
		cmocka_unit_test(lost_stamps_cost_only_their_probes),
		cmocka_unit_test(drift_within_a_round_moves_the_bounds_no_further_than_itself),
		cmocka_unit_test(a_step_within_a_round_shows_as_crossed_bounds),
		cmocka_unit_test(symmetric_error_is_small_against_the_jitter),
		cmocka_unit_test(histogram_keeps_to_the_peak_when_a_path_has_two_speeds),
		cmocka_unit_test(whole_sessions_convert_guest_times_within_the_round_trips),
		cmocka_unit_test(identical_clocks_give_offset_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
