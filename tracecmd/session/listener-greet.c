/*
 * listener-greet.c - a listener is greeted: the hello, the protocol, the ports. See listener-parts.h. Layer 5.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "message.h"
#include "session/listener-parts.h"

#define STOP_LOOK_MS	100	/* between looks whether the user stops */

struct deadline listener_connect_by(const struct listener *l)
{
	return deadline_or_stop(deadline_in_ms(LISTENER_CONNECT_MS), l->all->stop->fd);
}

int listener_interrupted(struct err *err)
{
	err_clear(err);
	return err_set(err, -EINTR, "interrupted before anything was recorded");
}

/* Read exactly @len bytes. 0; -ENODATA or -EPIPE on the end of the stream; -EINTR; -errno. */
static int hear(struct listener *l, void *data, size_t len)
{
	struct deadline d = listener_in_ms(l, LISTENER_CONNECT_MS);
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
	return io_write_full(l->ctl.fd, data, len, listener_in_ms(l, LISTENER_CONNECT_MS));
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
			   listener_connect_by(l), err);
	if (ret == -ECANCELED)
		return listener_interrupted(err);
	return ret ? err_prefix(err, ret, "the listener %s", l->name) : 0;
}

/* The connection and the listener's hello. */
static int connect_control(struct listener *l, struct err *err)
{
	char hello[GREET_HELLO_LEN];
	struct err why = { 0 };
	int fd, ret;

	channel_close(&l->ctl);
	ret = net_connect(&l->addr, listener_connect_by(l), &fd, &why);
	if (ret == -ECANCELED)
		return listener_interrupted(err);
	if (ret == -ENXIO && why.text[0])
		return err_set(err, ret, "cannot connect to the listener: %s", why.text);
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
		return listener_interrupted(err);
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
		ret = channel_send_raw(&l->ctl, &b, listener_in_ms(l, LISTENER_CONNECT_MS));
	if (!ret)
		ret = channel_recv(&l->ctl, &m, listener_in_ms(l, LISTENER_CONNECT_MS));
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

int listener_greet(struct listener *l, struct err *err)
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
		return listener_interrupted(err);
	if (ret == -ENODATA || ret == -EPIPE)
		return err_set(err, -ECONNRESET,
			       "the listener %s hung up instead of naming its ports: see what it printed",
			       l->name);
	return ret ? err_set(err, ret, "cannot agree with the listener %s on how to send: %s",
			     l->name, strerror(-ret)) : 0;
}
