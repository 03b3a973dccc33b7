/*
 * ptable.h - numbers for pairs of numbers: how a profile finds what it has seen before.
 *
 * Layer 5. Open addressing; finding and adding take the same time however many there are.
 */
#ifndef REPORT_PTABLE_H
#define REPORT_PTABLE_H

#include <stdbool.h>
#include <stdint.h>

struct ptable_slot {
	uint64_t a, b;
	uint32_t number;		/* + 1; 0: slot not used */
};

struct ptable {
	struct ptable_slot *slot;
	uint32_t nr_slots;		/* a power of two, or 0 */
	uint32_t used;
};

#define PTABLE_NONE UINT32_MAX

/*
 * The number of the pair (@a, @b): that which it got when it was new, or the next one,
 * counted from 0. PTABLE_NONE: out of memory.
 */
uint32_t ptable_number(struct ptable *t, uint64_t a, uint64_t b);

/* The number of a pair; PTABLE_NONE: it has none yet. */
uint32_t ptable_find(const struct ptable *t, uint64_t a, uint64_t b);

void ptable_release(struct ptable *t);

/*
 * Make room for one more element of @size bytes behind @count of them. Elements added are zero.
 * False: out of memory, or more than 2^32 - 2 of them.
 */
bool ptable_grow(void **array, uint32_t *room, uint32_t count, uint32_t size);

#endif
