/*
 * vcpus.h - which thread of a host ran which CPU of a guest, out of the host's trace.
 *
 * Layer 5. KVM's own events tell: kvm_entry and kvm_exit are of the thread, and have the number
 * of the vCPU in a field.
 */
#ifndef EDIT_VCPUS_H
#define EDIT_VCPUS_H

#include <stdint.h>

#include "base/err.h"

/*
 * Look in the trace file @path, all its buffers, for the vCPUs 0 .. @nr_cpus - 1 that the @nr_pids
 * threads @pids ran; @ret_tids has one for each vCPU, -1: unknown. Warns of threads that ran none, or
 * one that another ran, too. 0; -ENOENT: there are no such events, or they are of none
 * of the threads; -errno with a message.
 */
int vcpus_find(const char *path, const int *pids, int nr_pids, uint32_t nr_cpus, int32_t *ret_tids,
	       struct err *err);

#endif
