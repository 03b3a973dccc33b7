/*
 * cpus.h - numbers and sets of CPUs.
 *
 * Layer 0.
 */
#ifndef BASE_CPUS_H
#define BASE_CPUS_H

#include <sched.h>
#include <sys/types.h>

/* How many CPUs this machine is configured with, offline ones included; at least 1. */
int cpus_configured(void);

/* How many of them this process may use; at least 1. */
int cpus_usable(void);

/* Pin the calling thread to @cpu, storing the previous mask in @ret_old (may be NULL). 0; -errno. */
int cpus_pin_self(int cpu, cpu_set_t *ret_old);

/* Set (@tid 0: the caller's) affinity back to @mask. 0; -errno. */
int cpus_set_affinity(pid_t tid, const cpu_set_t *mask);
int cpus_get_affinity(pid_t tid, cpu_set_t *ret_mask);

#endif
