/*
 * vm-parse.h - what command lines and libvirt's files say of virtual machines.
 *
 * Layer 5, pure.
 */
#ifndef SESSION_VM_PARSE_H
#define SESSION_VM_PARSE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

struct vm {
	pid_t pid;
	int64_t cid;		/* -1: none */
	char name[256];		/* "": none */
};

/*
 * The command line of a process, each word with its NUL: of QEMU (-name, guest-cid= in any form), crosvm
 * (--name, --cid, --vsock), Firecracker (--id). The pid stays.
 */
void vm_parse_cmdline(const struct buf *b, struct vm *vm);

/* A file of /run/libvirt/qemu. False: it is none, or of a machine that does not run. */
bool vm_parse_libvirt(const char *xml, struct vm *ret);

/* The number of the vCPU that the thread called @comm runs; -1. */
int vm_parse_vcpu(const char *comm);

#endif
