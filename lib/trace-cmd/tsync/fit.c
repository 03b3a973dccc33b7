/*
 * fit.c - see fit.h. Layer 4, pure.
 */
#include <errno.h>
#include <stdlib.h>

#include "tsync/fit.h"

/*
 * A message in flight while a clock steps gives a bound for the one side of the step, with a
 * time on its other side: so the place of a step is known to this many bounds.
 */
#define IN_FLIGHT 2

/* Of the width of the bounds; for 16 us, the error of a drift over 10 s is below 0.03 ppm. */
#define SLACK_PART 64
/* Of half of it: noise is less. */
#define SIGMA_PART 4

/* A bound, relative to the fit's reference. */
struct item {
	struct hull_point point;
	bool upper;
	bool stated;
};

struct items {
	struct item *at;	/* by time */
	size_t count;
	int64_t drift_lo, drift_hi;
	const struct fit_conf *conf;
};

/* Where segments end: [0] is that of the first, the last one's is the count of items. */
struct cuts {
	size_t at[FIT_SEGMENTS_MAX];
	size_t count;
};

/* --- input ------------------------------------------------------------------ */

static int by_time(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;

	if (a->point.t != b->point.t)
		return a->point.t < b->point.t ? -1 : 1;
	if (a->point.v != b->point.v)
		return a->point.v < b->point.v ? -1 : 1;
	return a->upper - b->upper;
}

/* A difference of at most HULL_LIMIT. */
static bool relate(int64_t x, int64_t ref, int64_t *ret)
{
	return !__builtin_sub_overflow(x, ref, ret) && *ret <= HULL_LIMIT && *ret >= -HULL_LIMIT;
}

static int collect(const struct bounds *b, const struct fit *f, struct items *ret)
{
	size_t i;

	ret->at = calloc(b->count, sizeof(*ret->at));
	if (!ret->at)
		return -ENOMEM;
	for (i = 0; i < b->count; i++) {
		const struct bound *one = &b->at[i];
		struct item *item = &ret->at[i];

		if (!relate(one->time, f->ref_time, &item->point.t) ||
		    !relate(one->value, f->ref_value, &item->point.v))
			return -ERANGE;
		item->upper = one->upper;
		item->stated = one->stated;
		item->point.v += one->upper ? f->conf.quantum : -f->conf.quantum;
		item->point.source = one->source;
	}
	ret->count = b->count;
	qsort(ret->at, ret->count, sizeof(*ret->at), by_time);
	return 0;
}

/* --- segments --------------------------------------------------------------- */

/* Add the item at place @i as seen from the end at which the pass begins. */
static int pass_add(const struct items *items, size_t i, bool backward, struct regime *r)
{
	const struct item *item = &items->at[backward ? items->count - 1 - i : i];
	struct hull_point p = item->point;

	if (backward)
		p.t = -p.t;
	return regime_add(r, &p, item->upper);
}

static void pass_begin(const struct items *items, bool backward, struct regime *r)
{
	if (backward)
		regime_init(r, items->conf->varies, -items->drift_hi, -items->drift_lo);
	else
		regime_init(r, items->conf->varies, items->drift_lo, items->drift_hi);
}

static bool by_kvm(const struct items *items, size_t i)
{
	return items->at[i].point.source == BOUND_KVM;
}

/*
 * Whether a bound is no message's: it is true at its own time. What is stated of clocks that are being slewed was made
 * of moments that the slew may have begun in, so that it had better not be taken by the word.
 */
static bool is_exact(const struct items *items, size_t i)
{
	return by_kvm(items, i) || (items->at[i].stated && !items->conf->varies);
}

/* Whether items @i and @k are true of the same time for sure, and both or neither of them. */
static bool go_together(const struct items *items, size_t i, size_t k)
{
	if (items->at[i].point.t != items->at[k].point.t)
		return false;
	return (by_kvm(items, i) && by_kvm(items, k)) || (items->at[i].stated && items->at[k].stated);
}

/* Whether item @i is the other side of the one before it in a pass: neither is true without the other. */
static bool is_other_side(const struct items *items, size_t i, bool backward)
{
	size_t own = backward ? items->count - 1 - i : i, before = backward ? own + 1 : own - 1;

	return go_together(items, own, before) && items->at[own].upper != items->at[before].upper;
}

/* Each segment as long as its bounds can all be true, in one direction. 0; -ERANGE; -ENOMEM. */
static int cut(const struct items *items, bool backward, struct cuts *ret)
{
	struct regime r;
	size_t i = 0, begin = 0;
	int err = 0;

	ret->count = 0;
	pass_begin(items, backward, &r);
	while (i < items->count && !err) {
		int added = pass_add(items, i, backward, &r);

		if (added < 0) {
			err = added;
		} else if (added) {
			i++;
		} else if (ret->count + 1 == FIT_SEGMENTS_MAX) {
			err = -ERANGE;
		} else {
			/* a bound alone contradicts nothing, so there is progress */
			if (i - begin > 1 && is_other_side(items, i, backward))
				i--;
			begin = i;
			ret->at[ret->count++] = i;
			regime_release(&r);
			pass_begin(items, backward, &r);
		}
	}
	regime_release(&r);
	ret->at[ret->count++] = items->count;
	return err;
}

/* The bounds that surely belong to segment @s; a place in the order of time as items have it. */
struct core {
	size_t begin, end;	/* end <= begin: none */
	/* one of these may be the last or first one outside of the segment */
	size_t reach_begin, reach_end;
};

/* From the bound at @i on, which lies outside of a segment, to one that may lie in it. */
static size_t in_flight(const struct items *items, size_t i, bool backward)
{
	int n;

	for (n = 0; n < IN_FLIGHT && !is_exact(items, i); n++) {
		if (backward ? !i : i + 1 == items->count)
			break;
		i += backward ? -1 : 1;
	}
	return i;
}

/*
 * With the fewest segments that are possible, the step at the end of segment s is no later than the
 * forward pass, which took all it could, and no earlier than the backward one has it.
 */
static struct core core_of(const struct items *items, const struct cuts *forward,
			   const struct cuts *backward, size_t s)
{
	size_t n = items->count, last = forward->count - 1;
	struct core c = { .begin = 0, .end = n, .reach_begin = 0, .reach_end = n - 1 };

	if (s > 0) {
		/* the backward pass' segment last - s begins there */
		size_t early = n - backward->at[last - s];

		c.begin = forward->at[s - 1];
		c.reach_begin = in_flight(items, early - 1, true);
	}
	if (s < last) {
		c.end = n - backward->at[last - s - 1];
		c.reach_end = in_flight(items, forward->at[s], false);
	}
	return c;
}

/* --- segments' lines -------------------------------------------------------- */

static int64_t clamp(int64_t x, int64_t lo, int64_t hi)
{
	if (x < lo)
		return lo;
	return x > hi ? hi : x;
}

/* a + b; as far as it goes, if it does not fit. */
static int64_t add(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

/* Between two values, however far apart. */
static int64_t middle(int64_t lo, int64_t hi)
{
	return lo + (int64_t)(((uint64_t)hi - (uint64_t)lo) / 2);
}

/* Back to the file's times and values; what nothing limits stays so. */
static int64_t absolute(int64_t v, int64_t ref)
{
	return v == INT64_MAX || v == INT64_MIN ? v : add(v, ref);
}

/* slope * run, rounded down */
static int64_t rise(int64_t slope, __int128 run)
{
	__int128 v = floor_div((__int128)slope * run, SLOPE_ONE);

	return v > HULL_LIMIT * 2 ? HULL_LIMIT * 2 : v < -HULL_LIMIT * 2 ? -HULL_LIMIT * 2 : v;
}

/* The estimate of a segment that has bounds on both sides. */
static void draw_line(const struct fit *f, struct fit_segment *s)
{
	int64_t first = s->first - f->ref_time, value, slack, width, lo, hi;
	uint8_t source;

	hi = regime_highest(&s->regime, first, &source);
	lo = regime_lowest(&s->regime, first, &source);
	s->drift = f->conf.drift;
	s->drift_lo = s->regime.drift_lo;
	s->drift_hi = s->regime.drift_hi;
	if (f->conf.varies) {
		s->offset = add(f->ref_value, middle(lo, hi));
		return;
	}
	/*
	 * Differences of the margin that say nothing: noise, that both sides have not the same times, and
	 * paths whose shortest way differs by little from round to round.
	 */
	width = (int64_t)(((uint64_t)hi - (uint64_t)lo) / 2);
	/* in rounds of clocks of different rates it is the rate that is seen as noise */
	slack = clamp(3 * f->conf.sigma, 0, width / SIGMA_PART) + 2 * f->conf.quantum +
		width / (SLACK_PART / 2);
	regime_line(&s->regime, clamp(f->conf.drift, s->drift_lo, s->drift_hi), slack, &s->drift,
		    &value);
	s->offset = add(f->ref_value, clamp(add(value, rise(s->drift, first)), lo, hi));
}

static int fill_segment(const struct items *items, const struct core *c, struct fit *f,
			struct fit_segment *s, bool first, bool last)
{
	size_t i;
	int ret = 0;

	s->from = first ? INT64_MIN : f->ref_time + items->at[c->reach_begin].point.t +
		  is_exact(items, c->reach_begin);
	s->to = last ? INT64_MAX : f->ref_time + items->at[c->reach_end].point.t -
		is_exact(items, c->reach_end);
	regime_init(&s->regime, f->conf.varies, items->drift_lo, items->drift_hi);
	if (c->begin >= c->end) {
		s->first = s->last = f->ref_time + items->at[c->reach_begin].point.t;
		return 0;
	}
	for (i = c->begin; i < c->end && ret >= 0; i++)
		ret = regime_add(&s->regime, &items->at[i].point, items->at[i].upper);
	if (ret < 0)
		return ret;
	s->bounds = c->end - c->begin;
	s->first = f->ref_time + items->at[c->begin].point.t;
	s->last = f->ref_time + items->at[c->end - 1].point.t;
	s->known = s->regime.upper.count && s->regime.lower.count;
	if (s->known)
		draw_line(f, s);
	return 0;
}

static int fill_segments(const struct items *items, const struct cuts *forward,
			 const struct cuts *backward, struct fit *f)
{
	size_t i;
	int ret = 0;

	f->segments = calloc(forward->count, sizeof(*f->segments));
	if (!f->segments)
		return -ENOMEM;
	f->nr_segments = forward->count;
	for (i = 0; i < f->nr_segments && !ret; i++) {
		struct core c = core_of(items, forward, backward, i);
		struct fit_segment *s = &f->segments[i];

		ret = fill_segment(items, &c, f, s, !i, i + 1 == f->nr_segments);
		s->begin = i ? middle(s[-1].last, s->first) : INT64_MIN;
	}
	return ret;
}

/* --- the whole -------------------------------------------------------------- */

static int64_t ppb_to_slope(int64_t ppb)
{
	return (int64_t)((ppb * SLOPE_ONE) / 1000000000);
}

int64_t slope_to_ppb(int64_t slope)
{
	return (int64_t)floor_div((__int128)slope * 1000000000 + ((int64_t)1 << (SLOPE_SHIFT - 1)),
				  SLOPE_ONE);
}

static bool conf_ok(const struct fit_conf *c)
{
	return c->rho_max_ppb >= 0 && c->rho_max_ppb <= slope_to_ppb(FIT_DRIFT_MAX) &&
	       c->drift <= FIT_DRIFT_MAX && c->drift >= -FIT_DRIFT_MAX &&
	       c->quantum >= 0 && c->quantum <= HULL_LIMIT / 8 &&
	       c->sigma >= 0 && c->sigma <= HULL_LIMIT / 8;
}

static int fit_items(const struct items *items, struct fit *f)
{
	struct cuts *forward = malloc(sizeof(*forward)), *backward = malloc(sizeof(*backward));
	int ret = forward && backward ? 0 : -ENOMEM;

	if (!ret)
		ret = cut(items, false, forward);
	if (!ret)
		ret = cut(items, true, backward);
	/* both passes need the fewest that are possible, but for roundings of slopes */
	if (!ret && forward->count != backward->count)
		ret = -ERANGE;
	if (!ret)
		ret = fill_segments(items, forward, backward, f);
	free(forward);
	free(backward);
	return ret;
}

int tsync_fit(const struct bounds *b, const struct fit_conf *conf, struct fit *ret_fit)
{
	struct fit f = { .conf = *conf };
	struct items items = { .conf = conf };
	int64_t reach;
	int ret;

	if (!b->count)
		return -ENODATA;
	if (!conf_ok(conf))
		return -EINVAL;
	/* rounded outwards */
	reach = ppb_to_slope(conf->rho_max_ppb) + (conf->rho_max_ppb > 0);
	items.drift_lo = conf->drift - reach;
	items.drift_hi = conf->drift + reach;
	f.ref_time = b->at[0].time;
	f.ref_value = b->at[0].value;
	ret = collect(b, &f, &items);
	if (!ret)
		ret = fit_items(&items, &f);
	free(items.at);
	if (ret)
		fit_release(&f);
	else
		*ret_fit = f;
	return ret;
}

void fit_release(struct fit *f)
{
	size_t i;

	if (!f)
		return;
	for (i = 0; i < f->nr_segments; i++)
		regime_release(&f->segments[i].regime);
	free(f->segments);
	*f = (struct fit){ 0 };
}

/* --- use -------------------------------------------------------------------- */

/* Widen @v by what segment @s allows at @t, relative to the reference. */
static void cover(const struct fit *f, const struct fit_segment *s, int64_t t, struct fit_value *v)
{
	uint8_t lo_source = 0, hi_source = 0;
	int64_t lo = absolute(regime_lowest(&s->regime, t, &lo_source), f->ref_value);
	int64_t hi = absolute(regime_highest(&s->regime, t, &hi_source), f->ref_value);

	if (lo < v->lo) {
		v->lo = lo;
		v->lo_source = lo_source;
	}
	if (hi > v->hi) {
		v->hi = hi;
		v->hi_source = hi_source;
	}
}

static int64_t estimate(const struct fit *f, const struct fit_segment *s, int64_t guest_time,
			int64_t t)
{
	uint8_t source;

	if (f->conf.varies) {
		int64_t lo = regime_lowest(&s->regime, t, &source);
		int64_t hi = regime_highest(&s->regime, t, &source);

		return add(f->ref_value, middle(lo, hi));
	}
	return add(s->offset, rise(s->drift, (__int128)guest_time - s->first));
}

int fit_at(const struct fit *f, int64_t guest_time, struct fit_value *ret)
{
	struct fit_value v = { .lo = INT64_MAX, .hi = INT64_MIN };
	const struct fit_segment *best = NULL;
	int64_t t;
	size_t i;

	if (!relate(guest_time, f->ref_time, &t))
		return -ENODATA;
	for (i = 0; i < f->nr_segments; i++) {
		const struct fit_segment *s = &f->segments[i];

		if (guest_time >= s->from && guest_time <= s->to)
			cover(f, s, t, &v);
		if (s->known && (!best || guest_time >= s->begin))
			best = s;
	}
	if (!best)
		return -ENODATA;
	v.mid = clamp(estimate(f, best, guest_time, t), v.lo, v.hi);
	*ret = v;
	return 0;
}

int fit_segment_at(const struct fit *f, const struct fit_segment *s, int64_t guest_time,
		   struct fit_value *ret)
{
	struct fit_value v = { .lo = INT64_MAX, .hi = INT64_MIN };
	int64_t t;

	if (!s->known || !relate(guest_time, f->ref_time, &t))
		return -ENODATA;
	cover(f, s, t, &v);
	v.mid = clamp(estimate(f, s, guest_time, t), v.lo, v.hi);
	*ret = v;
	return 0;
}
