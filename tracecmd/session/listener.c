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
#include "net/tunnel.h"
#include "session/finish.h"
#include "session/listener.h"
#include "session/lost.h"
#include "wire/tinit.h"

/* Deadlines, ms. */
#define CONNECT_MS	5000	/* a connection; each answer of the greeting */
#define META_MS		60000
#define DELIVER_MS	30000	/* the last data, without any of it having been taken */
#define LOOK_MS		20	/* between looks whether it has */
#define STOP_LOOK_MS	100	/* between looks whether the user stops */

#define META_MAX_BYTES	(256 << 20)

/* One connection. */
struct listener {
	struct listeners *all;
	struct local_instance *instance;
	struct net_addr addr;
	struct net_peer peer;
	char name[300];		/* of the listener, for messages */
	struct channel ctl;
	struct tunnels tunnels;	/* --auth: of all connections */
	struct tinit want;
	uint32_t *ports;	/* one a CPU */
	int protocol;		/* 3 or 1 */
	bool closed;		/* we have said all */
	bool lost;
};

static struct deadline in_ms(const struct listener *l, int ms)
{
	return deadline_in_ms(l->all->plan->no_timeout ? -1 : ms);
}

/* For what has to be done before anything is recorded: the user may have enough of it. */
static struct deadline connect_by(const struct listener *l)
{
	return deadline_or_stop(deadline_in_ms(CONNECT_MS), l->all->stop->fd);
}

/* What is said of it when the user had. */
static int interrupted(struct err *err)
{
	err_clear(err);
	return err_set(err, -EINTR, "interrupted before anything was recorded");
}

/* --- greeting ---------------------------------------------------------------------- */

/* Read exactly @len bytes. 0; -ENODATA or -EPIPE on the end of the stream; -EINTR; -errno. */
static int hear(struct listener *l, void *data, size_t len)
{
	struct deadline d = in_ms(l, CONNECT_MS);
	size_t done = 0;

	while (done < len) {
		struct deadline look = deadline_in_ms(STOP_LOOK_MS);
		int ret = io_wait(l->ctl.fd, POLLIN, deadline_min(look, d));
		ssize_t n;

		if (stop_wanted(l->all->stop))
			return -EINTR;
		if (ret == -ETIMEDOUT && !deadline_passed(d))
			continue;
		if (ret)
			return ret;
		n = recv(l->ctl.fd, (char *)data + done, len - done, MSG_DONTWAIT);
		if (n > 0)
			done += n;
		else if (!n || errno == ECONNRESET)
			return done ? -EPIPE : -ENODATA;
		else if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return 0;
}

static int say(struct listener *l, const void *data, size_t len)
{
	return io_write_full(l->ctl.fd, data, len, in_ms(l, CONNECT_MS));
}

/* With --auth the connection is the listener's, and nobody else's. 0; -errno described in @err. */
static int secure(struct listener *l, int *fd, struct err *err)
{
	int ret = net_peer_of(*fd, &l->peer);

	if (ret)
		return err_set(err, ret, "the listener %s is gone", l->name);
	if (l->all->plan->auth)
		l->tunnels.key = &l->all->plan->auth_key;
	else if (net_peer_is_remote_tcp(&l->peer))
		cmd_warn(0, NO_AUTH, l->name);
	ret = tunnels_wrap(&l->tunnels, fd, false, AUTH_CONTROL, 0, TUNNEL_BOTH,
			   connect_by(l), err);
	if (ret == -ECANCELED)
		return interrupted(err);
	return ret ? err_prefix(err, ret, "the listener %s", l->name) : 0;
}

/* The connection and the listener's hello. */
static int connect_control(struct listener *l, struct err *err)
{
	char hello[GREET_HELLO_LEN];
	int fd, ret;

	channel_close(&l->ctl);
	ret = net_connect(&l->addr, connect_by(l), &fd, NULL);
	if (ret == -ECANCELED)
		return interrupted(err);
	if (ret)
		return err_set(err, ret,
			       "cannot connect to the listener %s: is `trace-cmd listen` running there, on that port?",
			       l->name);
	ret = secure(l, &fd, err);
	channel_init(&l->ctl, fd);
	if (ret)
		return ret;
	l->ctl.stop_fd = l->all->stop->fd;
	ret = hear(l, hello, sizeof(hello));
	if (!ret && auth_is_banner(hello, sizeof(hello)))
		return err_set(err, -EACCES, "the listener %s wants to authenticate: --auth FILE is missing here",
			       l->name);
	if (!ret && memcmp(hello, GREET_HELLO, sizeof(hello)))
		ret = -EPROTO;
	if (ret == -EPROTO || ret == -ENODATA || ret == -EPIPE)
		return err_set(err, -EPROTO, "%s is no `trace-cmd listen`", l->name);
	if (ret == -EINTR)
		return interrupted(err);
	return ret ? err_set(err, ret, "the listener %s does not greet", l->name) : 0;
}

/* Do we agree on protocol 3? 0; -EPROTONOSUPPORT: it knows no newer one than 1; -errno. */
static int agree_on_3(struct listener *l)
{
	char reply[GREET_REPLY_LEN], ok[GREET_OK_LEN];
	int ret = say(l, GREET_VERSION, sizeof(GREET_VERSION));

	if (!ret)
		ret = hear(l, reply, 1);
	if (ret == -EINTR || ret == -ETIMEDOUT)
		return ret;
	/* those that don't know what a version is say nothing or end */
	if (ret || !reply[0])
		return -EPROTONOSUPPORT;
	ret = hear(l, reply + 1, sizeof(reply) - 1);
	if (!ret && memcmp(reply, GREET_REPLY, sizeof(reply)))
		ret = -EPROTO;
	if (!ret)
		ret = say(l, GREET_MAGIC, GREET_MAGIC_LEN);
	if (!ret)
		ret = hear(l, ok, sizeof(ok));
	return !ret && memcmp(ok, GREET_OK, sizeof(ok)) ? -EPROTO : ret;
}

/* Say what is to come, get the ports. */
static int exchange_3(struct listener *l)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct msg m;
	int ret = tinit_put(&b, &l->want);

	if (!ret)
		ret = channel_send_raw(&l->ctl, &b, in_ms(l, CONNECT_MS));
	if (!ret)
		ret = channel_recv(&l->ctl, &m, in_ms(l, CONNECT_MS));
	return ret ? ret : rinit_parse(&m, l->ports, l->want.nr_cpus);
}

static int exchange_1(struct listener *l)
{
	size_t max = l->want.nr_cpus * sizeof("4294967295"), len = 0;
	_cleanup_free_ char *text = malloc(max);
	_cleanup_buf_ struct buf b = BUF_INIT;
	int ret = greet_put_v1(&b, &l->want);

	if (!text)
		return -ENOMEM;
	if (!ret)
		ret = say(l, b.data, b.len);
	while (!ret) {
		ret = len == max ? -EBADMSG : hear(l, text + len, 1);
		if (!ret && !text[len++])
			return greet_ports_parse(text, l->ports, l->want.nr_cpus);
	}
	return ret;
}

/* Greet and negotiate. 0; -errno described in @err. */
static int negotiate(struct listener *l, struct err *err)
{
	int ret = connect_control(l, err);

	if (ret)
		return ret;
	l->protocol = 3;
	ret = agree_on_3(l);
	if (ret == -EPROTONOSUPPORT && l->addr.kind != NET_VSOCK) {
		l->protocol = 1;
		if (!l->all->plan->quiet)
			fprintf(stderr, "Use the v1 protocol\n");
		ret = connect_control(l, err);
		if (ret)
			return ret;
	}
	if (!ret)
		ret = l->protocol == 3 ? exchange_3(l) : exchange_1(l);
	if (ret == -ECANCELED || ret == -EINTR)
		return interrupted(err);
	if (ret == -ENODATA || ret == -EPIPE)
		return err_set(err, -ECONNRESET,
			       "the listener %s hung up instead of naming its ports: see what it printed",
			       l->name);
	return ret ? err_set(err, ret, "cannot agree with the listener %s on how to send: %s",
			     l->name, strerror(-ret)) : 0;
}

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
	d = in_ms(l, META_MS);
	if (!ret && l->protocol == 1)
		ret = channel_send_raw(&l->ctl, &b, d);
	else if (!ret)
		ret = channel_send_data(&l->ctl, b.data, b.len, d);
	if (!ret && l->protocol == 3)
		ret = channel_send(&l->ctl, MSG_FIN_DATA, NULL, 0, NULL, 0, d);
	if (ret == -ECANCELED)
		return interrupted(err);
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
			ret = net_connect(&addr, connect_by(l), &fd, NULL);
		if (ret == -ECANCELED)
			return interrupted(err);
		if (ret)
			return err_set(err, ret,
				       "cannot connect to the port %s that the listener opened for the data of CPU %u",
				       net_addr_text(&addr, text, sizeof(text)), cpu);
		ret = tunnels_wrap(&l->tunnels, &fd, false, AUTH_DATA, cpu, TUNNEL_BOTH,
				   connect_by(l), err);
		if (ret || stop_wanted(l->all->stop)) {
			close(fd);
			return !ret || ret == -ECANCELED ? interrupted(err) :
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
	ret = negotiate(l, err);
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
	struct deadline d = in_ms(l, DELIVER_MS);
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
			d = in_ms(l, DELIVER_MS);
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
		ret = channel_send(&l->ctl, MSG_CLOSE, NULL, 0, NULL, 0, in_ms(l, CONNECT_MS));
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
