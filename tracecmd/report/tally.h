/*
 * tally.h - counting by key: a table of numbers that grows.
 *
 * Layer 5.
 */
#ifndef REPORT_TALLY_H
#define REPORT_TALLY_H

#include <stdbool.h>
#include <stdint.h>

/* What is counted: a number of some group, such as a pid of a file. */
struct tally_item {
	uint32_t group, key;
	unsigned long long count;
	bool used;
};

/* All zeros is an empty one. */
struct tally {
	struct tally_item *slot;	/* nr_slots, a power of two */
	unsigned int nr_slots, used;
};

/* Add @n to the count of @key in @group. 0; -ENOMEM. */
int tally_add(struct tally *t, uint32_t group, uint32_t key, unsigned long long n);

/*
 * Bring all items to the front of t->slot, the largest count first, then by group and key.
 * Nothing can be added after that. Returns how many there are.
 */
unsigned int tally_sort(struct tally *t);

void tally_release(struct tally *t);

#endif
