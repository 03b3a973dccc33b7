/*
 * time.c - see time.h. Layer 2, pure.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/timearith.h"
#include "in/time.h"

void in_timeline_init(struct in_timeline *t, const struct in_info *info, bool top, int flags)
{
	*t = (struct in_timeline){ .raw = flags & IN_TIME_RAW };
	t->scaled = t->raw;
	if (t->raw)
		return;
	if (top && info->has_timeshift)
		t->shift = &info->timeshift;
	if (info->has_tsc2nsec) {
		t->mult = info->tsc2nsec.mult;
		t->mult_shift = info->tsc2nsec.shift;
		t->scaled = t->mult;
	}
	in_timeline_add(t, info->offset_ns);
	if (!(flags & IN_TIME_NO_DATE))
		in_timeline_add(t, info->date_ns);
}

void in_timeline_set_hz(struct in_timeline *t, uint64_t hz)
{
	/* ns = count * (10^9 / hz) */
	t->ns_per_count = hz ? 1e9 / (double)hz : 0;
	t->scaled = t->raw || t->mult || t->ns_per_count > 0;
}

void in_timeline_follow(struct in_timeline *t, const struct in_timeline *top)
{
	t->offset_ns = top->offset_ns;
	t->ns_per_count = top->ns_per_count;
	t->scaled = t->raw || t->mult || t->ns_per_count > 0;
}

const struct timeshift_cpu *in_timeline_cpu(const struct in_timeline *t, unsigned int cpu)
{
	const struct timeshift_cpu *c = t->shift ? timeshift_find(t->shift, (int)cpu, -1) : NULL;

	return c && c->nr_samples ? c : NULL;
}

/* A double as a count; beyond 64 bits it stays at the limit. */
static uint64_t count_of(double v)
{
	return v < 18446744073709551616.0 ? (uint64_t)v : UINT64_MAX;
}

uint64_t in_time_scale(const struct in_timeline *t, const struct timeshift_cpu *shift,
		       uint64_t count)
{
	/* host time = ((guest time * scaling) >> fraction) + offset */
	if (shift)
		count = timeshift_apply(shift, t->shift->flags & TIMESHIFT_FL_INTERPOLATE, count);
	if (t->ns_per_count > 0)
		return count_of((double)count * t->ns_per_count);
	/* ns = (count * mult) >> shift, the product having 96 bits */
	if (t->mult)
		return mul_shift_u64(count, t->mult, t->mult_shift);
	return count;
}

bool in_clock_is_ns(const char *clock)
{
	static const char *const ns[] = { "local", "global", "uptime", "perf", "tai", "tsc2nsec" };
	unsigned int i;

	if (!clock || !strncmp(clock, "mono", 4))
		return true;
	for (i = 0; i < ARRAY_SIZE(ns); i++)
		if (!strcmp(clock, ns[i]))
			return true;
	return false;
}
