/*
 * kvm-scale.c - see kvm-scale.h. Layer 4, pure.
 */
#include "tsync/kvm-scale.h"

#define RATIO_MAX_LOG2 10	/* the clock rates of two machines differ by less */

bool kvm_scale_equal(const struct kvm_scale *a, const struct kvm_scale *b)
{
	return a->offset == b->offset && a->ratio == b->ratio && a->fraction == b->fraction;
}

bool kvm_scale_sane(const struct kvm_scale *s)
{
	unsigned __int128 one;

	if (!s->ratio || s->fraction > KVM_FRACTION_MAX)
		return false;
	one = (unsigned __int128)1 << s->fraction;
	return s->ratio <= one << RATIO_MAX_LOG2 &&
	       (unsigned __int128)s->ratio << RATIO_MAX_LOG2 >= one;
}

static bool fits(__int128 v, int64_t *ret)
{
	*ret = (int64_t)v;
	return v == *ret;
}

/* a / b rounded up; both not negative, and the sum fits. */
static unsigned __int128 divide_up(unsigned __int128 a, uint64_t b)
{
	return a / b + (a % b != 0);
}

bool kvm_host_time(const struct kvm_scale *s, int64_t guest, int64_t *ret)
{
	__int128 scaled = (__int128)guest - s->offset;
	unsigned __int128 lo, hi;

	if (kvm_scale_none(s))
		return fits(scaled, ret);
	/* the host's TSC counts from 0; with the fraction it has 64 + 62 bits at most */
	if (scaled < 0)
		return false;
	lo = divide_up((unsigned __int128)scaled << s->fraction, s->ratio);
	hi = divide_up((unsigned __int128)(scaled + 1) << s->fraction, s->ratio);
	/* a faster guest leaves values out: hi == lo is such a one */
	if (hi > lo)
		hi--;
	return lo + (hi - lo) / 2 <= INT64_MAX && fits(lo + (hi - lo) / 2, ret);
}

bool kvm_guest_time(const struct kvm_scale *s, int64_t host, int64_t *ret)
{
	__int128 scaled;

	if (kvm_scale_none(s))
		return fits((__int128)host + s->offset, ret);
	if (host < 0)
		return false;
	scaled = ((unsigned __int128)(uint64_t)host * s->ratio) >> s->fraction;
	return fits(scaled + s->offset, ret);
}

/*
 * The middle of the host's times that make the guest's @guest, rounded, and how far that is off:
 * in 1/2^16. (2 * (guest - offset) + 1) << fraction) / (2 * ratio) - 1/2. False if none fits.
 */
static bool middle(const struct kvm_scale *s, int64_t guest, int64_t *ret_host, uint32_t *ret_off)
{
	__int128 scaled = (__int128)guest - s->offset;
	unsigned __int128 twice = (unsigned __int128)s->ratio * 2, sum, left;

	if (scaled < 0 || scaled > INT64_MAX)
		return false;
	/* half a cycle less, and half a one more to round */
	sum = (unsigned __int128)(2 * (unsigned __int128)scaled + 1) << s->fraction;
	if (sum / twice > INT64_MAX)
		return false;
	left = sum % twice;
	*ret_host = (int64_t)(sum / twice);
	/* rounded down, the rest is nearest to nothing in the middle */
	left = left > s->ratio ? left - s->ratio : s->ratio - left;
	*ret_off = (uint32_t)(((left >> 1) << 16) / s->ratio);
	return true;
}

bool kvm_scale_point(const struct kvm_scale *s, int64_t time, int64_t *ret_time, int64_t *ret_host)
{
	uint32_t best = UINT32_MAX, off, spread = 1;
	unsigned int i;

	if (kvm_scale_none(s)) {
		*ret_time = time;
		return kvm_host_time(s, time, ret_host);
	}
	for (i = 0; i < 256; i++) {
		int64_t at, host;

		/* anywhere near: any walk would be in step with some ratio */
		spread = spread * 1664525 + 1013904223;
		if (__builtin_add_overflow(time, i ? spread >> 12 : 0, &at) ||
		    !middle(s, at, &host, &off) || off >= best)
			continue;
		best = off;
		*ret_time = at;
		*ret_host = host;
	}
	return best != UINT32_MAX;
}

int64_t kvm_scale_step(const struct kvm_scale *s)
{
	unsigned __int128 one = (unsigned __int128)1 << s->fraction, slope;
	int64_t step = 1;

	if (kvm_scale_none(s))
		return INT64_MAX;
	/* |offset's change| over a step: step * |1/ratio - 1|; in 1/2^20, rounded up */
	slope = one > s->ratio ? one - s->ratio : s->ratio - one;
	slope = (slope << 20) / s->ratio + 1;
	/* the largest power of two with step * change < 2^61 */
	while (step < INT64_MAX / 4 &&
	       ((unsigned __int128)step * 2 * step * 2 * slope) >> 20 < (unsigned __int128)1 << 61)
		step *= 2;
	return step;
}
