/*
 * test-causality.c - tracecmd/clocks/{gaps,causality,packets}: what traces prove about an offset.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "clocks/causality.h"
#include "clocks/moves.h"
#include "clocks/packets.h"

static uint64_t state;

static uint64_t below(uint64_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

/* E entry, X exit, L lost since then; the digits of the rest are pairs exit-entry. */
static void test_gaps(void **unused)
{
	static const struct { const char *events; const char *gaps; } rows[] = {
		{ "E1 X3 E5 X7 E9", "3-5 7-9" },
		{ "X1 E2 E3 X4", "1-2" },
		{ "E1 X3 X4 E5", "4-5" },
		{ "X3 E3", "" },
		{ "X1 E2 X3 E4 X5 E6 L4", "1-2 3-4" },
		{ "X1 E2 X3 E4 X5 E6 L3", "1-2" },
		{ "X1 E2 X3 L2 E4", "1-2" },
		{ "X1 E2 X3 L0 E4", "" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct gaps g = { 0 };
		const char *p;
		char text[64] = "";
		size_t n;

		for (p = rows[i].events; *p; p += p[2] ? 3 : 2) {
			int64_t t = p[1] - '0';

			if (*p == 'X')
				gaps_exit(&g, t);
			else if (*p == 'L')
				gaps_lost(&g, t);
			else
				assert_int_equal(gaps_entry(&g, t), 0);
		}
		for (n = 0; n < g.count; n++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%d-%d",
				 n ? " " : "", (int)g.at[n].exit, (int)g.at[n].entry);
		if (strcmp(text, rows[i].gaps))
			fail_msg("%s: %s", rows[i].events, text);
		gaps_release(&g);
	}
}

static void make_gaps(struct gaps *g, unsigned int n, uint64_t most)
{
	int64_t t = 1000;

	while (n--) {
		gaps_exit(g, t += 1 + below(most));
		assert_int_equal(gaps_entry(g, t += 1 + below(most)), 0);
	}
}

static void test_find(void **unused)
{
	struct gaps g = { 0 };
	unsigned int i;

	state = 7;
	make_gaps(&g, 200, 20);
	for (i = 0; i < 20000; i++) {
		size_t from = below(210), want;
		int64_t t = 990 + below(4500);

		for (want = from; want < g.count && g.at[want].entry <= t; want++)
			;
		assert_int_equal(gaps_find(&g, from, t), want < g.count ? want : g.count);
	}
	gaps_release(&g);
}

/* Guest times of events that happen while the guest runs, by a theta of @truth. */
static size_t make_events(const struct gaps *g, int64_t truth, int64_t *to, size_t room)
{
	size_t i, n = 0;

	for (i = 0; i + 1 < g->count && n + 3 < room; i++) {
		int64_t begin = g->at[i].entry, end = g->at[i + 1].exit;
		int64_t a = begin + below(end - begin + 1), b = begin + below(end - begin + 1);

		if (below(3) == 0)
			to[n++] = begin - truth;
		to[n++] = (a < b ? a : b) - truth;
		to[n++] = (a < b ? b : a) - truth;
	}
	return n;
}

static void run(struct causality *c, const struct gaps *g, const int64_t *events, size_t n,
		const struct theta *t, struct bounds *b)
{
	size_t cursor = 0, i;

	causality_init(c);
	for (i = 0; i < n; i++)
		assert_int_equal(causality_event(c, g, &cursor, events[i], t, 3, b), 0);
}

/* Whatever theta is used: no bound excludes the true one, and the truth violates nothing. */
static void test_truth(void **unused)
{
	unsigned int seed;

	for (seed = 1; seed <= 400; seed++) {
		int64_t truth, events[600], width;
		struct bounds b = { 0 };
		struct gaps g = { 0 };
		struct causality c;
		struct theta t = { .bounded = true };
		size_t n, i;

		state = seed * 7919;
		truth = (int64_t)below(2000000) - 1000000;
		width = 1 + below(200);
		make_gaps(&g, 150, 100);
		n = make_events(&g, truth, events, ARRAY_SIZE(events));
		t.lo = truth - below(width);
		t.hi = truth + below(width);
		t.mid = t.lo + below(t.hi - t.lo + 1);
		run(&c, &g, events, n, &t, &b);
		assert_int_equal(c.refuted, 0);
		for (i = 0; i < b.count; i++) {
			assert_int_equal(b.at[i].source, BOUND_WINDOW);
			assert_int_equal(b.at[i].guest_cpu, 3);
			assert_true(b.at[i].upper ? truth <= b.at[i].value : truth >= b.at[i].value);
			assert_true(b.at[i].value >= t.lo && b.at[i].value <= t.hi);
		}
		t.mid = truth;
		run(&c, &g, events, n, &t, NULL);
		assert_int_equal(c.violated, 0);
		assert_true(c.checked > n / 2);
		assert_true(c.slack_lo <= 0 && c.slack_hi >= 0);
		bounds_release(&b);
		gaps_release(&g);
	}
}

/* All of the slack is without violations, and one step beyond there are some. */
static void test_slack(void **unused)
{
	unsigned int seed;

	for (seed = 1; seed <= 100; seed++) {
		int64_t events[600], change;
		struct gaps g = { 0 };
		struct causality first, c;
		struct theta t = { .mid = 5000 };
		size_t n;

		state = seed * 104729;
		make_gaps(&g, 150, 1000);
		n = make_events(&g, t.mid, events, ARRAY_SIZE(events));
		run(&first, &g, events, n, &t, NULL);
		for (change = first.slack_lo; change <= first.slack_hi; change++) {
			struct theta moved = { .mid = t.mid + change };

			run(&c, &g, events, n, &moved, NULL);
			assert_int_equal(c.violated, 0);
		}
		t.mid = 5000 + first.slack_hi + 1;
		run(&c, &g, events, n, &t, NULL);
		assert_true(c.violated > 0);
		assert_true(c.deepest >= 1);
		t.mid = 5000 + first.slack_lo - 1;
		run(&c, &g, events, n, &t, NULL);
		assert_true(c.violated > 0);
		gaps_release(&g);
	}
}

/* A step of the clock: no theta between the bounds explains what comes after. */
static void test_refuted(void **unused)
{
	struct gaps g = { 0 };
	struct theta t = { .mid = 100, .lo = 90, .hi = 110, .bounded = true };
	int64_t events[] = { 1000 - 100, 1500 - 100, 2500 - 100 };
	struct bounds b = { 0 };
	struct causality c;

	gaps_exit(&g, 900);
	gaps_entry(&g, 995);
	gaps_exit(&g, 1400);
	gaps_entry(&g, 1600);	/* 1500 is in the midst */
	gaps_exit(&g, 2600);
	gaps_entry(&g, 2700);
	run(&c, &g, events, 3, &t, &b);
	assert_int_equal(c.checked, 3);
	assert_int_equal(c.violated, 1);
	assert_int_equal(c.deepest, 100);
	assert_int_equal(c.refuted, 1);
	/* the first one could be before 995 by the bounds, but not in the gap */
	assert_int_equal(b.count, 1);
	assert_false(b.at[0].upper);
	assert_int_equal(b.at[0].value, 995 - 900);
	bounds_release(&b);
	gaps_release(&g);
}

struct pairs {
	unsigned int count;
	int64_t delay;
};

static int count_pair(void *data, const struct packet *sent, const struct packet *received)
{
	struct pairs *p = data;

	assert_int_equal(sent->len, received->len);
	assert_int_equal(received->time - sent->time, p->delay);
	p->count++;
	return 0;
}

/* @skip_sent, @skip_received: packets at the beginning that were not recorded. */
static unsigned int pair(unsigned int n, unsigned int skip_sent, unsigned int skip_received,
			 uint64_t kinds)
{
	struct packets s = { 0 }, r = { 0 };
	struct pairs found = { .delay = 17 };
	unsigned int i, stream;

	for (stream = 0; stream < 3; stream++) {
		for (i = 0; i < n; i++) {
			struct packet p = {
				.src_cid = 3, .dst_cid = 2, .src_port = 9 - stream, .dst_port = 1,
				.len = 1 + below(kinds), .time = 1000 * i + stream,
			};

			if (i >= skip_sent)
				assert_int_equal(packets_add(&s, &p), 0);
			p.received = true;
			p.time += found.delay;
			if (i >= skip_received)
				assert_int_equal(packets_add(&r, &p), 0);
		}
	}
	assert_int_equal(packets_pair(&s, &r, count_pair, &found), 0);
	packets_release(&s);
	packets_release(&r);
	return found.count;
}

static void test_packets(void **unused)
{
	state = 99;
	assert_int_equal(pair(40, 0, 0, 1000), 3 * 40);
	assert_int_equal(pair(40, 5, 0, 1000), 3 * 35);
	assert_int_equal(pair(40, 0, 7, 1000), 3 * 33);
	/* all of one length, or too few: nothing is known */
	assert_int_equal(pair(40, 1, 0, 1), 0);
	assert_int_equal(pair(7, 0, 0, 1000), 0);
	/* of another stream */
	assert_int_equal(pair(0, 0, 0, 1000), 0);
}

static void test_packet_bounds(void **unused)
{
	struct theta t = { .mid = 100 };
	struct bounds b = { 0 };
	struct causality c;

	causality_init(&c);
	/* theta(1000) <= 1150 - 1000, theta(2000) >= 2080 - 2000 */
	assert_int_equal(causality_packet(&c, true, 1000, 1150, &t, &b), 0);
	assert_int_equal(causality_packet(&c, false, 2080, 2000, &t, &b), 0);
	assert_int_equal(c.packets, 2);
	assert_int_equal(c.packets_violated, 0);
	assert_int_equal(c.slack_lo, -20);
	assert_int_equal(c.slack_hi, 50);
	assert_true(b.at[0].upper && b.at[0].value == 150 && b.at[0].time == 1000);
	assert_true(!b.at[1].upper && b.at[1].value == 80 && b.at[1].time == 2000);
	/* received before it was sent */
	assert_int_equal(causality_packet(&c, true, 1000, 1090, &t, NULL), 0);
	assert_int_equal(causality_packet(&c, false, 2130, 2000, &t, NULL), 0);
	assert_int_equal(c.packets_violated, 2);
	assert_int_equal(c.deepest, 30);
	bounds_release(&b);
}

/* TIME:VCPU:BEFORE:AFTER of the host's events, and what they prove. */
static void test_moves(void **unused)
{
	static const struct { const char *moves; bool by_cpu; int nr_vcpus; int bounds; } rows[] = {
		{ "", false, 1, 0 },
		{ "100:0:-50:-20", false, 1, 4 },
		{ "100:0:-50:-20 110:1:-50:-20", false, 2, 8 },
		{ "100:0:-50:-20 110:1:-50:-20", true, 2, 8 },
		{ "100:0:-50:-20 110:1:-50:-20 200:1:-20:0 200:0:-20:0", false, 2, 16 },
		/* the other one has not moved, or only when the first was past its step, or elsewhere */
		{ "100:0:-50:-20", false, 2, 0 },
		{ "100:0:-50:-20 130:1:-50:-20", false, 2, 0 },
		{ "100:0:-50:-20 130:1:-50:-20", true, 2, 8 },
		{ "100:0:-50:-20 110:1:-50:-21", false, 2, 0 },
		{ "100:0:-50:-20 110:0:-50:-20", false, 2, 0 },
		/* back, at once or in the end */
		{ "100:0:-20:-50", true, 1, 0 },
		{ "100:0:-50:-20 200:0:-20:-50", true, 1, 0 },
		/* nothing but noise */
		{ "100:0:-20:-20", true, 1, 0 },
		{ "100:0:-9223372036854775808:-20", true, 1, 0 },
		{ "9223372036854775807:0:-20:1", true, 1, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct moves m = { 0 };
		struct bounds b = { 0 };
		struct move one;
		const char *p = rows[i].moves;
		int n = 0, len;

		for (; sscanf(p, "%" SCNd64 ":%d:%" SCNd64 ":%" SCNd64 "%n", &one.time, &one.vcpu, &one.before,
			      &one.after, &len) == 4; p += len)
			assert_int_equal(moves_add(&m, &one), 0);
		assert_int_equal(*p, 0);
		n = moves_bounds(&m, rows[i].by_cpu, rows[i].nr_vcpus, &b);
		if (n != rows[i].bounds || b.count != (size_t)n)
			fail_msg("%s: %d bounds instead of %d", rows[i].moves, n, rows[i].bounds);
		if (n) {
			/* theta is 50 until the guest's 50, then 20 from its 80 on */
			assert_int_equal(b.at[0].time, 50);
			assert_int_equal(b.at[0].value, 50);
			assert_int_equal(b.at[2].time, 80);
			assert_int_equal(b.at[2].value, 20);
			assert_int_equal(b.at[0].source, BOUND_KVM);
			assert_int_equal(b.at[0].guest_cpu, rows[i].by_cpu ? 0 : -1);
			assert_true(!b.at[0].upper && b.at[1].upper);
		}
		moves_release(&m);
		bounds_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_truth),
		cmocka_unit_test(test_slack),
		cmocka_unit_test(test_refuted),
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_packet_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
