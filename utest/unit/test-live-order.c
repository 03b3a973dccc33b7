/*
 * test-live-order.c - events of several CPUs, read while they come, in the order of time.
 *
 * Pipes stand in for the ring buffers: what is written to one as a page is what the next look reads.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "in/record.h"
#include "live/order.h"

#define PAGE	4096
#define HOLD	1000
#define CPUS	3

struct bench {
	struct live_order order;
	struct in_timeline timeline;
	int to[CPUS];
	int64_t now;
};

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	int cpu, fds[2];

	live_order_init(&b->order, HOLD);
	for (cpu = 0; cpu < CPUS; cpu++) {
		assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
		b->to[cpu] = fds[1];
		assert_true(fcntl(fds[1], F_SETPIPE_SZ, 1 << 20) > 0);
		assert_int_equal(live_order_add(&b->order, 0, cpu, fds[0], PAGE, &b->timeline), 0);
	}
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	int cpu;

	live_order_release(&b->order);
	for (cpu = 0; cpu < CPUS; cpu++)
		close(b->to[cpu]);
	free(b);
	return 0;
}

/* A page of @n events of 4 bytes, the first at @time, each @step after the one before. */
static void put_page(struct bench *b, int cpu, uint64_t time, int n, unsigned int step, uint64_t lost)
{
	uint8_t page[PAGE] = { 0 };
	uint64_t commit = n * 8ull | (lost ? 3ull << 30 : 0);
	int i;

	memcpy(page, &time, 8);
	memcpy(page + 8, &commit, 8);
	for (i = 0; i < n; i++) {
		uint32_t head = 1 | (i ? step : 0) << 5;

		memcpy(page + 16 + 8 * i, &head, 4);
	}
	memcpy(page + 16 + 8 * n, &lost, sizeof(lost));
	assert_int_equal(write(b->to[cpu], page, PAGE), PAGE);
}

static void look(struct bench *b, int64_t later)
{
	b->now += later;
	assert_int_equal(live_order_look(&b->order, b->now), 0);
}

/* The next event is that of @cpu at @time. */
static void expect(struct bench *b, unsigned int cpu, uint64_t time)
{
	const struct live_source *s = live_order_next(&b->order);

	assert_non_null(s);
	assert_int_equal(s->time.ns, time);
	assert_int_equal(s->cpu, cpu);
	assert_int_equal(s->ev.size, 4);
}

static void expect_none(struct bench *b)
{
	assert_null(live_order_next(&b->order));
}

static void an_event_waits_for_the_look_after_the_one_that_read_it(void **state)
{
	struct bench *b = *state;

	put_page(b, 0, 100, 1, 0, 0);
	look(b, HOLD);
	expect_none(b);
	look(b, HOLD);
	expect(b, 0, 100);
	expect_none(b);
	assert_false(live_order_busy(&b->order));
}

static void what_was_read_later_but_happened_earlier_comes_first(void **state)
{
	struct bench *b = *state;

	put_page(b, 0, 100, 2, 50, 0);
	look(b, HOLD);
	put_page(b, 2, 90, 3, 20, 0);
	look(b, HOLD);
	expect(b, 2, 90);
	expect(b, 0, 100);
	expect(b, 2, 110);
	expect(b, 2, 130);
	expect(b, 0, 150);
	expect_none(b);
}

static void equal_times_come_by_cpu(void **state)
{
	struct bench *b = *state;

	put_page(b, 2, 100, 1, 0, 0);
	put_page(b, 1, 100, 1, 0, 0);
	put_page(b, 0, 100, 1, 0, 0);
	look(b, HOLD);
	look(b, HOLD);
	expect(b, 0, 100);
	expect(b, 1, 100);
	expect(b, 2, 100);
}

static void looks_in_quick_succession_settle_nothing(void **state)
{
	struct bench *b = *state;
	int i;

	look(b, HOLD);
	put_page(b, 0, 100, 1, 0, 0);
	for (i = 0; i < 9; i++) {
		look(b, HOLD / 10);
		expect_none(b);
	}
	look(b, HOLD / 10);
	expect_none(b);
	look(b, HOLD);
	expect(b, 0, 100);
}

static void a_cpu_that_is_behind_holds_up_what_is_later(void **state)
{
	struct bench *b = *state;
	int i, before = 0, after = 0;
	const struct live_source *s;
	uint64_t last = 0;

	/* more pages than one look reads, and an event of another CPU amid the last of them */
	for (i = 0; i < 100; i++)
		put_page(b, 1, 1000 * i, 10, 100, 0);
	put_page(b, 0, 99450, 1, 0, 0);
	for (i = 0; i < 3; i++)
		look(b, i ? HOLD : 0);
	while ((s = live_order_next(&b->order)) || live_order_busy(&b->order)) {
		if (!s) {
			look(b, HOLD);
			continue;
		}
		assert_true(s->time.ns >= last);
		last = s->time.ns;
		if (s->cpu == 0)
			after = before;
		before++;
	}
	for (i = 0; i < 3; i++)
		look(b, HOLD);
	while ((s = live_order_next(&b->order))) {
		assert_true(s->time.ns >= last);
		last = s->time.ns;
		if (s->cpu == 0)
			after = before;
		before++;
	}
	assert_int_equal(before, 1001);
	assert_int_equal(after, 99 * 10 + 5);
}

static void no_more_is_read_than_can_be_kept(void **state)
{
	struct bench *b = *state;
	const struct live_source *s;
	int i, round, count = 0;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < 250; i++)
			put_page(b, 1, 1000 * (250 * round + i), 10, 100, 0);
		for (i = 0; i < 20; i++)
			look(b, 0);
	}
	assert_int_equal(b->order.source[1].nr_pages, (1 << 20) / PAGE);
	assert_true(b->order.full);
	/* and it goes on, at once, when some of it was taken */
	while ((s = live_order_next(&b->order)) || live_order_busy(&b->order)) {
		if (!s) {
			look(b, HOLD);
			continue;
		}
		assert_int_equal(s->time.ns, 100 * count++);
	}
	look(b, HOLD);
	look(b, HOLD);
	assert_false(b->order.full);
	while (live_order_next(&b->order))
		count++;
	assert_int_equal(count, 5000);
}

static void losses_stay_with_the_event_behind_them(void **state)
{
	struct bench *b = *state;

	put_page(b, 0, 100, 2, 10, 7);
	put_page(b, 0, 200, 1, 0, 0);
	look(b, HOLD);
	look(b, HOLD);
	expect(b, 0, 100);
	assert_int_equal(b->order.source[0].ev.missed, 7);
	expect(b, 0, 110);
	assert_int_equal(b->order.source[0].ev.missed, 0);
	expect(b, 0, 200);
	assert_int_equal(b->order.source[0].ev.missed, 0);
}

static void losses_of_an_empty_page_are_told_by_the_next(void **state)
{
	struct bench *b = *state;

	put_page(b, 0, 100, 0, 0, 5);
	put_page(b, 0, 200, 1, 0, 3);
	look(b, HOLD);
	look(b, HOLD);
	expect(b, 0, 200);
	assert_int_equal(b->order.source[0].ev.missed, 8);
}

static void a_damaged_page_is_left_out_and_told(void **state)
{
	struct bench *b = *state;
	uint8_t page[PAGE];

	memset(page, 0xff, sizeof(page));
	put_page(b, 0, 100, 1, 0, 0);
	assert_int_equal(write(b->to[0], page, PAGE), PAGE);
	put_page(b, 0, 200, 1, 0, 0);
	look(b, HOLD);
	look(b, HOLD);
	expect(b, 0, 100);
	expect(b, 0, 200);
	assert_int_equal(b->order.source[0].ev.missed, -1);
	expect_none(b);
}

/* Records are made by copies of a known length: seen by the address sanitizer. */
static void a_record_can_be_made_of_the_last_event_of_a_page(void **state)
{
	struct in_record_pool *pool = in_record_pool_new();
	const int events = (PAGE - 24) / 8;
	struct bench *b = *state;
	const struct live_source *s;
	int count = 0;

	assert_non_null(pool);
	put_page(b, 0, 100, events, 1, 0);
	look(b, HOLD);
	look(b, HOLD);
	for (; (s = live_order_next(&b->order)); count++) {
		struct tep_record *rec = in_record_new(pool, &s->ev, s->time, s->cpu);

		assert_non_null(rec);
		assert_int_equal(rec->ts, 100 + count);
		assert_int_equal(rec->size, 4);
		in_record_unref(rec);
	}
	assert_int_equal(count, events);
	in_record_pool_free(pool);
}

static void at_the_end_nothing_waits(void **state)
{
	struct bench *b = *state;

	put_page(b, 0, 100, 1, 0, 0);
	look(b, HOLD);
	put_page(b, 1, 50, 2, 100, 0);
	live_order_end(&b->order);
	assert_true(live_order_busy(&b->order));
	look(b, 0);
	expect(b, 1, 50);
	expect(b, 0, 100);
	expect(b, 1, 150);
	expect_none(b);
	assert_false(live_order_busy(&b->order));
	/* and what comes after the end of a CPU was seen is not waited for */
	put_page(b, 0, 300, 1, 0, 0);
	look(b, 0);
	expect_none(b);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(an_event_waits_for_the_look_after_the_one_that_read_it),
		test(what_was_read_later_but_happened_earlier_comes_first),
		test(equal_times_come_by_cpu),
		test(looks_in_quick_succession_settle_nothing),
		test(a_cpu_that_is_behind_holds_up_what_is_later),
		test(no_more_is_read_than_can_be_kept),
		test(losses_stay_with_the_event_behind_them),
		test(losses_of_an_empty_page_are_told_by_the_next),
		test(a_damaged_page_is_left_out_and_told),
		test(a_record_can_be_made_of_the_last_event_of_a_page),
		test(at_the_end_nothing_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
