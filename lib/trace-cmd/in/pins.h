/*
 * pins.h - records that stay where they are in their pages, and keeping these in memory.
 *
 * Layer 2. Not locked: pins are set and taken away in the thread that reads.
 */
#ifndef IN_PINS_H
#define IN_PINS_H

#include <event-parse.h>

#include "in/pages.h"

/* What an iteration in place hands out; valid while its callback runs. */
struct in_place_record {
	struct tep_record rec;		/* first: users have its address */
	struct in_chunk *chunk;		/* where its data is */
};

/* Chunks that are kept. */
struct in_pins {
	struct in_chunk **chunk;
	unsigned int count, alloc;
	uint64_t bytes;			/* of these chunks */
};

/* NULL: out of memory. */
struct in_pins *in_pins_new(void);

/* Keep the data of @rec, which is a struct in_place_record. 0; -ENOMEM. */
int in_pins_add(struct in_pins *pins, const struct tep_record *rec);

void in_pins_clear(struct in_pins *pins);

/* Clears before; NULL is fine. */
void in_pins_free(struct in_pins *pins);

#endif
