/*
 * test-ptable.c - numbers for pairs of numbers, and what belongs to them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "report/ptable.h"

#define MANY	200000u

/* The @i-th pair of one of the kinds that profiles have. No two are the same. */
static struct ptable_pair pair_of(unsigned int kind, uint32_t i)
{
	switch (kind) {
	case 0:
		return (struct ptable_pair){ i, 0 };
	case 1:
		return (struct ptable_pair){ 1ull << 63, 0xffffffff81000000ull + i };
	case 2:
		return (struct ptable_pair){ 2ull << 61, (uint64_t)i << 44 | i >> 20 };
	default:
		return (struct ptable_pair){ (uint64_t)(i + 1) << 33, ~(uint64_t)i };
	}
}

static void numbers_are_counted_from_0_and_stay(void **state)
{
	struct ptable t = { 0 };
	uint32_t i;

	assert_true(ptable_find(&t, 0, 0) == PTABLE_NONE);
	for (i = 0; i < MANY; i++) {
		struct ptable_pair p = pair_of(i % 4, i);

		assert_true(ptable_find(&t, p.a, p.b) == PTABLE_NONE);
		assert_int_equal(ptable_number(&t, p.a, p.b), i);
	}
	assert_int_equal(t.used, MANY);
	for (i = 0; i < MANY; i++) {
		struct ptable_pair p = pair_of(i % 4, i);

		assert_int_equal(ptable_number(&t, p.a, p.b), i);
		assert_int_equal(ptable_find(&t, p.a, p.b), i);
	}
	assert_int_equal(t.used, MANY);
	ptable_release(&t);
	assert_true(ptable_find(&t, 0, 0) == PTABLE_NONE);
}

/* What an odd number gives 1 with. */
static uint64_t inverse(uint64_t odd)
{
	uint64_t x = odd;
	int i;

	for (i = 0; i < 6; i++)
		x *= 2 - odd * x;
	return x;
}

static void pairs_with_one_hash_are_told_apart(void **state)
{
	struct ptable t = { 0 };
	uint32_t i;

	for (i = 0; i < 1500; i++)
		assert_int_equal(ptable_number_hashed(&t, 0, i % 3, i), i);
	for (i = 0; i < 1500; i++)
		assert_int_equal(ptable_number_hashed(&t, 0, i % 3, i), i);
	assert_int_equal(t.used, 1500);
	ptable_release(&t);
}

/* The second number of a pair (0, @return) whose hash is 0 for who doesn't know where the program is. */
static uint64_t made_up(uint32_t i)
{
	uint64_t folded = i * inverse(PTABLE_SUM);

	return (folded ^ folded >> 32) * inverse(PTABLE_SUM);
}

static void hashes_can_not_be_chosen(void **state)
{
	uint32_t i, same = 0;

	for (i = 1; i < 1000; i++) {
		same += ptable_hash(0, made_up(i)) == ptable_hash(0, 0);
		/* of one sum */
		same += ptable_hash(i, -(i * PTABLE_FIRST)) == ptable_hash(0, 0);
	}
	assert_true(same < 10);
}

struct element {
	struct ptable_pair pair;
	uint64_t more;
	uint32_t last;
};

static void elements_are_zero_at_first_and_kept(void **state)
{
	struct ptable t = { .size = sizeof(struct element) };
	uint32_t i;

	for (i = 0; i < MANY; i++) {
		struct ptable_pair p = pair_of(i % 4, i);
		struct element *e;

		ptable_fetch_slot(&t, ptable_hash(p.a, p.b));
		ptable_fetch_element(&t, ptable_hash(p.a, p.b));
		assert_int_equal(ptable_number(&t, p.a, p.b), i);
		e = (struct element *)t.elements + i;
		assert_true(e->pair.a == p.a && e->pair.b == p.b);
		assert_true(!e->more && !e->last);
		e->more = ~(uint64_t)i;
		e->last = i;
	}
	for (i = 0; i < MANY; i++) {
		const struct element *e = (struct element *)t.elements + i;

		assert_true(e->more == ~(uint64_t)i && e->last == i);
	}
	ptable_release(&t);
	assert_int_equal(t.size, sizeof(struct element));
}

static void arrays_grow_by_zeros(void **state)
{
	uint32_t *array = NULL, room = 0, i;

	for (i = 0; i < MANY; i++) {
		assert_true(ptable_grow((void **)&array, &room, i, sizeof(*array)));
		assert_true(room > i);
		assert_int_equal(array[i], 0);
		array[i] = i + 1;
	}
	for (i = 0; i < MANY; i++)
		assert_int_equal(array[i], i + 1);
	for (; i < room; i++)
		assert_int_equal(array[i], 0);
	free(array);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_counted_from_0_and_stay),
		cmocka_unit_test(pairs_with_one_hash_are_told_apart),
		cmocka_unit_test(hashes_can_not_be_chosen),
		cmocka_unit_test(elements_are_zero_at_first_and_kept),
		cmocka_unit_test(arrays_grow_by_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
