/*
 * model-before.c - see model-before.h. Layer 4, pure.
 */
#include "tsync/model-before.h"

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
