/*
 * virsh.h - libvirt's command, to learn of guests and give them devices.
 *
 * Layer 5. It is executed as it is, without a shell.
 */
#ifndef SESSION_VIRSH_H
#define SESSION_VIRSH_H

#include "base/err.h"

/* How many CPUs the guest @name can have; -ENOENT there is no virsh; -ETIMEDOUT; -EINVAL it doesn't say. */
int virsh_cpus(const char *name);

/* Give the guest a virtio port called @port that is connected to the FIFOs @path. 0; -errno described in @err. */
int virsh_attach_pipe(const char *name, const char *path, const char *port, struct err *err);

#endif
