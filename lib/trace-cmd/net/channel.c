/*
 * channel.c - see channel.h. Layer 3.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "net/channel.h"

/* Failed looks between two looks at the clock and offers of the CPU: a few microseconds. */
#define SPIN_LOOKS 16

void channel_init(struct channel *c, int fd)
{
	int protocol = 0;
	socklen_t len = sizeof(protocol);

	c->fd = fd;
	c->stop_fd = -1;
	c->in_len = c->msg_len = 0;
	c->ack_due = false;
	c->quickack = !getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) &&
		      protocol == IPPROTO_TCP;
	/* fetch and touch the memory now, not inside a probe; if there is none, sending says so */
	buf_init(&c->out, MSG_MAX_LEN);
	buf_extend(&c->out, MSG_MAX_LEN);
	buf_reset(&c->out);
}

void channel_close(struct channel *c)
{
	if (!c)
		return;
	fd_close(&c->fd);
	buf_release(&c->out);
	c->in_len = c->msg_len = 0;
}

/* A connection that was reset is as gone as one that was closed. */
static int socket_error(void)
{
	return errno == ECONNRESET ? -EPIPE : -errno;
}

/* Wait until @events. 0; -ETIMEDOUT; -ECANCELED; -errno. */
static int channel_wait(struct channel *c, short events, struct deadline d)
{
	struct pollfd pfd[2] = {
		{ .fd = c->fd, .events = events },
		{ .fd = c->stop_fd, .events = POLLIN },
	};

	for (;;) {
		int n = poll(pfd, ARRAY_SIZE(pfd), deadline_left_ms(d));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && pfd[1].revents)
			return -ECANCELED;
		if (deadline_passed(d))
			return -ETIMEDOUT;
		if (n > 0)
			return 0;
	}
}

int channel_send_raw(struct channel *c, const struct buf *b, struct deadline d)
{
	size_t done = 0;

	if (b->error)
		return b->error;
	while (done < b->len) {
		ssize_t n = send(c->fd, b->data + done, b->len - done, MSG_NOSIGNAL | MSG_DONTWAIT);
		int ret;

		if (n >= 0) {
			done += n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return socket_error();
		ret = channel_wait(c, POLLOUT, d);
		if (ret)
			return ret;
	}
	/* what we sent carried the acknowledgement */
	c->ack_due = false;
	return 0;
}

int channel_send(struct channel *c, uint32_t cmd, const void *fixed, size_t fixed_len,
		 const void *var, size_t var_len, struct deadline d)
{
	int ret;

	buf_reset(&c->out);
	ret = msg_put(&c->out, cmd, fixed, fixed_len, var, var_len);
	return ret ? ret : channel_send_raw(c, &c->out, d);
}

int channel_send_data(struct channel *c, const void *data, size_t len, struct deadline d)
{
	const uint8_t *at = data;

	while (len) {
		size_t part = len < MSG_MAX_DATA ? len : MSG_MAX_DATA;
		int ret = channel_send(c, MSG_SEND_DATA, NULL, 0, at, part, d);

		if (ret)
			return ret;
		at += part;
		len -= part;
	}
	return 0;
}

/*
 * How many bytes in[] must hold before there is more to know: a header, then
 * the whole message. 0; -EBADMSG.
 */
static int bytes_needed(const struct channel *c, size_t *ret)
{
	*ret = MSG_HEADER_LEN;
	return c->in_len < MSG_HEADER_LEN ? 0 : msg_parse_header(c->in, ret);
}

/* We begin to wait: let a peer that holds back the rest until we acknowledge go on. */
static void acknowledge(struct channel *c)
{
	const int on = 1;

	if (!c->quickack || !c->ack_due)
		return;
	setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
	c->ack_due = false;
}

/*
 * Take what is there without waiting, until a message is whole. @ahead: also
 * what lies behind it. 0; -EAGAIN; -ENODATA; -EPIPE; -EBADMSG; -errno.
 */
static int channel_look(struct channel *c, struct msg *ret, bool ahead)
{
	for (;;) {
		size_t need;
		ssize_t n;
		int err = bytes_needed(c, &need);

		if (err)
			return err;
		if (c->in_len >= need) {
			if (msg_parse(c->in, need, ret))
				return -EBADMSG;
			c->msg_len = need;
			return 0;
		}
		n = recv(c->fd, c->in + c->in_len, (ahead ? sizeof(c->in) : need) - c->in_len,
			 MSG_DONTWAIT);
		if (n > 0) {
			c->in_len += n;
			c->ack_due = true;
			continue;
		}
		if (n == 0)
			return c->in_len ? -EPIPE : -ENODATA;
		if (errno == EAGAIN) {
			acknowledge(c);
			return -EAGAIN;
		}
		if (errno != EINTR)
			return socket_error();
	}
}

/* Forget the message handed out last and move what came behind it to the front. */
static void drop_last(struct channel *c)
{
	if (!c->msg_len)
		return;
	c->in_len -= c->msg_len;
	if (c->in_len)
		memmove(c->in, c->in + c->msg_len, c->in_len);
	c->msg_len = 0;
}

/* Look, sleep until there is more, and so on. */
static int recv_sleeping(struct channel *c, struct msg *ret, bool ahead, struct deadline d)
{
	for (;;) {
		int err = channel_look(c, ret, ahead);

		if (err != -EAGAIN)
			return err;
		err = channel_wait(c, POLLIN, d);
		if (err)
			return err;
	}
}

bool channel_is_empty(const struct channel *c)
{
	return c->in_len == c->msg_len;
}

int channel_unread(struct channel *c, const void *data, size_t len)
{
	drop_last(c);
	if (len > sizeof(c->in) - c->in_len)
		return -EMSGSIZE;
	memcpy(c->in + c->in_len, data, len);
	c->in_len += len;
	return 0;
}

int channel_recv(struct channel *c, struct msg *ret, struct deadline d)
{
	drop_last(c);
	return recv_sleeping(c, ret, false, d);
}

int channel_recv_spin(struct channel *c, struct msg *ret, struct deadline d, int spin_us)
{
	int64_t end_ns = mono_now_ns() + spin_us * 1000LL;
	unsigned int looks;

	drop_last(c);
	if (end_ns > d.at_ns)
		end_ns = d.at_ns;
	for (looks = 1; ; looks++) {
		int err = channel_look(c, ret, true);

		if (err != -EAGAIN)
			return err;
		if (looks % SPIN_LOOKS)
			continue;
		if (mono_now_ns() >= end_ns)
			return recv_sleeping(c, ret, true, d);
		/* the peer may be waiting for this very CPU */
		sched_yield();
	}
}
