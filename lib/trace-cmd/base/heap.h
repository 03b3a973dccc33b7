/*
 * heap.h - a binary min-heap of small integers under a caller's order.
 *
 * Layer 0. The k-way merge keeps stream numbers in it; replacing the top costs
 * O(log k) comparisons.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

struct heap {
	unsigned int *item;
	size_t count, alloc;
	/* true if stream @a comes before stream @b */
	bool (*before)(unsigned int a, unsigned int b, void *data);
	void *data;
};

void heap_init(struct heap *h, bool (*before)(unsigned int, unsigned int, void *), void *data);
void heap_release(struct heap *h);
/* Add an item. 0; -ENOMEM. */
int heap_push(struct heap *h, unsigned int item);
/* The first item; only if count > 0. */
static inline unsigned int heap_top(const struct heap *h)
{
	return h->item[0];
}
/* The first item's key has changed: put it where it belongs now. */
void heap_fix_top(struct heap *h);
/* Remove the first item. */
void heap_pop(struct heap *h);

/*
 * The same as heap_fix_top(), and the item that would be first without the first one (only if
 * count > 1), for a caller in a hurry: @before is what heap_init() was given, to be inlined.
 */
static inline void heap_fix_top_by(struct heap *h,
				   bool (*before)(unsigned int, unsigned int, void *))
{
	size_t at = 0;

	for (;;) {
		size_t best = at, left = 2 * at + 1;
		unsigned int tmp;

		if (left < h->count && before(h->item[left], h->item[best], h->data))
			best = left;
		if (left + 1 < h->count && before(h->item[left + 1], h->item[best], h->data))
			best = left + 1;
		if (best == at)
			return;
		tmp = h->item[at];
		h->item[at] = h->item[best];
		h->item[best] = tmp;
		at = best;
	}
}

static inline unsigned int heap_second_by(const struct heap *h,
					  bool (*before)(unsigned int, unsigned int, void *))
{
	return h->count > 2 && before(h->item[2], h->item[1], h->data) ? h->item[2] : h->item[1];
}

#endif
