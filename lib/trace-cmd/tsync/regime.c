/*
 * regime.c - see regime.h. Layer 4, pure.
 */
#include <errno.h>

#include "tsync/regime.h"

void regime_init(struct regime *r, bool varies, int64_t drift_lo, int64_t drift_hi)
{
	*r = (struct regime){
		.varies = varies,
		.drift_lo = drift_lo,
		.drift_hi = drift_hi,
	};
}

void regime_release(struct regime *r)
{
	hull_release(&r->upper);
	hull_release(&r->lower);
}

/* --- a line ----------------------------------------------------------------- */

/*
 * An upper bound u at t with each lower one l before it, and the reverse:
 *
 *   slope <= (u - l_i) / (t - t_i)        slope >= (l - u_i) / (t - t_i)
 *
 * A line through all bounds exists if, and only if, a slope meets all pairs.
 */
static int line_add(struct regime *r, const struct hull_point *p, bool upper)
{
	struct hull *own = upper ? &r->upper : &r->lower;
	const struct hull *other = upper ? &r->lower : &r->upper;
	const struct hull_point *last = other->count ? &other->at[other->count - 1] : NULL;
	/* of the mirrored bounds, if p is an upper one */
	int64_t slope = hull_slope_to(other, p->t, -p->v);
	int64_t lo = r->drift_lo, hi = r->drift_hi;
	int ret;

	if (last && last->t == p->t && last->v < -p->v)
		return 0;
	if (upper && -slope < hi)
		hi = -slope;
	if (!upper && slope > lo)
		lo = slope;
	if (lo > hi)
		return 0;
	ret = hull_add(own, p);
	if (ret)
		return ret;
	r->drift_lo = lo;
	r->drift_hi = hi;
	return 1;
}

/* The widest room for lines of @slope: min(u - slope * t) - max(l - slope * t), times 2^SLOPE_SHIFT */
static __int128 margin(const struct regime *r, int64_t slope)
{
	return hull_intercept(&r->upper, slope) + hull_intercept(&r->lower, -slope);
}

/* Where the margin, which is concave, is largest. */
static int64_t widest(const struct regime *r)
{
	int64_t low = r->drift_lo, high = r->drift_hi;

	while (low < high) {
		int64_t mid = low + (high - low) / 2;
		const struct hull_point *u = &r->upper.at[hull_touch(&r->upper, mid)];
		const struct hull_point *l = &r->lower.at[hull_touch(&r->lower, -mid)];

		/* its derivative is l->t - u->t */
		if (l->t <= u->t)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* From @best, which has a margin of @enough, the last slope towards @end that has one, too. */
static int64_t farthest(const struct regime *r, int64_t best, int64_t end, __int128 enough)
{
	int64_t good = best, bad = end;

	if (margin(r, end) >= enough)
		return end;
	while (good - bad > 1 || bad - good > 1) {
		int64_t mid = bad + (good - bad) / 2;

		if (margin(r, mid) >= enough)
			good = mid;
		else
			bad = mid;
	}
	return good;
}

void regime_line(const struct regime *r, int64_t nominal, int64_t slack, int64_t *ret_slope,
		 int64_t *ret_value)
{
	int64_t best = widest(r), low, high, slope = nominal;
	__int128 enough = margin(r, best) - slack * SLOPE_ONE;

	low = farthest(r, best, r->drift_lo, enough);
	high = farthest(r, best, r->drift_hi, enough);
	if (nominal < low || nominal > high)
		slope = low + (high - low) / 2;
	*ret_slope = slope;
	*ret_value = (int64_t)floor_div(hull_intercept(&r->upper, slope) -
					hull_intercept(&r->lower, -slope),
					2 * SLOPE_ONE);
}

/* --- cones ------------------------------------------------------------------ */

/* At most how much theta rises over @run, rounded up. */
static __int128 rise(int64_t slope, __int128 run)
{
	return -floor_div(-(__int128)slope * run, SLOPE_ONE);
}

/* The largest value that @p, from a hull whose slopes are in [lo, hi], allows at @t. */
static __int128 reach(const struct hull_point *p, int64_t t, int64_t lo, int64_t hi)
{
	return p->v + (t >= p->t ? rise(hi, (__int128)t - p->t) : rise(lo, (__int128)t - p->t));
}

static int cone_add(struct regime *r, const struct hull_point *p, bool upper)
{
	struct hull *own = upper ? &r->upper : &r->lower;
	const struct hull *other = upper ? &r->lower : &r->upper;
	int64_t lo = upper ? r->drift_lo : -r->drift_hi;
	int64_t hi = upper ? r->drift_hi : -r->drift_lo;

	/* of each kind the last cone is the one that reaches lowest from here on */
	if (other->count && reach(&other->at[other->count - 1], p->t, -hi, -lo) < -(__int128)p->v)
		return 0;
	if (own->count && reach(&own->at[own->count - 1], p->t, lo, hi) <= p->v)
		return 1;
	while (own->count && reach(p, own->at[own->count - 1].t, lo, hi) <=
			     own->at[own->count - 1].v)
		own->count--;
	return hull_push(own, p) ? -ENOMEM : 1;
}

static int64_t cone_highest(const struct hull *h, int64_t t, int64_t lo, int64_t hi,
			    uint8_t *ret_source)
{
	size_t low = 0, high = h->count;
	__int128 best = INT64_MAX;
	size_t i;

	/* the first vertex past t; only it and the one before reach here unhindered */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (h->at[mid].t <= t)
			low = mid + 1;
		else
			high = mid;
	}
	for (i = low ? low - 1 : 0; i <= low && i < h->count; i++) {
		__int128 v = reach(&h->at[i], t, lo, hi);

		if (v < best) {
			best = v;
			*ret_source = h->at[i].source;
		}
	}
	return best < INT64_MIN ? INT64_MIN : (int64_t)best;
}

/* --- either ----------------------------------------------------------------- */

int regime_add(struct regime *r, const struct hull_point *p, bool upper)
{
	struct hull_point own = *p;

	if (!upper)
		own.v = -p->v;
	return r->varies ? cone_add(r, &own, upper) : line_add(r, &own, upper);
}

int64_t regime_highest(const struct regime *r, int64_t t, uint8_t *ret_source)
{
	if (r->varies)
		return cone_highest(&r->upper, t, r->drift_lo, r->drift_hi, ret_source);
	return hull_highest(&r->upper, t, r->drift_lo, r->drift_hi, ret_source);
}

int64_t regime_lowest(const struct regime *r, int64_t t, uint8_t *ret_source)
{
	int64_t v;

	if (r->varies)
		v = cone_highest(&r->lower, t, -r->drift_hi, -r->drift_lo, ret_source);
	else
		v = hull_highest(&r->lower, t, -r->drift_hi, -r->drift_lo, ret_source);
	return v == INT64_MAX ? INT64_MIN : -v;
}
