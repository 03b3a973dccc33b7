/*
 * bounds.h - what is certain about a clock offset: half-planes of causality.
 *
 * Layer 4, pure. theta(t) = host clock - guest clock at the moment when the guest's
 * clock says t. Nothing arrives before it was sent, so each message, and each
 * exit from a guest, bounds theta from one side:
 *
 *   sent by the guest at s, seen by the host at h     theta(s) <= h - s
 *   sent by the host at h, seen by the guest at r     theta(r) >= h - r
 *
 * No assumption on the path is made. All times are in units of the trace clock (ns, or
 * cycles of x86-tsc) and all differences are exact.
 */
#ifndef TSYNC_BOUNDS_H
#define TSYNC_BOUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a bound comes from: also what limits the result, in words. */
enum bound_source {
	BOUND_PTP = 1,		/* probes of "ptp" */
	BOUND_BURST,		/* four-stamp probes of our own protocol */
	BOUND_VMEXIT,		/* tagged CPUIDs and the host's KVM events */
	BOUND_KVM,		/* KVM's own offset and scaling */
	BOUND_WINDOW,		/* recorded guest events between kvm_entry and kvm_exit */
	BOUND_VSOCK,		/* recorded packets */
	BOUND_SOURCES
};

struct bound {
	int64_t time;		/* guest clock */
	int64_t value;		/* of theta(time), clock units */
	int16_t guest_cpu;	/* -1: any */
	int16_t host_cpu;	/* -1: any */
	uint8_t source;		/* enum bound_source */
	bool upper;		/* theta(time) <= value, else >= */
	/* true at its own time together with the one of the other side at that time: no message, but what a model says */
	bool stated;
};

/* In any order. */
struct bounds {
	struct bound *at;
	size_t count, alloc;
};

void bounds_release(struct bounds *b);

/* 0; -ENOMEM. */
int bounds_add(struct bounds *b, const struct bound *one);

#endif
