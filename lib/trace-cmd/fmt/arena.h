/*
 * arena.h - memory that is freed all at once: what is compiled for an event lives as
 * long as its printer.
 *
 * Layer 2.
 */
#ifndef FMT_ARENA_H
#define FMT_ARENA_H

#include <stddef.h>

struct arena_block;

/* Zeroed it is empty. */
struct arena {
	struct arena_block *blocks;
	size_t left;		/* bytes of the first block not given away */
};

/* @size zeroed bytes, aligned for anything; NULL: out of memory. */
void *arena_alloc(struct arena *a, size_t size);
/* A copy of @len bytes; at least 16 bytes of zeros are behind. */
char *arena_copy(struct arena *a, const void *data, size_t len);
void arena_release(struct arena *a);

#endif
