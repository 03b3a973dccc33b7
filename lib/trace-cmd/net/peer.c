/*
 * peer.c - see peer.h. Layer 3.
 *
 * IPv4 addresses mapped into IPv6 are turned back as soon as a peer is known,
 * so that comparing and printing need not care which socket it came through.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <linux/vm_sockets.h>

#include "net/peer.h"

const char *net_peer_text(const struct net_peer *p, char *buf, size_t size)
{
	const struct sockaddr_vm *vm = (const void *)&p->sa;
	const struct sockaddr_in *in = (const void *)&p->sa;
	const struct sockaddr_in6 *in6 = (const void *)&p->sa;
	char host[INET6_ADDRSTRLEN] = "";

	switch (p->sa.ss_family) {
	case AF_INET:
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		snprintf(buf, size, "%s:%u", host, ntohs(in->sin_port));
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(buf, size, "[%s]:%u", host, ntohs(in6->sin6_port));
		break;
	case AF_VSOCK:
		snprintf(buf, size, "@%u:%u", vm->svm_cid, vm->svm_port);
		break;
	case AF_UNIX:
		snprintf(buf, size, "unix:%s", ((const struct sockaddr_un *)&p->sa)->sun_path);
		break;
	default:
		snprintf(buf, size, "unknown peer");
	}
	return buf;
}

int64_t net_peer_cid(const struct net_peer *p)
{
	const struct sockaddr_vm *vm = (const void *)&p->sa;

	return p->sa.ss_family == AF_VSOCK ? (int64_t)vm->svm_cid : -1;
}

bool net_peer_same_host(const struct net_peer *a, const struct net_peer *b)
{
	const struct sockaddr_in *in_a = (const void *)&a->sa, *in_b = (const void *)&b->sa;
	const struct sockaddr_in6 *in6_a = (const void *)&a->sa, *in6_b = (const void *)&b->sa;

	if (a->sa.ss_family != b->sa.ss_family)
		return false;
	switch (a->sa.ss_family) {
	case AF_INET:
		return in_a->sin_addr.s_addr == in_b->sin_addr.s_addr;
	case AF_INET6:
		return IN6_ARE_ADDR_EQUAL(&in6_a->sin6_addr, &in6_b->sin6_addr) &&
		       in6_a->sin6_scope_id == in6_b->sin6_scope_id;
	case AF_VSOCK:
		return net_peer_cid(a) == net_peer_cid(b);
	case AF_UNIX:
		return a->pid > 0 && a->pid == b->pid;
	default:
		return false;
	}
}

void net_peer_set(struct net_peer *p, const struct sockaddr_storage *sa, socklen_t len)
{
	const struct sockaddr_in6 *in6 = (const void *)sa;
	struct sockaddr_in *in = (void *)&p->sa;

	memset(p, 0, sizeof(*p));
	if (sa->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		in->sin_family = AF_INET;
		in->sin_port = in6->sin6_port;
		memcpy(&in->sin_addr, &in6->sin6_addr.s6_addr[12], sizeof(in->sin_addr));
		p->len = sizeof(*in);
		return;
	}
	p->len = len < sizeof(p->sa) ? len : sizeof(p->sa);
	memcpy(&p->sa, sa, p->len);
}

int net_peer_of(int fd, struct net_peer *ret)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa);

	if (getpeername(fd, (struct sockaddr *)&sa, &len))
		return -errno;
	net_peer_set(ret, &sa, len);
	return 0;
}

uint32_t net_peer_port(const struct net_peer *p)
{
	switch (p->sa.ss_family) {
	case AF_INET:
		return ntohs(((const struct sockaddr_in *)&p->sa)->sin_port);
	case AF_INET6:
		return ntohs(((const struct sockaddr_in6 *)&p->sa)->sin6_port);
	case AF_VSOCK:
		return ((const struct sockaddr_vm *)&p->sa)->svm_port;
	default:
		return 0;
	}
}

bool net_peer_is_remote_tcp(const struct net_peer *p)
{
	const struct sockaddr_in *in = (const void *)&p->sa;
	const struct sockaddr_in6 *in6 = (const void *)&p->sa;

	if (p->sa.ss_family == AF_INET)
		return ntohl(in->sin_addr.s_addr) >> 24 != IN_LOOPBACKNET;
	return p->sa.ss_family == AF_INET6 && !IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}
