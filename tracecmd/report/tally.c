/*
 * tally.c - see tally.h: open addressing. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>

#include "report/tally.h"

#define FIRST_SLOTS 256

static struct tally_item *find(const struct tally *t, uint32_t group, uint32_t key)
{
	uint64_t hash = ((uint64_t)group << 32 | key) * 0x9e3779b97f4a7c15ull;
	unsigned int at = hash >> 32 & (t->nr_slots - 1);

	while (t->slot[at].used && (t->slot[at].group != group || t->slot[at].key != key))
		at = (at + 1) & (t->nr_slots - 1);
	return &t->slot[at];
}

static int grow(struct tally *t)
{
	struct tally more = { .nr_slots = t->nr_slots ? 2 * t->nr_slots : FIRST_SLOTS };
	unsigned int i;

	more.slot = calloc(more.nr_slots, sizeof(*more.slot));
	if (!more.slot)
		return -ENOMEM;
	for (i = 0; i < t->nr_slots; i++) {
		if (t->slot[i].used)
			*find(&more, t->slot[i].group, t->slot[i].key) = t->slot[i];
	}
	more.used = t->used;
	free(t->slot);
	*t = more;
	return 0;
}

int tally_add(struct tally *t, uint32_t group, uint32_t key, unsigned long long n)
{
	struct tally_item *item;

	/* at most half full, so that chains stay short */
	if (2 * t->used >= t->nr_slots && grow(t))
		return -ENOMEM;
	item = find(t, group, key);
	if (!item->used) {
		*item = (struct tally_item){ .group = group, .key = key, .used = true };
		t->used++;
	}
	item->count += n;
	return 0;
}

static int order(const void *a, const void *b)
{
	const struct tally_item *x = a, *y = b;

	if (x->used != y->used)
		return x->used ? -1 : 1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return x->key < y->key ? -1 : x->key > y->key;
}

unsigned int tally_sort(struct tally *t)
{
	if (t->used)
		qsort(t->slot, t->nr_slots, sizeof(*t->slot), order);
	return t->used;
}

void tally_release(struct tally *t)
{
	free(t->slot);
	*t = (struct tally){ 0 };
}
