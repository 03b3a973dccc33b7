/*
 * vm.h - the virtual machines of this host: names, vsock CIDs, threads of vCPUs.
 *
 * Layer 5. Read from procfs and KVM's debugfs; a process counts only if it really owns a KVM machine.
 */
#ifndef SESSION_VM_H
#define SESSION_VM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/strlist.h"
#include "net/addr.h"

/*
 * Take a GUEST argument apart: HOST:PORT, CID[:PORT], NAME[@CID][:PORT], [NAME@]unix:PATH[:PORT]. Names without CID are looked up
 * among the machines of this host, then as host names. @ret_name (heap, may be set to NULL:
 * unnamed) is fit for a file name. 0; -ENOENT; -EINVAL; described in @err.
 */
int vm_resolve(const char *where, struct net_addr *ret, char **ret_name, struct err *err);

/* The CID of the machine called @name; -ENOENT. */
int64_t vm_cid_of(const char *name);

/* Add the names of all machines of this host that have a CID to @names. 0; -ENOMEM. */
int vm_names(struct strlist *names);

/* The process that runs the machine with vsock @cid; -ENOENT. */
pid_t vm_pid_of(uint32_t cid);

/* The process that runs the machine at @a, to which @fd is connected; -ENOENT: it isn't known, or not of this host. */
pid_t vm_pid_at(const struct net_addr *a, int fd);

/* The host threads of vCPUs 0 .. @nr - 1 of process @pid, -1 where unknown. Returns how many are known. */
int vm_vcpu_tids(pid_t pid, int32_t *tids, int nr);

#endif
