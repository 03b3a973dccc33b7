/*
 * peer.h - who is at the other end of a socket.
 *
 * Layer 3.
 */
#ifndef NET_PEER_H
#define NET_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* The other end of an accepted or connected socket. */
struct net_peer {
	struct sockaddr_storage sa;	/* muxer: the path of the machine's socket */
	socklen_t len;
	pid_t pid;			/* muxer: the machine's process, else 0 */
};

/* "127.0.0.1:1234", "@3:823", "unix:/run/vsock"; @size 300 is enough. Returns @buf. */
const char *net_peer_text(const struct net_peer *p, char *buf, size_t size);

/* Keep an address the kernel gave us; an IPv4 one as such even if it came through IPv6. */
void net_peer_set(struct net_peer *p, const struct sockaddr_storage *sa, socklen_t len);

/* The other end of the connected socket @fd. 0; -errno. */
int net_peer_of(int fd, struct net_peer *ret);

/* The port of @p. */
uint32_t net_peer_port(const struct net_peer *p);

/* The vsock CID of @p, -1 if it is no vsock peer. */
int64_t net_peer_cid(const struct net_peer *p);

/* Same host (TCP: address; vsock: CID; muxer: process), whatever the ports. */
bool net_peer_same_host(const struct net_peer *a, const struct net_peer *b);

/* Did @p come over TCP from another machine, or through its address? */
bool net_peer_is_remote_tcp(const struct net_peer *p);

#endif
