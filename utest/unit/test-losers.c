/*
 * test-losers.c - base/losers: the first one and the second one are right, whatever changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/losers.h"

#define N 70

static uint32_t noise(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

/* The first of @n keys but for @skip, by looking at them all. */
static unsigned int first_of(const struct losers_key *key, unsigned int n, unsigned int skip)
{
	unsigned int i, best = n;

	for (i = 0; i < n; i++) {
		if (i == skip)
			continue;
		if (best == n || key[i].value < key[best].value ||
		    (key[i].value == key[best].value && key[i].rank < key[best].rank))
			best = i;
	}
	return best;
}

static void check(const struct losers *l, const struct losers_key *key, unsigned int n)
{
	unsigned int first = first_of(key, n, n);

	assert_int_equal(losers_item(losers_first(l)), first);
	assert_int_equal(losers_first(l).value, key[first].value);
	if (n > 1)
		assert_int_equal(losers_item(losers_second(l)), first_of(key, n, first));
}

static void first_and_second_are_right_for_any_number(void **state)
{
	struct losers_key key[N];
	uint32_t seed = 1;
	unsigned int n, i, step;

	for (n = 1; n <= N; n++) {
		struct losers l;

		for (i = 0; i < n; i++)
			key[i] = losers_key(i, noise(&seed) % 20, n % 2 ? i : LOSERS_MAX - 1 - i);
		assert_int_equal(losers_init(&l, key, n), 0);
		check(&l, key, n);
		for (step = 0; step < 300; step++) {
			i = losers_item(losers_first(&l));
			/* few values, so that many are equal */
			key[i].value += noise(&seed) % 5;
			/* of two, the same in fewer steps */
			if (n == 2 && losers_before(losers_second(&l), key[i]))
				losers_swap(&l, key[i]);
			else
				losers_replay(&l, key[i]);
			check(&l, key, n);
		}
		losers_release(&l);
	}
}

static void who_is_out_stays_behind_all_times(void **state)
{
	struct losers_key key[N];
	struct losers l;
	unsigned int i;

	for (i = 0; i < N; i++)
		key[i] = i % 3 ? losers_key(i, UINT64_MAX - i % 2, LOSERS_MAX - 1 - i) : losers_out(i);
	assert_int_equal(losers_init(&l, key, N), 0);
	for (i = 0; i < N; i++) {
		struct losers_key first = losers_first(&l);

		check(&l, key, N);
		assert_int_equal(losers_is_out(first), i >= N - (N + 2) / 3);
		if (losers_is_out(first))
			break;
		key[losers_item(first)] = losers_out(losers_item(first));
		losers_replay(&l, losers_out(losers_item(first)));
	}
	assert_int_equal(i, N - (N + 2) / 3);
	losers_release(&l);
	assert_int_equal(losers_init(&l, key, 0), 0);
	losers_release(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_and_second_are_right_for_any_number),
		cmocka_unit_test(who_is_out_stays_behind_all_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
