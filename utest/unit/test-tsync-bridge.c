/*
 * One clock by another one, from markers between two readings.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tsync/bridge.h"
#include "tsync/direct.h"

#define SESSIONS	20000
#define MARKS		32
#define BURST_NS	5000000

static uint64_t seed = 1;

/* In [0, n). */
static int64_t any(int64_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (int64_t)((seed >> 1) % (uint64_t)n);
}

/* Two clocks of one counter, whose times are in thousandths of a ns. */
struct clocks {
	__int128 origin, ahead;
	int64_t ppb;
	int64_t step;		/* at this time; 0: none */
};

static int64_t readable(const struct clocks *c, int64_t now)
{
	return (int64_t)floor_div(c->origin + now, 1000);
}

static int64_t marked(const struct clocks *c, int64_t now)
{
	__int128 t = c->origin + c->ahead + now + floor_div((__int128)now * c->ppb, 1000000000);

	return (int64_t)floor_div(t + (c->step && now > c->step ? 20000000 : 0), 1000);
}

/* MARKS of them from *@now on; the way in takes 350 ns, that out 170 ns, both longer at times. */
static void take_marks(const struct clocks *c, int64_t *now, struct bridge_mark *m)
{
	int i;

	for (i = 0; i < MARKS; i++, m++) {
		m->before = readable(c, *now);
		*now += 350000 + any(i % 4 ? 50000 : 5000000);
		m->stamp = marked(c, *now);
		*now += 170000 + any(i % 4 ? 20000 : 2000000);
		m->after = readable(c, *now);
		m->have = any(10) > 0;
		*now += any(50000);
	}
}

static struct clocks any_clocks(void)
{
	return (struct clocks){
		.origin = (__int128)any(INT64_C(1) << 62) * 1000,
		.ahead = ((__int128)any(INT64_C(1) << 61) - (INT64_C(1) << 60)) * 1000 + any(1000),
		.ppb = any(400000) - 200000,
	};
}

static void the_truth_is_between(void **state)
{
	int i, k;

	for (i = 0; i < SESSIONS; i++) {
		struct clocks c = any_clocks();
		int64_t begin, end, now = 0, early, late, worst = 0;
		struct bridge_mark m[2 * MARKS];
		struct bridge b;

		take_marks(&c, &now, m);
		begin = now;
		now += any(BURST_NS) * 1000;
		end = now;
		take_marks(&c, &now, &m[MARKS]);
		assert_int_equal(bridge_make(m, 2 * MARKS, &b), 0);
		for (k = 0; k < 10; k++) {
			int64_t t = begin + any(end - begin + 1), truth = marked(&c, t);

			assert_int_equal(bridge_early(&b, readable(&c, t), &early), 0);
			assert_int_equal(bridge_late(&b, readable(&c, t), &late), 0);
			assert_true(early <= truth && truth <= late);
			if (late - early > worst)
				worst = late - early;
		}
		/* the shortest ways in and out, about; and not less, or they would be known better than they can be */
		assert_in_range(worst, 520, 650);
		bridge_release(&b);
	}
}

static void steps_are_seen(void **state)
{
	struct clocks c = any_clocks();
	struct bridge_mark m[2 * MARKS];
	int64_t now = 0;
	struct bridge b;

	take_marks(&c, &now, m);
	/* 20 us in 1 ms are no rate */
	c.step = now + 1;
	now += 1000000000;
	take_marks(&c, &now, &m[MARKS]);
	assert_int_equal(bridge_make(m, 2 * MARKS, &b), -ESTALE);
	bridge_release(&b);
	assert_int_equal(bridge_make(m, MARKS, &b), 0);
	bridge_release(&b);
}

static void nothing_comes_of_nothing(void **state)
{
	struct bridge_mark m[] = {
		{ .before = 0, .stamp = 5, .after = 10 },
		{ .before = INT64_MIN + 1, .stamp = INT64_MAX, .after = INT64_MAX, .have = true },
	};
	struct bridge b;

	assert_int_equal(bridge_make(m, 0, &b), -ENODATA);
	bridge_release(&b);
	assert_int_equal(bridge_make(m, 1, &b), -ENODATA);
	bridge_release(&b);
	assert_int_equal(bridge_make(m, 2, &b), -ERANGE);
	bridge_release(&b);
}

static void far_readings_are_refused(void **state)
{
	struct bridge_mark m = { .before = 0, .stamp = INT64_MAX - 10, .after = 5, .have = true };
	struct bridge b;
	int64_t ret;

	assert_int_equal(bridge_make(&m, 1, &b), 0);
	assert_int_equal(bridge_early(&b, 3, &ret), 0);
	assert_true(ret <= INT64_MAX - 10);
	assert_int_equal(bridge_late(&b, 100, &ret), -ERANGE);
	assert_int_equal(bridge_early(&b, INT64_MAX, &ret), -ERANGE);
	assert_int_equal(bridge_early(&b, INT64_MIN, &ret), -ERANGE);
	bridge_release(&b);
}

static void clocks_that_daemons_change_are_not_linear(void **state)
{
	static const char *const names[] = { "mono", "boot", "tai", "uptime", "counter", "" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_false(direct_is_linear(names[i]));
	assert_false(direct_is_linear(NULL));
}

static void clocks_are_linear_by_counters_that_the_kernel_trusts(void **state)
{
	static const struct { const char *clock, *counter; bool linear; } cases[] = {
		{ "local", "tsc", true }, { "perf", "tsc", true }, { "global", "tsc", true }, { "mono_raw", "tsc", true },
		{ "perf", "arch_sys_counter", true }, { "mono", "tsc", false }, { "x86-tsc", "tsc", false },
		/* of kvm-clock nobody tells a guest's programs whether its kernel does */
		{ "local", "kvm-clock", true }, { "mono_raw", "kvm-clock", true },
		{ "perf", "kvm-clock", false }, { "global", "kvm-clock", false },
		{ "local", "hpet", false }, { "mono_raw", "acpi_pm", false }, { "local", "", false }, { NULL, "tsc", false },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(direct_is_linear_by(cases[i].clock, cases[i].counter), cases[i].linear);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_truth_is_between),
		cmocka_unit_test(steps_are_seen),
		cmocka_unit_test(nothing_comes_of_nothing),
		cmocka_unit_test(far_readings_are_refused),
		cmocka_unit_test(clocks_that_daemons_change_are_not_linear),
		cmocka_unit_test(clocks_are_linear_by_counters_that_the_kernel_trusts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
