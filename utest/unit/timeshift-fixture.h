/*
 * timeshift-fixture.h - samples of TIME_SHIFT options for tests. Include it behind cmocka.h.
 */
#ifndef UTEST_TIMESHIFT_FIXTURE_H
#define UTEST_TIMESHIFT_FIXTURE_H

#include "wire/opt-timeshift.h"

#define CUR(t, o) { .time = t, .offset = o, .scaling = 1 }

static const struct timeshift_sample two[] = { CUR(1000, 100), CUR(2000, 201) };

/* @nr_cpus CPUs, each with the @n samples at @s. */
static inline void fill(struct timeshift *ts, enum timeshift_layout layout, uint32_t nr_cpus,
		 const struct timeshift_sample *s, uint32_t n)
{
	uint32_t i, k;

	assert_int_equal(timeshift_init(ts, layout, nr_cpus), 0);
	ts->peer_id = 0x1122334455667788;
	for (i = 0; i < nr_cpus; i++)
		for (k = 0; k < n; k++)
			assert_int_equal(timeshift_add(ts, i, &s[k]), 0);
}

#endif
