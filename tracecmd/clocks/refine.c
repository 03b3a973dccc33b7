/*
 * refine.c - see refine.h. Layer 5.
 *
 * The bounds that the file states decide for each guest event near a gap of its vCPU on which
 * side of the gap it is. That gives bounds from events, the bounds of which events
 * decide more of them, until little changes. Where a TSC was set anew, the host's event tells when (moves.h).
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "clocks/refine.h"
#include "copy/copy.h"
#include "edit/target.h"
#include "in/handle.h"
#include "tsync/model-before.h"
#include "tsync/model.h"

#define PASSES_MAX	6

void refined_release(struct refined *r)
{
	opt_tsync_release(&r->known);
}

/* --- what the file states, as bounds --------------------------------------------- */

static int add_raw(struct bounds *b, const struct opt_tsync *t)
{
	uint32_t i;
	int ret = 0;

	for (i = 0; i < t->nr_raw && !ret; i++) {
		const struct opt_tsync_bound *r = &t->raw[i];
		struct bound one = {
			.time = r->time, .value = r->value, .source = r->source, .upper = r->upper,
			.guest_cpu = t->kind == OPT_TSYNC_GUEST_CPUS ? r->guest_cpu : -1, .host_cpu = -1,
		};

		ret = bounds_add(b, &one);
	}
	return ret;
}

/* --- when a TSC was set anew -------------------------------------------------------- */

/* Whether the file's model has no scaled clock: who made it knew more of that than is in the file. */
static bool is_of_one_rate(const struct opt_tsync *t)
{
	uint32_t i, n;

	for (i = 0; i < t->nr_groups; i++)
		for (n = 0; n < t->groups[i].nr_segments; n++)
			if (t->groups[i].segments[n].drift)
				return false;
	return true;
}

/* How much of the guest's time may belong to either side of a step. */
static double undecided(const struct opt_tsync *t)
{
	double sum = 0;
	uint32_t i, k;

	for (i = 0; i < t->nr_groups; i++)
		for (k = 1; k < t->groups[i].nr_segments; k++)
			sum += (double)t->groups[i].segments[k - 1].to - t->groups[i].segments[k].from;
	return sum;
}

/* Whether @t does not exclude @b. */
static bool is_possible(const struct opt_tsync *t, const struct bound *b)
{
	struct opt_tsync_value v;

	return opt_tsync_at(t, b->guest_cpu, -1, b->time, &v) || (v.lo <= b->value && b->value <= v.hi);
}

/* What KVM's events tell of the TSC, if that is the clock of both, at one rate. How many bounds; -ENOMEM. */
static int add_moves(const struct guest *g, struct bounds *b)
{
	const struct opt_tsync *t = g->known;
	size_t before = b->count;
	int n;

	if (strcmp(t->host_clock, "x86-tsc") || strcmp(t->guest_clock, "x86-tsc") || !is_of_one_rate(t))
		return 0;
	n = moves_bounds(&g->evidence.moves, t->kind == OPT_TSYNC_GUEST_CPUS, g->evidence.nr_vcpus, b);
	/* if it may be another rate, the offset is not all of it */
	if (n > 0 && t->flags & OPT_TSYNC_UNSURE &&
	    (!is_possible(t, &b->at[before]) || !is_possible(t, &b->at[b->count - 1]))) {
		b->count = before;
		return 0;
	}
	return n;
}

/* --- the passes --------------------------------------------------------------------- */

struct pass {
	struct guest *g;
	const struct opt_tsync *known;
};

/* A theta_fn: by what is known in this pass. */
static int pass_theta(void *data, int cpu, int64_t time, struct theta *ret)
{
	const struct pass *p = data;
	struct opt_tsync_value v;

	if (opt_tsync_at(p->known, cpu, -1, time, &v))
		return -ENODATA;
	ret->mid = v.mid;
	ret->lo = v.lo;
	ret->hi = v.hi;
	ret->bounded = v.lo != INT64_MIN && v.hi != INT64_MAX;
	return 0;
}

static int make_model(struct guest *g, const struct bounds *b, struct opt_tsync *ret)
{
	const struct opt_tsync *old = g->known;
	struct model_conf conf = {
		.method = old->method, .host_clock = old->host_clock,
		.guest_clock = old->guest_clock, .peer_id = old->peer_id,
		.same_machine = old->rho_max_ppb == 0,
		/* who didn't know whether it is a step or a rate may learn it from events */
		.one_rate = is_of_one_rate(old) && !(old->flags & OPT_TSYNC_UNSURE),
		.before = old, .raw = old->nr_raw,
	};
	struct tsync_samples samples = { .bounds = *b, .keep_all = true };
	int err = tsync_model_make(&samples, &conf, ret);

	if (err)
		return err;
	/* events are no probes */
	ret->rounds = old->rounds;
	ret->probes = old->probes;
	ret->rtt_min = old->rtt_min;
	ret->rtt_median = old->rtt_median;
	ret->sigma = old->sigma;
	return 0;
}

/* Whether the file has a clock for @cpu alone, or for it and some others. */
static bool has_clock(const struct opt_tsync *t, int cpu)
{
	uint32_t i, k;

	for (i = 0; i < t->nr_groups; i++)
		for (k = 0; k < t->groups[i].nr_cpus; k++)
			if (t->groups[i].cpus[k] == cpu)
				return true;
	return false;
}

/* Take what the events proved in one pass into @all. How many bounds; -ENOMEM. */
static int take(struct bounds *all, const struct guest *g)
{
	bool by_cpu = g->known->kind == OPT_TSYNC_GUEST_CPUS;
	int i, n = 0, ret = 0;
	size_t k;

	for (i = 0; i <= g->evidence.nr_vcpus; i++) {
		const struct bounds *found = &g->findings[i].bounds;

		for (k = 0; k < found->count && !ret; k++) {
			struct bound one = found->at[k];

			if (!by_cpu)
				one.guest_cpu = -1;
			/* of packets, and of CPUs not measured, nobody knows by which clock */
			else if (one.guest_cpu < 0 || !has_clock(g->known, one.guest_cpu))
				continue;
			ret = bounds_add(all, &one);
			n++;
		}
	}
	return ret ? ret : n;
}

/* One pass: events against @r->known, and a new model with what they prove. 1 goes on; 0; -errno. */
static int one_pass(struct guest *g, struct bounds *all, struct refined *r, struct err *err)
{
	struct pass p = { .g = g, .known = &r->known };
	struct opt_tsync next;
	int64_t worst;
	int found, ret = guest_collect(g, pass_theta, &p, true, err);

	if (ret)
		return ret;
	if (g->causality.refuted)
		return err_set(err, -ERANGE, "%s: %llu events cannot be true within the bounds that the file states: a clock has stepped, or the host's file is not that of this recording",
			       g->path, (unsigned long long)g->causality.refuted);
	found = take(all, g);
	if (found <= 0)
		return found;
	ret = make_model(g, all, &next);
	if (ret)
		return ret;
	r->bounds += found;
	opt_tsync_release(&r->known);
	r->known = next;
	worst = opt_tsync_worst(&r->known);
	ret = worst < r->worst - r->worst / 100 || r->worst < 0;
	r->worst = worst;
	return ret;
}

int refine_guest(struct guest *g, struct refined *ret, struct err *err)
{
	_cleanup_(bounds_release) struct bounds all = { 0 };
	struct refined r = { 0 };
	int i, code, moves;

	if (!g->known)
		return err_set(err, -ENODATA, "%s: the file states no bounds to begin with: it was recorded by another version, or its clock was not compared",
			       g->path);
	if (g->known->kind == OPT_TSYNC_HOST_CPUS)
		return err_set(err, -ENODATA, "%s: its offsets are those of the host's CPUs, and where a vCPU ran is not known for each event",
			       g->path);
	if (!g->judged)
		return err_set(err, -ENODATA, "%s: the host's file has no events to hold against: record it with -e kvm_entry -e kvm_exit",
			       g->path);
	code = g->known->nr_raw ? add_raw(&all, g->known) : model_before_bounds(g->known, &all);
	moves = code ? code : add_moves(g, &all);
	code = moves < 0 ? moves : make_model(g, &all, &r.known);
	if (code)
		return err_set(err, code, "%s: %s", g->path, strerror(-code));
	if (!model_before_kept(g->known, &r.known)) {
		refined_release(&r);
		return err_set(err, -ENODATA, "%s: its clock made a step, or has another rate, but by so little that the bounds in the file do not show it: record with --tsync-raw",
			       g->path);
	}
	r.worst_before = opt_tsync_worst(g->known);
	r.worst = opt_tsync_worst(&r.known);
	for (i = 0, code = 1; i < PASSES_MAX && code > 0; i++)
		code = one_pass(g, &all, &r, err);
	if (code < 0) {
		refined_release(&r);
		return err_set(err, code, "%s: %s", g->path, strerror(-code));
	}
	if (moves) {
		r.steps = opt_tsync_steps(&r.known);
		r.placed = r.steps && (r.steps > opt_tsync_steps(g->known) || undecided(&r.known) < undecided(g->known));
	}
	*ret = r;
	return 0;
}

/* --- writing -------------------------------------------------------------------------- */

struct options {
	const struct guest *g;
	const struct refined *r;
};

static int put_shift(struct out_file *o, const struct guest *g, const struct refined *r)
{
	const struct timeshift *old = &g->handle->file->info.timeshift;
	struct buf b = BUF_INIT;
	struct timeshift ts;
	int ret = tsync_model_timeshift(&r->known, TIMESHIFT_CURRENT, TIMESHIFT_FL_INTERPOLATE,
					tracecmd_get_cpus(g->handle), &ts);

	if (ret)
		return ret;
	ts.peer_id = old->peer_id;
	ret = timeshift_put(&b, out_order(o), &ts);
	timeshift_release(&ts);
	return ret ? ret : out_option_buf(o, DAT_TIME_SHIFT, &b);
}

/* A copy_option_fn: ours instead of the old ones. */
static int replace(void *arg, struct out_file *o, const struct in_option *opt)
{
	const struct options *x = arg;
	struct buf b = BUF_INIT;
	int ret;

	if (opt->id == DAT_TIME_SHIFT)
		ret = put_shift(o, x->g, x->r);
	else if (opt->id == DAT_TSYNC)
		ret = opt_tsync_put(&b, out_order(o), &x->r->known) ? :
		      out_option_buf(o, DAT_TSYNC, &b);
	else
		return 1;
	buf_release(&b);
	return ret;
}

static int write_file(const struct guest *g, const struct refined *r, int fd, struct err *err)
{
	struct in_file *f = g->handle->file;
	struct options x = { .g = g, .r = r };
	struct copy_conf conf = {
		.version = (int)f->head.version, .zip = f->zip, .option = replace, .arg = &x,
	};
	_cleanup_(out_freep) struct out_file *o = NULL;
	int ret = copy_begin(fd, f, &conf, &o, err);

	if (!ret)
		ret = copy_buffers(f, o, NULL, NULL, err);
	if (!ret)
		ret = out_finish(o, err);
	if (!ret && in_file_damage(f))
		ret = err_set(err, in_file_damage(f), "%s", f->damage.text);
	return ret;
}

int refine_write(const struct guest *g, const struct refined *r, const char *path, struct err *err)
{
	_cleanup_(target_close) struct target to = TARGET_NONE;
	int ret = target_open(&to, path, err);

	if (ret)
		return ret;
	ret = write_file(g, r, to.fd, err);
	return ret ? err_prefix(err, ret, "error writing %s", path) : target_commit(&to, err);
}
