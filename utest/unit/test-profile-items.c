/*
 * test-profile-items.c - the entries of a task come in one order, however many there are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "report/pitems.h"

#define PAIRS	2

/* Entries of the task 7 of three plain events, and of two pairs that begin with one event. */
struct bench {
	struct profile p;
	struct ppair pairs[PAIRS];
	struct pevent events[3];
	struct pevent *by_id[PEVENT_IDS];
	uint64_t random;
	uint32_t owner;
};

static const int ids[] = { 65535, 3, 300 };

static struct bench *bench_new(void)
{
	struct bench *b = calloc(1, sizeof(*b));
	unsigned int i;

	assert_non_null(b);
	for (i = 0; i < 3; i++) {
		b->events[i].id = ids[i];
		b->by_id[ids[i]] = &b->events[i];
	}
	for (i = 0; i < PAIRS; i++)
		b->pairs[i] = (struct ppair){ .start_id = 300, .order = i, .label = i ? PLABEL_HEX : PLABEL_STATE };
	b->p.entries.size = sizeof(struct profile_entry);
	b->p.events = (struct pevents){ .by_id = b->by_id, .pairs = b->pairs, .nr_pairs = PAIRS };
	b->random = 1;
	b->owner = profile_owner(&b->p, OWNER_TASK, 7);
	assert_int_equal(b->owner, 0);
	return b;
}

static void bench_free(struct bench *b)
{
	ptable_release(&b->p.owners_known);
	ptable_release(&b->p.entries);
	free(b->p.owners);
	free(b->p.more);
	free(b);
}

static uint64_t next_random(struct bench *b)
{
	b->random = b->random * 6364136223846793005ull + 1442695040888963407ull;
	return b->random >> 33;
}

static void add_plain(struct bench *b, int id, uint64_t value, uint64_t count)
{
	uint32_t i = profile_entry(&b->p, b->owner, PAIRS + id, value);

	assert_true(i != PTABLE_NONE);
	profile_entry_at(&b->p, i)->count = count;
}

static void add_pair(struct bench *b, uint32_t index, uint64_t value, uint64_t ns)
{
	uint32_t i = profile_entry(&b->p, b->owner, index, value);
	struct pstats stats = { 0 };

	assert_true(i != PTABLE_NONE);
	pstats_add(&stats, ns, 1);
	assert_true(profile_add(&b->p, i, &stats));
}

/* Is @y rightly behind @x? Pairs by their order, and events by their numbers. */
static bool in_order(const struct profile *p, const struct pitem *x, const struct pitem *y)
{
	const struct ppair *px = profile_pair(p, x->entry), *py = profile_pair(p, y->entry);
	unsigned int ox = px ? px->order : 2, oy = py ? py->order : 2;
	int ix = pitem_event(p, x)->id, iy = pitem_event(p, y)->id;
	struct pstats sx = profile_stats(p, x->entry), sy = profile_stats(p, y->entry);

	if (ox != oy)
		return ox < oy;
	if (!ox)
		return x->value < y->value;
	if (ix != iy)
		return ix < iy;
	if (sx.total_ns != sy.total_ns)
		return sx.total_ns > sy.total_ns;
	if (sx.count != sy.count)
		return sx.count > sy.count;
	return x->value < y->value;
}

/* All @n entries are there once, in their order. */
static void check(struct bench *b, uint32_t n)
{
	bool *seen = calloc(n + 1, sizeof(*seen));
	struct pitems items;
	uint32_t i;

	assert_non_null(seen);
	assert_int_equal(pitems_init(&items, &b->p), 0);
	pitems_fill(&items, &b->p.owners[b->owner]);
	assert_int_equal(items.count, n);
	for (i = 0; i < n; i++) {
		uint32_t number = items.list[i].entry - profile_entry_at(&b->p, 0);

		assert_true(number < n && !seen[number]);
		seen[number] = true;
		assert_true(items.list[i].value == items.list[i].entry->key.b);
		assert_true(!i || in_order(&b->p, &items.list[i - 1], &items.list[i]));
	}
	pitems_release(&items);
	free(seen);
}

static void few_and_many_are_in_one_order(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 2, 63, 64, 65, 200, 20000 };
	unsigned int k;
	uint32_t i;

	for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		struct bench *b = bench_new();

		for (i = 0; i < sizes[k]; i++) {
			/* no two values are the same; they differ in all of their bytes, or in the lower ones */
			uint64_t value = i % 2 ? i * 0x9e3779b97f4a7c15ull : next_random(b) << 16 | i;

			add_plain(b, ids[next_random(b) % 3], value, 1 + next_random(b) % (i % 7 ? 3 : 1000000));
		}
		check(b, sizes[k]);
		bench_free(b);
	}
}

static void counts_that_need_all_their_bits_are_in_order(void **state)
{
	struct bench *b = bench_new();
	uint32_t i;

	/* around the largest number that fits a place, and far beyond */
	for (i = 0; i < 100; i++)
		add_plain(b, 300, i * 77 % 100, 0xffffffffffull - 50 + i * 37 % 100);
	for (; i < 200; i++)
		add_plain(b, 300, 1000 + i * 77 % 100, UINT64_MAX - i * 37 % 10);
	for (; i < 300; i++)
		add_plain(b, 3, i * 77 % 100, 1 + i * 37 % 10);
	check(b, 300);
	bench_free(b);
}

static void pairs_come_first_by_state_or_time(void **state)
{
	struct bench *b = bench_new();
	uint32_t i;

	for (i = 0; i < 100; i++) {
		add_pair(b, 1, i, next_random(b) % 8);
		add_plain(b, 3, i, 1);
		add_plain(b, 65535, i, 1 + i);
		add_pair(b, 0, 1ull << 63 >> i % 50, next_random(b) % 8);
	}
	check(b, 350);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_and_many_are_in_one_order),
		cmocka_unit_test(counts_that_need_all_their_bits_are_in_order),
		cmocka_unit_test(pairs_come_first_by_state_or_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
