/*
 * gaps.h - when a guest's CPU surely did not run, by the host's KVM events.
 *
 * Layer 5, pure. The thread of a vCPU leaves the guest at a kvm_exit and goes back at
 * the next kvm_entry; between the two, the gap, nothing of the guest happens on that
 * CPU. Only an entry that follows an exit directly makes a gap: where events may be missing
 * there is none. All times are raw host times.
 */
#ifndef CLOCKS_GAPS_H
#define CLOCKS_GAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gap {
	int64_t exit, entry;	/* the guest was out from the one to the other */
};

/* In the order of time; all zero is an empty one. */
struct gaps {
	struct gap *at;
	size_t count, alloc;
	int64_t exit;		/* the last one */
	bool out;		/* no entry came since */
};

void gaps_release(struct gaps *g);

/* The host's events of the vCPU, in the order of time. gaps_entry(): 0; -ENOMEM. */
void gaps_exit(struct gaps *g, int64_t time);
int gaps_entry(struct gaps *g, int64_t time);

/* From @since to now there may have been events that nobody has seen. */
void gaps_lost(struct gaps *g, int64_t since);

/* The first gap that ends after @time, at or behind number @from; count if there is none. */
size_t gaps_find(const struct gaps *g, size_t from, int64_t time);

#endif
