/*
 * test-report-line.c - the time column, of which lines keep what did not change.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "report/line.h"

struct bench {
	struct plan_line look;
	struct stream s;
	struct textout out;
	struct line_printer line;
};

static void bench_init(struct bench *b)
{
	*b = (struct bench){ .s.time_in_ns = true };
	assert_int_equal(textout_init(&b->out, -1), 0);
	b->line = (struct line_printer){ .out = &b->out, .look = &b->look };
}

/* A line with the time @ts, behind all those before it. */
static void check_time(struct bench *b, uint64_t ts)
{
	uint64_t us = ts / 1000 + (ts % 1000 >= 500);
	struct shown_extra extra = { .id = 7 };
	struct shown e = { .s = &b->s, .ts = ts, .how = SHOWN_UNKNOWN, .pid = 1, .extra = &extra };
	char wanted[128];
	int n = snprintf(wanted, sizeof(wanted), "%16s-%-5d [000] %5" PRIu64 ".%06" PRIu64 ": [UNKNOWN EVENT 7]\n",
			 "<...>", 1, us / 1000000, us % 1000000);

	line_shown(&b->line, &e);
	if (b->out.len != (size_t)n || memcmp(b->out.data, wanted, n))
		fail_msg("%" PRIu64 ": wanted %s got %.*s", ts, wanted, (int)b->out.len, (const char *)b->out.data);
	b->out.len = 0;
}

static void test_times_at_edges_follow_each_other_in_any_order(void **state)
{
	static const uint64_t edges[] = {
		0, 499, 500, 99499, 99500, 100499, 199500, 1000000000, 999999499, 999999500, 1000099499, 1000099500,
		UINT64_MAX, UINT64_MAX - 499, UINT64_MAX - 50000, UINT64_MAX - 99999, UINT64_MAX - 100500, 1ull << 63,
	};
	struct bench b;
	unsigned int i, j;

	bench_init(&b);
	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		for (j = 0; j < ARRAY_SIZE(edges); j++) {
			check_time(&b, edges[i]);
			check_time(&b, edges[j]);
			check_time(&b, edges[j] + 1);
			check_time(&b, edges[j] - 1);
		}
	}
	textout_release(&b.out);
}

static void test_times_are_rounded_at_each_step(void **state)
{
	struct bench b;
	uint64_t ts;

	bench_init(&b);
	for (ts = 12345678901000; ts < 12345679301000; ts += 17)
		check_time(&b, ts);
	for (; ts > 12345678901000; ts -= 113)
		check_time(&b, ts);
	textout_release(&b.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times_at_edges_follow_each_other_in_any_order),
		cmocka_unit_test(test_times_are_rounded_at_each_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
