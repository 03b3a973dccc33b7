/*
 * opt-tsync.c - see opt-tsync.h. Layer 1, pure.
 *
 * Every count is held against the bytes that are left before anything is allocated by it,
 * and every number against what the arithmetic below takes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "wire/opt-tsync.h"

#define SEGMENT_LEN	112	/* 12 * s64, 2 * u32, 2 * u8, 6 zero bytes */
#define BOUND_LEN	24	/* 2 * s64, 2 * s16, 2 * u8, 2 zero bytes */
#define GROUP_LEN	8	/* at least: two counts */
#define NAME_MAX_LEN	64
#define SPAN_MAX	((__int128)1 << 61)	/* between times, or values, of one segment */
#define SLOPE_MAX	((int64_t)1 << 62)

void opt_tsync_release(struct opt_tsync *t)
{
	uint32_t i;

	if (!t)
		return;
	for (i = 0; t->groups && i < t->nr_groups; i++) {
		free(t->groups[i].cpus);
		free(t->groups[i].segments);
	}
	free(t->groups);
	free(t->raw);
	free(t->method);
	free(t->host_clock);
	free(t->guest_clock);
	*t = (struct opt_tsync){ 0 };
}

/* --- parsing ---------------------------------------------------------------- */

static int take_name(struct cursor *c, char **ret)
{
	const char *s = cursor_cstr(c, NAME_MAX_LEN);

	if (!s)
		return -EBADMSG;
	*ret = strdup(s);
	return *ret ? 0 : -ENOMEM;
}

static bool slope_ok(int64_t slope)
{
	return slope >= -SLOPE_MAX && slope <= SLOPE_MAX;
}

static bool near(int64_t a, int64_t b)
{
	__int128 d = (__int128)a - b;

	return d <= SPAN_MAX && d >= -SPAN_MAX;
}

static bool segment_ok(const struct opt_tsync_segment *s)
{
	if (s->flags & ~OPT_TSYNC_SEG_FLAGS || s->first > s->last || !near(s->last, s->first))
		return false;
	if (!(s->flags & OPT_TSYNC_SEG_KNOWN))
		return true;
	return slope_ok(s->drift_lo) && slope_ok(s->drift_hi) && s->drift_lo <= s->drift &&
	       s->drift <= s->drift_hi && s->lo_first <= s->hi_first && s->lo_last <= s->hi_last &&
	       near(s->lo_first, s->lo_last) && near(s->hi_first, s->hi_last);
}

static void segment_parse(struct cursor *c, struct opt_tsync_segment *s)
{
	s->first = cursor_s64(c);
	s->last = cursor_s64(c);
	s->from = cursor_s64(c);
	s->to = cursor_s64(c);
	s->offset = cursor_s64(c);
	s->drift = cursor_s64(c);
	s->drift_lo = cursor_s64(c);
	s->drift_hi = cursor_s64(c);
	s->lo_first = cursor_s64(c);
	s->hi_first = cursor_s64(c);
	s->lo_last = cursor_s64(c);
	s->hi_last = cursor_s64(c);
	s->flags = cursor_u32(c);
	s->bounds = cursor_u32(c);
	s->lo_source = cursor_u8(c);
	s->hi_source = cursor_u8(c);
	cursor_bytes(c, 6);
}

static int segments_parse(struct cursor *c, struct opt_tsync_group *g)
{
	uint32_t i, n = cursor_u32(c);

	if (c->failed || !n || n > cursor_left(c) / SEGMENT_LEN)
		return -EBADMSG;
	g->segments = calloc(n, sizeof(*g->segments));
	if (!g->segments)
		return -ENOMEM;
	g->nr_segments = n;
	for (i = 0; i < n; i++) {
		segment_parse(c, &g->segments[i]);
		if (!segment_ok(&g->segments[i]))
			return -EBADMSG;
	}
	return 0;
}

static int group_parse(struct cursor *c, struct opt_tsync_group *g)
{
	uint32_t i, n = cursor_u32(c);

	if (c->failed || n > cursor_left(c) / 4)
		return -EBADMSG;
	g->cpus = calloc((size_t)n + 1, sizeof(*g->cpus));
	if (!g->cpus)
		return -ENOMEM;
	g->nr_cpus = n;
	for (i = 0; i < n; i++)
		g->cpus[i] = cursor_s32(c);
	return segments_parse(c, g);
}

static int groups_parse(struct cursor *c, struct opt_tsync *t)
{
	uint32_t i, n;
	int ret = 0;

	t->kind = cursor_u32(c);
	n = cursor_u32(c);
	if (c->failed || t->kind > OPT_TSYNC_HOST_CPUS || !n || n > cursor_left(c) / GROUP_LEN)
		return -EBADMSG;
	t->groups = calloc(n, sizeof(*t->groups));
	if (!t->groups)
		return -ENOMEM;
	t->nr_groups = n;
	for (i = 0; i < n && !ret; i++)
		ret = group_parse(c, &t->groups[i]);
	return ret;
}

static int raw_parse(struct cursor *c, struct opt_tsync *t)
{
	uint32_t i, n = cursor_u32(c);

	if (c->failed || n > cursor_left(c) / BOUND_LEN)
		return -EBADMSG;
	if (!n)
		return 0;
	t->raw = calloc(n, sizeof(*t->raw));
	if (!t->raw)
		return -ENOMEM;
	t->nr_raw = n;
	for (i = 0; i < n; i++) {
		struct opt_tsync_bound *b = &t->raw[i];

		b->time = cursor_s64(c);
		b->value = cursor_s64(c);
		b->guest_cpu = (int16_t)cursor_u16(c);
		b->host_cpu = (int16_t)cursor_u16(c);
		b->source = cursor_u8(c);
		b->upper = cursor_u8(c);
		cursor_bytes(c, 2);
		if (b->upper > 1)
			return -EBADMSG;
	}
	return 0;
}

static int head_parse(struct cursor *c, struct opt_tsync *t)
{
	int ret;

	/* a later version may mean anything */
	if (cursor_u32(c) != OPT_TSYNC_VERSION)
		return -EBADMSG;
	t->flags = cursor_u32(c);
	t->peer_id = cursor_u64(c);
	t->rounds = cursor_u32(c);
	t->probes = cursor_u32(c);
	t->rtt_min = cursor_s64(c);
	t->rtt_median = cursor_s64(c);
	t->sigma = cursor_s64(c);
	t->quantum = cursor_s64(c);
	t->rho_max_ppb = cursor_s64(c);
	if (c->failed || t->flags & ~OPT_TSYNC_FLAGS)
		return -EBADMSG;
	ret = take_name(c, &t->method);
	if (!ret)
		ret = take_name(c, &t->host_clock);
	return ret ? ret : take_name(c, &t->guest_clock);
}

int opt_tsync_parse(const void *data, size_t len, enum byte_order order, struct opt_tsync *ret_t)
{
	struct cursor c = cursor_over(data, len, order);
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
	int ret = head_parse(&c, &t);

	if (!ret)
		ret = groups_parse(&c, &t);
	if (!ret)
		ret = raw_parse(&c, &t);
	if (!ret && (c.failed || cursor_left(&c)))
		ret = -EBADMSG;
	if (ret)
		return ret;
	*ret_t = t;
	t = (struct opt_tsync){ 0 };
	return 0;
}

/* --- writing ---------------------------------------------------------------- */

static void put_zeros(struct buf *b, size_t n)
{
	static const uint8_t zeros[8];

	buf_add(b, zeros, n);
}

static void segment_put(struct buf *b, enum byte_order order, const struct opt_tsync_segment *s)
{
	const int64_t v[] = {
		s->first, s->last, s->from, s->to, s->offset, s->drift, s->drift_lo, s->drift_hi,
		s->lo_first, s->hi_first, s->lo_last, s->hi_last,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(v); i++)
		put_u64(b, order, (uint64_t)v[i]);
	put_u32(b, order, s->flags);
	put_u32(b, order, s->bounds);
	put_u8(b, s->lo_source);
	put_u8(b, s->hi_source);
	put_zeros(b, 6);
}

static void group_put(struct buf *b, enum byte_order order, const struct opt_tsync_group *g)
{
	uint32_t i;

	put_u32(b, order, g->nr_cpus);
	for (i = 0; i < g->nr_cpus; i++)
		put_u32(b, order, (uint32_t)g->cpus[i]);
	put_u32(b, order, g->nr_segments);
	for (i = 0; i < g->nr_segments; i++)
		segment_put(b, order, &g->segments[i]);
}

static void raw_put(struct buf *b, enum byte_order order, const struct opt_tsync *t)
{
	uint32_t i;

	put_u32(b, order, t->nr_raw);
	for (i = 0; i < t->nr_raw; i++) {
		const struct opt_tsync_bound *r = &t->raw[i];

		put_u64(b, order, (uint64_t)r->time);
		put_u64(b, order, (uint64_t)r->value);
		put_u16(b, order, (uint16_t)r->guest_cpu);
		put_u16(b, order, (uint16_t)r->host_cpu);
		put_u8(b, r->source);
		put_u8(b, r->upper);
		put_zeros(b, 2);
	}
}

int opt_tsync_put(struct buf *b, enum byte_order order, const struct opt_tsync *t)
{
	const int64_t v[] = { t->rtt_min, t->rtt_median, t->sigma, t->quantum, t->rho_max_ppb };
	size_t i;

	put_u32(b, order, OPT_TSYNC_VERSION);
	put_u32(b, order, t->flags);
	put_u64(b, order, t->peer_id);
	put_u32(b, order, t->rounds);
	put_u32(b, order, t->probes);
	for (i = 0; i < ARRAY_SIZE(v); i++)
		put_u64(b, order, (uint64_t)v[i]);
	buf_add_cstr(b, t->method ? t->method : "");
	buf_add_cstr(b, t->host_clock ? t->host_clock : "");
	buf_add_cstr(b, t->guest_clock ? t->guest_clock : "");
	put_u32(b, order, t->kind);
	put_u32(b, order, t->nr_groups);
	for (i = 0; i < t->nr_groups; i++)
		group_put(b, order, &t->groups[i]);
	raw_put(b, order, t);
	return b->error;
}

/* --- use -------------------------------------------------------------------- */

static int64_t saturate(__int128 v)
{
	if (v > INT64_MAX)
		return INT64_MAX;
	return v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

/* a / b rounded down, b > 0 */
static __int128 floor_div(__int128 a, __int128 b)
{
	return a / b - (a % b < 0);
}

/* slope * run, rounded down */
static __int128 rise(int64_t slope, __int128 run)
{
	return floor_div(slope * run, (__int128)1 << OPT_TSYNC_SLOPE_SHIFT);
}

/*
 * The lower limit: of a line with values of at least @v0 at t0 and @v1 at t1 and a slope in
 * [lo, hi]. The limits of all such lines bulge outwards from the measurements only, so that between
 * the two times the chord is no higher.
 */
static int64_t lowest(const struct opt_tsync_segment *s, int64_t v0, int64_t v1, int64_t lo,
		      int64_t hi, int64_t t)
{
	__int128 before = (__int128)t - s->first, after = (__int128)t - s->last;

	if (before <= 0)
		return saturate(v0 + rise(hi, before));
	if (after >= 0)
		return saturate(v1 + rise(lo, after));
	return saturate(v0 + floor_div(((__int128)v1 - v0) * before,
				       (__int128)s->last - s->first));
}

static int64_t negated(int64_t v)
{
	return saturate(-(__int128)v);
}

static void segment_cover(const struct opt_tsync_segment *s, int64_t t, struct opt_tsync_value *v)
{
	int64_t lo = INT64_MIN, hi = INT64_MAX;

	if (s->flags & OPT_TSYNC_SEG_KNOWN) {
		lo = lowest(s, s->lo_first, s->lo_last, s->drift_lo, s->drift_hi, t);
		hi = negated(lowest(s, negated(s->hi_first), negated(s->hi_last), -s->drift_hi,
				    -s->drift_lo, t));
	}
	if (lo < v->lo)
		v->lo = lo;
	if (hi > v->hi)
		v->hi = hi;
}

/* The place of the step before @s: in the middle, for the estimate. */
static int64_t begin_of(const struct opt_tsync_group *g, uint32_t i)
{
	const struct opt_tsync_segment *s = &g->segments[i];

	return i ? saturate(((__int128)s[-1].last + s->first) / 2) : INT64_MIN;
}

const struct opt_tsync_segment *opt_tsync_segment_at(const struct opt_tsync_group *g,
						     int64_t guest_time)
{
	const struct opt_tsync_segment *best = NULL;
	uint32_t i;

	for (i = 0; i < g->nr_segments; i++)
		if ((g->segments[i].flags & OPT_TSYNC_SEG_KNOWN) &&
		    (!best || guest_time >= begin_of(g, i)))
			best = &g->segments[i];
	return best;
}

int opt_tsync_group_at(const struct opt_tsync_group *g, int64_t guest_time,
		       struct opt_tsync_value *ret)
{
	const struct opt_tsync_segment *best = opt_tsync_segment_at(g, guest_time);
	struct opt_tsync_value v = { .lo = INT64_MAX, .hi = INT64_MIN };
	uint32_t i;

	if (!best)
		return -ENODATA;
	for (i = 0; i < g->nr_segments; i++)
		if (guest_time >= g->segments[i].from && guest_time <= g->segments[i].to)
			segment_cover(&g->segments[i], guest_time, &v);
	if (v.lo > v.hi)	/* a file that leaves a hole */
		v = (struct opt_tsync_value){ .lo = INT64_MIN, .hi = INT64_MAX };
	v.mid = saturate(best->offset + rise(best->drift, (__int128)guest_time - best->first));
	if (v.mid < v.lo)
		v.mid = v.lo;
	if (v.mid > v.hi)
		v.mid = v.hi;
	*ret = v;
	return 0;
}

static const struct opt_tsync_group *group_of(const struct opt_tsync *t, int cpu)
{
	uint32_t i, k;

	for (i = 0; i < t->nr_groups; i++)
		for (k = 0; k < t->groups[i].nr_cpus; k++)
			if (t->groups[i].cpus[k] == cpu)
				return &t->groups[i];
	return NULL;
}

int opt_tsync_at(const struct opt_tsync *t, int guest_cpu, int host_cpu, int64_t guest_time,
		 struct opt_tsync_value *ret)
{
	int cpu = t->kind == OPT_TSYNC_HOST_CPUS ? host_cpu : guest_cpu, err;
	struct opt_tsync_value all, one;
	const struct opt_tsync_group *g = NULL;
	bool any = false;
	uint32_t i;

	if (t->kind != OPT_TSYNC_ALL && cpu >= 0)
		g = group_of(t, cpu);
	/* measured on no CPU in particular: for all that had no measurement of their own */
	if (t->kind == OPT_TSYNC_GUEST_CPUS && !g)
		g = group_of(t, -1);
	if (g)
		return opt_tsync_group_at(g, guest_time, ret);
	for (i = 0; i < t->nr_groups; i++) {
		err = opt_tsync_group_at(&t->groups[i], guest_time, &one);
		if (err)
			continue;
		if (!any)
			all = one;
		all.lo = one.lo < all.lo ? one.lo : all.lo;
		all.hi = one.hi > all.hi ? one.hi : all.hi;
		any = true;
	}
	if (!any)
		return -ENODATA;
	*ret = all;
	return 0;
}
