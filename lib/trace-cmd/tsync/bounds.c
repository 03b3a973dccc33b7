/*
 * bounds.c - see bounds.h. Layer 4, pure.
 */
#include <errno.h>
#include <stdlib.h>

#include "tsync/bounds.h"

void bounds_release(struct bounds *b)
{
	if (!b)
		return;
	free(b->at);
	*b = (struct bounds){ 0 };
}

int bounds_add(struct bounds *b, const struct bound *one)
{
	if (b->count == b->alloc) {
		size_t alloc = b->alloc ? b->alloc * 2 : 64;
		struct bound *at = reallocarray(b->at, alloc, sizeof(*at));

		if (!at)
			return -ENOMEM;
		b->at = at;
		b->alloc = alloc;
	}
	b->at[b->count++] = *one;
	return 0;
}
