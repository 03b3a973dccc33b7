/*
 * ptable.h - numbers for pairs of numbers: how a profile finds what it has seen before.
 *
 * Layer 5. Open addressing; finding and adding take the same time however many there are. Slots are
 * small, so that the next ones come along with the first one looked at. Pairs are kept by number, each
 * with what else belongs to it.
 */
#ifndef REPORT_PTABLE_H
#define REPORT_PTABLE_H

#include <stdbool.h>
#include <stdint.h>

struct ptable_slot {
	uint32_t hash;			/* of its pair: most that differ do so here already */
	uint32_t number;		/* + 1; 0: slot not used */
};

struct ptable_pair {
	uint64_t a, b;
};

struct ptable {
	struct ptable_slot *slot;
	uint32_t nr_slots;		/* a power of two, or 0 */
	uint32_t used;
	/* one for each number, which begins with its pair; what is behind that is zero at first */
	void *elements;
	uint32_t size;			/* of an element; 0: of a pair. Set it before the first one */
	uint32_t room;			/* in elements */
};

#define PTABLE_NONE UINT32_MAX

#define PTABLE_FIRST	0xbf58476d1ce4e5b9ull
#define PTABLE_SUM	0x9e3779b97f4a7c15ull

/*
 * Its address differs from run to run: else who makes a file up could choose pairs that all have one
 * hash, and each of them would be compared with all others.
 */
extern const char ptable_place;

static inline uint32_t ptable_hash(uint64_t a, uint64_t b)
{
	uint64_t secret = 2 * (uint64_t)(uintptr_t)&ptable_place;
	uint64_t x = (a * (PTABLE_FIRST + secret) + b) * (PTABLE_SUM + secret);

	return (x ^ x >> 32) * PTABLE_SUM >> 32;
}

/*
 * The number of the pair (@a, @b): that which it got when it was new, or the next one,
 * counted from 0. Elements may move. PTABLE_NONE: out of memory. @hash: ptable_hash() of the pair.
 */
uint32_t ptable_number_hashed(struct ptable *t, uint32_t hash, uint64_t a, uint64_t b);

static inline uint32_t ptable_number(struct ptable *t, uint64_t a, uint64_t b)
{
	return ptable_number_hashed(t, ptable_hash(a, b), a, b);
}

/* The number of a pair; PTABLE_NONE: it has none yet. */
uint32_t ptable_find(const struct ptable *t, uint64_t a, uint64_t b);

/* Where looking for a pair begins. The highest bits of a hash depend on all bits of its pair. */
static inline uint32_t ptable_home(const struct ptable *t, uint32_t hash)
{
	return (uint64_t)hash * t->nr_slots >> 32;
}

/*
 * A pair will be looked for in a table with a size: have the caches fetch the slot where that begins, or,
 * when that should be there, the element it tells of. Both only save time.
 */
static inline void ptable_fetch_slot(const struct ptable *t, uint32_t hash)
{
	if (t->nr_slots)
		__builtin_prefetch(&t->slot[ptable_home(t, hash)]);
}

static inline void ptable_fetch_element(const struct ptable *t, uint32_t hash)
{
	uint32_t number = t->nr_slots ? t->slot[ptable_home(t, hash)].number : 0;

	if (number)
		__builtin_prefetch((char *)t->elements + (size_t)(number - 1) * t->size);
}

void ptable_release(struct ptable *t);

/*
 * Make room for one more element of @size bytes behind @count of them. Elements added are zero.
 * False: out of memory, or more than 2^31 of them.
 */
bool ptable_grow(void **array, uint32_t *room, uint32_t count, uint32_t size);

#endif
