/*
 * hull.c - see hull.h. Layer 4, pure.
 */
#include <errno.h>
#include <stdlib.h>

#include "tsync/hull.h"

void hull_release(struct hull *h)
{
	free(h->at);
	*h = (struct hull){ 0 };
}

/* Whether @b lies on or above the line from @a to @c: it is no vertex then. */
static bool above(const struct hull_point *a, const struct hull_point *b,
		  const struct hull_point *c)
{
	/* (b.v - a.v) / (b.t - a.t) >= (c.v - a.v) / (c.t - a.t), times both runs */
	return (__int128)(b->v - a->v) * (c->t - a->t) >= (__int128)(c->v - a->v) * (b->t - a->t);
}

int hull_push(struct hull *h, const struct hull_point *p)
{
	if (h->count == h->alloc) {
		size_t alloc = h->alloc ? h->alloc * 2 : 16;
		struct hull_point *at = reallocarray(h->at, alloc, sizeof(*at));

		if (!at)
			return -ENOMEM;
		h->at = at;
		h->alloc = alloc;
	}
	h->at[h->count++] = *p;
	return 0;
}

int hull_add(struct hull *h, const struct hull_point *p)
{
	if (h->count && h->at[h->count - 1].t == p->t) {
		if (h->at[h->count - 1].v <= p->v)
			return 0;
		h->count--;
	}
	while (h->count >= 2 && above(&h->at[h->count - 2], &h->at[h->count - 1], p))
		h->count--;
	return hull_push(h, p);
}

static int64_t clamp_slope(__int128 slope)
{
	if (slope > SLOPE_MAX)
		return SLOPE_MAX;
	return slope < -SLOPE_MAX ? -SLOPE_MAX : (int64_t)slope;
}

/* Of the edge from vertex @i to the next, rounded down. */
static int64_t edge_slope(const struct hull *h, size_t i)
{
	const struct hull_point *a = &h->at[i], *b = a + 1;

	return clamp_slope(floor_div(((__int128)b->v - a->v) * SLOPE_ONE, b->t - a->t));
}

int64_t hull_slope_to(const struct hull *h, int64_t t, int64_t v)
{
	struct hull_point p = { .t = t, .v = v };
	size_t low = 0, high, count = h->count;

	if (count && h->at[count - 1].t == t)
		count--;
	if (!count)
		return -SLOPE_MAX;
	/* slopes to p rise along the vertices while the next one is below the line to p, then fall */
	high = count - 1;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (above(&h->at[mid], &h->at[mid + 1], &p))
			high = mid;
		else
			low = mid + 1;
	}
	return clamp_slope(floor_div(((__int128)v - h->at[low].v) * SLOPE_ONE,
				     t - h->at[low].t));
}

size_t hull_touch(const struct hull *h, int64_t slope)
{
	size_t low = 0, high = h->count - 1;

	/* edges get steeper: past all that are less steep than the line */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (edge_slope(h, mid) >= slope)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

__int128 hull_intercept(const struct hull *h, int64_t slope)
{
	const struct hull_point *p = &h->at[hull_touch(h, slope)];

	return p->v * SLOPE_ONE - (__int128)slope * p->t;
}

/* The vertex before or at @t; the last but one if @t is past them all. Two at least. */
static size_t edge_over(const struct hull *h, int64_t t)
{
	size_t low = 0, high = h->count - 1;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (h->at[mid].t <= t)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static int64_t clamp_value(__int128 v)
{
	if (v > INT64_MAX)
		return INT64_MAX;
	return v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

/* The value at @t of the line of @slope that touches the hull, rounded up. */
static int64_t touching(const struct hull *h, int64_t t, int64_t slope, uint8_t *ret_source)
{
	const struct hull_point *p = &h->at[hull_touch(h, slope)];
	/* v + ceil(slope * (t - p.t)) */
	__int128 rise = -floor_div(-(__int128)slope * ((__int128)t - p->t),
				   SLOPE_ONE);

	*ret_source = p->source;
	return clamp_value(p->v + rise);
}

int64_t hull_highest(const struct hull *h, int64_t t, int64_t lo, int64_t hi, uint8_t *ret_source)
{
	const struct hull_point *a, *b;
	int64_t slope;

	if (!h->count)
		return INT64_MAX;
	/*
	 * The highest value at t as a function of the slope is concave; it peaks on the
	 * edge over t, or at no slope at all if t is outside.
	 */
	if (t > h->at[h->count - 1].t)
		return touching(h, t, hi, ret_source);
	if (t < h->at[0].t)
		return touching(h, t, lo, ret_source);
	if (h->count == 1) {
		*ret_source = h->at[0].source;
		return h->at[0].v;
	}
	a = &h->at[edge_over(h, t)];
	b = a + 1;
	slope = edge_slope(h, a - h->at);
	if (slope > hi)
		return touching(h, t, hi, ret_source);
	if (slope + 1 < lo)
		return touching(h, t, lo, ret_source);
	*ret_source = t - a->t < b->t - t ? a->source : b->source;
	/* a.v + ceil((b.v - a.v) * (t - a.t) / (b.t - a.t)) */
	return a->v - (int64_t)floor_div(-(__int128)(b->v - a->v) * (t - a->t), b->t - a->t);
}
