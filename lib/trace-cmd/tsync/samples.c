/*
 * samples.c - see samples.h. Layer 4, pure.
 */
#include <errno.h>
#include <stdlib.h>

#include "tsync/samples.h"

void tsync_samples_release(struct tsync_samples *s)
{
	if (!s)
		return;
	free(s->results);
	free(s->rounds);
	bounds_release(&s->bounds);
	*s = (struct tsync_samples){ 0 };
}

int tsync_samples_add(struct tsync_samples *s, const struct tsync_result *r)
{
	if (s->count == s->alloc) {
		size_t alloc = s->alloc ? s->alloc * 2 : 16;
		struct tsync_result *results = reallocarray(s->results, alloc, sizeof(*results));

		if (!results)
			return -ENOMEM;
		s->results = results;
		s->alloc = alloc;
	}
	s->results[s->count++] = *r;
	return 0;
}

/* So many bounds are kept of a session, however long; some megabytes. */
#define BOUNDS_MAX 65536

static int add_figures(struct tsync_samples *s, const struct bounds *b)
{
	struct round_stat stat;
	int ret = bounds_stat(b, 0, &stat);

	if (ret)
		return ret;
	if (s->nr_rounds == s->alloc_rounds) {
		size_t alloc = s->alloc_rounds ? s->alloc_rounds * 2 : 16;
		struct round_stat *rounds = reallocarray(s->rounds, alloc, sizeof(*rounds));

		if (!rounds)
			return -ENOMEM;
		s->rounds = rounds;
		s->alloc_rounds = alloc;
	}
	s->rounds[s->nr_rounds++] = stat;
	return 0;
}

int tsync_samples_take_bounds(struct tsync_samples *s, const struct tsync_result *r,
			      struct bounds *bounds)
{
	size_t i, first = s->bounds.count;
	int ret = 0;

	if (bounds->count)
		ret = add_figures(s, bounds);

	for (i = 0; i < bounds->count && !ret; i++) {
		struct bound *one = &bounds->at[i];

		one->guest_cpu = r->guest_cpu;
		one->host_cpu = r->host_cpu;
		ret = bounds_add(&s->bounds, one);
	}
	bounds->count = 0;
	if (!ret && !s->keep_all)
		ret = bounds_reduce(&s->bounds, first);
	if (!ret && !s->keep_all)
		ret = bounds_thin(&s->bounds, BOUNDS_MAX);
	return ret;
}

/* Whether @a is the better of two results of a pass: an unknown response is the slowest. */
static bool better(const struct tsync_result *a, const struct tsync_result *b)
{
	if (!b || a->response < 0)
		return !b;
	return b->response < 0 || a->response < b->response;
}

static int add_result(struct timeshift *ts, uint32_t index, const struct tsync_result *r)
{
	struct timeshift_sample sample = {
		.time = r->time,
		.offset = r->offset,
		.scaling = 1,
		.fraction = 0,
	};

	return timeshift_add(ts, index, &sample);
}

/* One past the last result of the pass that begins at @first: passes follow each other. */
static size_t pass_end(const struct tsync_samples *s, size_t first)
{
	size_t i = first + 1;

	while (i < s->count && s->results[i].pass == s->results[first].pass)
		i++;
	return i;
}

/* The best result of one pass, of those on @host_cpu unless that is NULL; NULL if there is none. */
static const struct tsync_result *best_of(const struct tsync_samples *s, size_t first, size_t end,
					  const int *host_cpu)
{
	const struct tsync_result *best = NULL;
	size_t i;

	for (i = first; i < end; i++) {
		const struct tsync_result *r = &s->results[i];

		if (host_cpu && r->host_cpu != *host_cpu)
			continue;
		if (better(r, best))
			best = r;
	}
	return best;
}

/* The guest CPUs' best results of one pass, by CPU; the caller frees the array. */
static const struct tsync_result **by_guest_cpu(const struct tsync_samples *s, size_t first,
						size_t end, int nr_cpus)
{
	const struct tsync_result **by_cpu = calloc(nr_cpus, sizeof(*by_cpu));
	size_t i;

	for (i = first; by_cpu && i < end; i++) {
		const struct tsync_result *r = &s->results[i];

		if (r->guest_cpu >= 0 && r->guest_cpu < nr_cpus && better(r, by_cpu[r->guest_cpu]))
			by_cpu[r->guest_cpu] = r;
	}
	return by_cpu;
}

/* What holds for CPUs without a result of their own: one that is for any, else the best of all. */
static const struct tsync_result *for_others(const struct tsync_samples *s, size_t first,
					     size_t end)
{
	const struct tsync_result *best = NULL;
	size_t i;

	/* where some CPU has its own clock, its result is for no other */
	for (i = first; i < end; i++)
		if (s->results[i].guest_cpu < 0 && better(&s->results[i], best))
			best = &s->results[i];
	return best ? best : best_of(s, first, end, NULL);
}

static int fill_guest_cpus(const struct tsync_samples *s, struct timeshift *ts)
{
	size_t first, end;
	int ret = 0;

	for (first = 0; first < s->count && !ret; first = end) {
		const struct tsync_result **by_cpu, *best;
		uint32_t cpu;

		end = pass_end(s, first);
		best = for_others(s, first, end);
		by_cpu = by_guest_cpu(s, first, end, ts->nr_cpus);
		if (!by_cpu)
			return -ENOMEM;
		for (cpu = 0; cpu < ts->nr_cpus && !ret; cpu++)
			ret = add_result(ts, cpu, by_cpu[cpu] ? by_cpu[cpu] : best);
		free(by_cpu);
	}
	return ret;
}

static int by_number(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return x < y ? -1 : x > y;
}

/* The host CPUs that occur, ascending: -1 (any) first, as the file wants it. Returns how many; -ENOMEM. */
static int host_cpus(const struct tsync_samples *s, int **ret_cpus)
{
	int *cpus = calloc(s->count, sizeof(*cpus));
	size_t i;
	int n = 0;

	if (!cpus)
		return -ENOMEM;
	for (i = 0; i < s->count; i++)
		cpus[i] = s->results[i].host_cpu < 0 ? -1 : s->results[i].host_cpu;
	qsort(cpus, s->count, sizeof(*cpus), by_number);
	for (i = 0; i < s->count; i++)
		if (!i || cpus[i] != cpus[i - 1])
			cpus[n++] = cpus[i];
	*ret_cpus = cpus;
	return n;
}

static int fill_host_cpus(const struct tsync_samples *s, struct timeshift *ts, const int *cpus)
{
	size_t first, end;
	int ret = 0;

	for (first = 0; first < s->count; first = end) {
		uint32_t i;

		end = pass_end(s, first);
		for (i = 0; i < ts->nr_cpus && !ret; i++) {
			const struct tsync_result *r = best_of(s, first, end, &cpus[i]);

			if (r)
				ret = add_result(ts, i, r);
		}
		if (ret)
			return ret;
	}
	for (first = 0; first < ts->nr_cpus; first++)
		ts->cpus[first].cpu = cpus[first];
	return 0;
}

static int make_fork(const struct tsync_samples *s, struct timeshift *ts)
{
	int *cpus, n = host_cpus(s, &cpus), ret;

	if (n < 0)
		return n;
	ret = timeshift_init(ts, TIMESHIFT_FORK, n);
	if (!ret) {
		ret = fill_host_cpus(s, ts, cpus);
		if (ret)
			timeshift_release(ts);
	}
	free(cpus);
	return ret;
}

static int make_current(const struct tsync_samples *s, int nr_guest_cpus, struct timeshift *ts)
{
	int ret;

	if (nr_guest_cpus < 1)
		return -EINVAL;
	ret = timeshift_init(ts, TIMESHIFT_CURRENT, nr_guest_cpus);
	if (ret)
		return ret;
	ret = fill_guest_cpus(s, ts);
	if (ret)
		timeshift_release(ts);
	return ret;
}

/* --- clocks of different rates ------------------------------------------------ */

/*
 * Points that a table may have: with them spread thinner, what lies between is
 * wrong in readers whose products have 64 bits.
 */
#define POINTS_MAX	65536

/*
 * The result that gave @sample; NULL: none of a clock that runs at another rate. Samples follow each other as
 * results do: *@at is where to begin, and where the next one begins.
 */
static const struct tsync_result *scaled_result(const struct tsync_samples *s, size_t *at,
						const struct timeshift_sample *sample)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		size_t n = (*at + i) % s->count;
		const struct tsync_result *r = &s->results[n];

		if (r->time == sample->time && r->offset == sample->offset) {
			*at = n;
			return r->scaled ? r : NULL;
		}
	}
	return NULL;
}

/* A point at guest time @time, or soon after, of the line that @r is on. 0; -ENOMEM. */
static int add_point(struct timeshift *ts, uint32_t index, const struct tsync_result *r,
		     int64_t time)
{
	struct tsync_result point = *r;
	int64_t host;

	/* beyond 63 bits there is none */
	if (!kvm_scale_point(&r->scale, time, &point.time, &host) ||
	    __builtin_sub_overflow(host, point.time, &point.offset))
		return 0;
	return add_result(ts, index, &point);
}

/* Equal but for rounding. */
static bool near(__int128 a, __int128 b)
{
	return a - b >= -2 && a - b <= 2;
}

/* Those from @r on up to @next, the following sample, or one behind if there is none. */
static int add_line(struct timeshift *ts, uint32_t index, const struct tsync_result *r,
		    const struct timeshift_sample *next)
{
	int64_t step = kvm_scale_step(&r->scale), time = r->time, end, host;
	int ret = add_point(ts, index, r, time);

	if (ret)
		return ret;
	if (!next)
		return __builtin_add_overflow(time, step, &time) ? 0 :
		       add_point(ts, index, r, time);
	if (next->time <= time || __builtin_sub_overflow(next->time, time, &end))
		return 0;
	if (end / step > POINTS_MAX)
		step = end / POINTS_MAX;
	while (!ret && next->time - time > step)
		ret = add_point(ts, index, r, time += step);
	if (ret || !kvm_host_time(&r->scale, next->time, &host))
		return ret;
	/* the offset was changed meanwhile: this line goes on until the other is known */
	if (!near((__int128)host - next->time, next->offset) &&
	    next->time - time > 2 * KVM_POINT_NEAR)
		ret = add_point(ts, index, r, next->time - KVM_POINT_NEAR);
	return ret;
}

/* Add what readers, which interpolate, need to know of lines that aren't level. 0; -ENOMEM. */
static int add_lines(const struct tsync_samples *s, struct timeshift *ts)
{
	int ret = 0;
	uint32_t cpu;

	for (cpu = 0; cpu < ts->nr_cpus && !ret; cpu++) {
		/* the table grows into a new one */
		struct timeshift_cpu old = ts->cpus[cpu];
		size_t at = 0;
		uint32_t i;

		ts->cpus[cpu] = (struct timeshift_cpu){ .cpu = old.cpu };
		for (i = 0; i < old.nr_samples && !ret; i++) {
			const struct tsync_result *r = scaled_result(s, &at, &old.samples[i]);

			ret = !r ? timeshift_add(ts, cpu, &old.samples[i]) :
			      add_line(ts, cpu, r, i + 1 < old.nr_samples ?
				       &old.samples[i + 1] : NULL);
		}
		free(old.samples);
	}
	return ret;
}

static bool any_scaled(const struct tsync_samples *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (s->results[i].scaled)
			return true;
	return false;
}

int tsync_samples_timeshift(const struct tsync_samples *s, enum timeshift_layout layout,
			    uint64_t peer_id, uint32_t flags, int nr_guest_cpus,
			    struct timeshift *ret)
{
	struct timeshift ts = { 0 };
	int err;

	if (!s->count)
		return -ENODATA;
	if (layout == TIMESHIFT_FORK)
		err = make_fork(s, &ts);
	else if (layout == TIMESHIFT_CURRENT)
		err = make_current(s, nr_guest_cpus, &ts);
	else
		err = -EINVAL;
	if (err)
		return err;
	ts.peer_id = peer_id;
	ts.flags = flags;
	if (any_scaled(s)) {
		ts.flags |= TIMESHIFT_FL_INTERPOLATE;
		err = add_lines(s, &ts);
		if (err) {
			timeshift_release(&ts);
			return err;
		}
	}
	*ret = ts;
	return 0;
}
