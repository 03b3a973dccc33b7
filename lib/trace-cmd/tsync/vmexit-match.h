/*
 * vmexit-match.h - tags that a guest gives its host, found among KVM's events; what they prove.
 *
 * Layer 4, pure. The guest reads its clock (s), executes CPUID with a number in its
 * registers, and reads its clock again (r). The host's KVM sees the vCPU leave, the
 * number, and the vCPU enter again:
 *
 *   theta <= time of kvm_exit  - s		theta >= time of kvm_entry - r
 *
 * where theta is the host's clock minus the guest's. What happens between the two, and how
 * long it takes, does not matter.
 */
#ifndef TSYNC_VMEXIT_MATCH_H
#define TSYNC_VMEXIT_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tsync/bounds.h"
#include "wire/vmexit.h"

enum vmexit_kind {
	VMEXIT_EXIT,		/* kvm_exit */
	VMEXIT_CPUID,		/* kvm_cpuid */
	VMEXIT_ENTRY,		/* kvm_entry */
};

struct vmexit_event {
	int64_t time;			/* host's clock */
	size_t order;			/* of events at the same time */
	int cpu;			/* of the host */
	int pid;			/* the vCPU's thread */
	enum vmexit_kind kind;
	bool other;			/* an exit that was for no CPUID */
	uint32_t function, index;	/* of CPUID */
};

/* Events of some CPU may be missing after one time and up to another. */
struct vmexit_gap {
	int64_t after, until;
};

struct vmexit_log {
	struct vmexit_event *event;
	size_t nr_events, alloc_events;
	struct vmexit_gap *gap;
	size_t nr_gaps, alloc_gaps;
};

void vmexit_log_release(struct vmexit_log *log);

/* Forget all, keep the memory. */
void vmexit_log_reset(struct vmexit_log *log);

/* Append; vmexit_log_add() sets the order. 0; -ENOMEM. */
int vmexit_log_add(struct vmexit_log *log, const struct vmexit_event *event);
int vmexit_log_gap(struct vmexit_log *log, const struct vmexit_gap *gap);

/* One tag: what both sides say of it. */
struct vmexit_tag {
	int64_t before, after;		/* guest's clock, if stamped */
	int64_t exit, entry;		/* host's, if exited, entered */
	int pid;
	bool stamped, exited, entered;
	unsigned int seen;		/* times that its number came; more than one: none of them counts */
};

/* The guest's stamps into @tags, of which there are @count. */
void vmexit_take_stamps(struct vmexit_tag *tags, unsigned int count,
			const struct vmexit_stamps *stamps);

/*
 * Find the tags in @log, whose events get sorted by thread and time. An exit counts only if it is the
 * event before the tag's, on the same CPU; an entry only if it is the one after it; and none
 * counts if events may be missing meanwhile.
 */
void vmexit_match(struct vmexit_log *log, const struct vmexit_start *start,
		  struct vmexit_tag *tags);

/* What all tags say together. */
struct vmexit_sum {
	unsigned int seen;		/* tags that the host saw, and the guest stamped */
	int64_t lo, hi;			/* theta is between; lo > hi: a clock stepped, or somebody lies */
	int64_t time;			/* guest's clock, in the midst of them */
	int pid;			/* the thread of all of them; -1: several */
};

/*
 * @slack: clock units that a stamp may be off. Bounds go to @bounds, too. 0; -ENODATA: not both sides are
 * bounded; -ENOMEM.
 */
int vmexit_sum(const struct vmexit_tag *tags, unsigned int count, int64_t slack,
	       struct bounds *bounds, struct vmexit_sum *ret);

#endif
