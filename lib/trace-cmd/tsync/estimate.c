/*
 * estimate.c - see estimate.h. Layer 4, pure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/timearith.h"
#include "tsync/estimate.h"

/* A good probe, with its number. */
struct point {
	struct probe_view view;
	unsigned int number;
};

/* The good probes of @s in order of their numbers, and what they say together. */
static unsigned int collect(const struct series *s, struct point *points, struct estimate *est)
{
	unsigned int i, n = 0;

	memset(est, 0, sizeof(*est));
	est->lo = INT64_MIN;
	est->hi = INT64_MAX;
	for (i = 0; i < PTP_PROBES; i++) {
		struct point *p = &points[n];

		if (!s->probe[i].have)
			continue;
		if (!probe_view(&s->probe[i], &p->view)) {
			est->bad++;
			continue;
		}
		p->number = i + 1;
		if (p->view.lo > est->lo)
			est->lo = p->view.lo;
		if (p->view.hi < est->hi)
			est->hi = p->view.hi;
		n++;
	}
	est->good = n;
	return n;
}

static void choose(struct estimate *est, const struct point *p)
{
	est->time = p->view.midpoint;
	est->offset = p->view.offset;
	est->response = p->view.response;
	est->probe = p->number;
}

int estimate_fastest(const struct series *s, struct estimate *ret)
{
	struct point points[PTP_PROBES];
	struct estimate est;
	unsigned int n = collect(s, points, &est), i, best = 0;

	if (!n)
		return -ENODATA;
	for (i = 1; i < n; i++)
		if (points[i].view.response < points[best].view.response)
			best = i;
	choose(&est, &points[best]);
	*ret = est;
	return 0;
}

int estimate_bounds(const struct series *s, struct estimate *ret)
{
	struct estimate est;
	int err = estimate_fastest(s, &est);

	if (err)
		return err;
	if (est.lo <= est.hi)
		est.offset = midpoint_s64(est.lo, est.hi);
	*ret = est;
	return 0;
}

static int by_offset(const void *pa, const void *pb)
{
	const struct point *a = pa, *b = pb;

	if (a->view.offset != b->view.offset)
		return a->view.offset < b->view.offset ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

/* From sorted a to b: never negative, and any two 64-bit values fit. */
static uint64_t spread(const struct point *a, const struct point *b)
{
	return (uint64_t)b->view.offset - (uint64_t)a->view.offset;
}

/* Newton's method; exact enough for a bin width, and no need of libm. */
static double cube_root(double x)
{
	double root = x > 1.0 ? x : 1.0;
	int i;

	for (i = 0; i < 32; i++)
		root -= (root - x / (root * root)) / 3.0;
	return root;
}

/* width = 2 * IQR / cbrt(n), at least 1 */
static uint64_t bin_width(const struct point *sorted, unsigned int n)
{
	double iqr = spread(&sorted[n / 4], &sorted[(3 * n) / 4]);
	double width = 2.0 * iqr / cube_root(n);

	if (width < 1.0)
		return 1;
	return width < 9e18 ? (uint64_t)width : (uint64_t)9e18;
}

int estimate_histogram(const struct series *s, struct estimate *ret)
{
	struct point points[PTP_PROBES];
	struct estimate est;
	unsigned int n = collect(s, points, &est), first, last = 0;
	unsigned int peak = 0, peak_len = 0;
	uint64_t width;

	if (!n)
		return -ENODATA;
	qsort(points, n, sizeof(points[0]), by_offset);
	width = bin_width(points, n);
	/* a bin of this width laid at each probe: it holds the probes first..last-1 */
	for (first = 0; first < n; first++) {
		unsigned int len;

		while (last < n && spread(&points[first], &points[last]) < width)
			last++;
		len = last - first;
		if (len < peak_len)
			continue;
		if (len > peak_len || spread(&points[first], &points[last - 1]) <
				      spread(&points[peak], &points[peak + peak_len - 1])) {
			peak = first;
			peak_len = len;
		}
	}
	choose(&est, &points[peak + (peak_len - 1) / 2]);
	*ret = est;
	return 0;
}

int estimate_method(const char *name, uint32_t *flags)
{
	static const struct {
		const char *name;
		uint32_t set;
	} methods[] = {
		/* who doesn't know the first bit falls back on the second */
		{ "bounds", TSYNC_PTP_BOUNDS | PTP_FLAG_FASTEST_RESPONSE },
		{ "fastest", PTP_FLAG_FASTEST_RESPONSE },
		{ "histogram", 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(methods); i++) {
		if (strcmp(methods[i].name, name))
			continue;
		*flags &= ~(uint32_t)(TSYNC_PTP_BOUNDS | PTP_FLAG_FASTEST_RESPONSE);
		*flags |= methods[i].set;
		return 0;
	}
	return -EINVAL;
}

int estimate_series(const struct series *s, uint32_t ptp_flags, struct estimate *ret)
{
	if (ptp_flags & TSYNC_PTP_BOUNDS)
		return estimate_bounds(s, ret);
	if (ptp_flags & PTP_FLAG_FASTEST_RESPONSE)
		return estimate_fastest(s, ret);
	return estimate_histogram(s, ret);
}
