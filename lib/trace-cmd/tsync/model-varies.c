/*
 * model-varies.c - what is known of clocks whose rate varies, as segments: see model.h. Layer 4, pure.
 *
 * Such clocks were compared at some moments; from one to the next the limits of theta are cones
 * that open from either side and meet about in the middle. In the file, where segments are lines with
 * limits that go apart before their first and behind their last time, that is two segments: one goes
 * from the one moment to the middle, the other from there on to the other moment. The
 * estimates of both lie on the line between the moments.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/timearith.h"
#include "tsync/model-varies.h"

/* A moment for all bounds of so much time, and for more if the moments would be too many. */
#define GAP_NS		50000000
#define MOMENTS_MAX	400
/* Of the bounds of one moment: so many, evenly, are asked for the time when theta is known best. */
#define LOOKS		64

struct moment {
	int64_t time;
	struct fit_value v;
	uint32_t bounds;
};

static int by_number(const void *pa, const void *pb)
{
	int64_t a = *(const int64_t *)pa, b = *(const int64_t *)pb;

	return a < b ? -1 : a > b;
}

/* The one of @n times at which [lo, hi] is narrowest. False: none is known. */
static bool best_of(const struct fit *f, const struct fit_segment *s, const int64_t *times, size_t n,
		    struct moment *ret)
{
	size_t step = n / LOOKS + 1, i;
	uint64_t best = UINT64_MAX;
	struct fit_value v;

	for (i = 0; i < n; i += step) {
		if (fit_segment_at(f, s, times[i], &v) || v.lo == INT64_MIN || v.hi == INT64_MAX ||
		    (uint64_t)v.hi - (uint64_t)v.lo >= best)
			continue;
		best = (uint64_t)v.hi - (uint64_t)v.lo;
		*ret = (struct moment){
			.time = times[i], .v = v, .bounds = n < UINT32_MAX ? n : UINT32_MAX,
		};
	}
	return best != UINT64_MAX;
}

/* The moments of segment @s; @times: of all bounds, sorted. How many; -ENOMEM. */
static int moments_of(const struct fit *f, const struct fit_segment *s, const int64_t *times,
		      size_t n, struct moment **ret)
{
	uint64_t gap = ((uint64_t)s->last - (uint64_t)s->first) / MOMENTS_MAX + 1;
	struct moment *m = calloc(MOMENTS_MAX + 1, sizeof(*m));
	size_t i, end;
	int count = 0;

	if (!m)
		return -ENOMEM;
	if (gap < GAP_NS)
		gap = GAP_NS;
	for (i = 0; i < n && times[i] < s->first; i++)
		;
	for (; i < n && times[i] <= s->last && count <= MOMENTS_MAX; i = end) {
		for (end = i; end < n && times[end] <= s->last; end++)
			if ((uint64_t)times[end] - (uint64_t)times[i] > gap)
				break;
		count += best_of(f, s, &times[i], end - i, &m[count]);
	}
	*ret = m;
	return count;
}

/* Of the line from @a to @b, as far as the rates allow. */
static int64_t slope_between(const struct fit_segment *s, const struct moment *a,
			     const struct moment *b)
{
	__int128 run = (__int128)b->time - a->time;
	__int128 slope = floor_div(((__int128)b->v.mid - a->v.mid) * SLOPE_ONE, run);

	if (slope > s->drift_hi)
		return s->drift_hi;
	return slope < s->drift_lo ? s->drift_lo : (int64_t)slope;
}

/* slope * run, rounded up */
static __int128 rise_up(int64_t slope, __int128 run)
{
	return -floor_div(-slope * run, SLOPE_ONE);
}

static int64_t fitting(__int128 v)
{
	return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

/*
 * What is known by @m alone, stated from @first to @last, one of which is its time, and true from @from to @to. The
 * cone's sides are lines, so that what is stated at both ends holds in between.
 */
static void put_half(const struct fit_segment *s, const struct moment *m, int64_t slope,
		     int64_t first, int64_t last, struct opt_tsync_segment *ret)
{
	__int128 before = (__int128)m->time - first, after = (__int128)last - m->time;

	*ret = (struct opt_tsync_segment){
		.first = first, .last = last,
		.offset = fitting(m->v.mid - floor_div(slope * before, SLOPE_ONE)),
		.drift = slope, .drift_lo = s->drift_lo, .drift_hi = s->drift_hi,
		.lo_first = fitting(m->v.lo - rise_up(s->drift_hi, before)),
		.hi_first = fitting(m->v.hi + rise_up(-s->drift_lo, before)),
		.lo_last = fitting(m->v.lo - rise_up(-s->drift_lo, after)),
		.hi_last = fitting(m->v.hi + rise_up(s->drift_hi, after)),
		.flags = OPT_TSYNC_SEG_KNOWN, .bounds = m->bounds,
		.lo_source = m->v.lo_source, .hi_source = m->v.hi_source,
	};
}

/* Both halves of each of @n moments. Only the outer ones are stated as far as the segment was measured. */
static void put_halves(const struct fit_segment *s, const struct moment *m, int n,
		       struct opt_tsync_segment *ret)
{
	int64_t before, after = s->drift, from = s->from, to;
	int i;

	for (i = 0; i < n; i++) {
		bool last = i + 1 == n;

		before = after;
		if (!last)
			after = slope_between(s, &m[i], &m[i + 1]);
		if (!i)
			before = after;
		to = last ? s->to : midpoint_s64(m[i].time, m[i + 1].time);
		put_half(s, &m[i], before, i ? m[i].time : s->first, m[i].time, &ret[2 * i]);
		ret[2 * i].from = from;
		ret[2 * i].to = m[i].time;
		put_half(s, &m[i], after, m[i].time, last ? s->last : m[i].time, &ret[2 * i + 1]);
		ret[2 * i + 1].from = m[i].time;
		ret[2 * i + 1].to = to;
		from = last ? to : to + 1;
	}
}

static int put_segment(const struct fit *f, const struct fit_segment *s, const int64_t *times,
		       size_t n, struct opt_tsync_group *g)
{
	_cleanup_free_ struct moment *m = NULL;
	int count = s->known ? moments_of(f, s, times, n, &m) : 0;
	struct opt_tsync_segment *more;
	uint32_t first = g->nr_segments;

	if (count < 0)
		return count;
	more = reallocarray(g->segments, first + 2ul * count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	g->segments = more;
	if (count)
		put_halves(s, m, count, &more[first]);
	g->nr_segments += 2 * count;
	if (!count)
		more[g->nr_segments++] = (struct opt_tsync_segment){
			.first = s->first, .last = s->last, .from = s->from, .to = s->to,
			.bounds = s->bounds < UINT32_MAX ? s->bounds : UINT32_MAX,
		};
	if (s != f->segments)
		more[first].flags |= OPT_TSYNC_SEG_STEP;
	return 0;
}

int model_put_varying(const struct fit *f, const struct bounds *b, struct opt_tsync_group *ret)
{
	_cleanup_free_ int64_t *times = calloc(b->count + 1, sizeof(*times));
	size_t i;
	int err = 0;

	if (!times)
		return -ENOMEM;
	for (i = 0; i < b->count; i++)
		times[i] = b->at[i].time;
	qsort(times, b->count, sizeof(*times), by_number);
	for (i = 0; i < f->nr_segments && !err; i++)
		err = put_segment(f, &f->segments[i], times, b->count, ret);
	return err;
}
