/*
 * listen-client.c - see listen-client.h. Layer 5.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "message.h"
#include "net/channel.h"
#include "net/tunnel.h"
#include "session/files.h"
#include "session/finish.h"
#include "session/listen-client.h"
#include "session/listen-data.h"
#include "session/listen-file.h"
#include "session/listen-log.h"
#include "wire/tinit.h"

/* Deadlines, ms. */
#define GREET_MS	5000	/* from connecting to TINIT, or what protocol 1 has instead */
#define ANSWER_MS	5000
#define META_MESSAGE_MS	5000
#define META_TOTAL_MS	60000
#define DATA_CONNECT_MS	30000	/* from the end of the metadata on */

#define CPUS_MAX	1024	/* ports and files of one client */
#define META_MAX_BYTES	(256 << 20)
#define META_LOOK_BYTES	(1 << 20)	/* between looks at the free space */
#define ODD_MAX		16	/* messages out of place */
#define MESSAGES_MAX	64	/* taken in before others have their turn */

struct client {
	const struct listen_conf *conf;
	const struct net_peer *peer;
	struct listen_note *note;
	struct stop *stop;
	struct plan plan;
	struct channel ctl;
	struct tunnels tunnels;		/* --auth: of all connections */
	struct tinit want;
	struct listen_data data;
	struct deadline message, total;	/* of the phase: the next message; all of it */
	char name[300];
	int protocol;
	int meta_fd;
	uint64_t meta_bytes;
	uint64_t keep_free;		/* of the disk, bytes */
	unsigned int odd;
	bool meta_done;
	bool closed;			/* it has said that this is all */
};

static struct deadline in_ms(const struct client *c, int ms)
{
	return deadline_in_ms(c->conf->debug ? -1 : ms);
}

/* --- greeting ------------------------------------------------------------------------ */

static int say(struct client *c, const void *data, size_t len)
{
	return io_write_full(c->ctl.fd, data, len, in_ms(c, ANSWER_MS));
}

/* Wait for something of the client. 0; -ETIMEDOUT; -EINTR: we are to end. */
static int wait_client(struct client *c, struct deadline d)
{
	struct pollfd fds[] = {
		{ .fd = c->ctl.fd, .events = POLLIN },
		{ .fd = c->stop->fd, .events = POLLIN },
	};

	while (!deadline_passed(d)) {
		int n = poll(fds, ARRAY_SIZE(fds), deadline_left_ms(d));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && fds[1].revents)
			return -EINTR;
		if (n > 0)
			return 0;
	}
	return -ETIMEDOUT;
}

/* The text part. 0; -errno. */
static int greet(struct client *c, struct deadline d)
{
	struct greet g = GREET_INIT;
	int ret = say(c, GREET_HELLO, GREET_HELLO_LEN);

	while (!ret) {
		uint8_t byte;
		ssize_t n;

		ret = wait_client(c, d);
		if (ret)
			return ret;
		n = recv(c->ctl.fd, &byte, 1, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return n ? -errno : -ENODATA;
		ret = greet_byte(&g, byte);
		switch (ret) {
		case GREET_MORE:
			break;
		case GREET_SEND_REPLY:
			ret = say(c, GREET_REPLY, GREET_REPLY_LEN);
			break;
		case GREET_SEND_OK:
			c->protocol = 3;
			return say(c, GREET_OK, GREET_OK_LEN);
		case GREET_SEND_PORTS:
			c->protocol = 1;
			c->want = g.want;
			return 0;
		}
	}
	return ret;
}

/* What the client wants: 0; -errno described in @err. */
static int negotiate(struct client *c, struct err *err)
{
	struct deadline d = in_ms(c, GREET_MS);
	struct msg m;
	int ret = greet(c, d);

	if (!ret && c->protocol == 3) {
		ret = channel_recv(&c->ctl, &m, d);
		if (!ret)
			ret = tinit_parse(&m, &c->want);
	}
	if (ret == -ECANCELED || ret == -EINTR)
		return err_set(err, -EINTR, "ended before it said what it wants");
	if (ret)
		return err_set(err, ret, ret == -ENODATA || ret == -EPIPE || ret == -ECONNRESET ?
			       "it hung up before it said what it wants" :
			       ret == -ETIMEDOUT ? "it does not say what it wants" :
			       ret == -EPROTONOSUPPORT ? "Cannot handle the protocol it speaks" :
			       "Receive an invalid message: it is no record -N, or wants what is not possible");
	if (c->want.nr_cpus > CPUS_MAX)
		return err_set(err, -E2BIG, "it has %u CPUs; %d are possible", c->want.nr_cpus,
			       CPUS_MAX);
	if (c->conf->auth && !c->want.tcp && !c->want.vsock)
		return err_set(err, -EOPNOTSUPP, "it wants to send over UDP, which is not encrypted");
	if (c->want.vsock != c->conf->vsock && (c->want.vsock || c->want.tcp))
		return err_set(err, -EOPNOTSUPP, "it came over %s and wants to send over %s",
			       c->conf->vsock ? "vsock" : "TCP", c->want.vsock ? "vsock" : "TCP");
	return 0;
}

/* --- files and ports ----------------------------------------------------------------- */

static int answer(struct client *c)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	int ret = c->protocol == 3 ? rinit_put(&b, c->data.ports, c->data.n) :
		  greet_ports_put(&b, c->data.ports, c->data.n);

	return ret ? ret : channel_send_raw(&c->ctl, &b, in_ms(c, ANSWER_MS));
}

static int begin(struct client *c, struct err *err)
{
	enum net_kind kind = c->conf->muxer ? NET_MUXER : c->conf->vsock ? NET_VSOCK : c->want.tcp ? NET_TCP : NET_UDP;
	struct note_guest *g = &c->note->guest;
	int ret;

	listen_say("cpus=%u", c->want.nr_cpus);
	listen_say("pagesize=%u", c->want.page_size);
	if (kind == NET_TCP)
		listen_say("Using TCP for live connection");
	g->nr_cpus = c->want.nr_cpus;
	g->page_size = c->want.page_size;
	c->note->bare = c->protocol == 1;
	ret = listen_file_create(c->conf, c->peer, g, &c->meta_fd, err);
	if (ret)
		return ret;
	c->keep_free = files_keep_free(c->meta_fd);
	ret = listen_data_open(&c->data, &c->plan, g, c->peer, kind, &c->tunnels,
			       c->conf->max_bytes, err);
	if (!ret)
		ret = answer(c);
	return ret ? err_set(err, ret, "cannot tell it its ports") : 0;
}

/* --- what comes over the control connection --------------------------------------------- */

/* 0; -EFBIG; -ENOSPC; -errno. */
static int store_meta(struct client *c, const void *data, size_t len)
{
	uint64_t before = c->meta_bytes;

	c->meta_bytes += len;
	if (c->meta_bytes > META_MAX_BYTES)
		return -EFBIG;
	if (before / META_LOOK_BYTES != c->meta_bytes / META_LOOK_BYTES &&
	    listen_disk_is_full(c->meta_fd, c->keep_free))
		return -ENOSPC;
	return io_write_full(c->meta_fd, data, len, DEADLINE_NEVER);
}

/* A message is not what is expected now. 0: let it pass; -errno. */
static int take_odd(struct client *c, uint32_t cmd)
{
	if (c->odd++ == ODD_MAX)
		return -EPROTO;
	return cmd == MSG_NOT_SUPP ? 0 :
	       channel_send(&c->ctl, MSG_NOT_SUPP, NULL, 0, NULL, 0, in_ms(c, ANSWER_MS));
}

static int take_message(struct client *c, const struct msg *m)
{
	c->message = in_ms(c, META_MESSAGE_MS);
	if (m->cmd == MSG_CLOSE) {
		c->closed = true;
		return 0;
	}
	if (c->meta_done || (m->cmd != MSG_SEND_DATA && m->cmd != MSG_FIN_DATA))
		return take_odd(c, m->cmd);
	if (m->cmd == MSG_SEND_DATA)
		return m->var_len ? store_meta(c, m->var, m->var_len) : -EPROTO;
	c->meta_done = true;
	c->total = in_ms(c, DATA_CONNECT_MS);
	return 0;
}

/* What is there of protocol 3. 0; -ENODATA or -EPIPE: it is gone; -errno. */
static int hear_3(struct client *c)
{
	struct msg m;
	int i, ret = 0;

	for (i = 0; !ret && !c->closed && i < MESSAGES_MAX; i++) {
		ret = channel_recv(&c->ctl, &m, deadline_in_ms(0));
		if (ret == -ETIMEDOUT)
			return 0;
		if (!ret)
			ret = take_message(c, &m);
	}
	return ret;
}

/* The same of protocol 1, where the end is the end. */
static int hear_1(struct client *c)
{
	uint8_t block[16384];
	ssize_t n = recv(c->ctl.fd, block, sizeof(block), MSG_DONTWAIT);

	if (n > 0)
		return store_meta(c, block, n);
	if (!n)
		c->closed = c->meta_done = true;
	return !n || errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* --- receiving ------------------------------------------------------------------------------ */

enum { WAIT_STOP, WAIT_CONTROL, WAIT_DATA };

/* Until when to wait for what is due. */
static struct deadline due(const struct client *c)
{
	if (c->protocol == 1 || (c->meta_done && c->data.drain))
		return DEADLINE_NEVER;
	if (c->meta_done)
		return c->total;
	return deadline_min(c->message, c->total);
}

/* What was due has not come in time. 0: go on without; -ETIMEDOUT described in @err. */
static int overdue(struct client *c, struct err *err)
{
	if (!c->meta_done)
		return err_set(err, -ETIMEDOUT, "its metadata does not arrive");
	log_debug("%s: not all CPUs have connected", c->name);
	c->total = DEADLINE_NEVER;
	return listen_data_start(&c->data, err);
}

static int look_at_control(struct client *c, struct err *err)
{
	int ret = c->protocol == 3 ? hear_3(c) : hear_1(c);

	if (!ret)
		return 0;
	if (ret == -ENODATA || ret == -EPIPE || ret == -ECONNRESET || ret == -ETIMEDOUT)
		return err_set(err, -ECONNRESET, "it is gone without having said that it ended");
	return err_set(err, ret, ret == -ENOSPC ? "the disk is getting full: no more is stored" :
		       ret == -EFBIG ? "it has more metadata than is possible" :
		       "Receive an invalid message: it is given up");
}

/* Take in everything until the client ends. 0; -EINTR: we are to end; -errno described in @err. */
static int receive(struct client *c, struct err *err)
{
	int max = WAIT_DATA + c->data.n + AWAITED_MAX, n, ret = 0;
	_cleanup_free_ struct pollfd *fds = calloc(max, sizeof(*fds));

	if (!fds)
		return -ENOMEM;
	c->message = in_ms(c, META_MESSAGE_MS);
	c->total = in_ms(c, META_TOTAL_MS);
	fds[WAIT_STOP] = (struct pollfd){ .fd = c->stop->fd, .events = POLLIN };
	fds[WAIT_CONTROL] = (struct pollfd){ .fd = c->ctl.fd, .events = POLLIN };
	while (!ret && !c->closed) {
		struct deadline d = deadline_min(due(c), listen_data_deadline(&c->data));

		/* the signal may have been read while something was said */
		if (stop_wanted(c->stop))
			return -EINTR;
		n = WAIT_DATA + listen_data_poll_fds(&c->data, fds + WAIT_DATA, max - WAIT_DATA);
		if (poll(fds, n, deadline_left_ms(d)) < 0 && errno != EINTR)
			return -errno;
		if (fds[WAIT_CONTROL].revents)
			ret = look_at_control(c, err);
		if (!ret)
			ret = listen_data_look(&c->data, err);
		if (!ret)
			ret = listen_data_check(&c->data, err);
		if (!ret && !c->closed && deadline_passed(due(c)))
			ret = overdue(c, err);
	}
	return ret;
}

/* --- all of it ------------------------------------------------------------------------------ */

/* The last data, and the file. */
static int finish(struct client *c, bool hurry, struct err *err)
{
	struct err lost = { 0 };
	int ret = listen_data_start_last(&c->data, c->stop, err);

	/* a client that went by itself should see that we don't take any more */
	channel_close(&c->ctl);
	if (!ret && listen_data_finish(&c->data, hurry, c->stop, &lost)) {
		listen_complain(lost.code, &lost);
		if (lost.code != -EBADMSG)
			note_incomplete(&c->note->guest, "some of the data did not arrive");
	}
	c->note->guest.complete_meta = c->meta_done;
	fd_close(&c->meta_fd);
	if (!c->meta_done)
		return listen_file_abandon(&c->plan, &c->note->guest, err);
	return listen_file_finish(&c->plan, &c->note->guest, c->note->bare, err);
}

static int serve(struct client *c, struct err *err)
{
	struct err end = { 0 };
	int ret = negotiate(c, err), finished;

	if (ret)
		return ret;
	ret = begin(c, err);
	if (ret) {
		listen_file_abandon(&c->plan, &c->note->guest, NULL);
		return ret;
	}
	ret = receive(c, err);
	if (ret)
		note_incomplete(&c->note->guest, ret == -EINTR ? "the listener was ended" :
				ret == -ENOSPC ? "the disk was getting full" :
				ret == -EDQUOT ? "it was more than the listener takes" :
				"the client was lost before it ended");
	/* what is left of protocol 1's metadata is what there is */
	c->meta_done |= c->protocol == 1;
	finished = finish(c, ret, &end);
	if (finished) {
		listen_complain(finished, &end);
	} else if (ret && ret != -EINTR) {
		err_prefix(err, ret, "what was sent is kept in '%s'", c->note->guest.file);
	}
	if (ret == -EINTR)
		ret = 0;
	return ret ? ret : finished;
}

int listen_client(const struct listen_conf *conf, int fd, const struct net_peer *peer,
		  struct listen_note *note, struct stop *stop)
{
	struct client c = {
		.conf = conf, .peer = peer, .note = note, .stop = stop, .meta_fd = -1,
	};
	struct err err = { 0 };
	int ret;

	net_peer_text(peer, c.name, sizeof(c.name));
	listen_say("Connected with %s", c.name);
	if (conf->auth)
		c.tunnels.key = &conf->auth_key;
	else if (net_peer_is_remote_tcp(peer))
		listen_say(NO_AUTH, c.name);
	ret = tunnels_wrap(&c.tunnels, &fd, true, AUTH_CONTROL, 0, TUNNEL_BOTH,
			   deadline_or_stop(deadline_in_ms(GREET_MS), stop->fd), &err);
	channel_init(&c.ctl, fd);
	if (!ret)
		ret = plan_init(&c.plan);
	if (!ret)
		ret = serve(&c, &err);
	if (ret && err.text[0]) {
		ret = ret == -ECANCELED ? -EINTR : ret;
		err_prefix(&err, ret, "client %s", c.name);
		listen_complain(ret, &err);
	}
	channel_close(&c.ctl);
	listen_data_release(&c.data);
	tunnels_finish(&c.tunnels, ret ? 0 : ANSWER_MS);
	fd_close(&c.meta_fd);
	plan_release(&c.plan);
	return ret ? 1 : 0;
}

int listen_salvage(struct listen_note *note)
{
	struct err err = { 0 };
	struct plan plan;
	int ret;

	if (!note->guest.file[0])
		return 0;
	ret = plan_init(&plan);
	if (note->guest.written) {
		finish_guest_end(&plan, &note->guest);
		plan_release(&plan);
		return 0;
	}
	note_incomplete(&note->guest, "the process that took it in was killed");
	if (!ret)
		ret = listen_file_finish(&plan, &note->guest, note->bare, &err);
	plan_release(&plan);
	return ret ? listen_complain(ret, &err) : 0;
}
