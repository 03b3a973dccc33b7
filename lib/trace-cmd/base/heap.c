/*
 * heap.c - see heap.h. Layer 0.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/heap.h"

void heap_init(struct heap *h, bool (*before)(unsigned int, unsigned int, void *), void *data)
{
	*h = (struct heap){ .before = before, .data = data };
}

void heap_release(struct heap *h)
{
	free(h->item);
	h->item = NULL;
	h->count = h->alloc = 0;
}

static void heap_swap(struct heap *h, size_t a, size_t b)
{
	unsigned int tmp = h->item[a];

	h->item[a] = h->item[b];
	h->item[b] = tmp;
}

int heap_push(struct heap *h, unsigned int item)
{
	size_t at = h->count;

	if (h->count == h->alloc) {
		size_t alloc = h->alloc ? h->alloc * 2 : 16;
		unsigned int *more = reallocarray(h->item, alloc, sizeof(*more));

		if (!more)
			return -ENOMEM;
		h->item = more;
		h->alloc = alloc;
	}
	h->item[h->count++] = item;
	while (at && h->before(h->item[at], h->item[(at - 1) / 2], h->data)) {
		heap_swap(h, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
	return 0;
}

void heap_fix_top(struct heap *h)
{
	heap_fix_top_by(h, h->before);
}

void heap_pop(struct heap *h)
{
	h->item[0] = h->item[--h->count];
	if (h->count)
		heap_fix_top(h);
}
