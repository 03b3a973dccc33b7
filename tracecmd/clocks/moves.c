/*
 * moves.c - see moves.h. Layer 5, pure.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "clocks/moves.h"

/* A file can have any number of such events; nobody sets a TSC so often. */
#define MOVES_MAX 4096

void moves_release(struct moves *m)
{
	free(m->at);
	*m = (struct moves){ 0 };
}

int moves_add(struct moves *m, const struct move *one)
{
	if (one->before == one->after || m->count > MOVES_MAX)
		return 0;
	if (m->count == m->alloc) {
		size_t alloc = m->alloc ? 2 * m->alloc : 16;
		struct move *at = reallocarray(m->at, alloc, sizeof(*at));

		if (!at)
			return -ENOMEM;
		m->at = at;
		m->alloc = alloc;
	}
	m->at[m->count++] = *one;
	return 0;
}

/* Add @value as theta at host time - @value, exactly. */
static int add_exact(struct bounds *b, int64_t host, int64_t value, int cpu)
{
	struct bound one = {
		.value = value, .guest_cpu = cpu, .host_cpu = -1, .source = BOUND_KVM,
	};
	int ret;

	if (__builtin_sub_overflow(host, value, &one.time))
		return 0;
	ret = bounds_add(b, &one);
	one.upper = true;
	return ret ? ret : bounds_add(b, &one);
}

/* Offsets are numbers of a file: the guest's time must not go back, nor any sum leave its type. */
static bool goes_on(const struct move *m)
{
	int64_t t;

	return m->before < m->after && m->before > -INT64_MAX && m->after > -INT64_MAX &&
	       !__builtin_add_overflow(m->time, m->before, &t) && !__builtin_add_overflow(m->time, m->after, &t);
}

/*
 * Whether @n moves are the same one of @n CPUs, and no CPU's time after its move is one before another's. Of
 * all CPUs together, that is one step.
 */
static bool is_one_step(const struct move *m, size_t n)
{
	size_t i, k;

	for (i = 1; i < n; i++) {
		if (m[i].before != m[0].before || m[i].after != m[0].after)
			return false;
		for (k = 0; k < i; k++)
			if (m[k].vcpu == m[i].vcpu)
				return false;
	}
	return m[n - 1].time + m[0].before < m[0].time + m[0].after;
}

static bool can_be_told(const struct moves *m, bool by_cpu, int nr_vcpus)
{
	size_t i;

	if (!m->count || m->count > MOVES_MAX || nr_vcpus < 1 || (!by_cpu && m->count % nr_vcpus))
		return false;
	for (i = 0; i < m->count; i++)
		if (!goes_on(&m->at[i]))
			return false;
	for (i = 0; i < m->count && !by_cpu; i += nr_vcpus)
		if (!is_one_step(&m->at[i], nr_vcpus))
			return false;
	return true;
}

int moves_bounds(const struct moves *m, bool by_cpu, int nr_vcpus, struct bounds *ret)
{
	size_t i, before = ret->count;
	int err = 0;

	if (!can_be_told(m, by_cpu, nr_vcpus))
		return 0;
	for (i = 0; i < m->count && !err; i++) {
		const struct move *one = &m->at[i];
		int cpu = by_cpu ? one->vcpu : -1;

		err = add_exact(ret, one->time, -one->before, cpu);
		if (!err)
			err = add_exact(ret, one->time, -one->after, cpu);
	}
	return err ? err : (int)(ret->count - before);
}
