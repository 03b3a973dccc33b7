/*
 * The estimator that states its error, against clocks whose truth is known: it must lie in [lo, hi] at
 * every moment of every session. FIT_SESSIONS=N takes another number than the few of a quick
 * run; `make sim` runs 200,000.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/fitsim.h"
#include "tsync/model-before.h"
#include "tsync/model.h"

#define QUICK_SESSIONS 3000

static uint64_t sessions(void)
{
	const char *text = getenv("FIT_SESSIONS");

	return text ? strtoull(text, NULL, 10) : QUICK_SESSIONS;
}

/* FIT_SEED=N: other sessions. What fails names the seed by which it is made with the same FIT_SEED. */
static uint64_t other_sessions(void)
{
	const char *text = getenv("FIT_SEED");

	return text ? strtoull(text, NULL, 10) << 32 : 0;
}

/* Kinds of sessions, dealt in turn. */
enum kind {
	SAME_TSC,		/* constant difference */
	DRIFT,			/* constant rate */
	SCALED,			/* TSC scaling: rates differ by up to a half */
	STEPS,			/* of the same TSC */
	DRIFT_STEPS,		/* suspend, migration: rates change, too */
	VARIES,			/* a rate that is slewed */
	VARIES_STEPS,
	KINDS
};

static void make(struct fitsim *s, enum kind kind, uint64_t seed)
{
	static const int64_t intervals[] = { 10 * SIM_MS, 200 * SIM_MS, SIM_S, 10 * SIM_S };
	static const int64_t rho[KINDS] = {
		0, 100000, 500000000, 0, 100000, 1000000, 1000000,
	};
	bool steps = kind == STEPS || kind == DRIFT_STEPS || kind == VARIES_STEPS;

	memset(s, 0, sizeof(*s));
	sim_init(&s->path, seed + other_sessions());
	if (sim_u64(&s->path) % 2)
		s->path.loss = sim_unit(&s->path) * 0.3;
	s->conf.quantum = 1;
	s->conf.rho_max_ppb = rho[kind];
	s->conf.varies = kind == VARIES || kind == VARIES_STEPS;
	if (kind == VARIES || kind == VARIES_STEPS)
		s->slew_ppb = 500000;
	else if (rho[kind])
		s->piece[0].drift_ppb = sim_range(&s->path, -rho[kind], rho[kind]);
	if (s->slew_ppb)
		s->piece[0].drift_ppb = sim_range(&s->path, -500000, 500000);
	s->interval = intervals[sim_u64(&s->path) % 4];
	s->probes = sim_range(&s->path, 16, 48);
	/* one round cannot show that a TSC is scaled */
	s->rounds_min = steps || kind == SCALED ? 2 : 1;
	s->rounds_max = steps ? 4 : 8;
	s->step_in_round = true;
	/* more than what bounds and the prior leave open between rounds */
	fitsim_run(s, steps ? sim_range(&s->path, 2, FITSIM_PIECES) : 1,
		   20 * SIM_MS + s->interval / 100);
}

static void check_at(const struct fitsim *s, const struct fit *f, int64_t time, uint64_t seed)
{
	int64_t truth = fitsim_theta(s, time);
	struct fit_value v;

	if (fit_at(f, time, &v))
		fail_msg("seed %llu: nothing known at %lld", (unsigned long long)seed,
			 (long long)time);
	if (truth < v.lo || truth > v.hi)
		fail_msg("seed %llu: at %lld (%.6f s of %.6f) truth %lld is not in [%lld, %lld] of %zu segments",
			 (unsigned long long)seed, (long long)time, (time - s->begin) / 1e9,
			 (s->end - s->begin) / 1e9, (long long)truth,
			 (long long)(v.lo - truth), (long long)(v.hi - truth), f->nr_segments);
	if (v.mid < v.lo || v.mid > v.hi)
		fail_msg("seed %llu: the estimate is not in its bounds", (unsigned long long)seed);
}

static void check_session(struct fitsim *s, uint64_t seed)
{
	struct fit f;
	size_t i;
	int ret;

	if (seed % 3 == 0)
		assert_int_equal(bounds_thin(&s->bounds, 100), 0);
	ret = tsync_fit(&s->bounds, &s->conf, &f);
	if (ret)
		fail_msg("seed %llu: %s", (unsigned long long)seed, strerror(-ret));
	for (i = 0; i < s->bounds.count; i += 1 + s->bounds.count / 64)
		check_at(s, &f, s->bounds.at[i].time, seed);
	for (i = 1; i < (size_t)s->nr_pieces; i++) {
		check_at(s, &f, s->piece[i].begin - 1, seed);
		check_at(s, &f, s->piece[i].begin, seed);
		check_at(s, &f, s->piece[i].begin + sim_range(&s->path, 0, 100000), seed);
		check_at(s, &f, s->piece[i].begin - sim_range(&s->path, 0, 100000), seed);
	}
	for (i = 0; i < 32; i++)
		check_at(s, &f, sim_range(&s->path, s->begin, s->end), seed);
	/* and beyond the measurements, where it gets wider */
	check_at(s, &f, s->begin - 10 * SIM_S, seed);
	check_at(s, &f, s->end + 10 * SIM_S, seed);
	if (f.nr_segments != (size_t)s->nr_pieces)
		fail_msg("seed %llu: %zu segments for %d", (unsigned long long)seed,
			 f.nr_segments, s->nr_pieces);
	fit_release(&f);
}

/* What the file says of the session. */
static void make_model(const struct fitsim *s, enum kind kind, struct opt_tsync *ret)
{
	bool tsc = kind == SAME_TSC || kind == STEPS || kind == SCALED;
	bool varies = kind == VARIES || kind == VARIES_STEPS;
	struct model_conf conf = {
		.host_clock = tsc ? "x86-tsc" : varies ? "mono" : "local",
		/* KVM scales it, by more than a little, or it is that of another make */
		.same_machine = kind != SCALED || (s->interval == SIM_S &&
						   llabs(s->piece[0].drift_ppb) > 200000),
	};
	struct tsync_samples samples = { .bounds = s->bounds };

	assert_int_equal(tsync_model_make(&samples, &conf, ret), 0);
}

static void check_truth_at(const struct fitsim *s, const struct opt_tsync *t, int64_t time,
			   uint64_t seed, struct opt_tsync_value *ret)
{
	int64_t truth = fitsim_theta(s, time);
	struct opt_tsync_value v;

	if (opt_tsync_at(t, 0, -1, time, &v))
		fail_msg("seed %llu: nothing known", (unsigned long long)seed);
	if (truth < v.lo || truth > v.hi)
		fail_msg("seed %llu: at %.6f s the truth is not in the file's [%lld, %lld]",
			 (unsigned long long)seed, (time - s->begin) / 1e9,
			 (long long)(v.lo - truth), (long long)(v.hi - truth));
	*ret = v;
}

static void check_file_at(const struct fitsim *s, const struct opt_tsync *t,
			  const struct timeshift *ts, int64_t time, uint64_t seed)
{
	struct opt_tsync_value v;
	int64_t shown;

	check_truth_at(s, t, time, seed, &v);
	/* what other readers make of TimeShift is the estimate, but where [lo, hi] is of two segments */
	shown = (int64_t)timeshift_apply(&ts->cpus[0], 1, time) - time;
	if (shown + 1 < v.lo || shown - 1 > v.hi)
		fail_msg("seed %llu: at %.6f s TimeShift is %lld off the bounds",
			 (unsigned long long)seed, (time - s->begin) / 1e9,
			 (long long)(shown - v.mid));
}

static void the_truth_is_in_what_the_file_says(void **state)
{
	static const enum kind kinds[] = {
		SAME_TSC, DRIFT, STEPS, DRIFT_STEPS, VARIES, VARIES_STEPS, SCALED,
	};
	uint64_t seed, n = sessions();
	int i;

	for (seed = 0; seed < n; seed++) {
		enum kind kind = kinds[seed % 7];
		struct opt_tsync t;
		struct timeshift ts;
		struct fitsim s;

		make(&s, kind, seed);
		make_model(&s, kind, &t);
		assert_int_equal(tsync_model_timeshift(&t, TIMESHIFT_CURRENT, 1, 1, &ts), 0);
		timeshift_prepare(&ts);
		for (i = 0; i < 32; i++)
			check_file_at(&s, &t, &ts, sim_range(&s.path, s.begin, s.end), seed);
		for (i = 1; i < s.nr_pieces; i++) {
			check_file_at(&s, &t, &ts, s.piece[i].begin - 1, seed);
			check_file_at(&s, &t, &ts, s.piece[i].begin, seed);
		}
		timeshift_release(&ts);
		opt_tsync_release(&t);
		bounds_release(&s.bounds);
	}
}

/* The model that --refine begins with. */
static void make_again(enum kind kind, const struct opt_tsync *t, struct opt_tsync *ret)
{
	struct bounds stated = { 0 };
	struct model_conf conf = {
		.host_clock = kind == SAME_TSC || kind == STEPS || kind == SCALED ? "x86-tsc" :
			      kind == VARIES || kind == VARIES_STEPS ? "mono" : "local",
		.same_machine = !t->rho_max_ppb, .before = t,
	};

	assert_int_equal(model_before_bounds(t, &stated), 0);
	assert_int_equal(tsync_model_make(&(struct tsync_samples){ .bounds = stated }, &conf, ret), 0);
	bounds_release(&stated);
}

/* A model made of what the file says alone knows less, but nothing that isn't true. */
static void the_truth_is_in_what_is_made_of_the_file_again(void **state)
{
	uint64_t seed, n = sessions();
	int i;

	for (seed = 0; seed < n; seed++) {
		enum kind kind = seed % KINDS;
		struct opt_tsync_value v;
		struct opt_tsync t, again;
		struct fitsim s;

		make(&s, kind, seed);
		make_model(&s, kind, &t);
		make_again(kind, &t, &again);
		for (i = 0; i < 32; i++)
			check_truth_at(&s, &again, sim_range(&s.path, s.begin, s.end), seed, &v);
		for (i = 1; i < s.nr_pieces; i++) {
			check_truth_at(&s, &again, s.piece[i].begin - 1, seed, &v);
			check_truth_at(&s, &again, s.piece[i].begin, seed, &v);
		}
		opt_tsync_release(&again);
		opt_tsync_release(&t);
		bounds_release(&s.bounds);
	}
}

static void the_truth_is_in_the_bounds_of_every_session(void **state)
{
	uint64_t seed, n = sessions();

	for (seed = 0; seed < n; seed++) {
		struct fitsim s;

		make(&s, seed % KINDS, seed);
		check_session(&s, seed);
		bounds_release(&s.bounds);
	}
	print_message("%llu sessions\n", (unsigned long long)n);
}

/* --- how good it is, too ------------------------------------------------------ */

/* A path like vsock's between two kernels. */
static void make_vsock(struct fitsim *s, uint64_t seed, int64_t drift_ppb, int64_t interval)
{
	memset(s, 0, sizeof(*s));
	sim_init(&s->path, seed + other_sessions());
	s->path.up_min = sim_range(&s->path, 4000, 8000);
	s->path.down_min = sim_range(&s->path, 4000, 8000);
	s->path.jitter = sim_range(&s->path, 500, 5000);
	s->path.preempt = 0.01;
	s->path.preempt_max = 4 * SIM_MS;
	s->conf = (struct fit_conf){ .rho_max_ppb = 100000, .quantum = 1, .sigma = 20 };
	s->piece[0].drift_ppb = drift_ppb;
	s->probes = 339;
	s->interval = interval;
	s->rounds_min = s->rounds_max = 10 * SIM_S / interval + 1;
	fitsim_run(s, 1, 0);
}

static double drift_error_ppm(struct fitsim *s, int64_t drift_ppb)
{
	int64_t drift;
	struct fit f;

	assert_int_equal(tsync_fit(&s->bounds, &s->conf, &f), 0);
	assert_int_equal(f.nr_segments, 1);
	assert_true(f.segments[0].known);
	drift = f.segments[0].drift;
	/* what it says of the drift is as sure as the rest */
	assert_true(slope_to_ppb(f.segments[0].drift_lo) <= drift_ppb + 1);
	assert_true(slope_to_ppb(f.segments[0].drift_hi) >= drift_ppb - 1);
	fit_release(&f);
	return (drift * 1e9 / ((int64_t)1 << SLOPE_SHIFT) - drift_ppb) / 1e3;
}

/* Goal: no more than 0.05 ppm over 10 s that isn't there, and as little too much of what is. */
static void drift_is_right_to_a_twentieth_of_a_ppm_over_ten_seconds(void **state)
{
	static const int64_t drifts[] = { 0, 0, 25, -40, 60, 1000, -4200, 50000 };
	static const int64_t intervals[] = { SIM_S, 10 * SIM_S };
	uint64_t seed, n = sessions() / 20;
	double worst[2] = { 0, 0 };

	for (seed = 0; seed < n; seed++) {
		int64_t drift = drifts[seed % 8];
		struct fitsim s;
		double error;

		make_vsock(&s, seed, drift, intervals[seed / 8 % 2]);
		error = drift_error_ppm(&s, drift);
		bounds_release(&s.bounds);
		if (error < 0)
			error = -error;
		if (error > worst[!!drift])
			worst[!!drift] = error;
		if (error > 0.05)
			fail_msg("seed %llu: drift is %.3f ppm off", (unsigned long long)seed,
				 error);
	}
	print_message("worst error of the drift: %.4f ppm without one, %.4f ppm with one\n",
		      worst[0], worst[1]);
}

/* Half the sum of the shortest legs, and a little for jitter; no session has more width than that. */
static void bounds_are_as_narrow_as_the_path_allows(void **state)
{
	uint64_t seed, n = sessions() / 20;

	for (seed = 0; seed < n; seed++) {
		struct fitsim s;
		struct fit_value v;
		struct fit f;
		int64_t path;

		make_vsock(&s, seed, 0, SIM_S);
		s.conf.rho_max_ppb = 0;
		path = s.path.up_min + s.path.down_min;
		assert_int_equal(tsync_fit(&s.bounds, &s.conf, &f), 0);
		assert_int_equal(fit_at(&f, (s.begin + s.end) / 2, &v), 0);
		assert_true(v.hi - v.lo <= path + s.path.jitter / 16 + 4);
		/* unequal legs err by half their difference, jitter hardly at all */
		assert_true(llabs(v.mid - fitsim_theta(&s, s.begin) -
				  (s.path.up_min - s.path.down_min) / 2) <= s.path.jitter / 32 + 2);
		fit_release(&f);
		bounds_release(&s.bounds);
	}
}

/* What does not contradict the bounds goes unseen; then they err by the step's size at most. */
static void a_step_too_small_to_see_costs_no_more_than_its_size(void **state)
{
	uint64_t seed, n = sessions() / 10, unseen = 0;

	for (seed = 0; seed < n; seed++) {
		int64_t time, step;
		struct fitsim s;
		struct fit f;

		make(&s, SAME_TSC, seed);
		bounds_release(&s.bounds);
		/* both legs of the fastest probe together are more */
		s.fixed_step = step = (s.path.up_min + s.path.down_min) / 2;
		fitsim_run(&s, 2, 0);
		assert_int_equal(tsync_fit(&s.bounds, &s.conf, &f), 0);
		for (time = s.begin; f.nr_segments == 1 && time <= s.end;
		     time += (s.end - s.begin) / 16) {
			struct fit_value v;
			int64_t truth = fitsim_theta(&s, time);

			assert_int_equal(fit_at(&f, time, &v), 0);
			assert_true(truth >= v.lo - step && truth <= v.hi + step);
		}
		unseen += f.nr_segments == 1;
		fit_release(&f);
		bounds_release(&s.bounds);
	}
	assert_true(unseen > n / 2);
}

/* Two rounds between TSCs, of one machine or of two of one make or another; between them one steps, or none does. */
static void make_two_rounds(struct fitsim *s, uint64_t seed, bool same_machine, bool step)
{
	make(s, SAME_TSC, seed);
	bounds_release(&s->bounds);
	s->rounds_min = s->rounds_max = step ? 1 : 2;
	s->step_in_round = false;
	if (!same_machine)
		s->piece[0].drift_ppb = sim_range(&s->path, -50000, 50000);
	/* KVM leaves less as it is */
	if (!step)
		s->piece[0].drift_ppb = sim_range(&s->path, 250000, 4000000) *
					(sim_u64(&s->path) % 2 ? 1 : -1);
	/* so little that it may be what two machines of one make differ by is not for two rounds to see */
	fitsim_run(s, step ? 2 : 1, s->interval / 2500 + 200000);
}

/* Whether there is a step or a rate in it; else either is less than what the bounds leave open. */
static bool shows_something(const struct opt_tsync *t)
{
	return opt_tsync_steps(t) || t->groups[0].segments[0].drift;
}

static void two_rounds_are_a_step_or_a_rate(void **state)
{
	uint64_t seed, n = sessions(), unsure[2] = { 0, 0 };
	int i;

	for (seed = 0; seed < n; seed++) {
		bool same_machine = seed % 2, step = seed / 2 % 2;
		struct model_conf conf = { .host_clock = "x86-tsc", .same_machine = same_machine };
		struct opt_tsync_value v;
		struct opt_tsync t;
		struct fitsim s;

		make_two_rounds(&s, seed, same_machine, step);
		assert_int_equal(tsync_model_make(&(struct tsync_samples){ .bounds = s.bounds }, &conf,
						  &t), 0);
		unsure[step] += !!(t.flags & OPT_TSYNC_UNSURE);
		for (i = 0; i < 64 && shows_something(&t); i++)
			check_truth_at(&s, &t, sim_range(&s.path, s.begin - s.interval,
							 s.end + s.interval), seed, &v);
		opt_tsync_release(&t);
		bounds_release(&s.bounds);
	}
	assert_true(unsure[0] > n / 20 && unsure[1] > n / 200);
	print_message("unsure: %llu steps, %llu rates\n", (unsigned long long)unsure[1],
		      (unsigned long long)unsure[0]);
}

/*
 * A daemon that slews a clock by more than the prior has, for some time. Where comparisons contradict
 * each other for that, the truth is in the bounds at any time. Where they don't, nobody can know.
 */
static void who_slews_faster_than_is_usual_is_believed_when_seen(void **state)
{
	uint64_t seed, n = sessions(), seen = 0;
	int i;

	for (seed = 0; seed < n; seed++) {
		struct opt_tsync_value v;
		int64_t from, length;
		struct opt_tsync t, again;
		struct fitsim s;

		make(&s, VARIES, seed);
		bounds_release(&s.bounds);
		/* of the prior there is left what clocks have that are not slewed */
		s.slew_ppb = 0;
		s.piece[0].drift_ppb = sim_range(&s.path, -100000, 100000);
		s.rounds_min = 3;
		from = sim_range(&s.path, 0, 4 * s.interval);
		length = sim_range(&s.path, s.interval / 20, 4 * s.interval);
		s.fast_from = s.path.now + from;
		s.fast_to = s.fast_from + length;
		s.fast_ppb = sim_range(&s.path, 2000000, 2000000LL << sim_range(&s.path, 0, 6));
		if (sim_u64(&s.path) % 2)
			s.fast_ppb = -s.fast_ppb;
		fitsim_run(&s, 1, 0);
		make_model(&s, VARIES, &t);
		seen += opt_tsync_steps(&t) > 0;
		for (i = 0; i < 64 && opt_tsync_steps(&t); i++)
			check_truth_at(&s, &t, sim_range(&s.path, s.begin, s.end), seed, &v);
		make_again(VARIES, &t, &again);
		for (i = 0; i < 64 && opt_tsync_steps(&t) && model_before_kept(&t, &again); i++)
			check_truth_at(&s, &again, sim_range(&s.path, s.begin, s.end), seed, &v);
		opt_tsync_release(&again);
		opt_tsync_release(&t);
		bounds_release(&s.bounds);
	}
	assert_true(seen > n / 4);
	print_message("%llu of %llu sessions show it\n", (unsigned long long)seen, (unsigned long long)n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drift_is_right_to_a_twentieth_of_a_ppm_over_ten_seconds),
		cmocka_unit_test(bounds_are_as_narrow_as_the_path_allows),
		cmocka_unit_test(the_truth_is_in_the_bounds_of_every_session),
		cmocka_unit_test(the_truth_is_in_what_the_file_says),
		cmocka_unit_test(the_truth_is_in_what_is_made_of_the_file_again),
		cmocka_unit_test(a_step_too_small_to_see_costs_no_more_than_its_size),
		cmocka_unit_test(two_rounds_are_a_step_or_a_rate),
		cmocka_unit_test(who_slews_faster_than_is_usual_is_believed_when_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
