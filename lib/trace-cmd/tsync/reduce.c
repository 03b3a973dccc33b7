/*
 * reduce.c - see reduce.h. Layer 4, pure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "tsync/reduce.h"
#include "tsync/regime.h"

#define PARTS 8		/* of a round, for the jackknife */

/* --- figures ---------------------------------------------------------------- */

static int by_value(const void *pa, const void *pb)
{
	int64_t a = *(const int64_t *)pa, b = *(const int64_t *)pb;

	return a < b ? -1 : a > b;
}

/* upper - lower, if the bounds at @i and @i + 1 are those of one probe. */
static bool pair_at(const struct bounds *b, size_t i, int64_t *ret)
{
	return i + 1 < b->count && b->at[i].upper && !b->at[i + 1].upper &&
	       !__builtin_sub_overflow(b->at[i].value, b->at[i + 1].value, ret);
}

static int stat_pairs(const struct bounds *b, size_t first, struct round_stat *stat)
{
	_cleanup_free_ int64_t *width = calloc(b->count - first, sizeof(*width));
	size_t i, n = 0;

	if (!width)
		return -ENOMEM;
	for (i = first; i < b->count; i++)
		n += pair_at(b, i, &width[n]);
	stat->probes = n;
	if (!n)
		return 0;
	qsort(width, n, sizeof(*width), by_value);
	stat->rtt_min = width[0];
	stat->rtt_median = width[n / 2];
	return 0;
}

/* The middle between the tightest bounds of all parts but @without. False if there are none. */
static bool middle(const struct bounds *b, size_t first, int without, double *ret)
{
	int64_t lo = INT64_MIN, hi = INT64_MAX, ref = b->at[first].value;
	size_t i, n = b->count - first;

	for (i = 0; i < n; i++) {
		const struct bound *one = &b->at[first + i];

		if ((int)(i * PARTS / n) == without)
			continue;
		if (one->upper && one->value < hi)
			hi = one->value;
		if (!one->upper && one->value > lo)
			lo = one->value;
	}
	*ret = ((double)((__int128)lo - ref) + (double)((__int128)hi - ref)) / 2;
	return lo != INT64_MIN && hi != INT64_MAX;
}

static double square_root(double x)
{
	double root = x > 1.0 ? x : 1.0;
	int i;

	for (i = 0; i < 100 && x > 0; i++)
		root -= (root - x / root) / 2.0;
	return x > 0 ? root : 0;
}

/* sigma^2 = (n - 1) / n * sum((m_i - mean)^2), m_i: without part i */
static void stat_sigma(const struct bounds *b, size_t first, struct round_stat *stat)
{
	double m[PARTS], mean = 0, sum = 0, sigma;
	int i;

	if (stat->probes < 2 * PARTS)
		return;
	for (i = 0; i < PARTS; i++) {
		if (!middle(b, first, i, &m[i]))
			return;
		mean += m[i] / PARTS;
	}
	for (i = 0; i < PARTS; i++)
		sum += (m[i] - mean) * (m[i] - mean);
	sigma = square_root(sum * (PARTS - 1) / PARTS) + 0.5;
	stat->sigma = sigma < 9e18 ? (int64_t)sigma : INT64_MAX;
}

int bounds_stat(const struct bounds *b, size_t first, struct round_stat *ret)
{
	struct round_stat stat = {
		.first = INT64_MAX, .last = INT64_MIN,
		.rtt_min = -1, .rtt_median = -1, .sigma = -1,
	};
	size_t i;
	int err;

	if (first >= b->count)
		return -ENODATA;
	for (i = first; i < b->count; i++) {
		if (b->at[i].time < stat.first)
			stat.first = b->at[i].time;
		if (b->at[i].time > stat.last)
			stat.last = b->at[i].time;
	}
	err = stat_pairs(b, first, &stat);
	if (err)
		return err;
	stat_sigma(b, first, &stat);
	*ret = stat;
	return 0;
}

/* --- fewer bounds ----------------------------------------------------------- */

static int by_time(const void *pa, const void *pb)
{
	const struct bound *a = pa, *b = pb;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->value != b->value)
		return a->value < b->value ? -1 : 1;
	return a->upper - b->upper;
}

/* The hulls of @n sorted bounds. 1; 0: no line meets them all; -ENOMEM; -ERANGE. */
static int hulls_of(const struct bound *at, size_t n, struct regime *r)
{
	size_t i;
	int ret = 1;

	for (i = 0; i < n && ret > 0; i++) {
		struct hull_point p = { .source = at[i].source };

		if (__builtin_sub_overflow(at[i].time, at[0].time, &p.t) ||
		    __builtin_sub_overflow(at[i].value, at[0].value, &p.v) ||
		    p.t > HULL_LIMIT || p.v > HULL_LIMIT || p.v < -HULL_LIMIT)
			return -ERANGE;
		ret = regime_add(r, &p, at[i].upper);
	}
	return ret;
}

/* Whether @one is the next vertex of its hull, relative to @ref; then step on. */
static bool take_vertex(const struct regime *r, const struct bound *one, const struct bound *ref,
			size_t next[2])
{
	const struct hull *h = one->upper ? &r->upper : &r->lower;
	size_t *i = &next[one->upper];
	int64_t v = one->value - ref->value;

	if (*i == h->count || h->at[*i].t != one->time - ref->time ||
	    h->at[*i].v != (one->upper ? v : -v))
		return false;
	++*i;
	return true;
}

/* Sort @n bounds and keep the vertices, at their beginning. How many are left; -ENOMEM. */
static ssize_t reduce(struct bound *at, size_t n)
{
	struct bound ref;
	struct regime r;
	size_t next[2] = { 0, 0 }, i, kept = 0;
	int ret;

	qsort(at, n, sizeof(*at), by_time);
	regime_init(&r, false, -SLOPE_MAX / 2, SLOPE_MAX / 2);
	ret = hulls_of(at, n, &r);
	ref = at[0];
	for (i = 0; i < n && ret > 0; i++)
		if (take_vertex(&r, &at[i], &ref, next))
			at[kept++] = at[i];
	regime_release(&r);
	if (ret == -ENOMEM)
		return ret;
	return ret > 0 ? kept : n;
}

int bounds_reduce(struct bounds *b, size_t first)
{
	ssize_t n;

	if (first >= b->count)
		return 0;
	n = reduce(b->at + first, b->count - first);
	if (n < 0)
		return n;
	b->count = first + n;
	return 0;
}

/* By pair of CPUs, then by time. */
static int by_cpus(const void *pa, const void *pb)
{
	const struct bound *a = pa, *b = pb;

	if (a->guest_cpu != b->guest_cpu)
		return a->guest_cpu < b->guest_cpu ? -1 : 1;
	if (a->host_cpu != b->host_cpu)
		return a->host_cpu < b->host_cpu ? -1 : 1;
	return by_time(pa, pb);
}

static bool same_cpus(const struct bound *a, const struct bound *b)
{
	return a->guest_cpu == b->guest_cpu && a->host_cpu == b->host_cpu;
}

/* Reduce groups of about @group bounds of the same CPUs. 0; -ENOMEM. */
static int thin_by(struct bounds *b, size_t group)
{
	size_t first, end, kept = 0;

	for (first = 0; first < b->count; first = end) {
		ssize_t n;

		for (end = first + 1; end < b->count && end - first < group; end++)
			if (!same_cpus(&b->at[end], &b->at[first]))
				break;
		n = reduce(b->at + first, end - first);
		if (n < 0)
			return n;
		memmove(b->at + kept, b->at + first, n * sizeof(*b->at));
		kept += n;
	}
	b->count = kept;
	return 0;
}

/* Forget every other one of either side: what is left is as true, if less. */
static void drop_half(struct bounds *b)
{
	size_t i, kept = 0, seen[2] = { 0, 0 };

	for (i = 0; i < b->count; i++)
		if (seen[b->at[i].upper]++ % 2 == 0)
			b->at[kept++] = b->at[i];
	b->count = kept;
}

int bounds_thin(struct bounds *b, size_t max)
{
	size_t group;
	int ret = 0;

	if (b->count <= max)
		return 0;
	qsort(b->at, b->count, sizeof(*b->at), by_cpus);
	/* half as many, so that the next round is not one too many again */
	for (group = 64; b->count > max / 2 && group < 2 * max && !ret; group *= 2)
		ret = thin_by(b, group);
	while (b->count > max && !ret)
		drop_half(b);
	return ret;
}
