/*
 * cpus.c - see cpus.h. Layer 0.
 */
#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "base/cpus.h"

int cpus_configured(void)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);

	return n < 1 ? 1 : (int)n;
}

int cpus_usable(void)
{
	cpu_set_t mask;
	int n = cpus_get_affinity(0, &mask) ? cpus_configured() : CPU_COUNT(&mask);

	return n < 1 ? 1 : n;
}

int cpus_pin_self(int cpu, cpu_set_t *ret_old)
{
	cpu_set_t mask, old;
	int ret;

	if (cpu < 0 || cpu >= CPU_SETSIZE)
		return -EINVAL;
	ret = cpus_get_affinity(0, &old);
	if (ret)
		return ret;
	CPU_ZERO(&mask);
	CPU_SET(cpu, &mask);
	ret = cpus_set_affinity(0, &mask);
	if (!ret && ret_old)
		*ret_old = old;
	return ret;
}

int cpus_set_affinity(pid_t tid, const cpu_set_t *mask)
{
	return sched_setaffinity(tid, sizeof(*mask), mask) ? -errno : 0;
}

int cpus_get_affinity(pid_t tid, cpu_set_t *ret_mask)
{
	return sched_getaffinity(tid, sizeof(*ret_mask), ret_mask) ? -errno : 0;
}
