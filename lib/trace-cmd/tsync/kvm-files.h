/*
 * kvm-files.h - what KVM's debugfs says of a machine: its vCPUs, and how their TSCs are set up.
 *
 * Layer 4. <dir>/<pid>-<fd>/vcpu<N>/{pid,tsc-offset,tsc-scaling-ratio,tsc-scaling-ratio-frac-bits},
 * where N is the vCPU's APIC id: the numbers need not be without gaps.
 */
#ifndef TSYNC_KVM_FILES_H
#define TSYNC_KVM_FILES_H

#include <stdbool.h>
#include <sys/types.h>

#include "tsync/kvm-scale.h"

/* More than KVM allows. */
#define KVM_VCPUS_MAX 8192

struct kvm_vcpu {
	unsigned int number;		/* N */
	pid_t tid;			/* its thread; -1: this kernel does not say */
};

struct kvm_vm {
	char *dir;
	struct kvm_vcpu *vcpu;		/* by number, ascending */
	unsigned int nr;
};

/*
 * Find the machine of process @pid below @dir (NULL: debugfs, where it is mounted). 0; -ENOENT: there is none with
 * vCPUs; -ENOTUNIQ: there are several; -errno. To be released.
 */
int kvm_vm_open(const char *dir, pid_t pid, struct kvm_vm *ret);
void kvm_vm_release(struct kvm_vm *vm);

/*
 * Read vCPU @i of the list afresh. 0; -ENOENT: it is gone; -EINVAL: nothing that
 * hardware could be set up like; -errno.
 */
int kvm_vm_read(const struct kvm_vm *vm, unsigned int i, struct kvm_scale *ret);

/* Whether all vCPUs of the machine of @pid can be read now. */
bool kvm_vm_readable(const char *dir, pid_t pid);

#endif
