/*
 * model-varies.c - what is known of clocks whose rate varies, as segments: see model.h. Layer 4, pure.
 *
 * Such clocks were compared at some moments; from one to the next the limits of theta are cones
 * that open from either side and meet about in the middle. In the file, where segments are lines with
 * limits that go apart before their first and behind their last time, that is two segments: one goes
 * from the one moment to the middle, the other from there on to the other moment. The
 * estimates of both lie on the line between the moments.
 *
 * The limits suppose that a rate may change at any time, so that of hundreds of probes only those near
 * the moment count. The estimate supposes that it doesn't change within a moment, and counts them all: it is
 * the middle that these leave, as that of clocks of one rate. It is never outside of the limits. Of a model made anew
 * by what events tell, the estimate stays where it was known better.
 *
 * Where comparisons contradict the prior, a clock has stepped, or a daemon has changed its rate by more (adjtimex()
 * takes 10 % by its tick). If it may be the latter, nobody knows when it began and whether it is over: it may
 * have while the moments on either side were measured, which are stated with the cones that it takes, and
 * between these and the next ones, whose cones are stated to go as far. Behind the first or last moment of
 * all, if it is one of these, theta may go on like that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/timearith.h"
#include "tsync/model-before.h"
#include "tsync/model-varies.h"

/* A moment for all bounds of so much time, and for more if the moments would be too many. */
#define GAP_NS		50000000
#define MOMENTS_MAX	400
/* Of the bounds of one moment: so many, evenly, are asked for the time when theta is known best. */
#define LOOKS		64

/* The slope of theta where both clocks are adjusted by all that the kernel takes: 1.1005 / 0.8995 - 1, and some more. */
#define SLEW_MAX	((int64_t)(SLOPE_ONE * 225 / 1000))
/* For estimates: the rate in a moment is that of a time so many times longer, give or take 20 ppm; */
#define STEADY_TIMES	10
#define STEADY		((int64_t)(SLOPE_ONE / 50000))
/* where that isn't known, the nominal one, give or take 100 ppm. */
#define USUAL		((int64_t)(SLOPE_ONE / 10000))
/* Rates take estimates, and these take rates. */
#define RATE_PASSES	3

struct moment {
	int64_t time;
	struct fit_value v;
	int64_t drift_lo, drift_hi;	/* of its cones, */
	int64_t cone_lo, cone_hi;	/* and while it was measured */
	bool fast;			/* it may have been adjusted faster than it may be */
	const struct bound *at;		/* in order of time */
	size_t nr;
};

static int by_time(const void *pa, const void *pb)
{
	const struct bound *a = pa, *b = pb;

	return a->time < b->time ? -1 : a->time > b->time;
}

static int64_t fitting(__int128 v)
{
	return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

/* slope * run, rounded up */
static __int128 rise_up(int64_t slope, __int128 run)
{
	return -floor_div(-slope * run, SLOPE_ONE);
}

/* What the bounds of @m leave at @time by cones of +-@slope. False: one side is missing. */
static bool limits_at(const struct moment *m, int64_t slope, int64_t quantum, int64_t time,
		      struct fit_value *v)
{
	__int128 lo = INT64_MIN, hi = INT64_MAX;
	size_t i;

	for (i = 0; i < m->nr; i++) {
		const struct bound *b = &m->at[i];
		__int128 run = (__int128)b->time - time;
		__int128 reach = rise_up(slope, run < 0 ? -run : run) + quantum;

		if (b->upper && b->value + reach < hi) {
			hi = b->value + reach;
			v->hi_source = b->source;
		} else if (!b->upper && b->value - reach > lo) {
			lo = b->value - reach;
			v->lo_source = b->source;
		}
	}
	v->lo = fitting(lo);
	v->hi = fitting(hi);
	return v->lo != INT64_MIN && v->hi != INT64_MAX;
}

/* The time of a bound of @m at which [lo, hi] is narrowest; by @slope, if not 0. False: none is known. */
static bool find_best(const struct fit *f, const struct fit_segment *s, int64_t slope,
		      struct moment *m)
{
	size_t step = m->nr / LOOKS + 1, i;
	uint64_t best = UINT64_MAX;
	struct fit_value v;

	for (i = 0; i < m->nr; i += step) {
		bool known = slope ? limits_at(m, slope, f->conf.quantum, m->at[i].time, &v) :
			     !fit_segment_at(f, s, m->at[i].time, &v) && v.lo != INT64_MIN &&
			     v.hi != INT64_MAX;

		if (!known || (uint64_t)v.hi - (uint64_t)v.lo >= best)
			continue;
		best = (uint64_t)v.hi - (uint64_t)v.lo;
		m->time = m->at[i].time;
		v.mid = midpoint_s64(v.lo, v.hi);
		m->v = v;
	}
	return best != UINT64_MAX;
}

/* The moments of segment @s; @at: all @n bounds by time. How many; -ENOMEM. */
static int moments_of(const struct fit *f, const struct fit_segment *s, const struct bound *at,
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
	for (i = 0; i < n && at[i].time < s->first; i++)
		;
	for (; i < n && at[i].time <= s->last && count <= MOMENTS_MAX; i = end) {
		for (end = i; end < n && at[end].time <= s->last; end++)
			if ((uint64_t)at[end].time - (uint64_t)at[i].time > gap)
				break;
		m[count] = (struct moment){
			.at = &at[i], .nr = end - i,
			.drift_lo = s->drift_lo, .drift_hi = s->drift_hi,
			.cone_lo = s->drift_lo, .cone_hi = s->drift_hi,
		};
		count += find_best(f, s, 0, &m[count]);
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

/* --- the estimate ------------------------------------------------------------- */

/* The rate of theta in moment @i of @n; *@ret_unsure: by how much more or less. */
static int64_t rate_in(const struct fit_segment *s, const struct moment *m, int n, int i,
		       int64_t *ret_unsure)
{
	int64_t length = m[i].at[m[i].nr - 1].time - m[i].at[0].time;
	int before = i, next = i;

	do {
		before -= before > 0;
		next += next + 1 < n;
	} while ((m[next].time - m[before].time) / STEADY_TIMES < length &&
		 (before || next + 1 < n));
	if (before == next || (m[next].time - m[before].time) / STEADY_TIMES < length) {
		*ret_unsure = USUAL;
		return s->drift;
	}
	*ret_unsure = STEADY;
	return slope_between(s, &m[before], &m[next]);
}

/*
 * The middle of what the bounds of @m leave at its time, if theta had a rate of @slope, give or take
 * @unsure, while they came. False: one side is missing, or they contradict each other.
 */
static bool middle_by(const struct moment *m, int64_t slope, int64_t unsure, int64_t *ret)
{
	__int128 lo = INT64_MIN, hi = INT64_MAX;
	size_t i;

	for (i = 0; i < m->nr; i++) {
		const struct bound *b = &m->at[i];
		__int128 run = (__int128)b->time - m->time;
		__int128 v = b->value - floor_div(slope * run, SLOPE_ONE);
		__int128 reach = rise_up(unsure, run < 0 ? -run : run);

		if (b->upper && v + reach < hi)
			hi = v + reach;
		else if (!b->upper && v - reach > lo)
			lo = v - reach;
	}
	if (lo == INT64_MIN || hi == INT64_MAX || lo > hi)
		return false;
	*ret = fitting(floor_div(lo + hi, 2));
	return true;
}

static int64_t clamp(__int128 x, __int128 lo, __int128 hi)
{
	return fitting(x < lo ? lo : x > hi ? hi : x);
}

/* Where an earlier model's comparisons say more than @m does, its estimate stays, within the limits. */
static void keep_estimate(const struct earlier *e, struct moment *m)
{
	uint64_t width;
	int64_t mid;

	if (model_before_at(e->model, e->cpu, m->time, &mid, &width) &&
	    width <= (uint64_t)m->v.hi - (uint64_t)m->v.lo)
		m->v.mid = clamp(mid, m->v.lo, m->v.hi);
}

/* Estimates that count all bounds of a moment, and do not differ by more than the rates allow. */
static void estimate(const struct fit_segment *s, const struct earlier *e, struct moment *m, int n)
{
	int64_t slope, unsure, mid;
	int i, pass;

	for (pass = 0; pass < RATE_PASSES; pass++) {
		for (i = 0; i < n; i++) {
			slope = rate_in(s, m, n, i, &unsure);
			if (middle_by(&m[i], slope, unsure, &mid))
				m[i].v.mid = clamp(mid, m[i].v.lo, m[i].v.hi);
		}
	}
	for (i = 0; i < n; i++)
		keep_estimate(e, &m[i]);
	/* as these differ by no more, the estimates stay between the limits */
	for (i = 1; i < n; i++) {
		__int128 run = (__int128)m[i].time - m[i - 1].time, from = m[i - 1].v.mid;

		m[i].v.mid = clamp(m[i].v.mid, from - rise_up(-s->drift_lo, run),
				   from + rise_up(s->drift_hi, run));
		m[i].v.mid = clamp(m[i].v.mid, m[i].v.lo, m[i].v.hi);
	}
}

/* --- segments ------------------------------------------------------------------ */

/*
 * What is known by @m alone, stated from @first to @last, one of which is its time, and true from @from to @to. The
 * cone's sides are lines, so that what is stated at both ends holds in between.
 */
static void put_half(const struct moment *m, int64_t slope, int64_t first, int64_t last,
		     struct opt_tsync_segment *ret)
{
	__int128 before = (__int128)m->time - first, after = (__int128)last - m->time;

	*ret = (struct opt_tsync_segment){
		.first = first, .last = last,
		.offset = fitting(m->v.mid - floor_div(slope * before, SLOPE_ONE)),
		.drift = slope, .drift_lo = m->drift_lo, .drift_hi = m->drift_hi,
		.lo_first = fitting(m->v.lo - rise_up(m->cone_hi, before)),
		.hi_first = fitting(m->v.hi + rise_up(-m->cone_lo, before)),
		.lo_last = fitting(m->v.lo - rise_up(-m->cone_lo, after)),
		.hi_last = fitting(m->v.hi + rise_up(m->cone_hi, after)),
		.flags = OPT_TSYNC_SEG_KNOWN,
		.bounds = m->nr < UINT32_MAX ? m->nr : UINT32_MAX,
		.lo_source = m->v.lo_source, .hi_source = m->v.hi_source,
	};
}

/* The halves of moments that were adjusted fast, and their neighbours, go farther than to the middle between them. */
static void reach_over(const struct fit_segment *s, const struct moment *m, int n,
		       struct opt_tsync_segment *ret)
{
	int i;

	/* between two that may not be steady it may have gone from the one to the other at any time */
	for (i = 0; i + 1 < n; i++) {
		if (m[i].fast && m[i + 1].fast) {
			ret[2 * i + 1].to = m[i + 1].time;
			ret[2 * i + 2].from = m[i].time;
		}
	}
	/* steady ones reach over these */
	for (i = 0; i < n && m[i].fast; i++)
		;
	if (i && i < n)
		ret[2 * i].from = s->first;
	for (i = n; i && m[i - 1].fast; i--)
		;
	if (i && i < n)
		ret[2 * i - 1].to = s->last;
}

/* Both halves of each of @n moments. Only some are stated as far as they were measured. */
static void put_halves(const struct fit_segment *s, const struct moment *m, int n,
		       struct opt_tsync_segment *ret)
{
	int64_t before, after = s->drift, from = s->from, to;
	int i;

	for (i = 0; i < n; i++) {
		int64_t first = m[i].fast ? m[i].at[0].time : m[i].time;
		int64_t end = m[i].fast ? m[i].at[m[i].nr - 1].time : m[i].time;
		bool last = i + 1 == n;

		before = after;
		if (!last)
			after = slope_between(s, &m[i], &m[i + 1]);
		if (!i)
			before = after;
		to = last ? s->to : midpoint_s64(m[i].time, m[i + 1].time);
		put_half(&m[i], before, i ? first : s->first, m[i].time, &ret[2 * i]);
		ret[2 * i].from = from;
		ret[2 * i].to = m[i].time;
		put_half(&m[i], after, m[i].time, last ? s->last : end, &ret[2 * i + 1]);
		ret[2 * i + 1].from = m[i].time;
		ret[2 * i + 1].to = to;
		from = last ? to : to + 1;
	}
	reach_over(s, m, n, ret);
}

/* Until when there are bounds on both sides in @s, which is known; from when on. */
static int64_t sure_until(const struct fit *f, const struct fit_segment *s)
{
	const struct hull *up = &s->regime.upper, *low = &s->regime.lower;
	int64_t u = up->at[up->count - 1].t, l = low->at[low->count - 1].t;

	return f->ref_time + (u < l ? u : l);
}

static int64_t sure_from(const struct fit *f, const struct fit_segment *s)
{
	int64_t u = s->regime.upper.at[0].t, l = s->regime.lower.at[0].t;

	return f->ref_time + (u > l ? u : l);
}

/* Whether rates that the kernel can be told, rather than a step, may lead from segment @a to @b. */
static bool may_be_slew(const struct fit *f, const struct fit_segment *a,
			const struct fit_segment *b)
{
	struct fit_value from, to;
	__int128 up, down, run;

	/* what nobody knows may be anything */
	if (!a->known || !b->known ||
	    fit_segment_at(f, a, sure_until(f, a), &from) ||
	    fit_segment_at(f, b, sure_from(f, b), &to))
		return true;
	up = (__int128)to.lo - from.hi;
	down = (__int128)from.lo - to.hi;
	run = (__int128)sure_from(f, b) - sure_until(f, a);
	return (up > down ? up : down) <= rise_up(SLEW_MAX, run);
}

/*
 * Where segment @i may have been slewed to or from its neighbours: moments *@begin, ... *@end - 1 of @n are
 * those in between, if there are any.
 */
static void steady_moments(const struct fit *f, size_t i, const struct moment *m, int n, int *begin,
			   int *end)
{
	const struct fit_segment *s = &f->segments[i];

	*begin = 0;
	*end = n;
	if (i && may_be_slew(f, s - 1, s)) {
		while (*begin < n && m[*begin].at[m[*begin].nr - 1].time < sure_from(f, s))
			++*begin;
		*begin += *begin < n;
	}
	if (i + 1 < f->nr_segments && may_be_slew(f, s, s + 1)) {
		while (*end && m[*end - 1].at[0].time > sure_until(f, s))
			--*end;
		*end -= *end > 0;
	}
}

/* Those of moment @k by all bounds of the segment, however fast theta went from these to there. */
static void look_around(const struct fit *f, struct moment *m, int n, int k)
{
	const struct moment all = {
		.at = m[0].at, .nr = (size_t)(m[n - 1].at - m[0].at) + m[n - 1].nr,
	};
	struct fit_value v;

	if (!limits_at(&all, SLEW_MAX, f->conf.quantum, m[k].time, &v))
		return;
	v.mid = midpoint_s64(v.lo, v.hi);
	m[k].v = v;
}

/* The limits of all moments, each by itself, if moments @begin to @end are the only steady ones of segment @i. */
static void look_again(const struct fit *f, size_t i, int begin, int end, struct moment *m, int n)
{
	const struct fit_segment *s = &f->segments[i];
	/* on the way to its only neighbour it may not have come to an end */
	bool outer = begin >= end && (!i || i + 1 == f->nr_segments);
	int k;

	for (k = 0; k < n; k++) {
		m[k].fast = k < begin || k >= end;
		if (m[k].fast) {
			m[k].cone_lo = -SLEW_MAX;
			m[k].cone_hi = SLEW_MAX;
		}
		if (outer) {
			m[k].drift_lo = -SLEW_MAX;
			m[k].drift_hi = SLEW_MAX;
		}
		/* where one side is missing it is not known by itself */
		if (!find_best(f, s, m[k].cone_hi, &m[k]))
			look_around(f, m, n, k);
	}
}

/* Moments of segment @i, as they are to be stated. How many; -ENOMEM. */
static int take_moments(const struct fit *f, size_t i, const struct bound *at, size_t n,
			const struct earlier *e, struct moment **ret)
{
	const struct fit_segment *s = &f->segments[i];
	int count = s->known ? moments_of(f, s, at, n, ret) : 0, begin, end;

	if (count <= 0)
		return count;
	steady_moments(f, i, *ret, count, &begin, &end);
	if (begin || end < count)
		look_again(f, i, begin, end, *ret, count);
	estimate(s, e, *ret, count);
	return count;
}

static int put_segment(const struct fit *f, size_t i, const struct bound *at, size_t n,
		       const struct earlier *e, struct opt_tsync_group *g)
{
	const struct fit_segment *s = &f->segments[i];
	_cleanup_free_ struct moment *m = NULL;
	int count = take_moments(f, i, at, n, e, &m);
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
	if (i)
		more[first].flags |= OPT_TSYNC_SEG_STEP;
	return 0;
}

int model_put_varying(const struct fit *f, const struct bounds *b, const struct earlier *e,
		      struct opt_tsync_group *ret)
{
	_cleanup_free_ struct bound *at = calloc(b->count + 1, sizeof(*at));
	size_t i;
	int err = 0;

	if (!at)
		return -ENOMEM;
	for (i = 0; i < b->count; i++)
		at[i] = b->at[i];
	qsort(at, b->count, sizeof(*at), by_time);
	for (i = 0; i < f->nr_segments && !err; i++)
		err = put_segment(f, i, at, b->count, e, ret);
	return err;
}
