/*
 * rounds.h - for tests: rounds of a session without a session.
 */
#ifndef SIM_ROUNDS_H
#define SIM_ROUNDS_H

#include "base/cleanup.h"
#include "tsync/model.h"
#include "tsync/reduce.h"

#define SEC 1000000000LL

/* theta <= @hi at @up, and >= @lo at @low: a probe. */
static inline void add_probe(struct bounds *b, uint8_t source, int64_t up, int64_t hi, int64_t low, int64_t lo)
{
	struct bound upper = { .time = up, .value = hi, .upper = true, .source = source };
	struct bound lower = { .time = low, .value = lo, .source = source };

	assert_int_equal(bounds_add(b, &upper), 0);
	assert_int_equal(bounds_add(b, &lower), 0);
}

/* The round @r, whose probes @b are. */
static inline void take_round(struct tsync_samples *s, const struct tsync_result *r, struct bounds *b)
{
	assert_int_equal(tsync_samples_add(s, r), 0);
	assert_int_equal(tsync_samples_take_bounds(s, r, b), 0);
}

/* A round on a CPU: probes of a path of 2 * 1000, @theta being true at @time. */
static inline void add_round(struct tsync_samples *s, int guest_cpu, int host_cpu, unsigned int pass,
		      int64_t time, int64_t theta)
{
	_cleanup_(bounds_release) struct bounds b = { 0 };
	struct tsync_result r = { .time = time, .offset = theta, .response = 2000,
				  .guest_cpu = guest_cpu, .host_cpu = host_cpu, .pass = pass };
	int i;

	for (i = 0; i < 32; i++)
		add_probe(&b, BOUND_PTP, time + i * 3000, theta + 1000 + i % 5,
			  time + i * 3000 + 2000, theta - 1000 - i % 3);
	take_round(s, &r, &b);
}

static const struct model_conf plain = {
	.method = "ptp", .host_clock = "local", .guest_clock = "local", .peer_id = 7,
	.same_machine = true,
};

/* Of clocks whose rates daemons change. */
static const struct model_conf adjusted = {
	.method = "ptp", .host_clock = "mono", .guest_clock = "mono", .peer_id = 7,
	.same_machine = true,
};

#endif
