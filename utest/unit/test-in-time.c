/*
 * test-in-time.c - from raw to shown times: each correction, their order, and clocks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "in/info.h"
#include "in/time.h"

#define MAX_SAMPLES 3

struct vector {
	struct timeshift_sample samples[MAX_SAMPLES];
	unsigned int count;
	int flag;
	struct {
		uint64_t t, want;
	} rows[5];
};

static uint64_t convert(const struct in_timeline *t, unsigned int cpu, uint64_t count)
{
	return in_time_convert(t, in_timeline_cpu(t, cpu), (struct raw_time){ count }).ns;
}

/* Samples as T:O:S:F, and what the stock reader makes of times. */
static void test_vectors_of_the_time_shift(void **state)
{
	static const struct vector vectors[] = {
		{ { { 1000, 100, 1, 0 }, { 2000, 201, 1, 0 } }, 2, 0,
		  { { 500, 600 }, { 1500, 1600 }, { 2500, 2600 } } },
		{ { { 1000, 100, 1, 0 }, { 2000, 201, 1, 0 } }, 2, 1,
		  { { 500, 550 }, { 1500, 1651 }, { 1501, 1652 }, { 2000, 2201 }, { 2500, 2752 } } },
		{ { { 1000, 100, 1, 0 }, { 2000, -1, 1, 0 } }, 2, 1,
		  { { 500, 651 }, { 1500, 1550 }, { 1501, 1551 }, { 2000, 2000 }, { 2500, 2449 } } },
		{ { { 1000, 10, 1, 0 }, { 2000, 20, 1, 0 }, { 3000, 30, 1, 0 } }, 3, 0,
		  { { 500, 510 }, { 1500, 1510 }, { 2000, 2020 }, { 2500, 2520 }, { 3500, 3520 } } },
		{ { { 1000, 10, 1, 0 }, { 2000, 20, 1, 0 }, { 3000, 30, 1, 0 } }, 3, 1,
		  { { 500, 506 }, { 1000, 1010 }, { 1501, 1516 }, { 2500, 2525 }, { 3500, 3535 } } },
		{ { { 1000, -7, 3, 1 }, { 2000, -9, 5, 2 } }, 2, 0,
		  { { 500, 743 }, { 1501, 2244 }, { 2500, 3743 } } },
		{ { { 1000, -7, 3, 1 }, { 2000, -9, 5, 2 } }, 2, 1,
		  { { 500, 744 }, { 1501, 2244 }, { 2000, 2992 }, { 3500, 5239 } } },
		{ { { 1000, 50, 3, 1 } }, 1, 1, { { 500, 550 }, { 2500, 2550 } } },
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct timeshift_sample samples[MAX_SAMPLES];
		struct timeshift_cpu cpu = { .nr_samples = vectors[i].count, .samples = samples };
		struct in_info info = { .has_timeshift = true, .timeshift = {
			.layout = TIMESHIFT_CURRENT, .flags = vectors[i].flag, .nr_cpus = 1,
			.cpus = &cpu } };
		struct in_timeline t;

		memcpy(samples, vectors[i].samples, sizeof(samples));
		in_timeline_init(&t, &info, true, 0);
		for (j = 0; j < 5 && vectors[i].rows[j].t; j++)
			assert_int_equal(convert(&t, 0, vectors[i].rows[j].t),
					 vectors[i].rows[j].want);
		/* other CPUs, instances and raw times are not shifted */
		assert_int_equal(convert(&t, 1, 1500), 1500);
		in_timeline_init(&t, &info, false, 0);
		assert_int_equal(convert(&t, 0, 1500), 1500);
		in_timeline_init(&t, &info, true, IN_TIME_RAW);
		assert_int_equal(convert(&t, 0, 1500), 1500);
	}
}

static void test_tsc_counts_become_ns(void **state)
{
	struct in_info info = { .has_tsc2nsec = true,
				.tsc2nsec = { .mult = 715827883, .shift = 31, .offset = 99 } };
	struct in_timeline t;

	in_timeline_init(&t, &info, true, 0);
	assert_int_equal(convert(&t, 0, 0x123456789abcull), 6671999451062ull);
	assert_int_equal(convert(&t, 0, 3721000000000ull), 1240333333910ull);
	/* instances, too */
	in_timeline_init(&t, &info, false, 0);
	assert_int_equal(convert(&t, 0, 3721000000000ull), 1240333333910ull);
	in_timeline_init(&t, &info, true, IN_TIME_RAW);
	assert_int_equal(convert(&t, 0, 3721000000000ull), 3721000000000ull);
	/* a factor of 0 means none; one of more than 31 bits is positive */
	info.tsc2nsec.mult = 0;
	in_timeline_init(&t, &info, true, 0);
	assert_int_equal(convert(&t, 0, 12345), 12345);
	info.tsc2nsec.mult = 1u << 31;
	in_timeline_init(&t, &info, true, 0);
	assert_int_equal(convert(&t, 0, 12345), 12345);
}

static void test_users_frequency_replaces_the_files_conversion(void **state)
{
	struct in_info info = { .has_tsc2nsec = true, .tsc2nsec = { .mult = 1, .shift = 0 } };
	struct in_timeline t;

	in_timeline_init(&t, &info, true, 0);
	in_timeline_set_hz(&t, 2000000000);
	assert_int_equal(convert(&t, 0, 1001), 500);
	in_timeline_set_hz(&t, 0);
	assert_int_equal(convert(&t, 0, 1001), 1001);
	/* beyond 64 bits it stays at the limit */
	in_timeline_set_hz(&t, 1);
	assert_true(convert(&t, 0, UINT64_MAX) == UINT64_MAX);
}

static void test_offsets_add_up_and_come_last(void **state)
{
	struct timeshift_sample sample = { .time = 5, .offset = 1000, .scaling = 1 };
	struct timeshift_cpu cpu = { .nr_samples = 1, .samples = &sample };
	struct in_info info = {
		.date_ns = 7, .offset_ns = -2, .has_tsc2nsec = true,
		.tsc2nsec = { .mult = 1, .shift = 1 }, .has_timeshift = true,
		.timeshift = { .nr_cpus = 1, .cpus = &cpu },
	};
	struct in_timeline t;

	/* ((100 + 1000) / 2) + 7 - 2 + 3 */
	in_timeline_init(&t, &info, true, 0);
	in_timeline_add(&t, 3);
	assert_int_equal(convert(&t, 0, 100), 558);
	in_timeline_init(&t, &info, true, IN_TIME_NO_DATE);
	assert_int_equal(convert(&t, 0, 100), 548);
	in_timeline_init(&t, &info, true, IN_TIME_RAW);
	in_timeline_add(&t, 3);
	assert_int_equal(convert(&t, 0, 100), 100);
}

static void test_arithmetic_is_modulo_2_64(void **state)
{
	struct in_info info = { .offset_ns = INT64_MIN, .date_ns = -1 };
	struct in_timeline t;

	in_timeline_init(&t, &info, true, 0);
	assert_true(convert(&t, 0, 0) == (uint64_t)INT64_MAX);
	in_timeline_add(&t, INT64_MAX);
	in_timeline_add(&t, INT64_MAX);
}

static void test_which_clocks_count_ns(void **state)
{
	static const struct {
		const char *name;
		bool ns;
	} rows[] = {
		{ NULL, true }, { "local", true }, { "global", true }, { "uptime", true },
		{ "perf", true }, { "mono", true }, { "mono_raw", true }, { "monotonic", true },
		{ "tai", true }, { "tsc2nsec", true }, { "x86-tsc", false }, { "counter", false },
		{ "boot", false }, { "", false }, { "loca", false }, { "localx", false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(in_clock_is_ns(rows[i].name), rows[i].ns);
}

/* Other programs shift the top buffer only; of another one it must be certain that its clock is meant. */
static void test_which_buffers_are_shifted(void **state)
{
	struct in_info none = { .has_timeshift = true };
	struct in_info named = {
		.has_timeshift = true, .has_tsync = true, .tsync.guest_clock = (char *)"mono",
	};
	struct in_info unnamed = {
		.has_timeshift = true, .has_tsync = true, .tsync.guest_clock = (char *)"",
	};

	assert_true(in_info_shifts(&none, "", "local"));
	assert_true(in_info_shifts(&named, "", "local"));
	assert_false(in_info_shifts(&none, "instance", "mono"));
	assert_true(in_info_shifts(&named, "instance", "mono"));
	assert_false(in_info_shifts(&named, "instance", "local"));
	assert_false(in_info_shifts(&named, "instance", NULL));
	assert_false(in_info_shifts(&unnamed, "instance", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors_of_the_time_shift),
		cmocka_unit_test(test_tsc_counts_become_ns),
		cmocka_unit_test(test_users_frequency_replaces_the_files_conversion),
		cmocka_unit_test(test_offsets_add_up_and_come_last),
		cmocka_unit_test(test_arithmetic_is_modulo_2_64),
		cmocka_unit_test(test_which_clocks_count_ns),
		cmocka_unit_test(test_which_buffers_are_shifted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
