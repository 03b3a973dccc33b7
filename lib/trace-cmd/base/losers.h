/*
 * losers.h - which of many streams is first, by a tournament whose losers are remembered.
 *
 * Layer 0. When the first one's key changes, log2(n) comparisons along one path of a tree find
 * the new first one. The keys are in the tree, and a comparison takes no branch, as nobody could
 * foresee which way it goes.
 */
#ifndef BASE_LOSERS_H
#define BASE_LOSERS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define LOSERS_MAX	(1u << 30)	/* items */

struct losers_key {
	uint64_t value;
	uint64_t rank;		/* decides between equal values, and tells the item */
};

struct losers {
	struct losers_key *node;	/* the first one's, and of each match the loser's */
	unsigned int count;
};

/* The key of @item with @value; of equal ones the lower @order (below LOSERS_MAX) is first. */
static inline struct losers_key losers_key(unsigned int item, uint64_t value, unsigned int order)
{
	return (struct losers_key){ value, (uint64_t)order << 32 | item };
}

/* The key of an item that is behind all others: it has nothing left. */
static inline struct losers_key losers_out(unsigned int item)
{
	return (struct losers_key){ UINT64_MAX, (uint64_t)(LOSERS_MAX | item) << 32 | item };
}

static inline unsigned int losers_item(struct losers_key k)
{
	return (unsigned int)k.rank;
}

static inline bool losers_is_out(struct losers_key k)
{
	return k.rank >> 32 & LOSERS_MAX;
}

static inline bool losers_before(struct losers_key a, struct losers_key b)
{
	return (a.value < b.value) | ((a.value == b.value) & (a.rank < b.rank));
}

static inline void losers_release(struct losers *l)
{
	free(l->node);
	*l = (struct losers){ .node = NULL };
}

/* The first one; only if there are any. */
static inline struct losers_key losers_first(const struct losers *l)
{
	return l->node[0];
}

/* The first one has the key @k now: find who is first. */
static inline void losers_replay(struct losers *l, struct losers_key k)
{
	unsigned int n;

	for (n = (l->count + losers_item(k)) / 2; n; n /= 2) {
		struct losers_key *other = &l->node[n];
		uint64_t wins = -(uint64_t)losers_before(*other, k);
		uint64_t value = (other->value ^ k.value) & wins, rank = (other->rank ^ k.rank) & wins;

		other->value ^= value;
		other->rank ^= rank;
		k.value ^= value;
		k.rank ^= rank;
	}
	l->node[0] = k;
}

/* The same of two items, if @k is behind the other one's. */
static inline void losers_swap(struct losers *l, struct losers_key k)
{
	l->node[0] = l->node[1];
	l->node[1] = k;
}

/* Who would be first without the first one, by whom he was beaten; there must be two. */
static inline struct losers_key losers_second(const struct losers *l)
{
	unsigned int n = (l->count + losers_item(l->node[0])) / 2;
	struct losers_key best = l->node[n];

	while (n /= 2) {
		uint64_t wins = -(uint64_t)losers_before(l->node[n], best);

		best.value ^= (l->node[n].value ^ best.value) & wins;
		best.rank ^= (l->node[n].rank ^ best.rank) & wins;
	}
	return best;
}

/* Hold a tournament of @count items with @key each. 0; -ENOMEM. Release in any case. */
static inline int losers_init(struct losers *l, const struct losers_key *key, unsigned int count)
{
	struct losers_key *winner = count && count < LOSERS_MAX ? calloc(2 * (size_t)count, sizeof(*winner)) : NULL;
	unsigned int n;

	*l = (struct losers){ .count = count };
	l->node = winner ? calloc(count, sizeof(*l->node)) : NULL;
	if (count && !l->node) {
		free(winner);
		return -ENOMEM;
	}
	/* item i is the leaf count + i, and n is above 2 n and 2 n + 1 */
	for (n = count; count && n < 2 * count; n++)
		winner[n] = key[n - count];
	for (n = count; count && n-- > 1;) {
		bool left = losers_before(winner[2 * n], winner[2 * n + 1]);

		winner[n] = winner[2 * n + !left];
		l->node[n] = winner[2 * n + left];
	}
	if (count)
		l->node[0] = winner[1];
	free(winner);
	return 0;
}

#endif
