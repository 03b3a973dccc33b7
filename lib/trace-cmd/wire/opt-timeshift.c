/*
 * opt-timeshift.c - see opt-timeshift.h. Layer 1, pure.
 *
 * Six layouts were written over the years under one id and without a version.
 * They are told apart by their exact lengths: a layout fits only if it consumes
 * the payload to the last byte. The fork's samples have no documented order;
 * opt-timeshift-fork.c finds it out.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/timearith.h"
#include "wire/dat.h"
#include "wire/opt-timeshift.h"
#include "wire/opt-timeshift-fork.h"

#define SAMPLE_LEN	24	/* time, offset, scaling */
#define FRACTION_MAX	63	/* a shift of a 64-bit value */

void timeshift_release(struct timeshift *ts)
{
	uint32_t i;

	if (!ts)
		return;
	for (i = 0; i < ts->nr_cpus; i++)
		free(ts->cpus[i].samples);
	free(ts->cpus);
	*ts = (struct timeshift){ 0 };
}

int timeshift_init(struct timeshift *ts, enum timeshift_layout layout, uint32_t nr_cpus)
{
	uint32_t i;

	*ts = (struct timeshift){ .layout = layout, .flags = TIMESHIFT_FL_INTERPOLATE };
	if (!nr_cpus)
		return 0;
	ts->cpus = calloc(nr_cpus, sizeof(*ts->cpus));
	if (!ts->cpus)
		return -ENOMEM;
	ts->nr_cpus = nr_cpus;
	for (i = 0; i < nr_cpus; i++)
		ts->cpus[i].cpu = (int32_t)i;
	return 0;
}

int timeshift_add(struct timeshift *ts, uint32_t index, const struct timeshift_sample *sample)
{
	struct timeshift_sample *more;
	struct timeshift_cpu *cpu;

	if (index >= ts->nr_cpus || sample->fraction > FRACTION_MAX)
		return -EINVAL;
	cpu = &ts->cpus[index];
	if (cpu->nr_samples == UINT32_MAX)
		return -EINVAL;
	more = reallocarray(cpu->samples, cpu->nr_samples + 1ul, sizeof(*more));
	if (!more)
		return -ENOMEM;
	cpu->samples = more;
	cpu->samples[cpu->nr_samples++] = *sample;
	return 0;
}

/* Room for @n samples (scaling 1) of a CPU that has none. */
int timeshift_reserve(struct timeshift_cpu *cpu, uint32_t n)
{
	uint32_t i;

	if (!n)
		return 0;
	cpu->samples = calloc(n, sizeof(*cpu->samples));
	if (!cpu->samples)
		return -ENOMEM;
	cpu->nr_samples = n;
	for (i = 0; i < n; i++)
		cpu->samples[i].scaling = 1;
	return 0;
}

/* --- parsing ------------------------------------------------------------ */

/* The arrays of one CPU: times, offsets and, if @scaled, scalings. */
static int arrays_parse(struct cursor *c, struct timeshift_cpu *cpu, uint32_t n, bool scaled)
{
	uint32_t i;

	if (n > cursor_left(c) / (scaled ? SAMPLE_LEN : 16))
		return -EBADMSG;
	if (timeshift_reserve(cpu, n))
		return -ENOMEM;
	for (i = 0; i < n; i++)
		cpu->samples[i].time = cursor_s64(c);
	for (i = 0; i < n; i++)
		cpu->samples[i].offset = cursor_s64(c);
	for (i = 0; scaled && i < n; i++)
		cpu->samples[i].scaling = cursor_u64(c);
	return 0;
}

/* The trailing block of fractions, counts as given before. */
static int fractions_parse(struct cursor *c, struct timeshift *ts)
{
	uint32_t i, k;

	for (i = 0; i < ts->nr_cpus; i++) {
		for (k = 0; k < ts->cpus[i].nr_samples && !c->failed; k++) {
			ts->cpus[i].samples[k].fraction = cursor_u64(c);
			if (ts->cpus[i].samples[k].fraction > FRACTION_MAX)
				return -EBADMSG;
		}
	}
	return c->failed || cursor_left(c) ? -EBADMSG : 0;
}

/* id, flags, N, per CPU: count and arrays, then perhaps fractions. */
static int current_parse(struct cursor c, uint32_t min_count, struct timeshift *ts)
{
	uint64_t id = cursor_u64(&c);
	uint32_t i, flags = cursor_u32(&c), n = cursor_u32(&c);
	int err;

	if (c.failed || flags > TIMESHIFT_FL_INTERPOLATE || !n || n > cursor_left(&c) / 4)
		return -EBADMSG;
	if (timeshift_init(ts, TIMESHIFT_CURRENT, n))
		return -ENOMEM;
	ts->peer_id = id;
	ts->flags = flags;
	for (i = 0; i < n; i++) {
		uint32_t count = cursor_u32(&c);

		if (c.failed || count < min_count)
			return -EBADMSG;
		err = arrays_parse(&c, &ts->cpus[i], count, true);
		if (err)
			return err;
	}
	if (cursor_left(&c))
		return fractions_parse(&c, ts);
	ts->layout = TIMESHIFT_NO_FRACTION;
	return 0;
}

/* One table for all CPUs: id, flags if @scaled, n, arrays. */
static int global_parse(struct cursor c, bool scaled, struct timeshift *ts)
{
	uint64_t id = cursor_u64(&c);
	uint32_t flags = scaled ? cursor_u32(&c) : TIMESHIFT_FL_INTERPOLATE;
	uint32_t n = cursor_u32(&c);

	if (c.failed || flags > TIMESHIFT_FL_INTERPOLATE || !n ||
	    cursor_left(&c) != (uint64_t)n * (scaled ? SAMPLE_LEN : 16))
		return -EBADMSG;
	if (timeshift_init(ts, scaled ? TIMESHIFT_GLOBAL_SCALED : TIMESHIFT_GLOBAL, 1))
		return -ENOMEM;
	ts->peer_id = id;
	ts->flags = flags;
	return arrays_parse(&c, &ts->cpus[0], n, scaled);
}

/* Try layout number @which. */
static int try_parse(struct cursor c, unsigned int which, struct timeshift *ts)
{
	switch (which) {
	case 0:
		return current_parse(c, 1, ts);
	case 1:
		return global_parse(c, true, ts);
	case 2:
		return global_parse(c, false, ts);
	case 3:
		return timeshift_fork_parse(c, 1, ts);
	/* CPUs without samples: only once nothing else fits, for they weaken the length check */
	case 4:
		return current_parse(c, 0, ts);
	default:
		return timeshift_fork_parse(c, 0, ts);
	}
}

int timeshift_parse(const void *data, size_t len, enum byte_order order, struct timeshift *ret)
{
	struct cursor c = cursor_over(data, len, order);
	unsigned int which;

	for (which = 0; which <= 5; which++) {
		_cleanup_(timeshift_release) struct timeshift ts = { 0 };
		int err = try_parse(c, which, &ts);

		if (err == -EBADMSG)
			continue;
		if (err)
			return err;
		*ret = ts;
		ts = (struct timeshift){ 0 };
		return 0;
	}
	return -EBADMSG;
}

/* --- writing ------------------------------------------------------------ */

static int current_put(struct buf *b, enum byte_order order, const struct timeshift *ts)
{
	uint32_t i, k;

	put_u32(b, order, ts->flags);
	put_u32(b, order, ts->nr_cpus);
	for (i = 0; i < ts->nr_cpus; i++) {
		const struct timeshift_cpu *cpu = &ts->cpus[i];

		put_u32(b, order, cpu->nr_samples);
		for (k = 0; k < cpu->nr_samples; k++)
			put_u64(b, order, (uint64_t)cpu->samples[k].time);
		for (k = 0; k < cpu->nr_samples; k++)
			put_u64(b, order, (uint64_t)cpu->samples[k].offset);
		for (k = 0; k < cpu->nr_samples; k++)
			put_u64(b, order, cpu->samples[k].scaling);
	}
	for (i = 0; i < ts->nr_cpus; i++)
		for (k = 0; k < ts->cpus[i].nr_samples; k++)
			put_u64(b, order, ts->cpus[i].samples[k].fraction);
	return b->error;
}

int timeshift_put(struct buf *b, enum byte_order order, const struct timeshift *ts)
{
	uint32_t i;

	if (ts->layout != TIMESHIFT_CURRENT && ts->layout != TIMESHIFT_FORK)
		return -EINVAL;
	if (!ts->nr_cpus || ts->flags > TIMESHIFT_FL_INTERPOLATE)
		return -EINVAL;
	for (i = 0; i < ts->nr_cpus; i++)
		/* stock readers crash on a CPU without samples */
		if (!ts->cpus[i].nr_samples)
			return -EINVAL;
	put_u64(b, order, ts->peer_id);
	if (ts->layout == TIMESHIFT_FORK)
		return timeshift_fork_put(b, order, ts);
	return current_put(b, order, ts);
}

/* --- use ---------------------------------------------------------------- */

/* By time; equal times by the index that timeshift_prepare() has put above the fraction. */
static int sample_cmp(const void *pa, const void *pb)
{
	const struct timeshift_sample *a = pa, *b = pb;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->fraction >> 6 < b->fraction >> 6 ? -1 : 1;
}

static void cpu_prepare(struct timeshift_cpu *cpu)
{
	uint32_t i, kept = 0;

	if (!cpu->nr_samples)
		return;
	/* fractions have 6 bits; the file's order above them makes the sort a stable one */
	for (i = 0; i < cpu->nr_samples; i++)
		cpu->samples[i].fraction = (cpu->samples[i].fraction & FRACTION_MAX) |
					   (uint64_t)i << 6;
	qsort(cpu->samples, cpu->nr_samples, sizeof(*cpu->samples), sample_cmp);
	for (i = 0; i < cpu->nr_samples; i++) {
		if (kept && cpu->samples[i].time == cpu->samples[kept - 1].time)
			continue;
		cpu->samples[kept] = cpu->samples[i];
		cpu->samples[kept++].fraction &= FRACTION_MAX;
	}
	cpu->nr_samples = kept;
}

void timeshift_prepare(struct timeshift *ts)
{
	uint32_t i;

	for (i = 0; i < ts->nr_cpus; i++)
		cpu_prepare(&ts->cpus[i]);
}

/* The lower sample of the pair around @time, or of the first or last pair. Two samples at least. */
static uint32_t pair_find(const struct timeshift_cpu *cpu, uint64_t time)
{
	uint32_t low = 0, high = cpu->nr_samples - 1;

	if (time <= (uint64_t)cpu->samples[0].time)
		return 0;
	if (time >= (uint64_t)cpu->samples[high].time)
		return high - 1;
	/* the answer stays in [low, high) */
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if ((uint64_t)cpu->samples[mid].time <= time)
			low = mid;
		else
			high = mid;
	}
	return low;
}

uint64_t timeshift_apply(const struct timeshift_cpu *cpu, int interpolate, uint64_t time)
{
	const struct timeshift_sample *a, *b;
	int64_t offset;

	if (!cpu || !cpu->nr_samples)
		return time;
	a = cpu->samples;
	/* as stock readers do: a single sample's scaling is not used */
	if (cpu->nr_samples == 1)
		return time + (uint64_t)a->offset;
	a += pair_find(cpu, time);
	b = a + 1;
	offset = a->offset;
	if (interpolate)
		offset = line_at(time, (uint64_t)a->time, a->offset, (uint64_t)b->time, b->offset);
	/* host time = ((guest time * scaling) >> fraction) + offset; the product is modulo 2^64 */
	return (time * a->scaling >> (a->fraction & FRACTION_MAX)) + (uint64_t)offset;
}

static const struct timeshift_cpu *fork_find(const struct timeshift *ts, int host_cpu)
{
	const struct timeshift_cpu *any = NULL, *first = NULL;
	uint32_t i;

	for (i = 0; i < ts->nr_cpus; i++) {
		const struct timeshift_cpu *cpu = &ts->cpus[i];

		if (!cpu->nr_samples)
			continue;
		if (host_cpu >= 0 && cpu->cpu == host_cpu)
			return cpu;
		if (cpu->cpu < 0 && !any)
			any = cpu;
		if (!first)
			first = cpu;
	}
	return any ? any : first;
}

const struct timeshift_cpu *timeshift_find(const struct timeshift *ts, int guest_cpu, int host_cpu)
{
	uint32_t index = 0;

	if (!ts || !ts->nr_cpus)
		return NULL;
	if (ts->layout == TIMESHIFT_FORK)
		return fork_find(ts, host_cpu);
	if (ts->layout == TIMESHIFT_CURRENT || ts->layout == TIMESHIFT_NO_FRACTION) {
		if (guest_cpu < 0 || (uint32_t)guest_cpu >= ts->nr_cpus)
			return NULL;
		index = guest_cpu;
	}
	return ts->cpus[index].nr_samples ? &ts->cpus[index] : NULL;
}
