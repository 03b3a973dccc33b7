/*
 * bounds.c - see bounds.h. Layer 2, pure.
 */
#include <errno.h>
#include <stdbool.h>

#include "in/bounds.h"

#define STEPS 64

/* The count of the host's clock that is shown as @ts. */
static uint64_t host_count(const struct in_timeline *t, uint64_t ts)
{
	uint64_t v = ts - (uint64_t)t->offset_ns;

	if (t->ns_per_count > 0)
		return (uint64_t)((double)v / t->ns_per_count);
	/* the smallest one, of those that are shown alike */
	if (t->mult)
		return (uint64_t)((((unsigned __int128)v << t->mult_shift) + t->mult - 1) / t->mult);
	return v;
}

/*
 * How far to go for @off more of host time, if going @way brought @got; as far, if that is nonsense:
 * behind a step, or for the first time.
 */
static int64_t way_to(int64_t off, int64_t way, __int128 got)
{
	__int128 to;

	if (!got || (way < 0) != (got < 0))
		return off;
	to = (__int128)off * way / got;
	return to && to == (int64_t)to ? (int64_t)to : off;
}

/*
 * The guest's count that the shift makes @host of, or one that it makes nearly that. Clocks that KVM scales
 * have an offset that changes by more than time does.
 */
static uint64_t guest_count(const struct in_timeline *t, const struct timeshift_cpu *shift,
			    uint64_t host)
{
	int interpolate = t->shift->flags & TIMESHIFT_FL_INTERPOLATE, i;
	/* where the offset is the first one, which it nearly is without steps */
	uint64_t guest = host - (uint64_t)shift->samples[0].offset;
	int64_t off, last = 0, way = 0;

	for (i = 0; i < STEPS; i++) {
		off = (int64_t)(host - timeshift_apply(shift, interpolate, guest));
		if (!off)
			break;
		way = way_to(off, way, way ? (__int128)last - off : 0);
		last = off;
		guest += (uint64_t)way;
	}
	return guest;
}

/* @count, of the host's clock, in units of timestamps; away from 0. */
static int64_t shown(const struct in_timeline *t, __int128 count)
{
	bool negative = count < 0;
	unsigned __int128 v = negative ? -count : count;

	if (v > INT64_MAX)
		v = INT64_MAX;
	if (t->ns_per_count > 0)
		v = (double)v * t->ns_per_count < 9e18 ?
		    (unsigned __int128)((double)v * t->ns_per_count) + 1 : INT64_MAX;
	else if (t->mult)
		v = (v * t->mult >> t->mult_shift) + 1;
	if (v > INT64_MAX)
		v = INT64_MAX;
	return negative ? -(int64_t)v : (int64_t)v;
}

int in_time_bounds(const struct in_timeline *t, const struct in_info *info, unsigned int cpu,
		   uint64_t ts, int64_t *ret_lo, int64_t *ret_hi)
{
	const struct timeshift_cpu *shift = in_timeline_cpu(t, cpu);
	struct opt_tsync_value v;
	uint64_t host, guest;
	int64_t applied;
	int ret;

	if (t->raw || !shift || !info->has_tsync)
		return -ENODATA;
	host = host_count(t, ts);
	guest = guest_count(t, shift, host);
	ret = opt_tsync_at(&info->tsync, (int)cpu, -1, (int64_t)guest, &v);
	if (ret)
		return ret;
	if (v.lo == INT64_MIN || v.hi == INT64_MAX)
		return -ENODATA;
	applied = (int64_t)(host - guest);
	*ret_lo = shown(t, (__int128)v.lo - applied);
	*ret_hi = shown(t, (__int128)v.hi - applied);
	return 0;
}
