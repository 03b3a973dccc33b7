/*
 * tunnel.c - see tunnel.h. Layer 3.
 *
 * On the wire: u32be length, and as many bytes of a libsodium secretstream message, which
 * holds at most CHUNK bytes; the last one of each direction has the tag FINAL. The length is authenticated with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "net/tunnel.h"
#include "wire/cursor.h"

#ifdef HAVE_SODIUM

#include <sodium.h>

#define CHUNK		65536	/* bytes of ours in a message, at most */
#define HEAD		4
#define EXTRA		crypto_secretstream_xchacha20poly1305_ABYTES

typedef crypto_secretstream_xchacha20poly1305_state stream_state;

struct tunnel {
	struct tunnel *next;
	int net, local;
	int wake_fd;		/* written to: the thread shall end */
	int done_fd;		/* readable: it has */
	bool held_byte;		/* TUNNEL_IN: taken before an orderly end, see tunnels_add() */
	bool sent_final, got_final;
	bool user_gone;		/* nobody takes what comes */
	int error;		/* why it ended; 0: both sides have */
	stream_state send, receive;
	pthread_t thread;
	/* network to user: what is being received, then what of it is still to be written */
	size_t in_have, plain_at, plain_len;
	uint8_t in[HEAD + CHUNK + EXTRA], plain[CHUNK];
	/* user to network: what is still to be sent */
	size_t out_at, out_len;
	uint8_t out[HEAD + CHUNK + EXTRA], text[CHUNK];
};

/* --- network to user -------------------------------------------------------------------------- */

/* The length that is announced. 0; -EBADMSG. */
static int announced(const struct tunnel *t, size_t *ret)
{
	struct cursor c = cursor_over(t->in, HEAD, ORDER_BIG);

	*ret = cursor_u32(&c);
	return *ret < EXTRA || *ret > CHUNK + EXTRA ? -EBADMSG : 0;
}

/* A whole message is there. 0; -EBADMSG. */
static int decrypt(struct tunnel *t, size_t len)
{
	unsigned long long plain_len;
	uint8_t tag;

	if (crypto_secretstream_xchacha20poly1305_pull(&t->receive, t->plain, &plain_len, &tag,
						       t->in + HEAD, len, t->in, HEAD))
		return -EBADMSG;
	t->plain_at = 0;
	t->plain_len = t->user_gone ? 0 : plain_len;
	t->in_have = 0;
	t->got_final = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
	return 0;
}

/* Receive until a message is whole. 0; -EBADMSG; -EPIPE: an end without FINAL; -errno. */
static int receive(struct tunnel *t)
{
	for (;;) {
		size_t need = HEAD;
		ssize_t n;

		if (t->in_have >= HEAD) {
			size_t len;

			if (announced(t, &len))
				return -EBADMSG;
			need = HEAD + len;
			if (t->in_have == need)
				return decrypt(t, len);
		}
		n = recv(t->net, t->in + t->in_have, need - t->in_have, MSG_DONTWAIT);
		if (!n)
			return -EPIPE;
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		t->in_have += n;
	}
}

/* Nobody takes what has come, nor what will: the peer must not have to wait for that. */
static void user_left(struct tunnel *t)
{
	t->user_gone = true;
	t->plain_at = t->plain_len = 0;
}

/* To the user what has come. */
static void deliver(struct tunnel *t)
{
	while (t->plain_at < t->plain_len) {
		ssize_t n = send(t->local, t->plain + t->plain_at, t->plain_len - t->plain_at,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			user_left(t);
			return;
		}
		t->plain_at += n;
	}
	if (!t->got_final)
		return;
	if (t->held_byte && recv(t->local, t->text, 1, MSG_DONTWAIT) == 1)
		t->held_byte = false;
	shutdown(t->local, SHUT_WR);
}

/* --- user to network --------------------------------------------------------------------------- */

static void encrypt(struct tunnel *t, size_t len)
{
	bool final = !len;
	unsigned long long n = 0;

	store_u32(t->out, ORDER_BIG, len + EXTRA);
	crypto_secretstream_xchacha20poly1305_push(&t->send, t->out + HEAD, &n, t->text, len,
						   t->out, HEAD, final ?
						   crypto_secretstream_xchacha20poly1305_TAG_FINAL :
						   0);
	t->out_at = 0;
	t->out_len = HEAD + n;
	t->sent_final = final;
}

/* Take what the user has written, or its end. */
static void take(struct tunnel *t)
{
	ssize_t n = recv(t->local, t->text, sizeof(t->text), MSG_DONTWAIT);

	if (n > 0 || !n || (errno != EAGAIN && errno != EINTR))
		encrypt(t, n > 0 ? n : 0);
}

/* 0; -EPIPE; -errno. */
static int transmit(struct tunnel *t)
{
	while (t->out_at < t->out_len) {
		ssize_t n = send(t->net, t->out + t->out_at, t->out_len - t->out_at,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		t->out_at += n;
	}
	if (t->sent_final)
		shutdown(t->net, SHUT_WR);
	return 0;
}

/* --- the thread --------------------------------------------------------------------------------- */

/* Wait for something to do. True if the thread shall end. */
static bool wait_work(struct tunnel *t, struct pollfd fds[3])
{
	bool delivering = t->plain_at < t->plain_len, sending = t->out_at < t->out_len;
	/* a user that only receives says so by leaving: its byte would be readable all the time */
	bool listening = !sending && !t->sent_final && !t->held_byte;

	fds[0] = (struct pollfd){ .fd = t->net, .events = (sending ? POLLOUT : 0) |
				  (delivering || t->got_final ? 0 : POLLIN) };
	fds[1] = (struct pollfd){ .fd = t->user_gone ? -1 : t->local,
				  .events = (delivering ? POLLOUT : 0) | (listening ? POLLIN : 0) };
	fds[2] = (struct pollfd){ .fd = t->wake_fd, .events = POLLIN };
	/* nothing to do but to wait for the other side's end: what is gone would be told again and again */
	if (!fds[0].events)
		fds[0].fd = -1;
	/* one who has left would be reported all the time; who holds the byte says nothing else */
	if (!fds[1].events && (sending || t->sent_final || !t->held_byte))
		fds[1].fd = -1;
	poll(fds, 3, -1);
	return fds[2].revents;
}

/* 0: go on; 1: both directions have ended; -errno. */
static int work(struct tunnel *t, const struct pollfd fds[3])
{
	int ret = 0;

	if (fds[1].revents & (POLLHUP | POLLERR)) {
		/* what it wrote before it went still counts */
		if (!t->sent_final && t->out_at == t->out_len && !t->held_byte)
			take(t);
		if (t->held_byte || t->sent_final)
			user_left(t);
		if (t->held_byte && !t->sent_final && t->out_at == t->out_len)
			encrypt(t, 0);
	} else if (fds[1].revents & POLLIN && t->out_at == t->out_len && !t->sent_final) {
		take(t);
	}
	if (t->out_at < t->out_len)
		ret = transmit(t);
	if (!ret && fds[0].revents & (POLLIN | POLLHUP | POLLERR) && !t->got_final &&
	    t->plain_at == t->plain_len)
		ret = receive(t);
	if (!ret && !t->user_gone && (t->plain_at < t->plain_len || t->got_final))
		deliver(t);
	if (!ret && t->got_final && t->plain_at == t->plain_len && !t->sent_final &&
	    t->out_at == t->out_len && (t->user_gone || fds[1].revents & POLLHUP))
		encrypt(t, 0);
	if (ret)
		return ret;
	return t->got_final && t->plain_at == t->plain_len && t->sent_final &&
	       t->out_at == t->out_len;
}

static void *tunnel_main(void *arg)
{
	struct tunnel *t = arg;
	struct pollfd fds[3];
	int ret = 0;

	while (!ret && !wait_work(t, fds))
		ret = work(t, fds);
	t->error = ret < 0 ? ret : 0;
	/* with the byte in it, this is a reset for the user */
	fd_close(&t->local);
	shutdown(t->net, SHUT_RDWR);
	eventfd_write(t->done_fd, 1);
	return NULL;
}

/* --- for the user -------------------------------------------------------------------------------- */

static void tunnel_free(struct tunnel *t)
{
	if (!t)
		return;
	fd_close(&t->net);
	fd_close(&t->local);
	fd_close(&t->wake_fd);
	fd_close(&t->done_fd);
	sodium_memzero(t, sizeof(*t));
	free(t);
}

static int start_thread(struct tunnel *t)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = -pthread_create(&t->thread, NULL, tunnel_main, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ret;
}

int tunnels_add(struct tunnels *ts, int *fd, struct auth_hand *h, enum tunnel_use use)
{
	struct tunnel *t = calloc(1, sizeof(*t));
	int pair[2] = { -1, -1 }, ret = 0;

	if (!t)
		return -ENOMEM;
	t->net = t->local = -1;
	t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	t->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->wake_fd < 0 || t->done_fd < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		ret = -errno;
	t->local = pair[0];
	t->held_byte = use == TUNNEL_IN;
	/* a socket that is closed with bytes to be read in it is reset */
	if (!ret && t->held_byte && send(pair[1], "", 1, MSG_NOSIGNAL) != 1)
		ret = -EIO;
	memcpy(&t->send, h->keys.send_state, sizeof(t->send));
	memcpy(&t->receive, h->keys.receive_state, sizeof(t->receive));
	if (h->purpose == AUTH_CONTROL)
		ts->session = h->keys.session;
	t->net = *fd;
	if (!ret)
		ret = start_thread(t);
	if (ret) {
		t->net = -1;	/* still the caller's */
		fd_close(&pair[1]);
		tunnel_free(t);
		return ret;
	}
	auth_hand_wipe(h);
	t->next = ts->first;
	ts->first = t;
	*fd = pair[1];
	return 0;
}

/* Wait for the end of @t's thread by @d, then insist. 0; -ETIMEDOUT; why it ended. */
static int tunnel_end(struct tunnel *t, struct deadline d)
{
	int ret = io_wait(t->done_fd, POLLIN, d);

	eventfd_write(t->wake_fd, 1);
	pthread_join(t->thread, NULL);
	ret = ret ? ret : t->error;
	tunnel_free(t);
	return ret;
}

int tunnels_finish(struct tunnels *ts, int timeout_ms)
{
	struct deadline d = deadline_in_ms(timeout_ms);
	int ret = 0;

	while (ts->first) {
		struct tunnel *t = ts->first;
		int error;

		ts->first = t->next;
		error = tunnel_end(t, d);
		ret = ret ? ret : error;
	}
	sodium_memzero(&ts->session, sizeof(ts->session));
	return ret;
}

#else

int tunnels_add(struct tunnels *ts, int *fd, struct auth_hand *h, enum tunnel_use use)
{
	return -EOPNOTSUPP;
}

int tunnels_finish(struct tunnels *ts, int timeout_ms)
{
	return 0;
}

#endif

int tunnels_wrap(struct tunnels *ts, int *fd, bool server, enum auth_purpose purpose,
		 uint32_t index, enum tunnel_use use, struct deadline d, struct err *err)
{
	struct auth_hand h;
	int ret;

	if (!ts->key)
		return 0;
	auth_hand_init(&h, purpose == AUTH_CONTROL ? ts->key : &ts->session, server, purpose,
		       index);
	ret = auth_hand_shake(&h, *fd, d, err);
	if (!ret) {
		ret = tunnels_add(ts, fd, &h, use);
		if (ret)
			err_set(err, ret, "cannot encrypt the connection: %s", strerror(-ret));
	}
	auth_hand_wipe(&h);
	return ret;
}
