/*
 * ptable.c - see ptable.h. Layer 5.
 */
#include <stdlib.h>
#include <string.h>

#include "report/ptable.h"

#define FIRST_SLOTS 256

static struct ptable_slot *find(const struct ptable *t, uint64_t a, uint64_t b)
{
	uint64_t hash = (a ^ (b << 32 | b >> 32)) * 0x9e3779b97f4a7c15ull;
	uint32_t at;

	hash = (hash ^ hash >> 29) * 0xbf58476d1ce4e5b9ull;
	at = hash >> 32 & (t->nr_slots - 1);
	while (t->slot[at].number && (t->slot[at].a != a || t->slot[at].b != b))
		at = (at + 1) & (t->nr_slots - 1);
	return &t->slot[at];
}

static bool grow(struct ptable *t)
{
	struct ptable more = { .nr_slots = t->nr_slots ? 2 * t->nr_slots : FIRST_SLOTS };
	uint32_t i;

	if (!more.nr_slots)
		return false;
	more.slot = calloc(more.nr_slots, sizeof(*more.slot));
	if (!more.slot)
		return false;
	for (i = 0; i < t->nr_slots; i++) {
		if (t->slot[i].number)
			*find(&more, t->slot[i].a, t->slot[i].b) = t->slot[i];
	}
	more.used = t->used;
	free(t->slot);
	*t = more;
	return true;
}

uint32_t ptable_number(struct ptable *t, uint64_t a, uint64_t b)
{
	struct ptable_slot *s;

	/* at most half full, so that chains stay short */
	if (t->used >= t->nr_slots / 2 && !grow(t))
		return PTABLE_NONE;
	s = find(t, a, b);
	if (!s->number)
		*s = (struct ptable_slot){ .a = a, .b = b, .number = ++t->used };
	return s->number - 1;
}

uint32_t ptable_find(const struct ptable *t, uint64_t a, uint64_t b)
{
	return t->nr_slots ? find(t, a, b)->number - 1 : PTABLE_NONE;
}

void ptable_release(struct ptable *t)
{
	free(t->slot);
	*t = (struct ptable){ 0 };
}

bool ptable_grow(void **array, uint32_t *room, uint32_t count, uint32_t size)
{
	uint32_t more = *room < 64 ? 64 : 2 * *room;
	void *new;

	if (count < *room)
		return true;
	if (count >= UINT32_MAX / 2)
		return false;
	new = realloc(*array, (size_t)more * size);
	if (!new)
		return false;
	memset((char *)new + (size_t)*room * size, 0, (size_t)(more - *room) * size);
	*array = new;
	*room = more;
	return true;
}
