/*
 * test-burst.c - messages and packets of the burst protocol, and what is made of its stamps.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "sim/clocksim.h"
#include "tsync/burst.h"
#include "wire/burst.h"
#include "wire/cursor.h"
#include "wire/msg.h"

/* --- bytes ------------------------------------------------------------------- */

static void messages_decode_and_encode_to_the_same_bytes(void **state)
{
	static const uint8_t begin[] = { 0, 0, 0, 7, 0, 0, 4, 0, 0, 0, 0x75, 0x30 };
	static const uint8_t ready[] = { 0, 0, 0, 7, 0, 0, 0, 1 };
	static const uint8_t stamps[] = {
		0, 0, 0, 7, 0, 0, 0, 3, 0, 0, 0, 1,
		0, 0, 0, 0, 0, 0, 0, 5, 0x80, 0, 0, 0, 0, 0, 0, 0,
	};
	_cleanup_buf_ struct buf b = BUF_INIT;
	static struct burst_stamps s;
	struct burst_begin m;
	struct burst_ready r;

	assert_int_equal(burst_begin_parse(begin, sizeof(begin), &m), 0);
	assert_int_equal(m.series, 7);
	assert_int_equal(m.probes, BURST_PROBES);
	assert_int_equal(m.limit_us, 30000);
	burst_begin_put(&b, &m);
	assert_int_equal(b.len, sizeof(begin));
	assert_memory_equal(b.data, begin, sizeof(begin));

	buf_reset(&b);
	assert_int_equal(burst_ready_parse(ready, sizeof(ready), &r), 0);
	assert_int_equal(r.flags, BURST_FL_STAMPS);
	burst_ready_put(&b, &r);
	assert_memory_equal(b.data, ready, sizeof(ready));

	buf_reset(&b);
	assert_int_equal(burst_stamps_parse(stamps, sizeof(stamps), &s), 0);
	assert_int_equal(s.first, 3);
	assert_int_equal(s.count, 1);
	assert_true(s.send[0] == 5 && s.receive[0] == BURST_NO_STAMP);
	burst_stamps_put(&b, &s);
	assert_int_equal(b.len, sizeof(stamps));
	assert_memory_equal(b.data, stamps, sizeof(stamps));
}

static void the_longest_message_of_stamps_fits_a_message(void **state)
{
	static struct burst_stamps s = { .first = 1, .count = BURST_STAMPS_MAX }, got;
	_cleanup_buf_ struct buf b = BUF_INIT, whole = BUF_INIT;

	burst_stamps_put(&b, &s);
	assert_int_equal(b.error, 0);
	assert_int_equal(msg_tsync_put(&whole, BURST_NAME, BURST_STAMPS, b.data, b.len), 0);
	assert_int_equal(burst_stamps_parse(b.data, b.len, &got), 0);
	assert_int_equal(got.count, BURST_STAMPS_MAX);
}

static void values_out_of_range_are_refused(void **state)
{
	static const uint8_t begins[][12] = {
		{ 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1 },		/* no probes */
		{ 0, 0, 0, 1, 0, 0, 4, 1, 0, 0, 0, 1 },		/* too many */
		{ 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0 },		/* no time */
		{ 0, 0, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff },
	};
	static const uint8_t flags[] = { 0, 0, 0, 1, 0, 0, 0, 2 };
	static const struct { uint32_t first, count; } lists[] = {
		{ 0, 1 }, { 1, 0 }, { 1, BURST_STAMPS_MAX + 1 }, { BURST_PROBES, 2 },
		{ BURST_PROBES + 1, 1 }, { UINT32_MAX, 2 }, { 2, UINT32_MAX },
	};
	static uint8_t bytes[12 + 16 * (BURST_STAMPS_MAX + 1)];
	static struct burst_stamps s;
	struct burst_begin m;
	struct burst_ready r;
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(begins); i++)
		assert_int_equal(burst_begin_parse(begins[i], 12, &m), -EBADMSG);
	assert_int_equal(burst_ready_parse(flags, 8, &r), -EBADMSG);
	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		store_u32(bytes + 4, ORDER_BIG, lists[i].first);
		store_u32(bytes + 8, ORDER_BIG, lists[i].count);
		len = 12 + 16 * (size_t)(lists[i].count <= BURST_STAMPS_MAX + 1 ? lists[i].count : 1);
		assert_int_equal(burst_stamps_parse(bytes, len, &s), -EBADMSG);
	}
	store_u32(bytes + 4, ORDER_BIG, 1);
	store_u32(bytes + 8, ORDER_BIG, 2);
	for (len = 0; len < 64; len++) {
		_cleanup_free_ uint8_t *copy = malloc(len + 1);

		memcpy(copy, bytes, len);
		assert_int_equal(burst_stamps_parse(copy, len, &s), len == 44 ? 0 : -EBADMSG);
		if (len != 12)
			assert_int_equal(burst_begin_parse(copy, len, &m), -EBADMSG);
		if (len != 8)
			assert_int_equal(burst_ready_parse(copy, len, &r), -EBADMSG);
	}
}

static void packets_are_of_32_bytes_and_no_messages(void **state)
{
	struct burst_packet p = {
		.kind = BURST_PROBE, .number = 0x102, .series = 3, .send = 4, .receive = -5,
	}, got;
	uint8_t data[BURST_PACKET_LEN], bad[BURST_PACKET_LEN];
	static const uint8_t head[] = {
		0, 0, 0, 32, 'b', 'u', 'r', 's', 0, 1, 1, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0xff,
	};
	struct msg m;
	size_t i;

	burst_packet_put(data, &p);
	assert_memory_equal(data, head, sizeof(head));
	assert_true(burst_is_packet(data));
	assert_int_equal(burst_packet_parse(data, &got), 0);
	assert_int_equal(got.kind, p.kind);
	assert_int_equal(got.number, p.number);
	assert_int_equal(got.series, p.series);
	assert_true(got.send == 4 && got.receive == -5);
	/* who takes it for a message refuses it */
	assert_int_not_equal(msg_parse(data, sizeof(data), &m), 0);
	/* size, command, kind, and a number that is too high */
	for (i = 0; i < 11; i++) {
		memcpy(bad, data, sizeof(bad));
		bad[i] ^= 0x40;
		assert_int_equal(burst_packet_parse(bad, &got), -EBADMSG);
	}
	store_u16(data + 10, ORDER_BIG, 0);
	assert_int_equal(burst_packet_parse(data, &got), -EBADMSG);
}

/* --- bounds ------------------------------------------------------------------- */

#define ALL ((1 << BURST_FIELDS) - 1)

static void the_bounds_of_a_probe_are_those_of_causality(void **state)
{
	/* the host is 1000 ahead; up takes 30, the host 500, down 10 */
	const struct burst_probe p = { { 100, 1130, 1630, 640 }, ALL };
	struct bounds b = { 0 };
	struct burst_outcome o;

	assert_int_equal(burst_outcome(&p, 1, 0, &o), 0);
	assert_true(o.lo == 990 && o.hi == 1030 && o.offset == 1010);
	assert_true(o.response == 40 && o.time == 370);
	assert_int_equal(o.probes, 1);
	assert_int_equal(burst_outcome(&p, 1, 3, &o), 0);
	assert_true(o.lo == 987 && o.hi == 1033 && o.offset == 1010);
	assert_int_equal(burst_bounds(&p, 1, 3, &b), 0);
	assert_int_equal(b.count, 2);
	assert_true(b.at[0].upper && b.at[0].value == 1033 && b.at[0].time == 100);
	assert_true(!b.at[1].upper && b.at[1].value == 987 && b.at[1].time == 640);
	assert_int_equal(b.at[0].source, BOUND_BURST);
	bounds_release(&b);
}

static void stamps_that_are_missing_cost_their_side_only(void **state)
{
	struct burst_probe p[2] = {
		{ { 100, 1130, 0, 0 }, 1 << BURST_SEND | 1 << BURST_ARRIVE },
		{ { 0, 0, 1630, 640 }, 1 << BURST_ANSWER | 1 << BURST_RECEIVE },
	};
	struct burst_outcome o;

	assert_int_equal(burst_outcome(p, 2, 0, &o), 0);
	assert_true(o.lo == 990 && o.hi == 1030 && o.response == -1);
	assert_int_equal(burst_outcome(p, 1, 0, &o), -ENODATA);
	assert_int_equal(burst_outcome(p + 1, 1, 0, &o), -ENODATA);
	assert_int_equal(burst_outcome(p, 0, 0, &o), -ENODATA);
}

static void impossible_times_are_told(void **state)
{
	struct burst_probe p[2] = {
		{ { INT64_MIN, INT64_MAX, 0, 0 }, ALL }, { { 100, 1130, 1630, 640 }, ALL },
	};
	struct burst_probe stepped[2] = {
		{ { 100, 1130, 1630, 640 }, ALL }, { { 1100, 3130, 3630, 1640 }, ALL },
	};
	struct bounds b = { 0 };
	struct burst_outcome o;

	assert_int_equal(burst_outcome(p, 2, 0, &o), -ERANGE);
	assert_int_equal(burst_bounds(p, 2, 0, &b), -ERANGE);
	assert_int_equal(burst_outcome(stepped, 2, 0, &o), -ESTALE);
	bounds_release(&b);
}

/* --- simulated paths ------------------------------------------------------------ */

/* How long a leg takes. */
static int64_t leg(struct clocksim *sim, int64_t least)
{
	int64_t time = least + sim_range(sim, 0, sim->jitter);

	return sim_unit(sim) < sim->preempt ? time + sim_range(sim, 0, sim->preempt_max) : time;
}

/* @n probes of a guest at the other end of @sim; the truth within goes to @ret_lo, @ret_hi. */
static void simulate(struct clocksim *sim, struct burst_probe *p, unsigned int n, int64_t *ret_lo,
		     int64_t *ret_hi)
{
	unsigned int i, k;

	*ret_lo = INT64_MAX;
	*ret_hi = INT64_MIN;
	for (i = 0; i < n; i++) {
		int64_t *t = p[i].time;

		t[BURST_SEND] = sim->now;
		sim->now += leg(sim, sim->up_min);
		t[BURST_ARRIVE] = sim->now + sim_offset(sim, sim->now);
		sim->now += sim_range(sim, 0, 3000);
		t[BURST_ANSWER] = sim->now + sim_offset(sim, sim->now);
		sim->now += leg(sim, sim->down_min);
		t[BURST_RECEIVE] = sim->now;
		sim->now += sim_range(sim, 0, 1000);
		p[i].have = 0;
		for (k = 0; k < BURST_FIELDS; k++)
			p[i].have |= (sim_unit(sim) >= sim->loss) << k;
		if (sim_offset(sim, t[BURST_SEND]) < *ret_lo)
			*ret_lo = sim_offset(sim, t[BURST_SEND]);
		if (sim_offset(sim, t[BURST_RECEIVE]) > *ret_hi)
			*ret_hi = sim_offset(sim, t[BURST_RECEIVE]);
	}
}

static void the_truth_is_within_the_bounds_always(void **state)
{
	static struct burst_probe p[BURST_PROBES];
	uint64_t seed;

	for (seed = 0; seed < 20000; seed++) {
		struct bounds b = { 0 };
		struct burst_outcome o;
		struct clocksim sim;
		int64_t lo, hi;
		size_t i;
		int ret;

		sim_init(&sim, seed);
		sim.loss = seed % 3 ? 0 : 0.3;
		simulate(&sim, p, 1 + seed % 160, &lo, &hi);
		ret = burst_outcome(p, 1 + seed % 160, 0, &o);
		assert_int_equal(burst_bounds(p, 1 + seed % 160, 0, &b), 0);
		for (i = 0; i < b.count; i++)
			assert_true(b.at[i].upper ? lo <= b.at[i].value : lo >= b.at[i].value);
		bounds_release(&b);
		if (ret == -ENODATA && sim.loss > 0)
			continue;
		assert_int_equal(ret, 0);
		assert_true(o.lo <= lo && lo <= o.hi);
		assert_true(o.offset >= o.lo && o.offset <= o.hi);
	}
}

static void drifting_clocks_keep_to_bounds_with_their_times(void **state)
{
	static struct burst_probe p[BURST_PROBES];
	uint64_t seed;

	for (seed = 0; seed < 2000; seed++) {
		struct bounds b = { 0 };
		struct clocksim sim;
		int64_t lo, hi;
		size_t i;

		sim_init(&sim, seed);
		sim.drift_ppb = sim_range(&sim, -100000, 100000);
		simulate(&sim, p, 150, &lo, &hi);
		assert_int_equal(burst_bounds(p, 150, 2, &b), 0);
		for (i = 0; i < b.count; i++) {
			int64_t truth = sim_offset(&sim, b.at[i].time);

			assert_true(b.at[i].upper ? truth <= b.at[i].value :
						    truth >= b.at[i].value);
		}
		bounds_release(&b);
	}
}

static void steps_larger_than_the_path_are_seen(void **state)
{
	static struct burst_probe p[BURST_PROBES];
	uint64_t seed;

	for (seed = 0; seed < 500; seed++) {
		struct burst_outcome o;
		struct clocksim sim;
		int64_t lo, hi;

		sim_init(&sim, seed);
		simulate(&sim, p, 60, &lo, &hi);
		sim.step_at = sim.now;
		sim.step = seed % 2 ? 1000000000 : -1000000000;
		simulate(&sim, p + 60, 60, &lo, &hi);
		assert_int_equal(burst_outcome(p, 120, 0, &o), -ESTALE);
	}
}

/* --- when to stop -------------------------------------------------------------- */

/* Probes of a path until the rule says that it is enough; 0: never. */
static unsigned int probes_until_enough(struct clocksim *sim, struct burst_sum *sum)
{
	struct burst_probe p;
	unsigned int n;
	int64_t lo, hi;

	burst_sum_init(sum);
	for (n = 1; n <= BURST_PROBES; n++) {
		simulate(sim, &p, 1, &lo, &hi);
		assert_int_equal(burst_sum_add(sum, &p, 0), 0);
		if (n > BURST_WARM_UP && !((n - BURST_WARM_UP) % BURST_BLOCK) &&
		    burst_sum_enough(sum, 1000))
			return n;
	}
	return 0;
}

static void a_burst_ends_when_more_probes_do_not_help(void **state)
{
	struct burst_sum sum;
	struct clocksim sim;

	/* a steady path: as early as may be */
	sim_init(&sim, 1);
	sim.jitter = 10;
	sim.preempt = 0;
	assert_int_equal(probes_until_enough(&sim, &sum), BURST_WARM_UP + BURST_MIN);
	/* a path as short as anyone could wish: at once */
	sim.up_min = sim.down_min = 100;
	assert_int_equal(probes_until_enough(&sim, &sum), BURST_WARM_UP + BURST_BLOCK);
	assert_true(sum.hi - sum.lo <= 500);
	/* stamps of one side only bound nothing: never */
	sim_init(&sim, 2);
	sim.loss = 1;
	assert_int_equal(probes_until_enough(&sim, &sum), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_decode_and_encode_to_the_same_bytes),
		cmocka_unit_test(the_longest_message_of_stamps_fits_a_message),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(packets_are_of_32_bytes_and_no_messages),
		cmocka_unit_test(the_bounds_of_a_probe_are_those_of_causality),
		cmocka_unit_test(stamps_that_are_missing_cost_their_side_only),
		cmocka_unit_test(impossible_times_are_told),
		cmocka_unit_test(the_truth_is_within_the_bounds_always),
		cmocka_unit_test(drifting_clocks_keep_to_bounds_with_their_times),
		cmocka_unit_test(steps_larger_than_the_path_are_seen),
		cmocka_unit_test(a_burst_ends_when_more_probes_do_not_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
