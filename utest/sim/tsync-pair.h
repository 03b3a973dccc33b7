/*
 * tsync-pair.h - for tests: a host's and a guest's session in one process.
 *
 * Both sides see the same clock, so that the true offset is 0.
 */
#ifndef SIM_TSYNC_PAIR_H
#define SIM_TSYNC_PAIR_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tracefs.h>

#include "base/io.h"
#include "tsync/tsync.h"

struct tsync_pair {
	struct tsync_session *host, *guest;
	struct tsync_conf host_conf, guest_conf;
	struct err err;
};

/* Ids of the instances of tests start here. */
#define PAIR_ID 4000

/* Whether markers can be used here: root, and a writable tracefs. */
static inline bool pair_can_mark(void)
{
	const char *dir = tracefs_tracing_dir();
	int id;

	if (geteuid() || !dir)
		return false;
	id = tsync_pick_id(NULL, PAIR_ID);
	if (id < 0)
		return false;
	tsync_drop_id(NULL, id);
	return true;
}

/* Two connected sockets: AF_UNIX, or TCP over loopback. */
static inline int pair_sockets(bool tcp, int fd[2])
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(sa);
	int l, on = 1, i;

	if (!tcp)
		return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd);
	l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(l, (struct sockaddr *)&sa, len) || listen(l, 1) ||
	    getsockname(l, (struct sockaddr *)&sa, &len) ||
	    connect(fd[0], (struct sockaddr *)&sa, len))
		return -1;
	fd[1] = accept(l, NULL, NULL);
	close(l);
	for (i = 0; i < 2; i++)
		setsockopt(fd[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd[1] < 0 ? -1 : 0;
}

/* Fill in both configurations; the test may change them before pair_start(). */
static inline void pair_init(struct tsync_pair *p, uint32_t ptp_flags, bool tcp)
{
	bool marker = ptp_flags & PTP_FLAG_USE_MARKER;
	int fd[2] = { -1, -1 };

	memset(p, 0, sizeof(*p));
	if (pair_sockets(tcp, fd))
		perror("sockets");
	tsync_conf_init(&p->host_conf);
	p->host_conf.proto = tsync_proto_find("ptp");
	p->host_conf.clock = marker ? "mono" : "mono_raw";
	p->host_conf.ptp_flags = ptp_flags;
	p->host_conf.nr_cpus = 2;
	p->guest_conf = p->host_conf;
	p->host_conf.fd = fd[0];
	p->guest_conf.fd = fd[1];
	p->host_conf.own_id = marker ? tsync_pick_id(NULL, PAIR_ID) : 1;
	p->guest_conf.own_id = marker ? tsync_pick_id(NULL, PAIR_ID) : 2;
	p->host_conf.peer_id = p->guest_conf.own_id;
	p->guest_conf.peer_id = p->host_conf.own_id;
}

static inline int pair_start(struct tsync_pair *p)
{
	int ret = tsync_guest_start(&p->guest_conf, &p->guest, &p->err);

	return ret ? ret : tsync_host_start(&p->host_conf, &p->host, &p->err);
}

static inline void pair_free(struct tsync_pair *p)
{
	tsync_free(p->host);
	tsync_free(p->guest);
}

#endif
