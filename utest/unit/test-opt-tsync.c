/*
 * The option that says how well a clock is known: bytes, hostile ones, and what its lines mean.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "wire/opt-tsync.h"

/* rounded up, so that a million makes one */
#define PPM ((((int64_t)1) << OPT_TSYNC_SLOPE_SHIFT) / 1000000 + 1)

static struct opt_tsync_segment segments[] = {
	{ .first = 1000, .last = 2001000, .from = INT64_MIN, .to = 2500000, .offset = 500,
	  .drift = PPM, .drift_lo = 0, .drift_hi = 2 * PPM, .lo_first = 400, .hi_first = 600,
	  .lo_last = 402, .hi_last = 602, .flags = OPT_TSYNC_SEG_KNOWN, .bounds = 20,
	  .lo_source = 1, .hi_source = 3 },
	{ .first = 3000000, .last = 4000000, .from = 2400000, .to = INT64_MAX, .offset = -9000,
	  .lo_first = -9100, .hi_first = -8900, .lo_last = -9100, .hi_last = -8900,
	  .flags = OPT_TSYNC_SEG_KNOWN | OPT_TSYNC_SEG_STEP, .bounds = 7 },
};
static struct opt_tsync_segment other = {
	.first = 0, .last = 0, .from = INT64_MIN, .to = INT64_MAX, .offset = 77, .lo_first = 70,
	.hi_first = 80, .lo_last = 70, .hi_last = 80, .flags = OPT_TSYNC_SEG_KNOWN,
};
static int32_t cpus0[] = { 0, 2 }, cpus1[] = { 1 };
static struct opt_tsync_group groups[] = {
	{ .nr_cpus = 2, .cpus = cpus0, .nr_segments = 2, .segments = segments },
	{ .nr_cpus = 1, .cpus = cpus1, .nr_segments = 1, .segments = &other },
};
static struct opt_tsync_bound raw[] = {
	{ .time = 5, .value = -6, .guest_cpu = -1, .host_cpu = 3, .source = 2, .upper = 1 },
};
static const struct opt_tsync sample = {
	.peer_id = 0x1122334455667788, .flags = OPT_TSYNC_GUARANTEED | OPT_TSYNC_APART,
	.method = "ptp", .host_clock = "local", .guest_clock = "mono", .rounds = 2, .probes = 678,
	.rtt_min = 200, .rtt_median = 300, .sigma = 9, .quantum = 1, .rho_max_ppb = 200000,
	.kind = OPT_TSYNC_GUEST_CPUS, .nr_groups = 2, .groups = groups, .nr_raw = 1, .raw = raw,
};

static void what_is_written_is_read_and_written_again(void **state)
{
	enum byte_order orders[] = { ORDER_LITTLE, ORDER_BIG };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		_cleanup_buf_ struct buf b = BUF_INIT, again = BUF_INIT;
		_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };

		assert_int_equal(opt_tsync_put(&b, orders[i], &sample), 0);
		assert_int_equal(opt_tsync_parse(b.data, b.len, orders[i], &t), 0);
		assert_int_equal(opt_tsync_put(&again, orders[i], &t), 0);
		assert_int_equal(b.len, again.len);
		assert_memory_equal(b.data, again.data, b.len);
		assert_true(t.peer_id == sample.peer_id);
		assert_int_equal(t.flags, 3);
		assert_string_equal(t.method, "ptp");
		assert_string_equal(t.guest_clock, "mono");
		assert_int_equal(t.probes, 678);
		assert_int_equal(t.rho_max_ppb, 200000);
		assert_int_equal(t.groups[0].cpus[1], 2);
		assert_int_equal(t.groups[0].segments[1].offset, -9000);
		assert_int_equal(t.groups[0].segments[0].hi_source, 3);
		assert_int_equal(t.raw[0].value, -6);
		assert_int_equal(t.raw[0].guest_cpu, -1);
		/* in the other order it has another version, if it is nothing else */
		opt_tsync_release(&t);
		assert_int_equal(opt_tsync_parse(b.data, b.len, orders[!i], &t), -EBADMSG);
	}
}

static void cut_or_longer_it_is_refused(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct opt_tsync t;
	size_t len;

	opt_tsync_put(&b, ORDER_LITTLE, &sample);
	for (len = 0; len < b.len; len++) {
		/* an allocation of its own, so that the sanitizer sees reads behind it */
		uint8_t *part = malloc(len + !len);

		memcpy(part, b.data, len);
		assert_int_equal(opt_tsync_parse(part, len, ORDER_LITTLE, &t), -EBADMSG);
		free(part);
	}
	buf_add(&b, "", 1);
	assert_int_equal(opt_tsync_parse(b.data, b.len, ORDER_LITTLE, &t), -EBADMSG);
}

/* Whatever a byte is changed to: refused, or harmless to use. */
static void no_byte_breaks_the_arithmetic(void **state)
{
	static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };
	static const int64_t times[] = { INT64_MIN, -1, 0, 5000, INT64_MAX };
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t i, k, n;
	unsigned int accepted = 0;

	opt_tsync_put(&b, ORDER_LITTLE, &sample);
	for (i = 0; i < b.len; i++) {
		uint8_t was = b.data[i];

		for (k = 0; k < ARRAY_SIZE(values); k++) {
			struct opt_tsync t;
			struct opt_tsync_value v;
			struct buf text = BUF_INIT;

			b.data[i] = values[k];
			if (opt_tsync_parse(b.data, b.len, ORDER_LITTLE, &t))
				continue;
			accepted++;
			for (n = 0; n < ARRAY_SIZE(times); n++)
				if (!opt_tsync_at(&t, n, -1, times[n], &v))
					assert_true(v.lo <= v.mid && v.mid <= v.hi);
			opt_tsync_text(&text, &t, 1);
			buf_release(&text);
			opt_tsync_release(&t);
		}
		b.data[i] = was;
	}
	assert_true(accepted > 100);
}

static void limits_are_lines_and_widen_outside(void **state)
{
	struct opt_tsync_value v;
	const struct opt_tsync_group *g = &groups[0];

	assert_int_equal(opt_tsync_group_at(g, 1000, &v), 0);
	assert_true(v.lo == 400 && v.hi == 600 && v.mid == 500);
	assert_int_equal(opt_tsync_group_at(g, 1001000, &v), 0);
	assert_true(v.lo == 401 && v.hi == 601 && v.mid == 501);
	assert_int_equal(opt_tsync_group_at(g, 2001000, &v), 0);
	assert_true(v.lo == 402 && v.hi == 602 && v.mid == 502);
	/* a second before: by the largest and smallest drift, rounded outwards */
	assert_int_equal(opt_tsync_group_at(g, 1000 - 1000000000, &v), 0);
	assert_in_range(-v.lo, 1600, 1601);
	assert_int_equal(v.hi, 600);
	assert_in_range(-v.mid, 500, 501);
	/* and only what drifts where */
	assert_int_equal(opt_tsync_group_at(g, 2400000 - 1, &v), 0);
	assert_int_equal(v.lo, 402);
	assert_in_range(v.hi, 602, 603);
}

static void around_a_step_both_sides_are_covered(void **state)
{
	struct opt_tsync_value v;

	assert_int_equal(opt_tsync_group_at(&groups[0], 2450000, &v), 0);
	assert_true(v.lo == -9100 && v.hi >= 602);
	assert_true(v.mid > 0);
	/* the estimate changes in the middle between the measurements */
	assert_int_equal(opt_tsync_group_at(&groups[0], 2500501, &v), 0);
	assert_true(v.lo == -9100 && v.hi == -8900);
	assert_int_equal(v.mid, -9000);
}

static void a_cpu_has_its_own_group_and_an_unknown_one_all(void **state)
{
	struct opt_tsync_value v;

	assert_int_equal(opt_tsync_at(&sample, 1, -1, 3500000, &v), 0);
	assert_true(v.lo == 70 && v.hi == 80 && v.mid == 77);
	assert_int_equal(opt_tsync_at(&sample, 2, -1, 3500000, &v), 0);
	assert_int_equal(v.mid, -9000);
	assert_int_equal(opt_tsync_at(&sample, 9, -1, 3500000, &v), 0);
	assert_true(v.lo == -9100 && v.hi == 80);
}

static void the_text_says_what_matters(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT, cycles = BUF_INIT;

	opt_tsync_text(&b, &sample, 1);
	assert_string_equal((char *)b.data,
			    "ptp: +-100 ns guaranteed, repeatability 9 ns; drift 0.000 ppm; a clock stepped 1 time; 2 groups of guest CPUs disagree; 678 probes in 2 rounds, round trip 200 ns at least, 300 ns in the median");
	opt_tsync_text(&cycles, &sample, 0);
	assert_non_null(strstr((char *)cycles.data, "+-100 cycles guaranteed"));
	assert_int_equal(opt_tsync_worst(&sample), 100);
	assert_int_equal(opt_tsync_steps(&sample), 1);
}

static void groups_are_told_by_their_cpus(void **state)
{
	static int32_t few[] = { 0, 1, 2, 5 }, others[] = { -1, 3, 4 }, one[] = { 7 };
	struct opt_tsync_group three[] = {
		{ .nr_cpus = 4, .cpus = few }, { .nr_cpus = 3, .cpus = others },
		{ .nr_cpus = 1, .cpus = one },
	};
	struct opt_tsync t = { .nr_groups = 3, .groups = three };
	_cleanup_buf_ struct buf b = BUF_INIT, two = BUF_INIT;

	opt_tsync_text_apart(&b, &t);
	assert_string_equal((char *)b.data, "0-2,5; others,3-4 and 7");
	t.nr_groups = 2;
	opt_tsync_text_apart(&two, &t);
	assert_string_equal((char *)two.data, "0-2,5 and others,3-4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_and_written_again),
		cmocka_unit_test(cut_or_longer_it_is_refused),
		cmocka_unit_test(no_byte_breaks_the_arithmetic),
		cmocka_unit_test(limits_are_lines_and_widen_outside),
		cmocka_unit_test(around_a_step_both_sides_are_covered),
		cmocka_unit_test(a_cpu_has_its_own_group_and_an_unknown_one_all),
		cmocka_unit_test(the_text_says_what_matters),
		cmocka_unit_test(groups_are_told_by_their_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
