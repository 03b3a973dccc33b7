/*
 * model-shift.c - a model's lines as the samples of TimeShift: see model.h. Layer 4, pure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tsync/model.h"

/*
 * Readers multiply the time since a sample by the rise to the next one, in 64 bits. That much is
 * used at most between samples, so that they may go on for as long and longer behind the last one.
 */
#define PRODUCT_MAX	((__int128)1 << 58)
#define SAMPLES_MAX	100000

static int64_t value_at(const struct opt_tsync_segment *s, int64_t time)
{
	__int128 v = s->offset + floor_div((__int128)s->drift * ((__int128)time - s->first),
					   SLOPE_ONE);

	return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

/* One is enough where a line goes on as another one. */
static int add_sample(struct timeshift *ts, uint32_t cpu, const struct opt_tsync_segment *s,
		      int64_t time)
{
	const struct timeshift_cpu *c = &ts->cpus[cpu];
	struct timeshift_sample sample = {
		.time = time, .offset = value_at(s, time), .scaling = 1,
	};

	if (c->nr_samples && c->samples[c->nr_samples - 1].time == time)
		return 0;
	return timeshift_add(ts, cpu, &sample);
}

/* The longest step between samples of a line: step * rise(step) <= PRODUCT_MAX. */
static int64_t step_of(const struct opt_tsync_segment *s)
{
	__int128 slope = s->drift < 0 ? -(__int128)s->drift : s->drift;
	int64_t step = INT64_MAX / 2;

	while (step > 1 && slope * step / SLOPE_ONE > PRODUCT_MAX / step)
		step /= 2;
	return step;
}

static int add_line(struct timeshift *ts, uint32_t cpu, const struct opt_tsync_segment *s,
		    int64_t from, int64_t to)
{
	/* of one length all, as readers go on with the last one */
	__int128 span = (__int128)to - from, n = span > 0 ? span / step_of(s) + 1 : 0, i;
	int ret = 0;

	if (n > SAMPLES_MAX)
		n = SAMPLES_MAX;
	for (i = 0; i <= n && !ret; i++)
		ret = add_sample(ts, cpu, s, n ? (int64_t)(from + span * i / n) : from);
	return ret;
}

/* Whether the line of @s is that of @before. */
static bool same_line(const struct opt_tsync_segment *before, const struct opt_tsync_segment *s)
{
	int64_t there = value_at(before, s->first);

	return !(s->flags & OPT_TSYNC_SEG_STEP) && s->drift == before->drift &&
	       there >= s->offset - 1 && there <= s->offset + 1;
}

/* Each known segment from its first measurement to its last; to the middle of the gap at a step. */
static int add_group(struct timeshift *ts, uint32_t cpu, const struct opt_tsync_group *g)
{
	const struct opt_tsync_segment *s, *before = NULL;
	int64_t from = 0, middle;
	uint32_t i;
	int ret = 0;

	for (i = 0; i < g->nr_segments && !ret; i++) {
		s = &g->segments[i];
		if (!(s->flags & OPT_TSYNC_SEG_KNOWN))
			continue;
		/* readers go on with the last two samples, which had better be far from each other */
		if (before && same_line(before, s)) {
			before = s;
			continue;
		}
		if (before) {
			middle = before->last + (s->first - before->last) / 2;
			ret = add_line(ts, cpu, before, from, middle);
			from = s->flags & OPT_TSYNC_SEG_STEP ? middle + 1 : middle;
		} else {
			from = s->first;
		}
		before = s;
	}
	if (!before || ret)
		return ret ? ret : -ENODATA;
	return add_line(ts, cpu, before, from, before->last > from ? before->last : from);
}

/* That of @cpu; where it was not measured, that of any CPU, or else what most of them say. */
static const struct opt_tsync_group *group_of(const struct opt_tsync *t, int cpu)
{
	const struct opt_tsync_group *most = &t->groups[0];
	uint32_t i, k;

	for (i = 0; i < t->nr_groups; i++)
		for (k = 0; k < t->groups[i].nr_cpus; k++)
			if (t->groups[i].cpus[k] == cpu)
				return &t->groups[i];
	if (cpu >= 0 && t->kind == OPT_TSYNC_GUEST_CPUS)
		most = group_of(t, -1);
	for (i = 0; cpu < 0 && i < t->nr_groups; i++)
		if (t->groups[i].nr_cpus > most->nr_cpus)
			most = &t->groups[i];
	return most;
}

/* By guest CPU: all have samples. */
static int make_current(const struct opt_tsync *t, int nr_cpus, struct timeshift *ts)
{
	int cpu, ret;

	if (nr_cpus < 1 || t->kind == OPT_TSYNC_HOST_CPUS)
		return -EINVAL;
	ret = timeshift_init(ts, TIMESHIFT_CURRENT, nr_cpus);
	for (cpu = 0; cpu < nr_cpus && !ret; cpu++)
		ret = add_group(ts, cpu, group_of(t, cpu));
	return ret;
}

/* By host CPU, ascending; one entry for any if they agree. */
static int make_fork(const struct opt_tsync *t, struct timeshift *ts)
{
	uint32_t i, k, n = 0, at = 0;
	int ret;

	for (i = 0; i < t->nr_groups; i++)
		n += t->groups[i].nr_cpus;
	if (t->kind != OPT_TSYNC_HOST_CPUS)
		n = 1;
	ret = timeshift_init(ts, TIMESHIFT_FORK, n);
	if (ret)
		return ret;
	ts->cpus[0].cpu = -1;
	if (t->kind != OPT_TSYNC_HOST_CPUS)
		return add_group(ts, 0, &t->groups[0]);
	for (i = 0; i < t->nr_groups; i++) {
		for (k = 0; k < t->groups[i].nr_cpus && !ret; k++, at++) {
			ret = add_group(ts, at, &t->groups[i]);
			ts->cpus[at].cpu = t->groups[i].cpus[k];
		}
	}
	return ret;
}

static int by_cpu(const void *pa, const void *pb)
{
	const struct timeshift_cpu *a = pa, *b = pb;

	return a->cpu < b->cpu ? -1 : a->cpu > b->cpu;
}

int tsync_model_timeshift(const struct opt_tsync *t, enum timeshift_layout layout, uint32_t flags,
			  int nr_guest_cpus, struct timeshift *ret_ts)
{
	_cleanup_(timeshift_release) struct timeshift ts = { 0 };
	int ret = -EINVAL;

	if (layout == TIMESHIFT_CURRENT)
		ret = make_current(t, nr_guest_cpus, &ts);
	else if (layout == TIMESHIFT_FORK)
		ret = make_fork(t, &ts);
	if (ret)
		return ret;
	if (layout == TIMESHIFT_FORK)
		qsort(ts.cpus, ts.nr_cpus, sizeof(*ts.cpus), by_cpu);
	ts.peer_id = t->peer_id;
	ts.flags = flags;
	*ret_ts = ts;
	ts = (struct timeshift){ 0 };
	return 0;
}
