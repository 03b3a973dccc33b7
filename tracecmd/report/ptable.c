/*
 * ptable.c - see ptable.h. Layer 5.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "report/ptable.h"

#define FIRST_SLOTS	256
#define FIRST_ROOM	64
#define HUGE_PAGE	(2u << 20)

const char ptable_place;

static uint32_t element_size(const struct ptable *t)
{
	return t->size ? t->size : sizeof(struct ptable_pair);
}

static struct ptable_pair *pair_at(const struct ptable *t, uint32_t number)
{
	return (struct ptable_pair *)((char *)t->elements + (size_t)number * element_size(t));
}

/* The slot of a pair, or the free one where it belongs. */
static struct ptable_slot *find(const struct ptable *t, uint32_t hash, uint64_t a, uint64_t b)
{
	uint32_t at = ptable_home(t, hash);

	for (;; at = (at + 1) & (t->nr_slots - 1)) {
		struct ptable_slot *s = &t->slot[at];
		const struct ptable_pair *pair;

		if (!s->number)
			return s;
		if (s->hash != hash)
			continue;
		pair = pair_at(t, s->number - 1);
		if (pair->a == a && pair->b == b)
			return s;
	}
}

/* @n empty slots, a power of two. They are used all over: a few large pages are found sooner than many. */
static struct ptable_slot *slots_new(uint32_t n)
{
	size_t size = n * sizeof(struct ptable_slot);
	void *slot;

	if (!n || size / n != sizeof(struct ptable_slot))
		return NULL;
	slot = aligned_alloc(size < HUGE_PAGE ? sizeof(struct ptable_slot) : HUGE_PAGE, size);
	if (!slot)
		return NULL;
	if (size >= HUGE_PAGE)
		madvise(slot, size, MADV_HUGEPAGE);
	/* not left to calloc(), after which each page would be there for reading first */
	return memset(slot, 0, size);
}

static bool grow(struct ptable *t)
{
	struct ptable more = { .nr_slots = t->nr_slots ? 2 * t->nr_slots : FIRST_SLOTS };
	uint32_t i, at;

	more.slot = slots_new(more.nr_slots);
	if (!more.slot)
		return false;
	for (i = 0; i < t->nr_slots; i++) {
		if (!t->slot[i].number)
			continue;
		at = ptable_home(&more, t->slot[i].hash);
		while (more.slot[at].number)
			at = (at + 1) & (more.nr_slots - 1);
		more.slot[at] = t->slot[i];
	}
	free(t->slot);
	t->slot = more.slot;
	t->nr_slots = more.nr_slots;
	return true;
}

/* Make room for a quarter more elements, or for the first ones. False: out of memory. */
static bool resize(void **array, uint32_t *room, uint32_t size)
{
	/* a large block only gets more pages, and keeps those it has */
	uint32_t more = *room < FIRST_ROOM ? FIRST_ROOM : *room + *room / 4;
	void *new = reallocarray(*array, more, size);

	if (!new)
		return false;
	*array = new;
	*room = more;
	return true;
}

/* The next element, for the pair (@a, @b). False: out of memory. */
static bool append(struct ptable *t, uint64_t a, uint64_t b)
{
	if (t->used == t->room &&
	    (t->room >= UINT32_MAX / 2 || !resize(&t->elements, &t->room, element_size(t))))
		return false;
	memset(pair_at(t, t->used), 0, element_size(t));
	*pair_at(t, t->used++) = (struct ptable_pair){ a, b };
	return true;
}

uint32_t ptable_number_hashed(struct ptable *t, uint32_t hash, uint64_t a, uint64_t b)
{
	struct ptable_slot *s;

	/* at most three quarters full, so that chains stay short */
	if (t->used >= t->nr_slots / 4 * 3 && !grow(t))
		return PTABLE_NONE;
	s = find(t, hash, a, b);
	if (!s->number) {
		if (!append(t, a, b))
			return PTABLE_NONE;
		*s = (struct ptable_slot){ .hash = hash, .number = t->used };
	}
	return s->number - 1;
}

uint32_t ptable_find(const struct ptable *t, uint64_t a, uint64_t b)
{
	return t->nr_slots ? find(t, ptable_hash(a, b), a, b)->number - 1 : PTABLE_NONE;
}

void ptable_release(struct ptable *t)
{
	free(t->slot);
	free(t->elements);
	*t = (struct ptable){ .size = t->size };
}

bool ptable_grow(void **array, uint32_t *room, uint32_t count, uint32_t size)
{
	uint32_t before = *room;

	if (count < before)
		return true;
	if (count >= UINT32_MAX / 2 || !resize(array, room, size))
		return false;
	memset((char *)*array + (size_t)before * size, 0, (size_t)(*room - before) * size);
	return true;
}
