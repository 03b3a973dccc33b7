/*
 * moves.h - when KVM set the TSC of a guest's CPU anew, by the host's event kvm_write_tsc_offset.
 *
 * Layer 5, pure. The event lies between an exit and the next entry of the CPU; guest's TSC = host's TSC +
 * offset. So with the TSC as clock of both, theta is -before until guest time T + before, and
 * -after from T + after on. If the TSC went back, guest times occur twice, and nothing can tell them apart.
 */
#ifndef CLOCKS_MOVES_H
#define CLOCKS_MOVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tsync/bounds.h"

struct move {
	int64_t time;		/* the host's, raw */
	int64_t before, after;	/* KVM's offsets */
	int vcpu;
};

/* In the order of time; all zero is an empty one. */
struct moves {
	struct move *at;
	size_t count, alloc;
};

void moves_release(struct moves *m);

/* In the order of time; one that changes nothing is left out. 0; -ENOMEM. */
int moves_add(struct moves *m, const struct move *one);

/*
 * What they prove, into @ret: by CPU, or if not @by_cpu of all @nr_vcpus CPUs together, which must have moved
 * together then. Returns how many bounds; 0 also if some of it cannot be told as a
 * function of the guest's time; -ENOMEM.
 */
int moves_bounds(const struct moves *m, bool by_cpu, int nr_vcpus, struct bounds *ret);

#endif
