/*
 * fitsim.h - sessions of rounds between two simulated clocks whose difference is known at every moment.
 *
 * The guest's clock is the time; theta is a broken line: pieces with a value and a
 * rate each. Between them lie steps of every cause: a clock that was set, a machine that
 * slept or moved. All from a seed.
 */
#ifndef SIM_FITSIM_H
#define SIM_FITSIM_H

#include <assert.h>

#include "sim/clocksim.h"
#include "tsync/bounds.h"
#include "tsync/fit.h"
#include "tsync/reduce.h"

#define FITSIM_PIECES	4
#define FITSIM_ROUNDS	40
#define SIM_MS		1000000LL
#define SIM_S		(1000 * SIM_MS)

struct fitsim_piece {
	int64_t begin;		/* guest time; the first has none */
	int64_t theta;		/* at begin */
	int64_t drift_ppb;
};

struct fitsim {
	struct clocksim path;		/* legs, losses and the random numbers */
	struct fitsim_piece piece[FITSIM_PIECES];
	int nr_pieces;
	int slew_ppb;			/* rate wanders by up to this (a sine); 0: constant */
	struct fit_conf conf;
	int rounds_min, rounds_max;	/* in each piece */
	int probes;
	int64_t interval;		/* between rounds */
	bool step_in_round;
	int64_t fixed_step;		/* that and no other; 0 */
	/* besides, between these times theta changes by so much more */
	int64_t fast_from, fast_to, fast_ppb;
	struct bounds bounds;
	int64_t begin, end;		/* guest time of the session */
};

/* Integral of a triangle-shaped rate: |slope| <= slew_ppb, period 4 s. */
static inline int64_t fitsim_slew(const struct fitsim *s, int64_t time)
{
	const int64_t quarter = SIM_S;
	int64_t phase = time % (4 * quarter);

	/* a triangle has a rate of +-slew_ppb: up for two quarters, down for two */
	if (phase > 2 * quarter)
		phase = 4 * quarter - phase;
	return (__int128)phase * s->slew_ppb / 1000000000;
}

static inline int64_t fitsim_fast(const struct fitsim *s, int64_t time)
{
	int64_t until = time < s->fast_to ? time : s->fast_to;

	if (until <= s->fast_from)
		return 0;
	return (int64_t)floor_div((__int128)(until - s->fast_from) * s->fast_ppb, 1000000000);
}

static inline int64_t fitsim_theta(const struct fitsim *s, int64_t time)
{
	const struct fitsim_piece *p = &s->piece[0];
	int i;

	for (i = 1; i < s->nr_pieces && time >= s->piece[i].begin; i++)
		p = &s->piece[i];
	/* rounded down, so that the host's clock never runs backwards between steps */
	return p->theta + (int64_t)floor_div((__int128)(time - p->begin) * p->drift_ppb,
					     1000000000) + fitsim_slew(s, time) + fitsim_fast(s, time);
}

static inline int64_t fitsim_step(struct fitsim *s, int64_t min)
{
	/* some small, some of hours */
	int64_t step = sim_range(&s->path, min, min * (1LL << sim_range(&s->path, 0, 20)));

	if (s->fixed_step)
		return s->fixed_step;
	return sim_u64(&s->path) % 2 ? step : -step;
}

/* The next piece begins at @time; a step of at least @min. */
static inline void fitsim_new_piece(struct fitsim *s, int64_t time, int64_t min)
{
	int64_t before = fitsim_theta(s, time) - fitsim_slew(s, time);
	int64_t drift_max = s->conf.rho_max_ppb - s->slew_ppb;
	struct fitsim_piece *p = &s->piece[s->nr_pieces++];

	p->begin = time;
	p->theta = before + fitsim_step(s, min);
	p->drift_ppb = s->piece[0].drift_ppb;
	/* moved to another machine */
	if (sim_u64(&s->path) % 2)
		p->drift_ppb = sim_range(&s->path, -drift_max, drift_max);
}

static inline void fitsim_bound(struct fitsim *s, bool upper, int64_t time, int64_t value)
{
	struct bound b = {
		.time = time, .value = value, .upper = upper, .source = BOUND_PTP,
		.guest_cpu = -1, .host_cpu = -1,
	};

	assert(!bounds_add(&s->bounds, &b));
}

/* One probe of three or four stamps; a step of the clocks may come in between. */
static inline void fitsim_probe(struct fitsim *s)
{
	int64_t send = s->path.now, seen, answer, back;
	bool lost = sim_unit(&s->path) < s->path.loss;

	seen = send + sim_leg(&s->path, s->path.up_min);
	answer = seen + (sim_u64(&s->path) % 2 ? 0 : sim_leg(&s->path, 50));
	back = answer + sim_leg(&s->path, s->path.down_min);
	if (!lost) {
		fitsim_bound(s, true, send, seen + fitsim_theta(s, seen) - send);
		fitsim_bound(s, false, back, answer + fitsim_theta(s, answer) - back);
	}
	s->path.now = back + sim_range(&s->path, 100, 2000);
}

/* A round; at probe number @step_at, if it comes, a clock steps. */
static inline void fitsim_round(struct fitsim *s, int step_at, int64_t step_min)
{
	size_t first = s->bounds.count;
	int i;

	for (i = 0; i < s->probes; i++) {
		/* anywhere from here on to the middle of the probe, in flight included */
		if (i == step_at)
			fitsim_new_piece(s, s->path.now + sim_range(&s->path, 0,
						s->path.up_min + s->path.down_min), step_min);
		fitsim_probe(s);
	}
	if (sim_u64(&s->path) % 4)
		assert(!bounds_reduce(&s->bounds, first));
}

/* All of it. Steps are of at least @step_min; there are @pieces. */
static inline void fitsim_run(struct fitsim *s, int pieces, int64_t step_min)
{
	int piece, i;

	s->begin = s->piece[0].begin = s->path.now;
	s->piece[0].theta = s->path.offset;
	s->nr_pieces = 1;
	for (piece = 0; piece < pieces; piece++) {
		int n = sim_range(&s->path, s->rounds_min, s->rounds_max);
		bool inside = s->step_in_round && sim_u64(&s->path) % 2;

		for (i = 0; i < n; i++) {
			fitsim_round(s, -1, 0);
			s->path.now += s->interval + sim_range(&s->path, 0, s->interval / 4);
		}
		if (piece + 1 == pieces)
			break;
		if (inside)
			fitsim_round(s, sim_range(&s->path, 0, s->probes - 1), step_min);
		else
			fitsim_new_piece(s, s->path.now - sim_range(&s->path, 0, s->interval),
					 step_min);
	}
	s->end = s->path.now;
}

#endif
