/*
 * test-heap.c - base/heap: the smallest item is on top, whatever changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/heap.h"

#define N 300

static uint32_t key[N];

/* Ties go to the lower number, as merging files wants it. */
static bool before(unsigned int a, unsigned int b, void *data)
{
	const uint32_t *k = data;

	return k[a] != k[b] ? k[a] < k[b] : a < b;
}

static uint32_t noise(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

static void fill(struct heap *h, uint32_t seed, uint32_t range)
{
	unsigned int i;

	heap_init(h, before, key);
	for (i = 0; i < N; i++) {
		key[i] = noise(&seed) % range;
		assert_int_equal(heap_push(h, i), 0);
	}
	assert_int_equal(h->count, N);
}

static void items_come_out_in_order_with_ties_by_number(void **state)
{
	uint32_t seed;

	for (seed = 1; seed < 20; seed++) {
		struct heap h;
		unsigned int i, last = 0;

		fill(&h, seed, seed * 10);
		for (i = 0; i < N; i++) {
			unsigned int top = heap_top(&h);

			if (i)
				assert_true(before(last, top, key));
			last = top;
			heap_pop(&h);
		}
		assert_int_equal(h.count, 0);
		heap_release(&h);
	}
}

static void a_changed_top_finds_its_place(void **state)
{
	uint32_t seed = 7, last = 0;
	struct heap h;
	unsigned int i;

	fill(&h, 3, 1000);
	/* as in a merge: keys only grow, so what comes out never steps back */
	for (i = 0; i < 20000; i++) {
		unsigned int top = heap_top(&h);

		assert_true(key[top] >= last);
		last = key[top];
		key[top] += noise(&seed) % 100;
		heap_fix_top(&h);
	}
	heap_release(&h);
}

static void one_item_is_a_heap(void **state)
{
	struct heap h;

	heap_init(&h, before, key);
	assert_int_equal(heap_push(&h, 5), 0);
	key[5] = 99;
	heap_fix_top(&h);
	assert_int_equal(heap_top(&h), 5);
	heap_pop(&h);
	assert_int_equal(h.count, 0);
	assert_int_equal(heap_push(&h, 6), 0);
	assert_int_equal(heap_top(&h), 6);
	heap_release(&h);
	heap_release(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_come_out_in_order_with_ties_by_number),
		cmocka_unit_test(a_changed_top_finds_its_place),
		cmocka_unit_test(one_item_is_a_heap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
