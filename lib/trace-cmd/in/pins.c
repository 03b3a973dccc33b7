/*
 * pins.c - see pins.h. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>

#include "in/pins.h"

struct in_pins *in_pins_new(void)
{
	return calloc(1, sizeof(struct in_pins));
}

int in_pins_add(struct in_pins *pins, const struct tep_record *rec)
{
	struct in_chunk *c = ((const struct in_place_record *)rec)->chunk;

	/* one reference for all records of a chunk, most often */
	if (c->pinned_by == pins)
		return 0;
	if (pins->count == pins->alloc) {
		unsigned int alloc = pins->alloc ? 2 * pins->alloc : 16;
		struct in_chunk **more = reallocarray(pins->chunk, alloc, sizeof(*more));

		if (!more)
			return -ENOMEM;
		pins->chunk = more;
		pins->alloc = alloc;
	}
	in_chunk_ref(c);
	c->pinned_by = pins;
	pins->chunk[pins->count++] = c;
	pins->bytes += c->len;
	return 0;
}

void in_pins_clear(struct in_pins *pins)
{
	pins->bytes = 0;
	while (pins->count) {
		struct in_chunk *c = pins->chunk[--pins->count];

		if (c->pinned_by == pins)
			c->pinned_by = NULL;
		in_chunk_unref(c);
	}
}

void in_pins_free(struct in_pins *pins)
{
	if (!pins)
		return;
	in_pins_clear(pins);
	free(pins->chunk);
	free(pins);
}
