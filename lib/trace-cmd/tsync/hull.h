/*
 * hull.h - the lower convex hull of points that come in order of time, and lines above or below it.
 *
 * Layer 4, pure. An upper bound v at t is the point (t, v); a lower bound goes
 * into a hull of its own, negated, so that one piece of arithmetic serves both. A line
 * that is below all points is below the hull, and the hull's vertices are all that can touch it.
 *
 * Slopes are fixed-point numbers, 1 is 2^SLOPE_SHIFT; rounding is always towards the weaker
 * statement. Coordinates are at most HULL_LIMIT in size, so that each product fits 128 bits.
 */
#ifndef TSYNC_HULL_H
#define TSYNC_HULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLOPE_SHIFT	48
#define SLOPE_ONE	((__int128)1 << SLOPE_SHIFT)
#define SLOPE_MAX	((int64_t)1 << 62)	/* as good as infinite */
#define HULL_LIMIT	((int64_t)1 << 60)

struct hull_point {
	int64_t t, v;
	uint8_t source;		/* enum bound_source */
};

struct hull {
	struct hull_point *at;
	size_t count, alloc;
};

void hull_release(struct hull *h);

/* Add a point not earlier than those before. 0; -ENOMEM. */
int hull_add(struct hull *h, const struct hull_point *p);

/* Append a point as it is. 0; -ENOMEM. */
int hull_push(struct hull *h, const struct hull_point *p);

/*
 * The steepest slope from a point of the hull to (@t, @v), of those before @t, rounded down; -SLOPE_MAX
 * if there is none. @t is not before the hull's last point.
 */
int64_t hull_slope_to(const struct hull *h, int64_t t, int64_t v);

/* Index of the vertex that a line of @slope, coming from below, touches first. The hull isn't empty. */
size_t hull_touch(const struct hull *h, int64_t slope);

/* min(v - slope * t) over the hull, times 2^SLOPE_SHIFT. The hull isn't empty. */
__int128 hull_intercept(const struct hull *h, int64_t slope);

/*
 * The largest value at @t of any line below the hull whose slope is in
 * [@lo, @hi], rounded up; *@ret_source: of the vertex that limits it. INT64_MAX for an empty hull.
 */
int64_t hull_highest(const struct hull *h, int64_t t, int64_t lo, int64_t hi, uint8_t *ret_source);

/* a / b rounded down, b > 0; ceil by -floor_div(-a, b). */
static inline __int128 floor_div(__int128 a, __int128 b)
{
	return a / b - (a % b < 0);
}

#endif
