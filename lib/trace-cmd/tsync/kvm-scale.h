/*
 * kvm-scale.h - from a guest's TSC to its host's and back, as KVM has set the hardware up.
 *
 * Layer 4, pure.
 *
 *   guest = ((host * ratio) >> fraction) + offset        what the hardware does
 *   host  = ((guest - offset) << fraction) / ratio       the way back
 *
 * All products have 128 bits.
 */
#ifndef TSYNC_KVM_SCALE_H
#define TSYNC_KVM_SCALE_H

#include <stdbool.h>
#include <stdint.h>

/* Of one vCPU. */
struct kvm_scale {
	int64_t offset;		/* cycles of the guest */
	uint64_t ratio;		/* fixed point with so many bits of fraction; never 0 */
	unsigned int fraction;	/* 0..KVM_FRACTION_MAX */
};

#define KVM_FRACTION_MAX 62

/* Neither faster nor slower than the host's. */
static inline bool kvm_scale_none(const struct kvm_scale *s)
{
	return s->ratio == 1ULL << s->fraction;
}

bool kvm_scale_equal(const struct kvm_scale *a, const struct kvm_scale *b);

/* Whether hardware may be set up like this: a ratio of 1/1024 to 1024, a fraction that fits. */
bool kvm_scale_sane(const struct kvm_scale *s);

/*
 * The host's time of the guest's @guest: the one cycle of it that made that value or, where
 * a slower guest makes one value of several, the middle one. False beyond 63 bits.
 */
bool kvm_host_time(const struct kvm_scale *s, int64_t guest, int64_t *ret);

/* The guest's time of the host's @host, exactly. False beyond 63 bits. */
bool kvm_guest_time(const struct kvm_scale *s, int64_t host, int64_t *ret);

/*
 * A point of the line of offsets, at the guest's @time or up to KVM_POINT_NEAR cycles later: one where the line
 * passes near to whole numbers, so that what is interpolated between two of them is right to
 * the cycle. False beyond 63 bits.
 */
#define KVM_POINT_NEAR (1 << 20)
bool kvm_scale_point(const struct kvm_scale *s, int64_t time, int64_t *ret_time,
		     int64_t *ret_host);

/*
 * How far apart (in guest cycles, at least 1) points of a line of offsets may be so that readers which
 * interpolate between them with products of 64 bits do it right; INT64_MAX without scaling.
 */
int64_t kvm_scale_step(const struct kvm_scale *s);

#endif
