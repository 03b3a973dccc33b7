/*
 * The error that whole sessions make over TCP loopback, where the true offset is 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/tsync-pair.h"

#define ROUNDS 20

static int by_value(const void *pa, const void *pb)
{
	int64_t a = *(const int64_t *)pa, b = *(const int64_t *)pb;

	return a < b ? -1 : a > b;
}

/* A session of two passes, ROUNDS rounds in all. */
static void measure(uint32_t flags, struct tsync_samples *ret)
{
	struct tsync_pair p;

	pair_init(&p, flags, true);
	p.host_conf.report = p.guest_conf.report = true;
	p.host_conf.per_cpu = true;
	p.host_conf.nr_cpus = ROUNDS / 2;
	assert_int_equal(pair_start(&p), 0);
	assert_int_equal(tsync_host_wait_first(p.host, 60000, &p.err), 0);
	assert_int_equal(tsync_host_stop(p.host, 60000, ret, &p.err), 0);
	assert_int_equal(tsync_guest_stop(p.guest, 5000), 0);
	pair_free(&p);
}

static void check_error(uint32_t flags)
{
	struct tsync_samples samples;
	int64_t offset[ROUNDS], fastest = INT64_MAX, sum = 0;
	int i;

	if ((flags & PTP_FLAG_USE_MARKER) && !pair_can_mark()) {
		print_message("SKIPPED: markers need root and tracefs\n");
		skip();
	}
	measure(flags, &samples);
	assert_int_equal(samples.count, ROUNDS);
	for (i = 0; i < ROUNDS; i++) {
		struct tsync_result *r = &samples.results[i];

		offset[i] = r->offset;
		sum += r->offset;
		if (r->response < fastest)
			fastest = r->response;
		/* a bound that holds whatever the load of the machine: half the round trip */
		if (flags & PTP_FLAG_FASTEST_RESPONSE)
			assert_true(llabs(r->offset) <= r->response / 2 + 1);
	}
	qsort(offset, ROUNDS, sizeof(offset[0]), by_value);
	print_message("%s, %s: %d rounds, offset ns: median %lld, mean %lld, min %lld, max %lld; "
		      "fastest response %lld ns\n",
		      flags & PTP_FLAG_FASTEST_RESPONSE ? "fastest" : "histogram",
		      flags & PTP_FLAG_USE_MARKER ? "marker" : "mono_raw", ROUNDS,
		      (long long)offset[ROUNDS / 2], (long long)sum / ROUNDS, (long long)offset[0],
		      (long long)offset[ROUNDS - 1], (long long)fastest);
	/* no machine is so loaded that most rounds are this wrong */
	assert_true(llabs(offset[ROUNDS / 2]) < 1000000);
	tsync_samples_release(&samples);
}

static void fastest_raw_is_near_zero(void **state)
{
	check_error(PTP_FLAG_FASTEST_RESPONSE);
}

static void histogram_raw_is_near_zero(void **state)
{
	check_error(0);
}

static void fastest_marker_is_near_zero(void **state)
{
	check_error(PTP_FLAG_FASTEST_RESPONSE | PTP_FLAG_USE_MARKER);
}

static void histogram_marker_is_near_zero(void **state)
{
	check_error(PTP_FLAG_USE_MARKER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fastest_raw_is_near_zero),
		cmocka_unit_test(histogram_raw_is_near_zero),
		cmocka_unit_test(fastest_marker_is_near_zero),
		cmocka_unit_test(histogram_marker_is_near_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
