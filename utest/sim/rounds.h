/*
 * rounds.h - for tests: rounds of a session without a session.
 */
#ifndef SIM_ROUNDS_H
#define SIM_ROUNDS_H

#include "base/cleanup.h"
#include "tsync/model.h"
#include "tsync/reduce.h"

#define SEC 1000000000LL

/* A round on a CPU: probes of a path of 2 * 1000, @theta being true at @time. */
static inline void add_round(struct tsync_samples *s, int guest_cpu, int host_cpu, unsigned int pass,
		      int64_t time, int64_t theta)
{
	_cleanup_(bounds_release) struct bounds b = { 0 };
	struct tsync_result r = { .time = time, .offset = theta, .response = 2000,
				  .guest_cpu = guest_cpu, .host_cpu = host_cpu, .pass = pass };
	int i;

	for (i = 0; i < 32; i++) {
		struct bound up = { .time = time + i * 3000, .value = theta + 1000 + i % 5,
				    .upper = true, .source = BOUND_PTP };
		struct bound low = { .time = up.time + 2000, .value = theta - 1000 - i % 3,
				     .source = BOUND_PTP };

		assert_int_equal(bounds_add(&b, &up), 0);
		assert_int_equal(bounds_add(&b, &low), 0);
	}
	assert_int_equal(tsync_samples_add(s, &r), 0);
	assert_int_equal(tsync_samples_take_bounds(s, &r, &b), 0);
}

static const struct model_conf plain = {
	.method = "ptp", .host_clock = "local", .guest_clock = "local", .peer_id = 7,
	.same_machine = true,
};

#endif
