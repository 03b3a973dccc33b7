/*
 * muxer.h - vsock ports of a guest behind a socket in the file system.
 *
 * Layer 3. Firecracker and Cloud Hypervisor give their guests a vsock device without the host having one:
 * who connects to the machine's unix socket and says "CONNECT PORT\n" gets "OK N\n", and is from then on
 * connected to that port of the guest.
 */
#ifndef NET_MUXER_H
#define NET_MUXER_H

#include <sys/types.h>

#include "base/err.h"
#include "base/io.h"

/*
 * Connect to @port of the guest behind the socket @path. As net_connect() otherwise; -ECONNREFUSED: nobody
 * listens on that port; -EPROTO: this is no such socket.
 */
int muxer_connect(const char *path, uint32_t port, struct deadline d, int *ret_fd, struct err *err);

/* The process that listens at the other end of the unix socket @fd; -errno. */
pid_t muxer_pid(int fd);

#endif
