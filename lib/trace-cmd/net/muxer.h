/*
 * muxer.h - vsock ports of a guest behind a socket in the file system.
 *
 * Layer 3. Firecracker and Cloud Hypervisor give their guests a vsock device without the host having one:
 * who connects to the machine's unix socket and says "CONNECT PORT\n" gets "OK N\n", and is from then on
 * connected to that port of the guest. The other way, what a guest connects to on port PORT of its host
 * comes out at the socket PATH_PORT, if somebody listens there.
 */
#ifndef NET_MUXER_H
#define NET_MUXER_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/err.h"
#include "base/io.h"

/*
 * Connect to @port of the guest behind the socket @path. As net_connect() otherwise; -ECONNREFUSED: nobody
 * listens on that port; -EPROTO: this is no such socket.
 */
int muxer_connect(const char *path, uint32_t port, struct deadline d, int *ret_fd, struct err *err);

/*
 * Listen at the host's port @port of the guest behind @path: a socket PATH_PORT that only @path's owner, and root, may
 * connect to; one that nobody listens at any more is replaced. To be closed by net_unlisten(). 0; -EADDRINUSE;
 * -ENAMETOOLONG; -errno; described in @err.
 */
int muxer_listen(const char *path, uint32_t port, int *ret_fd, struct err *err);

/* The same at the first port from @first on that is free. */
int muxer_listen_data(const char *path, uint32_t first, int *ret_fd, uint32_t *ret_port,
		      struct err *err);

/* Of a unix socket @fd that muxer_listen()'s accepted: @ret is @path. 0; -errno. */
int muxer_accepted(int fd, struct sockaddr_un *ret);

/* Remove the file of @fd, if it is a unix socket that has one. */
void muxer_unlink(int fd);

/* The process at the other end of the unix socket @fd; -errno. */
pid_t muxer_pid(int fd);

#endif
