/*
 * addr.c - see addr.h. Layer 3.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/un.h>
#include <linux/vm_sockets.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "net/addr.h"
#include "net/lookup.h"
#include "net/muxer.h"

#define DATA_PORT_LAST	6000

/* Room for datagrams that come while we write others: bytes, as far as the system lets us. */
#define UDP_BUFFER_BYTES	(4 << 20)

#define LOOKUP_MS	20000	/* for the name to listen at */

/* A silent TCP peer counts as dead after 10 + 4 * 5 seconds. */
#define KEEP_IDLE_S	10
#define KEEP_INTERVAL_S	5
#define KEEP_COUNT	4

const char *net_addr_text(const struct net_addr *a, char *buf, size_t size)
{
	if (a->kind == NET_VSOCK)
		snprintf(buf, size, "@%u:%u", a->cid, a->port);
	else if (a->kind == NET_MUXER)
		snprintf(buf, size, "unix:%s:%u", a->host, a->port);
	else if (strchr(a->host, ':'))
		snprintf(buf, size, "[%s]:%u", a->host, a->port);
	else
		snprintf(buf, size, "%s:%u", a->host, a->port);
	return buf;
}

void net_addr_split(const char *text, const char **ret_host, size_t *ret_len,
		    const char **ret_port)
{
	const char *end = text[0] == '[' ? strchr(text, ']') : NULL, *colon;

	if (end && (!end[1] || end[1] == ':')) {
		*ret_host = text + 1;
		*ret_len = end - text - 1;
		*ret_port = end[1] ? end + 2 : NULL;
		return;
	}
	colon = strrchr(text, ':');
	*ret_host = text;
	*ret_len = colon ? (size_t)(colon - text) : strlen(text);
	*ret_port = colon ? colon + 1 : NULL;
}

int net_peer_addr(const struct net_peer *p, enum net_kind kind, uint32_t port,
		  struct net_addr *ret)
{
	struct net_addr a = { .kind = kind, .port = port };

	if (p->sa.ss_family == AF_VSOCK)
		a.cid = net_peer_cid(p);
	else if (p->sa.ss_family == AF_UNIX)
		snprintf(a.host, sizeof(a.host), "%s", ((const struct sockaddr_un *)&p->sa)->sun_path);
	/* numeric, with the scope of a link-local address */
	else if (getnameinfo((const struct sockaddr *)&p->sa, p->len, a.host, sizeof(a.host), NULL,
			     0, NI_NUMERICHOST))
		return -EAFNOSUPPORT;
	*ret = a;
	return 0;
}

int64_t net_local_cid(void)
{
	_cleanup_close_ int fd = open("/dev/vsock", O_RDONLY | O_CLOEXEC);
	unsigned int cid = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, IOCTL_VM_SOCKETS_GET_LOCAL_CID, &cid) < 0)
		return -errno;
	return cid == VMADDR_CID_ANY ? -ENODEV : (int64_t)cid;
}

/* Messages leave at once, and a peer that vanished is noticed. A failure harms nothing else. */
static void tune_stream(int fd, int family, int type)
{
	static const struct { int level, name, value; } opts[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S },
		{ IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S },
		{ IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT },
	};
	size_t i;

	if (type != SOCK_STREAM || (family != AF_INET && family != AF_INET6))
		return;
	for (i = 0; i < ARRAY_SIZE(opts); i++)
		if (setsockopt(fd, opts[i].level, opts[i].name, &opts[i].value, sizeof(int)))
			log_debug("socket option %d: %s", opts[i].name, strerror(errno));
}

static int new_socket(int family, int type, int *ret_fd)
{
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	tune_stream(fd, family, type);
	*ret_fd = fd;
	return 0;
}

static int connect_sockaddr(const struct sockaddr *sa, socklen_t len, int type, struct deadline d,
			    int *ret_fd)
{
	_cleanup_close_ int fd = -1;
	int error = 0, ret = new_socket(sa->sa_family, type, &fd);
	socklen_t error_len = sizeof(error);

	if (ret)
		return ret;
	if (connect(fd, sa, len) < 0) {
		/* interrupted or not: the attempt goes on by itself */
		if (errno != EINPROGRESS && errno != EINTR)
			return -errno;
		ret = io_wait(fd, POLLOUT, d);
		if (ret)
			return ret;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len))
			return -errno;
		if (error)
			return -error;
	}
	*ret_fd = take_fd(fd);
	return 0;
}

/* Try the addresses of a name one after the other. */
static int connect_inet(const struct net_addr *a, struct deadline d, int *ret_fd, struct err *err)
{
	_cleanup_addrinfo_ struct addrinfo *list = NULL;
	struct addrinfo *ai;
	int type = a->kind == NET_UDP ? SOCK_DGRAM : SOCK_STREAM;
	int ret = a->port ? 0 : err_set(err, -EINVAL, "0 is no port to connect to");

	if (!ret)
		ret = net_lookup(a->host, a->port, d, &list, err);
	if (ret)
		return ret;
	ret = -EHOSTUNREACH;
	for (ai = list; ai; ai = ai->ai_next) {
		ret = connect_sockaddr(ai->ai_addr, ai->ai_addrlen, type, d, ret_fd);
		if (!ret || deadline_passed(d))
			break;
	}
	return ret;
}

int net_connect(const struct net_addr *a, struct deadline d, int *ret_fd, struct err *err)
{
	const struct sockaddr_vm vm = {
		.svm_family = AF_VSOCK, .svm_cid = a->cid, .svm_port = a->port,
	};
	char text[300];
	int ret;

	if (a->kind == NET_MUXER)
		return muxer_connect(a->host, a->port, d, ret_fd, err);
	if (a->kind == NET_VSOCK)
		ret = connect_sockaddr((const struct sockaddr *)&vm, sizeof(vm), SOCK_STREAM, d,
				       ret_fd);
	else
		ret = connect_inet(a, d, ret_fd, err);
	if (ret)
		err_set(err, ret, "cannot connect to %s: %s", net_addr_text(a, text, sizeof(text)),
			strerror(-ret));
	return ret;
}

/* The port that @fd is bound to. */
static int bound_port(int fd, uint32_t *ret)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &len))
		return -errno;
	switch (sa.ss_family) {
	case AF_INET:
		*ret = ntohs(((struct sockaddr_in *)&sa)->sin_port);
		return 0;
	case AF_INET6:
		*ret = ntohs(((struct sockaddr_in6 *)&sa)->sin6_port);
		return 0;
	case AF_VSOCK:
		*ret = ((struct sockaddr_vm *)&sa)->svm_port;
		return 0;
	default:
		return -EAFNOSUPPORT;
	}
}

static int listen_sockaddr(const struct sockaddr *sa, socklen_t len, int *ret_fd,
			   uint32_t *ret_port)
{
	const int on = 1, off = 0;
	_cleanup_close_ int fd = -1;
	int ret = new_socket(sa->sa_family, SOCK_STREAM, &fd);

	if (ret)
		return ret;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		return -errno;
	if (sa->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	/* with SO_REUSEADDR a busy port can show as late as in listen() */
	if (bind(fd, sa, len) || listen(fd, SOMAXCONN))
		return -errno;
	ret = bound_port(fd, ret_port);
	if (!ret)
		*ret_fd = take_fd(fd);
	return ret;
}

static int listen_all_tcp(uint32_t port, int *ret_fd, uint32_t *ret_port)
{
	const struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_ANY_INIT,
	};
	const struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = INADDR_ANY,
	};
	int ret = listen_sockaddr((const struct sockaddr *)&in6, sizeof(in6), ret_fd, ret_port);

	/* no IPv6 on this machine */
	if (ret == -EAFNOSUPPORT || ret == -EADDRNOTAVAIL)
		ret = listen_sockaddr((const struct sockaddr *)&in, sizeof(in), ret_fd, ret_port);
	return ret;
}

static int listen_tcp(const char *host, uint32_t port, int *ret_fd, uint32_t *ret_port,
		      struct err *err)
{
	_cleanup_addrinfo_ struct addrinfo *list = NULL;
	struct addrinfo *ai;
	int ret;

	if (port > TCP_PORT_MAX)
		return err_set(err, -EINVAL, "%u is no TCP port: they end at %d", port,
			       TCP_PORT_MAX);
	if (!host)
		return listen_all_tcp(port, ret_fd, ret_port);
	ret = net_lookup(host, port, deadline_in_ms(LOOKUP_MS), &list, err);
	if (ret)
		return ret;
	ret = -EADDRNOTAVAIL;
	for (ai = list; ai; ai = ai->ai_next) {
		ret = listen_sockaddr(ai->ai_addr, ai->ai_addrlen, ret_fd, ret_port);
		if (!ret)
			break;
	}
	return ret;
}

int net_listen(enum net_kind kind, const char *bind_host, uint32_t port, int *ret_fd,
	       uint32_t *ret_port, struct err *err)
{
	const struct sockaddr_vm vm = {
		.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = port,
	};
	int ret;

	if (kind == NET_VSOCK)
		ret = listen_sockaddr((const struct sockaddr *)&vm, sizeof(vm), ret_fd, ret_port);
	else
		ret = listen_tcp(bind_host, port, ret_fd, ret_port, err);
	if (ret)
		err_set(err, ret, "cannot listen on %s port %u: %s",
			kind == NET_VSOCK ? "vsock" : "TCP", port, strerror(-ret));
	return ret;
}

/* A socket for datagrams on @port, 0: any. No SO_REUSEADDR: two of them would share the port. */
static int bind_udp(uint32_t port, int *ret_fd, uint32_t *ret_port)
{
	const struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_ANY_INIT,
	};
	const struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = INADDR_ANY,
	};
	const int off = 0, size = UDP_BUFFER_BYTES;
	_cleanup_close_ int fd = -1;
	int ret = new_socket(AF_INET6, SOCK_DGRAM, &fd);
	bool v6 = !ret;

	if (!v6)
		ret = new_socket(AF_INET, SOCK_DGRAM, &fd);
	if (ret)
		return ret;
	if (v6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (v6 ? bind(fd, (const struct sockaddr *)&in6, sizeof(in6)) :
		 bind(fd, (const struct sockaddr *)&in, sizeof(in)))
		return -errno;
	ret = bound_port(fd, ret_port);
	if (!ret)
		*ret_fd = take_fd(fd);
	return ret;
}

int net_listen_data(enum net_kind kind, uint32_t first, int *ret_fd, uint32_t *ret_port,
		    struct err *err)
{
	uint32_t port = first;

	if (kind == NET_VSOCK)
		return net_listen(kind, NULL, VMADDR_PORT_ANY, ret_fd, ret_port, err);
	for (;;) {
		int ret;

		/* where these are all taken, any is better than none */
		if (port > DATA_PORT_LAST)
			port = 0;
		ret = kind == NET_UDP ? bind_udp(port, ret_fd, ret_port) :
		      listen_all_tcp(port, ret_fd, ret_port);
		if (!ret)
			return 0;
		if (ret != -EADDRINUSE || !port)
			return err_set(err, ret, "cannot listen on port %u: %s", port,
				       strerror(-ret));
		port++;
	}
}

void net_unlisten(int *fd)
{
	if (*fd >= 0)
		muxer_unlink(*fd);
	fd_close(fd);
}

/* Who has been accepted as @fd, from @sa. */
static void accepted_peer(int fd, const struct sockaddr_storage *sa, socklen_t len,
			  struct net_peer *ret)
{
	net_peer_set(ret, sa, len);
	if (sa->ss_family != AF_UNIX)
		return;
	/* the other end has no name: what tells it is where it came out, and its process */
	if (!muxer_accepted(fd, (struct sockaddr_un *)&ret->sa)) {
		ret->len = sizeof(struct sockaddr_un);
		ret->pid = muxer_pid(fd);
	}
}

/* Is the failure of accept() that of one connection only, or nothing at all? */
static bool accept_again(int error)
{
	switch (error) {
	case EINTR: case EAGAIN: case ECONNABORTED: case EPROTO: case ENETDOWN: case ENOPROTOOPT:
	case EHOSTDOWN: case ENONET: case EHOSTUNREACH: case ENETUNREACH:
		return true;
	default:
		return false;
	}
}

int net_accept(int listen_fd, struct deadline d, const struct net_peer *only, int *ret_fd,
	       struct net_peer *ret_peer)
{
	for (;;) {
		_cleanup_close_ int fd = -1;
		struct sockaddr_storage sa = { 0 };
		socklen_t len = sizeof(sa);
		struct net_peer peer;
		int ret = io_wait(listen_fd, POLLIN, d);
		char text[300];

		if (ret)
			return ret;
		fd = accept4(listen_fd, (struct sockaddr *)&sa, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && !accept_again(errno))
			return -errno;
		if (fd < 0 && deadline_passed(d))
			return -ETIMEDOUT;
		if (fd < 0)
			continue;
		accepted_peer(fd, &sa, len, &peer);
		if (only && !net_peer_same_host(&peer, only)) {
			net_peer_text(&peer, text, sizeof(text));
			log_debug("refused %s: not the peer", text);
			/* however many of them come */
			if (deadline_passed(d))
				return -ETIMEDOUT;
			continue;
		}
		tune_stream(fd, sa.ss_family, SOCK_STREAM);
		if (ret_peer)
			*ret_peer = peer;
		*ret_fd = take_fd(fd);
		return 0;
	}
}

bool net_peer_is(const struct net_peer *p, const char *client, struct deadline d, struct err *err)
{
	_cleanup_addrinfo_ struct addrinfo *list = NULL;
	struct addrinfo *ai;

	if (p->sa.ss_family != AF_INET && p->sa.ss_family != AF_INET6)
		return false;
	if (!client || !*client || net_lookup(client, 0, d, &list, err))
		return false;
	for (ai = list; ai; ai = ai->ai_next) {
		struct sockaddr_storage sa = { 0 };
		struct net_peer known;

		if (ai->ai_addrlen > sizeof(sa))
			continue;
		memcpy(&sa, ai->ai_addr, ai->ai_addrlen);
		net_peer_set(&known, &sa, ai->ai_addrlen);
		if (net_peer_same_host(p, &known))
			return true;
	}
	return false;
}
