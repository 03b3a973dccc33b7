/*
 * test-channel.c - messages over a connection: split, joined, slow, hostile, ended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "net/addr.h"
#include "net/channel.h"

#define WAIT_MS 60000
#define LATE_MS 20000	/* a busy machine may be as late as that */
#define SPIN_US 200

struct pair {
	struct channel c;
	int peer;
};

static struct pair *new_pair(void)
{
	struct pair *p = calloc(1, sizeof(*p));
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	channel_init(&p->c, fds[0]);
	p->peer = fds[1];
	return p;
}

static void pair_free(struct pair **p)
{
	channel_close(&(*p)->c);
	fd_close(&(*p)->peer);
	free(*p);
}
#define _cleanup_pair_ _cleanup_(pair_free)

static void peer_sends(struct pair *p, const void *data, size_t len)
{
	assert_int_equal(io_write_full(p->peer, data, len, deadline_in_ms(WAIT_MS)), 0);
}

/* Both ways to receive must obey the same rules. */
static int receive(struct channel *c, struct msg *ret, int ms, bool spin)
{
	struct deadline d = deadline_in_ms(ms);

	return spin ? channel_recv_spin(c, ret, d, SPIN_US) : channel_recv(c, ret, d);
}

/* A TIME_SYNC message with number @id and a payload of @len bytes of value @id. */
static void add_sync(struct buf *b, uint32_t id, size_t len)
{
	_cleanup_free_ uint8_t *payload = malloc(len + 1);

	memset(payload, id, len);
	assert_int_equal(msg_tsync_put(b, "ptp", id, payload, len), 0);
}

static void assert_sync(const struct msg *m, uint32_t id, size_t len)
{
	struct msg_tsync t;
	size_t i;

	assert_int_equal(msg_tsync_parse(m, &t), 0);
	assert_int_equal(t.id, id);
	assert_int_equal(t.len, len);
	for (i = 0; i < len; i++)
		assert_int_equal(t.data[i], (uint8_t)id);
}

static void what_is_sent_is_received(void **state)
{
	int spin;

	for (spin = 0; spin < 2; spin++) {
		_cleanup_pair_ struct pair *p = new_pair();
		struct channel there;
		struct msg m;

		channel_init(&there, take_fd(p->peer));
		assert_int_equal(channel_send(&there, MSG_TINIT, "fixed-part-1", 12, "tcp", 4,
					      deadline_in_ms(WAIT_MS)), 0);
		assert_int_equal(receive(&p->c, &m, WAIT_MS, spin), 0);
		assert_int_equal(m.cmd, MSG_TINIT);
		assert_int_equal(m.fixed_len, 12);
		assert_memory_equal(m.fixed, "fixed-part-1", 12);
		assert_int_equal(m.var_len, 4);
		assert_string_equal((const char *)m.var, "tcp");
		channel_close(&there);
		assert_int_equal(receive(&p->c, &m, WAIT_MS, spin), -ENODATA);
		assert_int_equal(receive(&p->c, &m, WAIT_MS, spin), -ENODATA);
	}
}

static void a_message_split_at_any_byte_is_received_whole(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t cut;
	int spin;

	add_sync(&b, 7, 16);
	for (spin = 0; spin < 2; spin++) {
		for (cut = 1; cut < b.len; cut++) {
			_cleanup_pair_ struct pair *p = new_pair();
			struct msg m;

			peer_sends(p, b.data, cut);
			assert_int_equal(receive(&p->c, &m, 0, spin), -ETIMEDOUT);
			peer_sends(p, b.data + cut, b.len - cut);
			assert_int_equal(receive(&p->c, &m, WAIT_MS, spin), 0);
			assert_sync(&m, 7, 16);
		}
	}
}

static void a_message_byte_by_byte_over_many_timeouts_is_received_whole(void **state)
{
	_cleanup_pair_ struct pair *p = new_pair();
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct msg m;
	size_t i;

	add_sync(&b, 3, 5);
	for (i = 0; i < b.len; i++) {
		assert_int_equal(receive(&p->c, &m, 0, i % 2), -ETIMEDOUT);
		peer_sends(p, b.data + i, 1);
	}
	assert_int_equal(receive(&p->c, &m, WAIT_MS, false), 0);
	assert_sync(&m, 3, 5);
}

static void messages_in_one_segment_come_one_by_one(void **state)
{
	static const size_t sizes[] = { 0, 4, 8144, 1, 0, 8144, 16 };
	int mode;

	/* exact, reading ahead, and both by turns */
	for (mode = 0; mode < 3; mode++) {
		_cleanup_pair_ struct pair *p = new_pair();
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct msg m;
		size_t i;

		for (i = 0; i < ARRAY_SIZE(sizes); i++)
			add_sync(&b, i + 1, sizes[i]);
		peer_sends(p, b.data, b.len);
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			bool spin = mode == 1 || (mode == 2 && i % 2 == 0);

			assert_int_equal(receive(&p->c, &m, WAIT_MS, spin), 0);
			assert_sync(&m, i + 1, sizes[i]);
		}
		assert_int_equal(receive(&p->c, &m, 0, mode == 1), -ETIMEDOUT);
	}
}

static void two_messages_split_anywhere_come_one_by_one(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t cut;
	int spin;

	add_sync(&b, 1, 4);
	add_sync(&b, 2, 6);
	for (spin = 0; spin < 2; spin++) {
		for (cut = 36; cut < b.len; cut++) {
			_cleanup_pair_ struct pair *p = new_pair();
			struct msg m;

			peer_sends(p, b.data, cut);
			assert_int_equal(receive(&p->c, &m, WAIT_MS, spin), 0);
			assert_sync(&m, 1, 4);
			assert_int_equal(receive(&p->c, &m, 0, spin), -ETIMEDOUT);
			peer_sends(p, b.data + cut, b.len - cut);
			assert_int_equal(receive(&p->c, &m, WAIT_MS, spin), 0);
			assert_sync(&m, 2, 6);
		}
	}
}

static void receiving_without_spinning_leaves_what_follows_in_the_socket(void **state)
{
	_cleanup_pair_ struct pair *p = new_pair();
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct msg m;
	char rest[8];

	add_sync(&b, 1, 4);
	buf_add_str(&b, "raw data");
	peer_sends(p, b.data, b.len);
	assert_int_equal(receive(&p->c, &m, WAIT_MS, false), 0);
	assert_sync(&m, 1, 4);
	assert_int_equal(recv(p->c.fd, rest, sizeof(rest), MSG_DONTWAIT), 8);
	assert_memory_equal(rest, "raw data", 8);
}

static void a_silent_peer_times_out_on_time(void **state)
{
	_cleanup_pair_ struct pair *p = new_pair();
	struct msg m;
	int spin;

	for (spin = 0; spin < 2; spin++) {
		int64_t begin = mono_now_ns();

		assert_int_equal(receive(&p->c, &m, 60, spin), -ETIMEDOUT);
		assert_in_range(mono_now_ns() - begin, 60 * 1000000LL, LATE_MS * 1000000LL);
	}
}

struct dripper {
	int fd;
	struct buf bytes;
};

/* Sends a byte each 10 ms until nobody takes it. */
static void *drip(void *arg)
{
	struct dripper *d = arg;
	size_t i;

	for (i = 0; i < d->bytes.len; i++) {
		struct pollfd pfd = { .fd = d->fd };

		if (send(d->fd, d->bytes.data + i, 1, MSG_NOSIGNAL) != 1)
			break;
		if (poll(&pfd, 1, 10) > 0)
			break;
	}
	return NULL;
}

static void a_byte_now_and_then_does_not_move_the_deadline(void **state)
{
	int spin;

	for (spin = 0; spin < 2; spin++) {
		_cleanup_pair_ struct pair *p = new_pair();
		struct dripper d = { .fd = p->peer };
		int64_t begin = mono_now_ns();
		pthread_t thread;
		struct msg m;

		/* would take 80 s */
		add_sync(&d.bytes, 1, 8000);
		assert_int_equal(pthread_create(&thread, NULL, drip, &d), 0);
		assert_int_equal(receive(&p->c, &m, 100, spin), -ETIMEDOUT);
		assert_in_range(mono_now_ns() - begin, 100 * 1000000LL, LATE_MS * 1000000LL);
		fd_close(&p->c.fd);
		pthread_join(thread, NULL);
		buf_release(&d.bytes);
	}
}

static void an_end_inside_a_message_is_a_broken_pipe(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t cut;
	int spin;

	add_sync(&b, 1, 4);
	for (spin = 0; spin < 2; spin++) {
		for (cut = 0; cut < b.len; cut++) {
			_cleanup_pair_ struct pair *p = new_pair();
			struct msg m;

			peer_sends(p, b.data, cut);
			fd_close(&p->peer);
			assert_int_equal(receive(&p->c, &m, WAIT_MS, spin),
					 cut ? -EPIPE : -ENODATA);
		}
	}
}

static void a_message_before_the_end_is_still_received(void **state)
{
	_cleanup_pair_ struct pair *p = new_pair();
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct msg m;

	add_sync(&b, 1, 4);
	add_sync(&b, 2, 4);
	peer_sends(p, b.data, b.len);
	fd_close(&p->peer);
	assert_int_equal(receive(&p->c, &m, WAIT_MS, true), 0);
	assert_sync(&m, 1, 4);
	assert_int_equal(receive(&p->c, &m, WAIT_MS, true), 0);
	assert_sync(&m, 2, 4);
	assert_int_equal(receive(&p->c, &m, WAIT_MS, true), -ENODATA);
}

static void a_bad_header_is_refused_at_once_and_for_good(void **state)
{
	static const uint8_t bad[][MSG_HEADER_LEN] = {
		{ 0, 0, 0, 11, 0, 0, 0, 3, 0, 0, 0, 0 },
		{ 0, 0, 0x20, 1, 0, 0, 0, 3, 0, 0, 0, 0 },
		{ 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 3, 0, 0, 0, 0 },
		{ 0, 0, 0, 24, 0, 0, 0, 1, 0, 0, 0, 13 },
		{ 0, 0, 0, 24, 0, 0, 0, 1, 0x80, 0, 0, 0 },
	};
	size_t i;
	int spin;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		for (spin = 0; spin < 2; spin++) {
			_cleanup_pair_ struct pair *p = new_pair();
			_cleanup_buf_ struct buf b = BUF_INIT;
			struct msg m;

			/* no need to wait for a body */
			peer_sends(p, bad[i], sizeof(bad[i]));
			assert_int_equal(receive(&p->c, &m, WAIT_MS, spin), -EBADMSG);
			add_sync(&b, 1, 4);
			peer_sends(p, b.data, b.len);
			assert_int_equal(receive(&p->c, &m, WAIT_MS, spin), -EBADMSG);
		}
	}
}

static void an_unknown_command_is_received_only_without_a_body(void **state)
{
	static const uint8_t bare[] = { 0, 0, 0, 12, 0, 0, 0, 99, 0, 0, 0, 0 };
	static const uint8_t body[] = { 0, 0, 0, 13, 0, 0, 0, 99, 0, 0, 0, 0, 1 };
	_cleanup_pair_ struct pair *p = new_pair();
	struct msg m;

	peer_sends(p, bare, sizeof(bare));
	assert_int_equal(receive(&p->c, &m, WAIT_MS, false), 0);
	assert_int_equal(m.cmd, 99);
	peer_sends(p, body, sizeof(body));
	assert_int_equal(receive(&p->c, &m, WAIT_MS, false), -EBADMSG);
}

static void a_stop_request_ends_the_wait(void **state)
{
	static uint8_t big[1 << 20];
	_cleanup_buf_ struct buf b = BUF_INIT;
	int spin;

	for (spin = 0; spin < 2; spin++) {
		_cleanup_pair_ struct pair *p = new_pair();
		_cleanup_close_ int wr = -1;
		_cleanup_close_ int rd = -1;
		struct msg m;
		int fds[2];

		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		rd = p->c.stop_fd = fds[0];
		wr = fds[1];
		assert_int_equal(receive(&p->c, &m, 20, spin), -ETIMEDOUT);
		assert_int_equal(write(wr, "x", 1), 1);
		assert_int_equal(receive(&p->c, &m, WAIT_MS, spin), -ECANCELED);
		/* also one for a peer that does not read */
		assert_int_equal(channel_send_data(&p->c, big, sizeof(big),
						   deadline_in_ms(WAIT_MS)), -ECANCELED);
		/* what is there already needs no wait */
		buf_reset(&b);
		add_sync(&b, 1, 4);
		peer_sends(p, b.data, b.len);
		assert_int_equal(receive(&p->c, &m, WAIT_MS, spin), 0);
	}
}

static void sending_to_a_peer_that_does_not_read_times_out(void **state)
{
	static uint8_t big[1 << 20];
	_cleanup_pair_ struct pair *p = new_pair();
	int64_t begin = mono_now_ns();

	assert_int_equal(channel_send_data(&p->c, big, sizeof(big), deadline_in_ms(60)),
			 -ETIMEDOUT);
	assert_in_range(mono_now_ns() - begin, 60 * 1000000LL, LATE_MS * 1000000LL);
}

static void sending_to_a_peer_that_left_fails_without_a_signal(void **state)
{
	_cleanup_pair_ struct pair *p = new_pair();

	/* SIGPIPE has its default here: it would end the test */
	fd_close(&p->peer);
	assert_int_equal(channel_send(&p->c, MSG_CLOSE, NULL, 0, NULL, 0, deadline_in_ms(WAIT_MS)),
			 -EPIPE);
}

static void what_cannot_be_a_message_is_not_sent(void **state)
{
	static uint8_t big[MSG_MAX_LEN];
	_cleanup_pair_ struct pair *p = new_pair();
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct deadline d = deadline_in_ms(WAIT_MS);
	struct msg m;
	char c;

	assert_int_equal(channel_send(&p->c, MSG_SEND_DATA, NULL, 0, big, sizeof(big), d),
			 -EMSGSIZE);
	b.error = -ENOMEM;
	assert_int_equal(channel_send_raw(&p->c, &b, d), -ENOMEM);
	assert_int_equal(recv(p->peer, &c, 1, MSG_DONTWAIT), -1);
	/* and the channel goes on */
	assert_int_equal(channel_send(&p->c, MSG_SEND_DATA, NULL, 0, big, MSG_MAX_DATA, d), 0);
	fd_close(&p->c.fd);
	p->c.fd = take_fd(p->peer);
	assert_int_equal(receive(&p->c, &m, WAIT_MS, false), 0);
	assert_int_equal(m.var_len, MSG_MAX_DATA);
}

struct sender {
	struct channel c;
	const uint8_t *data;
	size_t len;
	int ret;
};

static void *send_data(void *arg)
{
	struct sender *s = arg;

	s->ret = channel_send_data(&s->c, s->data, s->len, deadline_in_ms(WAIT_MS));
	return NULL;
}

static void data_is_cut_into_full_messages(void **state)
{
	static uint8_t data[5 * MSG_MAX_DATA + 1];
	_cleanup_pair_ struct pair *p = new_pair();
	struct sender *s = calloc(1, sizeof(*s));
	size_t i, got = 0;
	pthread_t thread;
	struct msg m;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 7 + i / 251;
	channel_init(&s->c, take_fd(p->peer));
	s->data = data;
	s->len = sizeof(data);
	assert_int_equal(pthread_create(&thread, NULL, send_data, s), 0);
	for (i = 0; i < 6; i++) {
		assert_int_equal(receive(&p->c, &m, WAIT_MS, false), 0);
		assert_int_equal(m.cmd, MSG_SEND_DATA);
		assert_int_equal(m.fixed_len, 0);
		assert_int_equal(m.var_len, i < 5 ? MSG_MAX_DATA : 1);
		assert_memory_equal(m.var, data + got, m.var_len);
		got += m.var_len;
	}
	pthread_join(thread, NULL);
	assert_int_equal(s->ret, 0);
	/* nothing for nothing: an empty SEND_DATA would read as the end */
	assert_int_equal(channel_send_data(&s->c, data, 0, deadline_in_ms(WAIT_MS)), 0);
	channel_close(&s->c);
	free(s);
	assert_int_equal(receive(&p->c, &m, WAIT_MS, false), -ENODATA);
}

/* --- a peer with Nagle's algorithm on that writes a message in two parts --- */

#define ROUNDS 25

struct stock {
	int fd;
	bool answers;	/* wait for an answer to each message */
};

static void *stock_peer(void *arg)
{
	struct stock *s = arg;
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct deadline d = deadline_in_ms(60000);
	uint8_t answer[36];
	int i;

	add_sync(&b, 2, 4);
	for (i = 0; i < ROUNDS; i++) {
		if (io_write_full(s->fd, b.data, 32, d) || io_write_full(s->fd, b.data + 32, 4, d))
			break;
		if (s->answers && io_read_full(s->fd, answer, sizeof(answer), d))
			break;
	}
	return NULL;
}

/* Milliseconds for ROUNDS messages of a stock peer. */
static int64_t stock_rounds(bool answers, bool quickack, bool spin)
{
	_cleanup_close_ int listener = -1;
	struct stock s = { .fd = -1, .answers = answers };
	struct channel *c = calloc(1, sizeof(*c));
	const int off = 0;
	struct net_addr a = { .kind = NET_TCP, .host = "127.0.0.1" };
	pthread_t thread;
	int64_t begin;
	struct msg m;
	int fd = -1, i;

	assert_int_equal(net_listen(NET_TCP, "127.0.0.1", 0, &listener, &a.port, NULL), 0);
	assert_int_equal(net_connect(&a, deadline_in_ms(WAIT_MS), &s.fd, NULL), 0);
	assert_int_equal(net_accept(listener, deadline_in_ms(WAIT_MS), NULL, &fd, NULL), 0);
	assert_int_equal(setsockopt(s.fd, IPPROTO_TCP, TCP_NODELAY, &off, sizeof(off)), 0);
	channel_init(c, fd);
	assert_true(c->quickack);
	c->quickack = quickack;
	begin = mono_now_ns();
	assert_int_equal(pthread_create(&thread, NULL, stock_peer, &s), 0);
	for (i = 0; i < ROUNDS; i++) {
		assert_int_equal(receive(c, &m, WAIT_MS, spin), 0);
		assert_sync(&m, 2, 4);
		if (answers)
			assert_int_equal(channel_send(c, MSG_TIME_SYNC, m.fixed, 20, m.var, 4,
						      deadline_in_ms(WAIT_MS)), 0);
	}
	begin = mono_now_ns() - begin;
	pthread_join(thread, NULL);
	fd_close(&s.fd);
	channel_close(c);
	free(c);
	return begin / 1000000;
}

static void a_peer_that_holds_back_its_second_write_is_not_slowed_down(void **state)
{
	int spin, answers, tries;

	/* it would be 40 ms or more a message, each time; a busy machine has some tries */
	for (spin = 0; spin < 2; spin++)
		for (answers = 0; answers < 2; answers++) {
			for (tries = 0; stock_rounds(answers, true, spin) > ROUNDS * 20; tries++)
				assert_true(tries < 10);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sent_is_received),
		cmocka_unit_test(a_message_split_at_any_byte_is_received_whole),
		cmocka_unit_test(a_message_byte_by_byte_over_many_timeouts_is_received_whole),
		cmocka_unit_test(messages_in_one_segment_come_one_by_one),
		cmocka_unit_test(two_messages_split_anywhere_come_one_by_one),
		cmocka_unit_test(receiving_without_spinning_leaves_what_follows_in_the_socket),
		cmocka_unit_test(a_silent_peer_times_out_on_time),
		cmocka_unit_test(a_byte_now_and_then_does_not_move_the_deadline),
		cmocka_unit_test(an_end_inside_a_message_is_a_broken_pipe),
		cmocka_unit_test(a_message_before_the_end_is_still_received),
		cmocka_unit_test(a_bad_header_is_refused_at_once_and_for_good),
		cmocka_unit_test(an_unknown_command_is_received_only_without_a_body),
		cmocka_unit_test(a_stop_request_ends_the_wait),
		cmocka_unit_test(sending_to_a_peer_that_does_not_read_times_out),
		cmocka_unit_test(sending_to_a_peer_that_left_fails_without_a_signal),
		cmocka_unit_test(what_cannot_be_a_message_is_not_sent),
		cmocka_unit_test(data_is_cut_into_full_messages),
		cmocka_unit_test(a_peer_that_holds_back_its_second_write_is_not_slowed_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
