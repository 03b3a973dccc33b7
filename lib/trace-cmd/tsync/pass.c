/*
 * pass.c - see pass.h. Layer 4.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "tsync/pass.h"
#include "tsync/prior.h"

/* What two clocks may drift apart between two rounds of a pass: 100 ppm. */
#define DRIFT_PART 10000

/* The round of the pass that the others are compared with. */
struct reference {
	struct tsync_result result;
	int64_t lo, hi;
};

static const struct tsync_pace *pace(const struct tsync_session *s)
{
	return s->link.proto->pace;
}

/* What the bounds of a round say together. False without any on one side. */
static bool interval(const struct bounds *b, int64_t *ret_lo, int64_t *ret_hi)
{
	size_t i;

	*ret_lo = INT64_MIN;
	*ret_hi = INT64_MAX;
	for (i = 0; i < b->count; i++) {
		if (b->at[i].upper && b->at[i].value < *ret_hi)
			*ret_hi = b->at[i].value;
		if (!b->at[i].upper && b->at[i].value > *ret_lo)
			*ret_lo = b->at[i].value;
	}
	return *ret_lo != INT64_MIN && *ret_hi != INT64_MAX;
}

/* Whether CPUs with these intervals may have one offset. */
static bool may_agree(const struct reference *a, const struct reference *b)
{
	__int128 apart = (__int128)a->result.time - b->result.time;
	__int128 slack = (apart < 0 ? -apart : apart) / DRIFT_PART;

	return a->lo - slack <= b->hi && b->lo - slack <= a->hi;
}

/* A round on @cpu until @d. 0; -EAGAIN: nothing came of it; -errno. */
static int one_round(struct tsync_session *s, int cpu, bool check, struct deadline d,
		     struct reference *ret)
{
	struct tsync_link *link = &s->link;
	int err = -EAGAIN, try;

	for (try = 0; try < ROUND_TRIES && err == -EAGAIN; try++) {
		int64_t left_us = (d.at_ns - mono_now_ns()) / 1000;

		if (left_us <= 0)
			return -EAGAIN;
		link->may_spin = true;
		link->check = check;
		link->limit_us = left_us;
		err = host_ask(s, cpu, &ret->result);
		if (!err && !interval(&link->bounds, &ret->lo, &ret->hi))
			err = -EAGAIN;
	}
	ret->result.host_cpu = -1;
	return err;
}

/* Keep the bounds of a round on @cpu, and @result (if any) as its offset. */
static int keep(struct tsync_session *s, int cpu, const struct tsync_result *round,
		const struct tsync_result *result)
{
	struct tsync_result where = *round;
	int ret = result ? tsync_samples_add(&s->samples, result) : 0;

	where.guest_cpu = cpu;
	return ret ? ret : tsync_samples_take_bounds(&s->samples, &where, &s->link.bounds);
}

/* Whether @cpu has an offset of its own; and that it has. */
static bool is_apart(const struct tsync_session *s, int cpu)
{
	return s->apart && s->apart[cpu];
}

static int set_apart(struct tsync_session *s, int cpu)
{
	if (!s->apart)
		s->apart = calloc(s->conf.nr_cpus, sizeof(*s->apart));
	if (!s->apart)
		return -ENOMEM;
	s->apart[cpu] = true;
	return 0;
}

/* Compare @cpu with what was found on another one. 0; -errno. */
static int check_cpu(struct tsync_session *s, int cpu, const struct reference *all,
		     struct deadline d)
{
	struct reference own;
	bool agrees;
	int ret = one_round(s, cpu, !is_apart(s, cpu), d, &own);

	if (ret)
		return ret == -EAGAIN ? 0 : ret;
	agrees = may_agree(all, &own) && !is_apart(s, cpu);
	own.result.pass = all->result.pass;
	own.result.guest_cpu = cpu;
	if (!agrees) {
		log_debug("tsync: guest CPU %d has its own clock: [%" PRId64 ", %" PRId64
			  "], others [%" PRId64 ", %" PRId64 "]", cpu, own.lo, own.hi, all->lo,
			  all->hi);
		ret = set_apart(s, cpu);
	}
	return ret ? ret : keep(s, cpu, &own.result, agrees ? NULL : &own.result);
}

/*
 * Not the CPU that most interrupts go to, where there is another: what serves the
 * connection may need it while we look.
 */
static int main_cpu(const struct tsync_session *s)
{
	return s->conf.nr_cpus > 1 ? 1 : 0;
}

/* Check CPUs with an offset of their own, and others as the pass wants: @all of them, or the next. */
static int check_cpus(struct tsync_session *s, const struct reference *ref, bool all,
		      struct deadline d)
{
	int n = s->conf.nr_cpus, turn = all ? n : 1, i, ret = 0;

	for (i = 0; i < n && !ret && !deadline_passed(d) && pace(s); i++) {
		int cpu = (s->next_check + i) % n;

		if (cpu == main_cpu(s) || (i >= turn && !is_apart(s, cpu)))
			continue;
		ret = check_cpu(s, cpu, ref, d);
	}
	/* where time was short, the others come first the next time */
	s->next_check = (s->next_check + (all ? i : 1)) % n;
	return ret;
}

int pass_run(struct tsync_session *s, unsigned int pass, bool final)
{
	const struct tsync_pace *p = pace(s);
	struct deadline d = deadline_in_ms(!pass ? p->first_ms : final ? p->last_ms : p->pass_ms);
	int cpu = main_cpu(s);
	struct reference ref;
	int ret = one_round(s, cpu, false, d, &ref);

	if (ret)
		return ret == -EAGAIN ? 0 : ret;
	/* it may have turned out not to work, and what came after it to have no pace */
	ref.result.guest_cpu = -1;
	ref.result.pass = pass;
	ret = keep(s, cpu, &ref.result, &ref.result);
	if (!ret && s->conf.per_cpu && s->conf.nr_cpus > 1)
		ret = check_cpus(s, &ref, !pass || final, d);
	return ret;
}

int pass_wait_ms(struct tsync_session *s, unsigned int pass)
{
	const struct tsync_pace *p = pace(s);

	if (!p || !s->conf.interval_auto)
		return s->conf.interval_ms > 0 ? s->conf.interval_ms : -1;
	if (!pass)
		return p->settle_ms;
	/* of a rate that daemons change, nothing is known for long */
	if (prior_is_adjusted(s->conf.clock))
		return p->interval_ms;
	s->wait_ms = s->wait_ms ? s->wait_ms * 2 : p->interval_ms;
	if (s->wait_ms > p->interval_max_ms)
		s->wait_ms = p->interval_max_ms;
	return s->wait_ms;
}
