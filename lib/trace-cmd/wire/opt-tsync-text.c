/*
 * opt-tsync-text.c - how well a guest's clock is known, in words: see opt-tsync.h. Layer 1, pure.
 */
#include <inttypes.h>

#include "base/cleanup.h"
#include "wire/opt-tsync.h"

const char *opt_tsync_source_name(unsigned int source)
{
	static const char *const names[] = {
		NULL, "ptp", "burst", "vmexit", "kvm", "window", "vsock",
	};

	return source < ARRAY_SIZE(names) && names[source] ? names[source] : "?";
}

/*
 * The larger one of hi - mid and mid - lo, -1 if that is no number: of a segment alone, without what a neighbour
 * adds where a clock stepped.
 */
static __int128 reach(const struct opt_tsync_segment *s, int64_t time)
{
	struct opt_tsync_segment copy = *s;
	struct opt_tsync_group g = { .nr_segments = 1, .segments = &copy };
	struct opt_tsync_value v;
	__int128 up, down;

	if (opt_tsync_group_at(&g, time, &v) || v.lo == INT64_MIN || v.hi == INT64_MAX)
		return -1;
	up = (__int128)v.hi - v.mid;
	down = (__int128)v.mid - v.lo;
	return up > down ? up : down;
}

/* Whether segments @i and @i + 1 follow each other without a step or a time of which nothing is known. */
static bool goes_on(const struct opt_tsync_group *g, uint32_t i)
{
	return i + 1 < g->nr_segments && g->segments[i].flags & OPT_TSYNC_SEG_KNOWN &&
	       g->segments[i + 1].flags & OPT_TSYNC_SEG_KNOWN &&
	       !(g->segments[i + 1].flags & OPT_TSYNC_SEG_STEP);
}

/* The worst of segment @k: the limits are farthest from each other at the ends. -1: no limits. */
static __int128 segment_worst(const struct opt_tsync_group *g, uint32_t k)
{
	const struct opt_tsync_segment *s = &g->segments[k];
	int64_t times[4] = { s->first, s->last };
	int n = 2, i;
	__int128 worst = 0;

	if (k && goes_on(g, k - 1))
		times[n++] = s->from;
	if (goes_on(g, k))
		times[n++] = s->to;
	for (i = 0; i < n; i++) {
		__int128 one = reach(s, times[i]);

		if (one < 0)
			return -1;
		worst = one > worst ? one : worst;
	}
	return worst;
}

/* Of a segment of clocks whose rate varies at the time when they were compared, which is one of its ends. */
static __int128 segment_best(const struct opt_tsync_group *g, uint32_t k)
{
	const struct opt_tsync_segment *s = &g->segments[k];
	__int128 first = reach(s, s->first), last = reach(s, s->last);

	return first < last ? first : last;
}

static int64_t worst_of(const struct opt_tsync *t,
			__int128 (*of)(const struct opt_tsync_group *g, uint32_t k))
{
	__int128 worst = -1;
	uint32_t i, k;

	for (i = 0; i < t->nr_groups; i++) {
		for (k = 0; k < t->groups[i].nr_segments; k++) {
			__int128 one;

			if (!(t->groups[i].segments[k].flags & OPT_TSYNC_SEG_KNOWN))
				continue;
			one = of(&t->groups[i], k);
			if (one < 0)
				return -1;
			worst = one > worst ? one : worst;
		}
	}
	return worst > INT64_MAX ? INT64_MAX : (int64_t)worst;
}

int64_t opt_tsync_worst(const struct opt_tsync *t)
{
	return worst_of(t, segment_worst);
}

uint32_t opt_tsync_steps(const struct opt_tsync *t)
{
	uint32_t i, k, most = 0;

	for (i = 0; i < t->nr_groups; i++) {
		uint32_t steps = 0;

		for (k = 0; k < t->groups[i].nr_segments; k++)
			steps += !!(t->groups[i].segments[k].flags & OPT_TSYNC_SEG_STEP);
		most = steps > most ? steps : most;
	}
	return most;
}

/* A length of time: three digits or so in the unit that suits. */
static void put_span(struct buf *b, int64_t count, double ns_per_count)
{
	double ns = count * ns_per_count;

	if (ns_per_count <= 0)
		buf_printf(b, "%" PRId64 " cycles", count);
	else if (ns < 1e3)
		buf_printf(b, "%.0f ns", ns);
	else if (ns < 1e6)
		buf_printf(b, "%.*f us", ns < 1e5 ? 2 : 1, ns / 1e3);
	else if (ns < 1e9)
		buf_printf(b, "%.*f ms", ns < 1e8 ? 2 : 1, ns / 1e6);
	else
		buf_printf(b, "%.2f s", ns / 1e9);
}

/* Of the last segment known of the first group, which is the only one in most files. */
static void put_drift(struct buf *b, const struct opt_tsync *t)
{
	const struct opt_tsync_segment *s = opt_tsync_segment_at(&t->groups[0], INT64_MAX);
	double drift;

	if (!s)
		return;
	drift = opt_tsync_ppm(s->drift);
	buf_printf(b, "; drift %.3f ppm", drift);
	if (s->drift_lo != s->drift_hi)
		buf_printf(b, " (%+.3f %+.3f)", opt_tsync_ppm(s->drift_lo) - drift,
			   opt_tsync_ppm(s->drift_hi) - drift);
}

static void put_probes(struct buf *b, const struct opt_tsync *t, double ns_per_count)
{
	buf_printf(b, "; %" PRIu32 " probes in %" PRIu32 " round%s", t->probes, t->rounds,
		   t->rounds == 1 ? "" : "s");
	if (t->rtt_min < 0)
		return;
	buf_printf(b, ", round trip ");
	put_span(b, t->rtt_min, ns_per_count);
	buf_printf(b, " at least");
	if (t->rtt_median >= 0) {
		buf_printf(b, ", ");
		put_span(b, t->rtt_median, ns_per_count);
		buf_printf(b, " in the median");
	}
}

/* How far off the estimate may be; of clocks that are adjusted that is more where nobody looked. */
static void put_worst(struct buf *b, const struct opt_tsync *t, int64_t worst, double ns_per_count)
{
	bool varies = !(t->flags & OPT_TSYNC_GUARANTEED);
	int64_t measured = varies ? worst_of(t, segment_best) : worst;

	buf_printf(b, "+-");
	if (measured < worst) {
		put_span(b, measured, ns_per_count);
		buf_printf(b, " when compared, +-");
	}
	put_span(b, worst, ns_per_count);
	if (measured < worst)
		buf_printf(b, " in between");
	if (!varies)
		buf_printf(b, " guaranteed");
	else
		buf_printf(b, " unless a clock was adjusted by more than %.0f ppm",
			   t->rho_max_ppb / 2000.0);
}

/* The CPUs of a group, those that follow each other as a range. */
static void put_cpus(struct buf *b, const struct opt_tsync_group *g)
{
	uint32_t i, last;

	for (i = 0; i < g->nr_cpus; i = last + 1) {
		for (last = i; last + 1 < g->nr_cpus; last++)
			if (g->cpus[last + 1] != g->cpus[last] + 1 || g->cpus[last] < 0)
				break;
		buf_printf(b, "%s", i ? "," : "");
		if (g->cpus[i] < 0)
			buf_printf(b, "others");
		else
			buf_printf(b, "%" PRId32, g->cpus[i]);
		if (last > i)
			buf_printf(b, "-%" PRId32, g->cpus[last]);
	}
}

void opt_tsync_text_apart(struct buf *b, const struct opt_tsync *t)
{
	uint32_t i;

	for (i = 0; i < t->nr_groups; i++) {
		if (i)
			buf_printf(b, "%s", i + 1 < t->nr_groups ? "; " : " and ");
		put_cpus(b, &t->groups[i]);
	}
}

static void put_steps(struct buf *b, const struct opt_tsync *t)
{
	uint32_t steps = opt_tsync_steps(t);
	const char *or = "";

	if (!steps)
		return;
	if (!(t->flags & OPT_TSYNC_GUARANTEED))
		or = ", or was adjusted by more than that,";
	else if (t->flags & OPT_TSYNC_UNSURE)
		or = ", or has another rate: two comparisons cannot tell,";
	buf_printf(b, "; a clock stepped%s %" PRIu32 " time%s", or, steps, steps == 1 ? "" : "s");
}

void opt_tsync_text(struct buf *b, const struct opt_tsync *t, double ns_per_count)
{
	int64_t worst = opt_tsync_worst(t);

	buf_printf(b, "%s: ", t->method && t->method[0] ? t->method : "?");
	if (!worst) {
		buf_printf(b, "exact");
	} else if (worst < 0) {
		buf_printf(b, "no bound");
	} else {
		put_worst(b, t, worst, ns_per_count);
	}
	if (t->sigma >= 0) {
		buf_printf(b, ", repeatability ");
		put_span(b, t->sigma, ns_per_count);
	}
	put_drift(b, t);
	put_steps(b, t);
	if (t->flags & OPT_TSYNC_APART)
		buf_printf(b, "; %" PRIu32 " groups of %s CPUs disagree", t->nr_groups,
			   t->kind == OPT_TSYNC_HOST_CPUS ? "host" : "guest");
	put_probes(b, t, ns_per_count);
}
