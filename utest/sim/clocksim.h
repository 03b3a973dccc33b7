/*
 * clocksim.h - two simulated clocks and a path between them, from a seed.
 *
 * True time is the guest's clock. The host's is ahead by an offset that may
 * drift and step. A leg takes its minimum, exponential jitter and now and
 * then a preemption; stamps get lost. All in ns and in integers, so that
 * what must hold can be checked exactly.
 */
#ifndef SIM_CLOCKSIM_H
#define SIM_CLOCKSIM_H

#include <stdint.h>
#include <string.h>

#include "tsync/series.h"

struct clocksim {
	uint64_t rng;
	int64_t now;			/* true time */
	int64_t origin;			/* when the offset was as follows */
	int64_t offset;			/* host minus guest */
	int64_t drift_ppb;		/* of the host's clock against the guest's */
	int64_t step_at, step;		/* at this true time the host's clock jumps */
	int64_t up_min, down_min;	/* guest to host, host to guest */
	int64_t jitter;			/* mean of each leg's */
	double preempt;			/* probability, on each leg */
	int64_t preempt_max;
	double loss;			/* probability for each stamp */
};

/* What was true during a round. */
struct sim_truth {
	int64_t lo, hi;			/* smallest and largest offset */
};

/* splitmix64: small, and the same everywhere */
static inline uint64_t sim_u64(struct clocksim *sim)
{
	uint64_t z = sim->rng += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* In [0, 1). */
static inline double sim_unit(struct clocksim *sim)
{
	return (sim_u64(sim) >> 11) * 0x1p-53;
}

/* In [lo, hi]. */
static inline int64_t sim_range(struct clocksim *sim, int64_t lo, int64_t hi)
{
	return lo + (int64_t)(sim_u64(sim) % ((uint64_t)(hi - lo) + 1));
}

/* Two clocks and a path as they may occur; drift, steps and losses are off. */
static inline void sim_init(struct clocksim *sim, uint64_t seed)
{
	memset(sim, 0, sizeof(*sim));
	sim->rng = seed;
	sim->now = sim->origin = sim_range(sim, 1, 1LL << 50);
	sim->offset = sim_range(sim, -(1LL << 50), 1LL << 50);
	sim->step_at = INT64_MAX;
	sim->up_min = sim_range(sim, 100, 50000);
	sim->down_min = sim_range(sim, 100, 50000);
	sim->jitter = sim_range(sim, 1, 20000);
	sim->preempt = sim_unit(sim) * 0.05;
	sim->preempt_max = 4000000;
}

/* host minus guest at a true time */
static inline int64_t sim_offset(const struct clocksim *sim, int64_t time)
{
	int64_t drift = (__int128)(time - sim->origin) * sim->drift_ppb / 1000000000;

	return sim->offset + drift + (time >= sim->step_at ? sim->step : 0);
}

/* Exponential with mean 1, by von Neumann's method, which takes no logarithm. */
static inline double sim_exponential(struct clocksim *sim)
{
	double whole = 0;

	for (;;) {
		double first = sim_unit(sim), last = first, next;
		unsigned int run = 1;

		while ((next = sim_unit(sim)) < last) {
			last = next;
			run++;
		}
		if (run % 2)
			return whole + first;
		whole++;
	}
}

static inline int64_t sim_leg(struct clocksim *sim, int64_t min)
{
	int64_t t = min + (int64_t)(sim_exponential(sim) * sim->jitter);

	if (sim_unit(sim) < sim->preempt)
		t += sim_range(sim, 0, sim->preempt_max);
	return t;
}

static inline void sim_stamp(struct clocksim *sim, struct series *s, enum series_field field,
			     uint32_t number, int64_t time)
{
	if (sim_unit(sim) >= sim->loss)
		series_set(s, field, number, time);
}

static inline void sim_see(struct sim_truth *truth, int64_t offset)
{
	if (offset < truth->lo)
		truth->lo = offset;
	if (offset > truth->hi)
		truth->hi = offset;
}

/* A round of probes, as both ends together would know it; and the truth meanwhile. */
static inline void sim_round(struct clocksim *sim, uint32_t id, struct series *ret_series,
			     struct sim_truth *ret_truth)
{
	uint32_t number;

	series_reset(ret_series, id);
	*ret_truth = (struct sim_truth){ INT64_MAX, INT64_MIN };
	for (number = 1; number <= PTP_PROBES; number++) {
		sim_see(ret_truth, sim_offset(sim, sim->now));
		sim_stamp(sim, ret_series, SERIES_SEND, number, sim->now);
		sim->now += sim_leg(sim, sim->up_min);
		sim_see(ret_truth, sim_offset(sim, sim->now));
		sim_stamp(sim, ret_series, SERIES_CLIENT, number,
			  sim->now + sim_offset(sim, sim->now));
		sim->now += sim_leg(sim, sim->down_min);
		sim_see(ret_truth, sim_offset(sim, sim->now));
		sim_stamp(sim, ret_series, SERIES_RECEIVE, number, sim->now);
		sim->now += sim_range(sim, 100, 2000);
	}
}

#endif
