/*
 * arena.c - see arena.h. Layer 2.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fmt/arena.h"

#define ARENA_BLOCK	16384	/* bytes of an ordinary block */
#define ARENA_ALIGN	16

struct arena_block {
	struct arena_block *next;
	size_t size;
	_Alignas(ARENA_ALIGN) char data[];
};

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *b = a->blocks;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (!b || a->left < size) {
		size_t want = size > ARENA_BLOCK ? size : ARENA_BLOCK;

		b = calloc(1, sizeof(*b) + want);
		if (!b)
			return NULL;
		b->size = a->left = want;
		b->next = a->blocks;
		a->blocks = b;
	}
	a->left -= size;
	return b->data + a->left;
}

char *arena_copy(struct arena *a, const void *data, size_t len)
{
	char *copy = arena_alloc(a, len + ARENA_ALIGN);

	if (copy)
		memcpy(copy, data, len);
	return copy;
}

void arena_release(struct arena *a)
{
	struct arena_block *b = a->blocks, *next;

	for (; b; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena){ 0 };
}
