/*
 * virt.h - a guest's data through pipes: virtio-serial ports there, FIFOs here.
 *
 * Layer 5. The virtual machine monitor copies what the guest writes to port trace-pipe-cpuN into the
 * FIFO /var/lib/trace-cmd/virt/GUEST/trace-pipe-cpuN.out.
 */
#ifndef SESSION_VIRT_H
#define SESSION_VIRT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

#define VIRT_MAX_CPUS	4096

/* Can @name be that of a guest, and so of a directory? */
bool virt_name_ok(const char *name);

/*
 * Create the FIFOs of @nr_cpus CPUs, or put mode and group of those that are there right. @gid (gid_t)-1: as
 * it comes. Those made by a call that fails are removed. 0; -errno described in @err.
 */
int virt_create(const char *name, int nr_cpus, mode_t mode, gid_t gid, struct err *err);

/* Path of a CPU's FIFOs, without .in and .out. Heap string or NULL. */
char *virt_path(const char *name, int cpu);

/*
 * Open the FIFOs a guest writes to, for reading, and empty them of what an earlier session has left there.
 * Returns how many there are, @fds (for @max) holding them; 0: none, or they are no FIFOs.
 */
int virt_open(const char *name, int *fds, int max);

/*
 * What was written to the @n of @fds so far is of an earlier session, but more of it may be where no FIFO shows it: the
 * guest's queues, the monitor of the machine, each waiting for room. Read until nothing has come for a
 * moment, or too much. To be called when the guest cannot have begun yet.
 */
void virt_settle(const int *fds, int n);

/*
 * In the guest: open the ports of CPUs 0 .. @nr_cpus - 1, all of them or none. 0; -errno, and @fds are -1.
 */
int virt_open_ports(int *fds, int nr_cpus);

#endif
