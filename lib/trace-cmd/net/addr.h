/*
 * addr.h - addresses of peers: TCP and vsock, and sockets on them.
 *
 * Layer 3.
 */
#ifndef NET_ADDR_H
#define NET_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/io.h"
#include "net/peer.h"

#define NET_AGENT_PORT 823
#define NET_CID_HOST 2

enum net_kind {
	NET_TCP,
	NET_VSOCK,
	NET_UDP,
	NET_MUXER,	/* vsock behind a unix socket, see muxer.h, also for listening */
};

/* Where to connect to. */
struct net_addr {
	enum net_kind kind;
	char host[256];		/* TCP, UDP: name or numeric address; muxer: the socket's path */
	uint32_t cid;		/* vsock */
	uint32_t port;
};

/* "127.0.0.1:1234", "@3:823", "unix:/run/vsock:823"; @size 300 is enough. Returns @buf. */
const char *net_addr_text(const struct net_addr *a, char *buf, size_t size);

/*
 * "HOST:PORT", "[ADDRESS]:PORT", or either without a port, in parts: the host is the *@ret_len bytes at *@ret_host, without
 * brackets; *@ret_port NULL: there is none.
 */
void net_addr_split(const char *text, const char **ret_host, size_t *ret_len,
		    const char **ret_port);

/* Where to connect to for port @port of @p's host, by its address. 0; -EAFNOSUPPORT. */
int net_peer_addr(const struct net_peer *p, enum net_kind kind, uint32_t port,
		  struct net_addr *ret);

/* This machine's CID; -errno if it has none. */
int64_t net_local_cid(void);

/*
 * Connect; the descriptor is non-blocking, close-on-exec and, over TCP, has
 * TCP_NODELAY and keep-alive. All addresses of a name are tried, and looking it
 * up counts. UDP: only sets where datagrams go. Returns it in @ret_fd. 0; -ETIMEDOUT; -ENXIO
 * the name is unknown; -errno; described in @err.
 */
int net_connect(const struct net_addr *a, struct deadline d, int *ret_fd, struct err *err);

/*
 * Listen on @port (TCP 0 or vsock 0xffffffff: the kernel picks). SO_REUSEADDR is set.
 * @bind_host NULL: all addresses, of both IP versions where there are two. The
 * descriptor is non-blocking. 0; -EADDRINUSE; -errno; described in @err.
 */
int net_listen(enum net_kind kind, const char *bind_host, uint32_t port, int *ret_fd,
	       uint32_t *ret_port, struct err *err);

/*
 * Listen on the first free port from @first to 6000 (as stock peers do), else on any; vsock: any. UDP: the
 * socket is bound and has a large buffer, and there is nothing to accept.
 */
int net_listen_data(enum net_kind kind, uint32_t first, int *ret_fd, uint32_t *ret_port,
		    struct err *err);

/* Stop listening on *@fd: close it, and remove its file if it has one. -1 is fine. */
void net_unlisten(int *fd);

/*
 * Accept one connection by the deadline; when @only is given, connections of
 * other hosts are closed and the wait goes on. The descriptor is as that of
 * net_connect(). @ret_peer may be NULL. 0; -ETIMEDOUT; -errno.
 */
int net_accept(int listen_fd, struct deadline d, const struct net_peer *only, int *ret_fd,
	       struct net_peer *ret_peer);

/*
 * True if @p is one of the addresses that the name or address @client stands
 * for. False when in doubt: @p is no TCP peer, or the look-up fails, which @err tells.
 */
bool net_peer_is(const struct net_peer *p, const char *client, struct deadline d, struct err *err);

#endif
