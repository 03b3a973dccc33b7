/*
 * model.c - see model.h. Layer 4, pure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tsync/model-before.h"
#include "tsync/model-head.h"
#include "tsync/model-varies.h"
#include "tsync/model.h"
#include "tsync/prior.h"

/* Rates of the same TSC differ only if KVM scales it, which it does for more than that. */
#define SCALING_MIN_PPB		100000
#define SCALING_MAX_PPB		10000000000
/* TSCs of two machines of one make: 100 ppm for the oscillator of each. Other makes differ by percents. */
#define ALIKE_PPB		200000

/* CPUs, their bounds, and what was made of them. */
struct group {
	int *cpus;
	unsigned int nr_cpus;
	struct bounds bounds;
	struct fit fit;
	bool fitted;
	bool unsure;			/* whether it is a step or a rate */
};

struct model {
	const struct tsync_samples *samples;
	const struct model_conf *conf;
	struct fit_conf fit_conf;
	struct group *groups;
	unsigned int nr_groups;
};

static void group_release(struct group *g)
{
	free(g->cpus);
	bounds_release(&g->bounds);
	if (g->fitted)
		fit_release(&g->fit);
	*g = (struct group){ 0 };
}

static void model_release(struct model *m)
{
	while (m->nr_groups)
		group_release(&m->groups[--m->nr_groups]);
	free(m->groups);
}

/* --- fits ------------------------------------------------------------------- */

/* Whether KVM has told anything of it. */
static bool kvm_told(const struct bounds *b)
{
	size_t i;

	for (i = 0; i < b->count; i++)
		if (b->at[i].source == BOUND_KVM)
			return true;
	return false;
}

/* Whether it is open that KVM scales the TSC: where it told the offsets in @b, it told that as well. */
static bool may_be_scaled(const struct model *m, const struct bounds *b)
{
	size_t i;

	/* what is made of an earlier model has no rounds */
	if (!m->conf->one_rate && (!m->samples->count || !kvm_told(b)))
		return true;
	for (i = 0; i < m->samples->count; i++)
		if (m->samples->results[i].scaled)
			return true;
	return false;
}

/* One line through all of @b whose slope is more than @min_ppb. False: there is none, and @ret is released. */
static bool fit_steep(const struct model *m, const struct bounds *b, int64_t min_ppb, struct fit *ret)
{
	struct fit_conf loose = m->fit_conf;
	int64_t ppb;

	loose.rho_max_ppb = SCALING_MAX_PPB;
	if (tsync_fit(b, &loose, ret))
		return false;
	ppb = slope_to_ppb(ret->segments[0].drift);
	if (ret->nr_segments == 1 && ret->segments[0].known && (ppb > min_ppb || ppb < -min_ppb))
		return true;
	fit_release(ret);
	return false;
}

/*
 * Two times at which the clocks were compared, and rates so much alike that neither shows another one by itself: a
 * step in between explains what was found, as does the rate of @line. Both are covered: between the two by
 * the limits of either, outside by the slopes of both.
 */
static void cover_line(struct fit *steps, const struct fit *line)
{
	const struct fit_segment *l = &line->segments[0];
	size_t i;

	for (i = 0; i < steps->nr_segments; i++) {
		struct fit_segment *s = &steps->segments[i];

		if (l->drift_lo < s->regime.drift_lo)
			s->regime.drift_lo = l->drift_lo;
		if (l->drift_hi > s->regime.drift_hi)
			s->regime.drift_hi = l->drift_hi;
		s->drift_lo = s->regime.drift_lo;
		s->drift_hi = s->regime.drift_hi;
	}
}

/* Which of @steps and @line it is; the other one is released. */
static int choose(const struct bounds *b, struct fit *steps, struct fit *line, struct group *g)
{
	bool known = steps->segments[0].known && steps->segments[steps->nr_segments - 1].known;

	/* more steps that look like a line would be a miracle, and one that may be anywhere is hardly one */
	if (steps->nr_segments != 2 || !known || kvm_told(b)) {
		fit_release(steps);
		g->fit = *line;
		return 0;
	}
	cover_line(steps, line);
	fit_release(line);
	g->fit = *steps;
	g->unsure = true;
	return 0;
}

/*
 * TSCs. Of the same one, a line with a slope that only scaling explains is better than steps; those of two machines
 * may have any rate, but either hardly differ or by much.
 */
static int fit_tscs(const struct model *m, const struct bounds *b, struct group *g)
{
	struct fit_conf strict = m->fit_conf;
	struct fit steps, line;
	int err;

	if (m->conf->same_machine) {
		err = tsync_fit(b, &strict, &steps);
		if (err)
			return err;
		if (steps.nr_segments > 1 && may_be_scaled(m, b) &&
		    fit_steep(m, b, SCALING_MIN_PPB, &line))
			return choose(b, &steps, &line, g);
		g->fit = steps;
		return 0;
	}
	if (!fit_steep(m, b, ALIKE_PPB, &line))
		return tsync_fit(b, &m->fit_conf, &g->fit);
	strict.rho_max_ppb = ALIKE_PPB;
	err = tsync_fit(b, &strict, &steps);
	if (!err)
		return choose(b, &steps, &line, g);
	g->fit = line;
	return err == -ENOMEM ? err : 0;
}

/* As the clocks allow to expect. */
static int fit_best(const struct model *m, const struct bounds *b, struct group *g)
{
	const char *clock = m->conf->host_clock;

	if (clock && !strcmp(clock, "x86-tsc"))
		return fit_tscs(m, b, g);
	return tsync_fit(b, &m->fit_conf, &g->fit);
}

static int group_fit(const struct model *m, struct group *g)
{
	int ret = fit_best(m, &g->bounds, g);

	g->fitted = !ret;
	return ret;
}

static int group_take(struct group *g, const struct bounds *b)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < b->count && !ret; i++)
		ret = bounds_add(&g->bounds, &b->at[i]);
	return ret;
}

static int group_take_cpu(struct group *g, int cpu)
{
	int *cpus = reallocarray(g->cpus, g->nr_cpus + 1, sizeof(*cpus));

	if (!cpus)
		return -ENOMEM;
	g->cpus = cpus;
	cpus[g->nr_cpus++] = cpu;
	return 0;
}

/* --- groups of CPUs --------------------------------------------------------- */

static int cpu_of(const struct model *m, const struct bound *b)
{
	return m->conf->by_host_cpu ? b->host_cpu : b->guest_cpu;
}

static struct group *group_new(struct model *m)
{
	struct group *groups = reallocarray(m->groups, m->nr_groups + 1, sizeof(*groups));

	if (!groups)
		return NULL;
	m->groups = groups;
	groups[m->nr_groups] = (struct group){ 0 };
	return &groups[m->nr_groups++];
}

/* All bounds of one CPU. */
static int group_of_cpu(const struct model *m, int cpu, struct group *g)
{
	const struct bounds *b = &m->samples->bounds;
	size_t i;
	int ret = group_take_cpu(g, cpu);

	for (i = 0; i < b->count && !ret; i++)
		if (cpu_of(m, &b->at[i]) == cpu)
			ret = bounds_add(&g->bounds, &b->at[i]);
	return ret ? ret : group_fit(m, g);
}

/* Whether the two need no more segments together than the one that needs more alone. 1; 0; -errno. */
static int try_join(const struct model *m, struct group *g, const struct group *other)
{
	struct group both = { 0 };
	size_t alone = g->fit.nr_segments > other->fit.nr_segments ?
		       g->fit.nr_segments : other->fit.nr_segments;
	unsigned int i;
	int ret = group_take(&both, &g->bounds);

	if (!ret)
		ret = group_take(&both, &other->bounds);
	if (!ret)
		ret = group_fit(m, &both);
	/* far from each other, or with too many steps: not together, that is */
	if (ret || both.fit.nr_segments > alone) {
		group_release(&both);
		return ret == -ENOMEM ? ret : 0;
	}
	for (i = 0; i < g->nr_cpus && !ret; i++)
		ret = group_take_cpu(&both, g->cpus[i]);
	for (i = 0; i < other->nr_cpus && !ret; i++)
		ret = group_take_cpu(&both, other->cpus[i]);
	if (ret) {
		group_release(&both);
		return ret;
	}
	group_release(g);
	*g = both;
	return 1;
}

/* Put one more CPU where it fits. */
static int add_cpu(struct model *m, int cpu)
{
	struct group one = { 0 }, *g;
	unsigned int i;
	int ret = group_of_cpu(m, cpu, &one);

	for (i = 0; i < m->nr_groups && !ret; i++)
		ret = try_join(m, &m->groups[i], &one);
	if (ret) {
		group_release(&one);
		return ret < 0 ? ret : 0;
	}
	g = group_new(m);
	if (!g) {
		group_release(&one);
		return -ENOMEM;
	}
	*g = one;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return x < y ? -1 : x > y;
}

/* The CPUs that occur, ascending. Returns how many; -ENOMEM. */
static int cpus_of(const struct model *m, int **ret_cpus)
{
	const struct bounds *b = &m->samples->bounds;
	int *cpus = calloc(b->count, sizeof(*cpus)), n = 0;
	size_t i;

	if (!cpus)
		return -ENOMEM;
	for (i = 0; i < b->count; i++)
		cpus[i] = cpu_of(m, &b->at[i]);
	qsort(cpus, b->count, sizeof(*cpus), by_number);
	for (i = 0; i < b->count; i++)
		if (!i || cpus[i] != cpus[i - 1])
			cpus[n++] = cpus[i];
	*ret_cpus = cpus;
	return n;
}

static int make_groups(struct model *m)
{
	_cleanup_free_ int *cpus = NULL;
	int i, ret = 0, n = cpus_of(m, &cpus);

	if (n < 0)
		return n;
	for (i = 0; i < n && !ret; i++)
		ret = add_cpu(m, cpus[i]);
	return ret;
}

/* --- the option ------------------------------------------------------------- */

static void put_segment(const struct fit *f, size_t i, struct opt_tsync_segment *ret)
{
	const struct fit_segment *s = &f->segments[i];
	struct fit_value first, last;

	*ret = (struct opt_tsync_segment){
		.first = s->first, .last = s->last, .from = s->from, .to = s->to,
		.bounds = s->bounds < UINT32_MAX ? s->bounds : UINT32_MAX,
		.flags = i ? OPT_TSYNC_SEG_STEP : 0,
	};
	/* without what the neighbours add where they overlap */
	if (!s->known || fit_segment_at(f, s, s->first, &first) ||
	    fit_segment_at(f, s, s->last, &last))
		return;
	ret->flags |= OPT_TSYNC_SEG_KNOWN;
	ret->offset = s->offset;
	ret->drift = s->drift;
	ret->drift_lo = s->drift_lo;
	ret->drift_hi = s->drift_hi;
	ret->lo_first = first.lo;
	ret->hi_first = first.hi;
	ret->lo_last = last.lo;
	ret->hi_last = last.hi;
	ret->lo_source = first.lo_source;
	ret->hi_source = first.hi_source;
}

static int put_group(const struct model *m, const struct group *g, struct opt_tsync_group *ret)
{
	struct earlier e = { .model = m->conf->before, .cpu = g->cpus[0] };
	size_t i;

	ret->cpus = calloc(g->nr_cpus, sizeof(*ret->cpus));
	if (!ret->cpus)
		return -ENOMEM;
	ret->nr_cpus = g->nr_cpus;
	for (i = 0; i < g->nr_cpus; i++)
		ret->cpus[i] = g->cpus[i];
	if (g->fit.conf.varies)
		return model_put_varying(&g->fit, &g->bounds, &e, ret);
	ret->segments = calloc(g->fit.nr_segments, sizeof(*ret->segments));
	if (!ret->segments)
		return -ENOMEM;
	ret->nr_segments = g->fit.nr_segments;
	for (i = 0; i < g->fit.nr_segments; i++)
		put_segment(&g->fit, i, &ret->segments[i]);
	return 0;
}

static int put_groups(const struct model *m, struct opt_tsync *t)
{
	const struct opt_tsync *before = m->conf->before;
	unsigned int i;
	int ret = 0;

	t->groups = calloc(m->nr_groups, sizeof(*t->groups));
	if (!t->groups)
		return -ENOMEM;
	t->nr_groups = m->nr_groups;
	for (i = 0; i < m->nr_groups && !ret; i++) {
		ret = put_group(m, &m->groups[i], &t->groups[i]);
		/* its measured bounds would tell, but what it states doesn't */
		if (!ret && before && !before->nr_raw)
			ret = model_before_unknown(before, &t->groups[i]);
		if (m->groups[i].unsure)
			t->flags |= OPT_TSYNC_UNSURE;
	}
	if (m->nr_groups > 1) {
		t->kind = m->conf->by_host_cpu ? OPT_TSYNC_HOST_CPUS : OPT_TSYNC_GUEST_CPUS;
		t->flags |= OPT_TSYNC_APART;
	} else {
		t->kind = OPT_TSYNC_ALL;
		t->groups[0].nr_cpus = 0;
	}
	return ret;
}

int tsync_model_make(const struct tsync_samples *s, const struct model_conf *conf,
		     struct opt_tsync *ret_t)
{
	_cleanup_(opt_tsync_release) struct opt_tsync t = { .peer_id = conf->peer_id };
	_cleanup_(model_release) struct model m = { .samples = s, .conf = conf };
	int ret;

	if (!s->bounds.count)
		return -ENODATA;
	prior_conf_init(&m.fit_conf, conf->host_clock, conf->same_machine);
	ret = model_put_figures(s, &t);
	m.fit_conf.sigma = t.sigma > 0 ? t.sigma : 0;
	if (m.fit_conf.sigma > HULL_LIMIT / 8)
		m.fit_conf.sigma = HULL_LIMIT / 8;
	t.quantum = m.fit_conf.quantum;
	t.rho_max_ppb = m.fit_conf.rho_max_ppb;
	if (!prior_is_adjusted(conf->host_clock))
		t.flags |= OPT_TSYNC_GUARANTEED;
	if (!ret)
		ret = model_put_names(conf, &t);
	if (!ret)
		ret = make_groups(&m);
	if (!ret)
		ret = put_groups(&m, &t);
	if (!ret && conf->raw)
		ret = model_put_raw(&s->bounds, &t);
	if (ret)
		return ret;
	*ret_t = t;
	t = (struct opt_tsync){ 0 };
	return 0;
}
