/*
 * range.c - see range.h. Layer 5.
 */
#include <errno.h>
#include <stdint.h>

#include "report/range.h"

#define NS_PER_SEC	1000000000ull
#define HALF_US		500	/* ns */

/* ns of a time given in seconds; beyond 64 bits it stays at the limit. */
static unsigned long long time_ns(const struct plan_time *t)
{
	unsigned long long ns;

	if (__builtin_mul_overflow(t->whole, NS_PER_SEC, &ns) ||
	    __builtin_add_overflow(ns, t->frac_ns, &ns))
		return UINT64_MAX;
	return ns;
}

struct range range_of(const struct report_plan *plan, const struct stream *s)
{
	struct range r = { 0, UINT64_MAX };
	const struct plan_time *from = &plan->from, *to = &plan->to;

	if (from->given) {
		r.from = s->time_in_ns ? time_ns(from) : from->whole;
		/* lines round half up */
		if (s->time_in_ns && !from->exact)
			r.from -= r.from < HALF_US ? r.from : HALF_US;
	}
	if (to->given) {
		r.to = s->time_in_ns ? time_ns(to) : to->whole;
		if (s->time_in_ns && !to->exact && r.to < UINT64_MAX - HALF_US)
			r.to += HALF_US - 1;
	}
	return r;
}

int range_seek(const struct inputs *in, struct err *err)
{
	unsigned int i;

	for (i = 0; i < in->nr_streams; i++) {
		struct stream *s = &in->streams[i];

		s->range = range_of(in->plan, s);
		if (s->range.from && tracecmd_set_all_cpus_to_timestamp(s->handle, s->range.from))
			return err_set(err, -errno, "out of memory");
	}
	return 0;
}
