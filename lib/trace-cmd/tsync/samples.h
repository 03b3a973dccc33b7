/*
 * samples.h - the results of all rounds of a session, and the TimeShift made of them.
 *
 * Layer 4, pure.
 */
#ifndef TSYNC_SAMPLES_H
#define TSYNC_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tsync/bounds.h"
#include "tsync/kvm-scale.h"
#include "tsync/reduce.h"
#include "wire/opt-timeshift.h"

/* What one round yields. An offset of 0 is as good as any. */
struct tsync_result {
	int64_t time;		/* guest clock */
	int64_t offset;		/* host minus guest */
	int64_t response;	/* of the probe chosen, clock units; -1 unknown */
	int guest_cpu;		/* the round ran on; -1: any */
	int host_cpu;		/* the vCPU thread was pinned to; -1: none */
	unsigned int pass;	/* 0, 1, ... */
	pid_t tid;		/* the host's thread of that CPU, if it was learnt; else 0 */
	bool scaled;		/* the clocks' rates differ, as follows; so the offset changes */
	struct kvm_scale scale;
};

struct tsync_samples {
	struct tsync_result *results;
	size_t count, alloc;
	struct round_stat *rounds;	/* of all that gave bounds, also if their offsets were not wanted */
	size_t nr_rounds, alloc_rounds;
	struct bounds bounds;	/* what all rounds make sure: reduced, unless all is kept */
	bool keep_all;
};

void tsync_samples_release(struct tsync_samples *s);
int tsync_samples_add(struct tsync_samples *s, const struct tsync_result *r);

/*
 * Add the bounds of the round that gave @r, with its CPUs, and their figures; @bounds is empty then.
 * 0; -ENOMEM.
 */
int tsync_samples_take_bounds(struct tsync_samples *s, const struct tsync_result *r,
			      struct bounds *bounds);

/*
 * Current layout: per guest CPU its samples, one a pass (that of the fastest
 * response of its rounds in that pass, or the pass's best if the CPU had
 * none), so that every CPU has honest counts. Fork's layout: per host CPU,
 * ascending, the best of the rounds pinned there, one a pass; CPU -1, at the
 * end, for the rest. A response that is not known counts as the slowest. Where a
 * clock's rate is another by KVM's scaling, points of that line follow, close enough for readers
 * that interpolate between them with 64 bits, and the flags tell them to. 0;
 * -ENODATA without results; -EINVAL for other layouts; -ENOMEM.
 */
int tsync_samples_timeshift(const struct tsync_samples *s, enum timeshift_layout layout,
			    uint64_t peer_id, uint32_t flags, int nr_guest_cpus,
			    struct timeshift *ret);

#endif
