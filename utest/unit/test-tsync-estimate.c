/*
 * Series and estimators on hand-made probes, the extremes included.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tsync/estimate.h"

static void put(struct series *s, uint32_t number, int64_t send, int64_t client, int64_t receive)
{
	assert_int_equal(series_set(s, SERIES_SEND, number, send), 0);
	assert_int_equal(series_set(s, SERIES_CLIENT, number, client), 0);
	assert_int_equal(series_set(s, SERIES_RECEIVE, number, receive), 0);
}

static void series_refuses_numbers_out_of_range_and_repeats(void **state)
{
	struct series s;

	series_reset(&s, 1);
	assert_int_equal(series_set(&s, SERIES_SEND, 0, 1), -EINVAL);
	assert_int_equal(series_set(&s, SERIES_SEND, PTP_PROBES + 1, 1), -EINVAL);
	assert_int_equal(series_set(&s, SERIES_SEND, 0x80000000, 1), -EINVAL);
	assert_int_equal(series_set(&s, SERIES_SEND, PTP_PROBES, 5), 0);
	assert_int_equal(series_set(&s, SERIES_SEND, PTP_PROBES, 6), -EEXIST);
	assert_int_equal(s.probe[PTP_PROBES - 1].time[SERIES_SEND], 5);
	assert_int_equal(series_count(&s, SERIES_SEND), 1);
	assert_int_equal(series_count(&s, SERIES_CLIENT), 0);
}

static void view_tells_bounds_and_midpoint(void **state)
{
	static const struct {
		int64_t send, client, receive;
		bool good;
		int64_t midpoint, offset, response, lo, hi;
	} cases[] = {
		{ 100, 1110, 120, true, 110, 1000, 20, 990, 1010 },
		{ 100, 110, 121, true, 110, 0, 21, -11, 10 },
		{ 0, 0, 0, true, 0, 0, 0, 0, 0 },
		{ -3, 0, 0, true, -2, 2, 3, 0, 3 },
		{ 100, 50, 120, true, 110, -60, 20, -70, -50 },
		/* an answer before the question */
		{ 120, 50, 119, false, 0, 0, 0, 0, 0 },
		{ INT64_MAX, 0, INT64_MIN, false, 0, 0, 0, 0, 0 },
		/* differences beyond 64 bits */
		{ INT64_MIN, 0, INT64_MAX, false, 0, 0, 0, 0, 0 },
		{ -2, INT64_MAX, -1, false, 0, 0, 0, 0, 0 },
		{ 1, INT64_MIN, 2, false, 0, 0, 0, 0, 0 },
		{ INT64_MAX - 2, INT64_MAX, INT64_MAX, true, INT64_MAX - 1, 1, 2, 0, 2 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct series s;
		struct probe_view v;

		series_reset(&s, 1);
		put(&s, 1, cases[i].send, cases[i].client, cases[i].receive);
		assert_int_equal(probe_view(&s.probe[0], &v), cases[i].good);
		if (!cases[i].good)
			continue;
		assert_int_equal(v.midpoint, cases[i].midpoint);
		assert_int_equal(v.offset, cases[i].offset);
		assert_int_equal(v.response, cases[i].response);
		assert_int_equal(v.lo, cases[i].lo);
		assert_int_equal(v.hi, cases[i].hi);
	}
}

static void incomplete_probe_is_no_probe(void **state)
{
	unsigned int field;

	for (field = 0; field < SERIES_FIELDS; field++) {
		struct series s;
		struct estimate est;
		unsigned int other;

		series_reset(&s, 1);
		for (other = 0; other < SERIES_FIELDS; other++)
			if (other != field)
				series_set(&s, other, 1, 100);
		assert_int_equal(estimate_fastest(&s, &est), -ENODATA);
		assert_int_equal(estimate_histogram(&s, &est), -ENODATA);
		put(&s, 2, 10, 15, 20);
		assert_int_equal(estimate_histogram(&s, &est), 0);
		assert_int_equal(est.good, 1);
		assert_int_equal(est.bad, 1);
	}
}

static void fastest_is_the_first_of_the_smallest_response(void **state)
{
	struct series s;
	struct estimate est;

	series_reset(&s, 1);
	put(&s, 1, 1000, 1100, 1050);
	put(&s, 2, 2000, 2109, 2030);
	put(&s, 3, 3000, 3500, 3030);
	put(&s, 4, 4000, 3900, 3999);
	assert_int_equal(estimate_fastest(&s, &est), 0);
	assert_int_equal(est.probe, 2);
	assert_int_equal(est.time, 2015);
	assert_int_equal(est.offset, 94);
	assert_int_equal(est.response, 30);
	assert_int_equal(est.good, 3);
	assert_int_equal(est.bad, 1);
	/* the third probe contradicts the others */
	assert_int_equal(est.lo, 470);
	assert_int_equal(est.hi, 100);
}

static void histogram_takes_a_point_of_the_peak_and_its_time(void **state)
{
	struct series s;
	struct estimate est;
	uint32_t n;

	series_reset(&s, 1);
	/* 200 probes around -500, 139 spread widely above */
	for (n = 1; n <= PTP_PROBES; n++) {
		int64_t offset = n <= 200 ? -500 + (int)(n % 5) - 2 : (int64_t)n * 1000;
		int64_t send = n * 100;

		put(&s, n, send, send + 10 + offset, send + 20);
	}
	assert_int_equal(estimate_histogram(&s, &est), 0);
	assert_in_range(est.offset + 502, 0, 4);
	assert_in_range(est.probe, 1, 200);
	assert_int_equal(est.time, est.probe * 100 + 10);
	assert_int_equal(est.offset, -500 + (int)(est.probe % 5) - 2);
}

static void histogram_does_not_fold_signs(void **state)
{
	struct series s;
	struct estimate est;
	uint32_t n;

	series_reset(&s, 1);
	/* by absolute value, +-70 would be the peak */
	for (n = 1; n <= 300; n++) {
		static const int64_t offsets[] = { 70, -70, 10, 10, -70, 70, 10, 90, -90, 30 };

		put(&s, n, 0, 10 + offsets[n % 10], 20);
	}
	assert_int_equal(estimate_histogram(&s, &est), 0);
	assert_int_equal(est.offset, 10);
}

static void histogram_stands_any_spread(void **state)
{
	struct series s;
	struct estimate est;
	uint32_t n;

	/* none at all, where a bin of spread / 339 has no width */
	series_reset(&s, 1);
	for (n = 1; n <= PTP_PROBES; n++)
		put(&s, n, 0, 10, 20);
	assert_int_equal(estimate_histogram(&s, &est), 0);
	assert_int_equal(est.offset, 0);
	assert_int_equal(est.response, 20);

	/* all there is */
	series_reset(&s, 1);
	for (n = 1; n <= PTP_PROBES; n++)
		put(&s, n, 0, n % 2 ? INT64_MAX : INT64_MIN + 1, 0);
	assert_int_equal(estimate_histogram(&s, &est), 0);
	assert_int_equal(est.offset, INT64_MAX);

	/* a single probe */
	series_reset(&s, 1);
	put(&s, 77, 0, -10, 20);
	assert_int_equal(estimate_histogram(&s, &est), 0);
	assert_int_equal(est.offset, -20);
	assert_int_equal(est.probe, 77);
}

static void flags_choose_the_estimator(void **state)
{
	struct series s;
	struct estimate est;

	series_reset(&s, 1);
	put(&s, 1, 0, 15, 10);
	put(&s, 2, 0, 50, 100);
	put(&s, 3, 0, 50, 100);
	assert_int_equal(estimate_series(&s, PTP_FLAG_FASTEST_RESPONSE, &est), 0);
	assert_int_equal(est.offset, 10);
	assert_int_equal(estimate_series(&s, PTP_FLAG_USE_MARKER, &est), 0);
	assert_int_equal(est.offset, 0);
}

/* Take stamps of @from into a new series, by the lists that go over the wire. */
static void pass_on(const struct series *host, const struct series *guest, struct series *ret)
{
	static struct ptp_list list;

	series_reset(ret, guest->id);
	series_to_client_list(host, &list);
	assert_true(list.count <= PTP_PROBES);
	series_take_client_list(ret, &list);
	series_to_report(guest, &list);
	assert_int_equal(list.count, PTP_SLOTS);
	series_take_report(ret, &list);
}

static void lists_carry_all_stamps_but_the_lost_ones(void **state)
{
	struct series host, guest, both;
	uint32_t n;

	series_reset(&host, 9);
	series_reset(&guest, 9);
	for (n = 1; n <= PTP_PROBES; n++) {
		if (n % 7)
			series_set(&guest, SERIES_SEND, n, n * 10);
		if (n % 5)
			series_set(&host, SERIES_CLIENT, n, n * 10 + 1);
		if (n % 3)
			series_set(&guest, SERIES_RECEIVE, n, n * 10 + 2);
	}
	pass_on(&host, &guest, &both);
	for (n = 1; n <= PTP_PROBES; n++) {
		struct probe_view v;
		bool good = n % 7 && n % 5 && n % 3;

		assert_int_equal(probe_view(&both.probe[n - 1], &v), good);
		if (good)
			assert_int_equal(v.midpoint, n * 10 + 1);
	}
}

static void client_list_counts_to_the_last_slot_in_use(void **state)
{
	static struct ptp_list list;
	struct series s;

	series_reset(&s, 4);
	series_to_client_list(&s, &list);
	assert_int_equal(list.count, 0);
	series_set(&s, SERIES_CLIENT, 3, 30);
	series_set(&s, SERIES_CLIENT, 8, 80);
	series_to_client_list(&s, &list);
	assert_int_equal(list.series, 4);
	assert_int_equal(list.count, 8);
	assert_int_equal(list.slot[0].probe, 0);
	assert_int_equal(list.slot[2].time, 30);
	assert_int_equal(list.slot[7].probe, 8);
}

static void slots_with_foreign_numbers_are_ignored(void **state)
{
	static struct ptp_list list = { .series = 1, .count = PTP_SLOTS };
	struct series s;
	unsigned int i;

	for (i = 0; i < PTP_SLOTS; i++) {
		list.slot[i].time = 5;
		list.slot[i].probe = 2;
	}
	series_reset(&s, 1);
	series_take_client_list(&s, &list);
	series_take_report(&s, &list);
	for (i = 0; i < SERIES_FIELDS; i++)
		assert_int_equal(series_count(&s, i), 1);
	assert_int_equal(s.probe[1].have, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(series_refuses_numbers_out_of_range_and_repeats),
		cmocka_unit_test(view_tells_bounds_and_midpoint),
		cmocka_unit_test(incomplete_probe_is_no_probe),
		cmocka_unit_test(fastest_is_the_first_of_the_smallest_response),
		cmocka_unit_test(histogram_takes_a_point_of_the_peak_and_its_time),
		cmocka_unit_test(histogram_does_not_fold_signs),
		cmocka_unit_test(histogram_stands_any_spread),
		cmocka_unit_test(flags_choose_the_estimator),
		cmocka_unit_test(lists_carry_all_stamps_but_the_lost_ones),
		cmocka_unit_test(client_list_counts_to_the_last_slot_in_use),
		cmocka_unit_test(slots_with_foreign_numbers_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
