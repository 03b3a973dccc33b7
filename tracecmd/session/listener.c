/*
 * listener.c - see listener.h. Layer 5.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "message.h"
#include "session/finish.h"
#include "session/listener-parts.h"
#include "session/lost.h"

/* Deadlines, ms. */
#define META_MS		60000
#define DELIVER_MS	30000	/* the last data, without any of it having been taken */
#define LOOK_MS		20	/* between looks whether it has */

#define META_MAX_BYTES	(256 << 20)

/* --- metadata ---------------------------------------------------------------------- */

/* The metadata of one instance's file, which has that instance as its top one. */
static int make_meta(struct listener *l, int fd, struct err *err)
{
	struct plan p = *l->all->plan;
	struct note *n = note_new();
	int ret;

	if (!n)
		return -ENOMEM;
	if (l->protocol == 1)
		p.file_version = 6;
	n->trace_id = l->all->note->trace_id;
	n->nr_instances = 1;
	n->instances[0] = *l->instance->note;
	n->instances[0].name[0] = 0;
	ret = finish_agent_meta(&p, n, NULL, fd, err);
	note_free(n);
	return ret;
}

static int send_meta(struct listener *l, struct err *err)
{
	_cleanup_close_ int fd = memfd_create("trace-cmd-metadata", MFD_CLOEXEC);
	_cleanup_buf_ struct buf b = { .cap = META_MAX_BYTES };
	struct deadline d;
	uint64_t len;
	int ret;

	if (fd < 0)
		return -errno;
	ret = make_meta(l, fd, err);
	if (ret)
		return ret;
	if (lseek(fd, 0, SEEK_SET))
		return -errno;
	ret = io_read_rest(fd, &b);
	len = b.len;
	if (!ret && l->protocol == 1)
		ret = out_bare_len(fd, &len, err);
	b.len = ret ? 0 : len;
	d = listener_in_ms(l, META_MS);
	if (!ret && l->protocol == 1)
		ret = channel_send_raw(&l->ctl, &b, d);
	else if (!ret)
		ret = channel_send_data(&l->ctl, b.data, b.len, d);
	if (!ret && l->protocol == 3)
		ret = channel_send(&l->ctl, MSG_FIN_DATA, NULL, 0, NULL, 0, d);
	if (ret == -ECANCELED)
		return listener_interrupted(err);
	return ret ? err_set(err, ret, "the listener %s did not take the metadata", l->name) : 0;
}

/* --- data ----------------------------------------------------------------------------- */

static int start_recorders(struct listener *l, struct err *err)
{
	enum net_kind kind = l->want.vsock ? NET_VSOCK : l->want.tcp ? NET_TCP : NET_UDP;
	uint32_t cpu;

	lost_begin(l->instance->note);
	for (cpu = 0; cpu < l->want.nr_cpus; cpu++) {
		struct net_addr addr;
		char text[300];
		int fd, ret = net_peer_addr(&l->peer, kind, l->ports[cpu], &addr);

		if (!ret)
			ret = net_connect(&addr, listener_connect_by(l), &fd, NULL);
		if (ret == -ECANCELED)
			return listener_interrupted(err);
		if (ret)
			return err_set(err, ret,
				       "cannot connect to the port %s that the listener opened for the data of CPU %u",
				       net_addr_text(&addr, text, sizeof(text)), cpu);
		ret = tunnels_wrap(&l->tunnels, &fd, false, AUTH_DATA, cpu, TUNNEL_BOTH,
				   listener_connect_by(l), err);
		if (ret || stop_wanted(l->all->stop)) {
			close(fd);
			return !ret || ret == -ECANCELED ? listener_interrupted(err) :
			       err_prefix(err, ret, "the data of CPU %u", cpu);
		}
		ret = local_record_cpu(l->all->local, l->instance, cpu, fd, err);
		if (ret)
			return ret;
	}
	return 0;
}

static void listener_init(struct listeners *all, struct local_instance *in, struct listener *l)
{
	const struct plan_listener *to = &all->plan->listener;

	*l = (struct listener){ .all = all, .instance = in };
	channel_init(&l->ctl, -1);
	l->addr = (struct net_addr){
		.kind = to->host ? NET_TCP : NET_VSOCK, .cid = to->cid, .port = to->port,
	};
	if (to->host)
		snprintf(l->addr.host, sizeof(l->addr.host), "%s", to->host);
	net_addr_text(&l->addr, l->name, sizeof(l->name));
	l->want = (struct tinit){
		.nr_cpus = in->nr_cpus, .page_size = in->note->page_size, .vsock = !to->host,
		/* what no datagram can hold goes the other way, and what is encrypted */
		.tcp = to->host && (to->tcp || all->plan->auth ||
				    in->note->page_size > TINIT_DATAGRAM_MAX),
	};
	in->datagrams = !l->want.tcp && !l->want.vsock;
}

static int listener_start(struct listener *l, struct err *err)
{
	int ret;

	l->ports = calloc(l->want.nr_cpus, sizeof(*l->ports));
	if (!l->ports)
		return -ENOMEM;
	ret = listener_greet(l, err);
	if (!ret)
		ret = send_meta(l, err);
	if (!ret)
		ret = start_recorders(l, err);
	/* from now on a stop is to end well */
	l->ctl.stop_fd = -1;
	return ret;
}

int listeners_start(struct listeners *l, struct err *err)
{
	int i, ret = 0;

	l->each = calloc(l->local->nr_instances, sizeof(*l->each));
	if (!l->each)
		return -ENOMEM;
	for (i = 0; !ret && i < l->local->nr_instances; i++) {
		if (!l->local->instances[i].setup)
			continue;
		listener_init(l, &l->local->instances[i], &l->each[l->nr]);
		ret = listener_start(&l->each[l->nr++], err);
	}
	return ret;
}

/* --- while recording -------------------------------------------------------------------- */

int listeners_poll_fds(const struct listeners *l, struct pollfd *fds, int max)
{
	int i;

	for (i = 0; i < l->nr && i < max; i++)
		fds[i] = (struct pollfd){ .fd = l->each[i].ctl.fd, .events = POLLIN | POLLRDHUP };
	return i;
}

/* A listener has nothing to say while recording, but it may refuse what it did not understand. */
static bool is_gone(struct listener *l)
{
	struct msg m;
	int ret;

	if (l->lost || l->closed)
		return l->lost;
	if (l->protocol == 1)
		return !io_wait(l->ctl.fd, POLLIN | POLLRDHUP, deadline_in_ms(0));
	ret = channel_recv(&l->ctl, &m, deadline_in_ms(0));
	return ret != -ETIMEDOUT;
}

static int lost(struct listener *l, struct err *err)
{
	l->lost = true;
	return err_set(err, -ECONNRESET,
		       "the listener %s was lost while recording; what it got until then is on its side",
		       l->name);
}

int listeners_check(struct listeners *l, struct err *err)
{
	int i, ret = 0;

	for (i = 0; i < l->nr; i++) {
		if (!l->each[i].lost && is_gone(&l->each[i]))
			ret = lost(&l->each[i], err);
	}
	return ret;
}

/* --- the end ------------------------------------------------------------------------------ */

/* Bytes that the other side has not acknowledged; 0: none, or it can't be told. */
static int bytes_underway(int fd)
{
	int n;

	return ioctl(fd, SIOCOUTQ, &n) ? 0 : n;
}

/*
 * A listener may end a client's data soon after CLOSE: all of it has to be there before. 0;
 * -ETIMEDOUT; -EPIPE; -EINTR.
 */
static int deliver(struct listener *l, int fd)
{
	struct deadline d = listener_in_ms(l, DELIVER_MS);
	int before = 0, now, error = 0;
	socklen_t len = sizeof(error);

	shutdown(fd, SHUT_WR);
	while ((now = bytes_underway(fd)) > 0) {
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) || error)
			return -EPIPE;
		if (stop_urgent(l->all->stop))
			return -EINTR;
		if (deadline_passed(d))
			return -ETIMEDOUT;
		if (now != before)
			d = listener_in_ms(l, DELIVER_MS);
		before = now;
		poll(NULL, 0, LOOK_MS);
	}
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) || error ? -EPIPE : 0;
}

/*
 * With --auth, what has left us may still be in a tunnel: wait for the listener's confirmation that all has
 * come. @failed: it will not. 0; -ETIMEDOUT; -errno.
 */
static int finish_tunnels(struct listener *l, bool failed)
{
	int cpu;

	for (cpu = 0; l->tunnels.key && cpu < l->instance->nr_cpus; cpu++)
		fd_close(&l->instance->sinks[cpu]);
	return tunnels_finish(&l->tunnels, failed ? 0 : DELIVER_MS);
}

static int listener_finish(struct listener *l, struct err *err)
{
	int cpu, end, ret = 0;

	for (cpu = 0; !ret && !l->instance->datagrams && cpu < l->instance->nr_cpus; cpu++) {
		if (l->instance->sinks[cpu] >= 0)
			ret = deliver(l, l->instance->sinks[cpu]);
	}
	/* it goes first if it wants to; not before we have said that we have ended */
	if (!ret && is_gone(l))
		ret = -ECONNRESET;
	if (!ret && l->protocol == 3)
		ret = channel_send(&l->ctl, MSG_CLOSE, NULL, 0, NULL, 0, listener_in_ms(l, LISTENER_CONNECT_MS));
	l->closed = true;
	channel_close(&l->ctl);
	end = finish_tunnels(l, ret);
	ret = ret ? ret : end;
	return ret ? err_set(err, ret, "the listener %s may not have got all of the data", l->name)
		   : 0;
}

int listeners_finish(struct listeners *l, struct err *err)
{
	int i, ret, first = 0;

	for (i = 0; i < l->nr; i++) {
		if (l->each[i].lost)
			continue;
		ret = listener_finish(&l->each[i], err);
		if (!first)
			first = ret;
	}
	return first;
}

void listeners_release(struct listeners *l)
{
	int i;

	for (i = 0; i < l->nr; i++) {
		channel_close(&l->each[i].ctl);
		/* what was begun has been finished before */
		tunnels_finish(&l->each[i].tunnels, 0);
		free(l->each[i].ports);
	}
	free(l->each);
	*l = (struct listeners){ 0 };
}
