/*
 * How far a guest's timestamp, as shown, may be from the host's time.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "in/bounds.h"

/* The guest's clock is 1000000 behind until its 5000000; then a step makes it 9000000. */
static struct opt_tsync_segment segments[] = {
	{ .first = 1000000, .last = 4000000, .from = INT64_MIN, .to = 4500000, .offset = 1000000,
	  .lo_first = 999900, .hi_first = 1000200, .lo_last = 999900, .hi_last = 1000200,
	  .flags = OPT_TSYNC_SEG_KNOWN },
	{ .first = 6000000, .last = 8000000, .from = 5500000, .to = INT64_MAX, .offset = 9000000,
	  .lo_first = 8999700, .hi_first = 9000400, .lo_last = 8999700, .hi_last = 9000400,
	  .flags = OPT_TSYNC_SEG_KNOWN | OPT_TSYNC_SEG_STEP },
};
static struct opt_tsync_group group = { .nr_segments = 2, .segments = segments };
static struct timeshift_sample samples[] = {
	{ 1000000, 1000000, 1, 0 }, { 5000000, 1000000, 1, 0 },
	{ 5000001, 9000000, 1, 0 }, { 8000000, 9000000, 1, 0 },
};
static struct timeshift_cpu cpu = { .cpu = 0, .nr_samples = 4, .samples = samples };

static struct in_info info = {
	.has_timeshift = true,
	.timeshift = { .layout = TIMESHIFT_CURRENT, .flags = TIMESHIFT_FL_INTERPOLATE,
		       .nr_cpus = 1, .cpus = &cpu },
	.has_tsync = true,
	.tsync = { .kind = OPT_TSYNC_ALL, .nr_groups = 1, .groups = &group },
};

static void limits_are_about_the_time_that_is_shown(void **state)
{
	struct in_timeline t;
	struct trace_time shown;
	int64_t lo, hi;

	in_timeline_init(&t, &info, true, 0);
	in_timeline_add(&t, -77);
	shown = in_time_convert(&t, in_timeline_cpu(&t, 0), (struct raw_time){ 2000000 });
	assert_int_equal(shown.ns, 3000000 - 77);
	assert_int_equal(in_time_bounds(&t, &info, 0, shown.ns, &lo, &hi), 0);
	assert_true(lo == -100 && hi == 200);
	shown = in_time_convert(&t, in_timeline_cpu(&t, 0), (struct raw_time){ 7000000 });
	assert_int_equal(in_time_bounds(&t, &info, 0, shown.ns, &lo, &hi), 0);
	assert_true(lo == -300 && hi == 400);
}

static void cycles_become_ns_and_never_fewer(void **state)
{
	struct in_timeline t;
	struct trace_time shown;
	int64_t lo, hi;

	/* 3 cycles a ns */
	info.has_tsc2nsec = true;
	info.tsc2nsec = (struct opt_tsc2nsec){ .mult = 0x55555555, .shift = 32 };
	in_timeline_init(&t, &info, true, 0);
	shown = in_time_convert(&t, in_timeline_cpu(&t, 0), (struct raw_time){ 2000000 });
	assert_in_range(shown.ns, 999999, 1000000);
	assert_int_equal(in_time_bounds(&t, &info, 0, shown.ns, &lo, &hi), 0);
	assert_in_range(-lo, 34, 35);
	assert_in_range(hi, 67, 68);
	info.has_tsc2nsec = false;
}

/* The host's TSC is three times as fast, or ten, or the guest's is: the offset changes faster than the clock. */
static void scaled_clocks_have_limits(void **state)
{
	static const int64_t rise[] = { 2, 9, 1, 0 };
	size_t i;

	for (i = 0; i < sizeof(rise) / sizeof(rise[0]); i++) {
		const int64_t end = 100000000;
		struct opt_tsync_segment line = {
			.first = 0, .last = end, .from = INT64_MIN, .to = INT64_MAX,
			.offset = 0, .drift = rise[i] << OPT_TSYNC_SLOPE_SHIFT,
			.drift_lo = rise[i] << OPT_TSYNC_SLOPE_SHIFT,
			.drift_hi = rise[i] << OPT_TSYNC_SLOPE_SHIFT,
			.lo_first = -50, .hi_first = 60, .lo_last = rise[i] * end - 50,
			.hi_last = rise[i] * end + 60, .flags = OPT_TSYNC_SEG_KNOWN,
		};
		struct opt_tsync_group one = { .nr_segments = 1, .segments = &line };
		struct timeshift_sample points[] = { { 0, 0, 1, 0 }, { end, rise[i] * end, 1, 0 } };
		struct timeshift_cpu scaled = { .nr_samples = 2, .samples = points };
		struct in_info file = info;
		struct trace_time shown;
		struct in_timeline t;
		int64_t lo, hi;

		file.timeshift.cpus = &scaled;
		file.tsync.groups = &one;
		timeshift_prepare(&file.timeshift);
		in_timeline_init(&t, &file, true, 0);
		shown = in_time_convert(&t, in_timeline_cpu(&t, 0), (struct raw_time){ 70000001 });
		assert_int_equal(shown.ns, 70000001 * (rise[i] + 1));
		assert_int_equal(in_time_bounds(&t, &file, 0, shown.ns, &lo, &hi), 0);
		assert_true(lo == -50 && hi == 60);
	}
}

static void who_is_not_shifted_or_does_not_know_says_nothing(void **state)
{
	struct in_timeline t;
	int64_t lo, hi;

	in_timeline_init(&t, &info, false, 0);
	assert_int_equal(in_time_bounds(&t, &info, 0, 3000000, &lo, &hi), -ENODATA);
	in_timeline_init(&t, &info, true, IN_TIME_RAW);
	assert_int_equal(in_time_bounds(&t, &info, 0, 3000000, &lo, &hi), -ENODATA);
	in_timeline_init(&t, &info, true, 0);
	assert_int_equal(in_time_bounds(&t, &info, 1, 3000000, &lo, &hi), -ENODATA);
	info.has_tsync = false;
	assert_int_equal(in_time_bounds(&t, &info, 0, 3000000, &lo, &hi), -ENODATA);
	info.has_tsync = true;
	/* nothing may be reached between the segments: no limit */
	assert_int_equal(in_time_bounds(&t, &info, 0, 5000000 - 100000 + 1000000, &lo, &hi), -ENODATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_about_the_time_that_is_shown),
		cmocka_unit_test(cycles_become_ns_and_never_fewer),
		cmocka_unit_test(scaled_clocks_have_limits),
		cmocka_unit_test(who_is_not_shifted_or_does_not_know_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
