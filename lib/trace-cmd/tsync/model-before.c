/*
 * model-before.c - see model-before.h. Layer 4, pure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tsync/fit.h"
#include "tsync/model-before.h"
#include "tsync/prior.h"

/* Of a group: a file could have any number of those that nobody knows. Of a clock that varies a model has two for each moment. */
#define SEGMENTS_MAX	(4 * FIT_SEGMENTS_MAX)

/* The clock of @cpu, or of those that were not compared. NULL: there is none. */
static const struct opt_tsync_group *group_of(const struct opt_tsync *t, int cpu)
{
	const struct opt_tsync_group *rest = t->kind == OPT_TSYNC_ALL && t->nr_groups ? t->groups : NULL;
	uint32_t i, k;

	for (i = 0; i < t->nr_groups; i++) {
		for (k = 0; k < t->groups[i].nr_cpus; k++) {
			if (t->groups[i].cpus[k] == cpu)
				return &t->groups[i];
			if (t->groups[i].cpus[k] < 0)
				rest = &t->groups[i];
		}
	}
	return rest;
}

/* Between the limits where @s is known best. */
static uint64_t width_of(const struct opt_tsync_segment *s)
{
	uint64_t first = (uint64_t)s->hi_first - (uint64_t)s->lo_first;
	uint64_t last = (uint64_t)s->hi_last - (uint64_t)s->lo_last;

	return first < last ? first : last;
}

/* The segment on the other side of @time from @s. NULL: there is none, or a clock stepped on the way to it. */
static const struct opt_tsync_segment *across(const struct opt_tsync_group *g, const struct opt_tsync_segment *s,
					      int64_t time)
{
	const struct opt_tsync_segment *other = s;

	if (time < s->first)
		other = s == g->segments || s->flags & OPT_TSYNC_SEG_STEP ? NULL : s - 1;
	else if (time > s->last)
		other = s + 1 == g->segments + g->nr_segments || s[1].flags & OPT_TSYNC_SEG_STEP ? NULL : s + 1;
	return other && other->flags & OPT_TSYNC_SEG_KNOWN ? other : NULL;
}

bool model_before_at(const struct opt_tsync *t, int cpu, int64_t time, int64_t *ret_mid, uint64_t *ret_width)
{
	const struct opt_tsync_group *g = t ? group_of(t, cpu) : NULL;
	const struct opt_tsync_segment *s = g ? opt_tsync_segment_at(g, time) : NULL;
	const struct opt_tsync_segment *other = s ? across(g, s, time) : NULL;
	struct opt_tsync_value v;

	if (!other || opt_tsync_group_at(g, time, &v))
		return false;
	*ret_mid = v.mid;
	*ret_width = width_of(s) > width_of(other) ? width_of(s) : width_of(other);
	return true;
}

/* --- as bounds ------------------------------------------------------------------- */

/* The times at which segments from one step to the next are true whatever their neighbours are. */
struct sure {
	int64_t from, to;
};

/* The step before segment @i came before that, the one behind it after that. */
static struct sure sure_of(const struct opt_tsync_group *g, uint32_t i)
{
	const struct opt_tsync_segment *s = g->segments;
	struct sure sure = { .from = INT64_MIN, .to = INT64_MAX };
	uint32_t before = i, next = i + 1;

	while (before && !(s[before].flags & OPT_TSYNC_SEG_STEP))
		before--;
	if (before)
		sure.from = s[before - 1].to < INT64_MAX ? s[before - 1].to + 1 : INT64_MAX;
	while (next < g->nr_segments && !(s[next].flags & OPT_TSYNC_SEG_STEP))
		next++;
	if (next < g->nr_segments)
		sure.to = s[next].from > INT64_MIN ? s[next].from - 1 : INT64_MIN;
	return sure;
}

/* The limits of @s at @time, or as near to it as they are sure. */
static int add_limits(const struct opt_tsync_segment *s, const struct sure *sure, int64_t time, int cpu,
		      struct bounds *ret)
{
	struct opt_tsync_segment alone = *s;
	const struct opt_tsync_group g = { .segments = &alone, .nr_segments = 1 };
	struct bound lo = { .guest_cpu = cpu, .host_cpu = -1, .source = s->lo_source, .stated = true };
	struct bound hi = { .guest_cpu = cpu, .host_cpu = -1, .source = s->hi_source, .stated = true, .upper = true };
	struct opt_tsync_value v;
	int err;

	lo.time = time < sure->from ? sure->from : time > sure->to ? sure->to : time;
	hi.time = lo.time;
	/* it says nothing of the time of others */
	if (lo.time < s->from || lo.time > s->to)
		return 0;
	alone.from = INT64_MIN;
	alone.to = INT64_MAX;
	if (opt_tsync_group_at(&g, lo.time, &v))
		return 0;
	lo.value = v.lo;
	hi.value = v.hi;
	err = bounds_add(ret, &lo);
	return err ? err : bounds_add(ret, &hi);
}

static int add_group(const struct opt_tsync_group *g, int cpu, struct bounds *ret)
{
	struct sure sure = { 0 };
	uint32_t i;
	int err = 0;

	for (i = 0; i < g->nr_segments && !err; i++) {
		const struct opt_tsync_segment *s = &g->segments[i];

		if (!i || s->flags & OPT_TSYNC_SEG_STEP)
			sure = sure_of(g, i);
		if (sure.from > sure.to)	/* never */
			sure = (struct sure){ .from = INT64_MIN, .to = INT64_MAX };
		if (!(s->flags & OPT_TSYNC_SEG_KNOWN))
			continue;
		err = add_limits(s, &sure, s->first, cpu, ret);
		if (!err && s->last != s->first)
			err = add_limits(s, &sure, s->last, cpu, ret);
	}
	return err;
}

int model_before_bounds(const struct opt_tsync *t, struct bounds *ret)
{
	uint32_t i, k;
	int err = 0;

	for (i = 0; i < t->nr_groups; i++) {
		const struct opt_tsync_group *g = &t->groups[i];

		/* of CPUs that agree, one stands for all */
		for (k = 0; k < (g->nr_cpus ? g->nr_cpus : 1) && !err; k++)
			err = add_group(g, g->nr_cpus ? g->cpus[k] : -1, ret);
	}
	return err;
}

/* --- what nobody knows ------------------------------------------------------------- */

/* Behind all that begin before it. */
static int insert(struct opt_tsync_group *g, const struct opt_tsync_segment *s)
{
	struct opt_tsync_segment *more;
	uint32_t i = g->nr_segments;

	if (i >= SEGMENTS_MAX)
		return -ERANGE;
	more = reallocarray(g->segments, i + 1ul, sizeof(*more));
	if (!more)
		return -ENOMEM;
	g->segments = more;
	while (i && more[i - 1].first > s->first)
		i--;
	memmove(&more[i + 1], &more[i], (g->nr_segments - i) * sizeof(*more));
	more[i] = *s;
	more[i].flags &= ~(uint32_t)OPT_TSYNC_SEG_STEP;
	more[i].flags |= i ? OPT_TSYNC_SEG_STEP : 0;
	if (!i)
		more[1].flags |= OPT_TSYNC_SEG_STEP;
	g->nr_segments++;
	return 0;
}

/* Whether one of the first @n CPUs of @g had the clock @old, too. */
static bool is_done(const struct opt_tsync *t, const struct opt_tsync_group *g, uint32_t n,
		    const struct opt_tsync_group *old)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (group_of(t, g->cpus[i]) == old)
			return true;
	return false;
}

static int insert_unknown(const struct opt_tsync_group *old, struct opt_tsync_group *g)
{
	uint32_t i;
	int ret = 0;

	for (i = 0; i < old->nr_segments && !ret; i++)
		if (!(old->segments[i].flags & OPT_TSYNC_SEG_KNOWN))
			ret = insert(g, &old->segments[i]);
	return ret;
}

int model_before_unknown(const struct opt_tsync *t, struct opt_tsync_group *g)
{
	uint32_t k;
	int ret = 0;

	for (k = 0; k < g->nr_cpus && !ret; k++) {
		const struct opt_tsync_group *old = group_of(t, g->cpus[k]);

		if (old && !is_done(t, g, k, old))
			ret = insert_unknown(old, g);
	}
	return ret;
}

/* --- what must not be lost --------------------------------------------------------- */

static uint32_t steps_of(const struct opt_tsync_group *g)
{
	uint32_t i, n = 0;

	for (i = 0; i < g->nr_segments; i++)
		n += !!(g->segments[i].flags & OPT_TSYNC_SEG_STEP);
	return n;
}

static bool has_rate(const struct opt_tsync_group *g)
{
	uint32_t i;

	for (i = 0; i < g->nr_segments; i++)
		if (g->segments[i].drift)
			return true;
	return false;
}

/* A daemon that slews a clock may have begun with it before, as far as it was measured: segments beside do not show it alone. */
static bool hides_slew(const struct opt_tsync *t, const struct opt_tsync_group *g)
{
	uint32_t i;

	/* measured bounds, if they were kept, show as much as they did before */
	for (i = 0; i < g->nr_segments && prior_is_adjusted(t->host_clock) && !t->nr_raw; i++)
		if (!(g->segments[i].flags & OPT_TSYNC_SEG_KNOWN))
			return true;
	return false;
}

bool model_before_kept(const struct opt_tsync *t, const struct opt_tsync *again)
{
	uint32_t i, k;

	for (i = 0; i < t->nr_groups; i++) {
		const struct opt_tsync_group *g = &t->groups[i];

		if (hides_slew(t, g))
			return false;
		for (k = 0; k < (g->nr_cpus ? g->nr_cpus : 1); k++) {
			const struct opt_tsync_group *now = group_of(again, g->nr_cpus ? g->cpus[k] : -1);

			if (!now)
				return false;
			if (steps_of(now) < steps_of(g) && !(t->flags & OPT_TSYNC_UNSURE && has_rate(now)))
				return false;
		}
	}
	return true;
}
