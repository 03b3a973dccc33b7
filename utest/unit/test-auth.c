/*
 * test-auth.c - handshakes by a shared key, and what is sent behind them.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "net/auth.h"
#include "net/tunnel.h"

#ifdef HAVE_SODIUM

static const struct auth_secret key = { { 1, 2, 3 } }, other_key = { { 1, 2, 4 } };

/* --- key files ----------------------------------------------------------------- */

static int load(const char *text, size_t len, mode_t mode, struct auth_secret *ret)
{
	char path[] = "/tmp/test-auth-XXXXXX";
	struct err err = { 0 };
	int fd = mkstemp(path), error;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	error = auth_key_load(path, ret, &err);
	assert_true(!error == !err.text[0]);
	unlink(path);
	return error;
}

static void key_files_are_long_enough_and_private(void **state)
{
	char text[AUTH_KEY_MAX + 1];
	struct auth_secret a, b;

	memset(text, 'k', sizeof(text));
	assert_int_equal(load(text, 32, 0600, &a), 0);
	assert_int_equal(load(text, 32, 0400, &b), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(load(text, 33, 0600, &b), 0);
	assert_memory_not_equal(&a, &b, sizeof(a));
	assert_int_equal(load(text, AUTH_KEY_MAX, 0600, &b), 0);
	assert_int_equal(load(text, 31, 0600, &a), -EINVAL);
	assert_int_equal(load(text, AUTH_KEY_MAX + 1, 0600, &a), -EINVAL);
	assert_int_equal(load(text, 32, 0640, &a), -EACCES);
	assert_int_equal(load(text, 32, 0604, &a), -EACCES);
	assert_int_equal(auth_key_load("/dev/null", &a, NULL), -EINVAL);
	assert_int_equal(auth_key_load("/nonexistent", &a, NULL), -ENOENT);
}

/* --- handshakes, in memory ----------------------------------------------------------- */

/* What went over the wire, each in one piece. */
struct talk {
	struct auth_hand client, server;
	uint8_t hello[AUTH_HELLO_LEN], banner[AUTH_HELLO_LEN], reply[AUTH_REPLY_LEN],
		finish[AUTH_REPLY_LEN];
	int flip;		/* byte to be changed on the way, counted through hello, reply, finish; -1 */
};

/* Give @h all of @data. What it answers goes to @ret. Its verdict. */
static int give(struct auth_hand *h, uint8_t *data, size_t len, uint8_t *ret, int flip)
{
	size_t used, out = 0, done = 0;
	int error = 1;

	if (flip >= 0 && (size_t)flip < len)
		data[flip] ^= 0x10;
	/* byte by byte: borders have no meaning */
	while (error == 1 && done < len) {
		error = auth_hand_take(h, data + done, 1, &used, ret, &out);
		done += used;
	}
	return error;
}

/* 0, or who refused and why. */
static int shake(struct talk *t)
{
	int error;

	assert_int_equal(auth_hand_begin(&t->client, t->hello), AUTH_HELLO_LEN);
	assert_int_equal(auth_hand_begin(&t->server, t->banner), AUTH_BANNER_LEN);
	error = give(&t->server, t->hello, AUTH_HELLO_LEN, t->reply, t->flip);
	if (error != 1)
		return error;
	assert_int_equal(give(&t->client, t->banner, AUTH_BANNER_LEN, t->finish, -1), 1);
	error = give(&t->client, t->reply, AUTH_REPLY_LEN, t->finish, t->flip - AUTH_HELLO_LEN);
	if (error)
		return error;
	return give(&t->server, t->finish, AUTH_FINISH_LEN, NULL,
		    t->flip - AUTH_HELLO_LEN - AUTH_REPLY_LEN);
}

static struct talk talk_of(const struct auth_secret *client, const struct auth_secret *server)
{
	struct talk t = { .flip = -1 };

	auth_hand_init(&t.client, client, false, AUTH_DATA, 3);
	auth_hand_init(&t.server, server, true, AUTH_DATA, 3);
	return t;
}

static void same_key_gives_same_keys_fresh_each_time(void **state)
{
	struct talk a = talk_of(&key, &key), b = talk_of(&key, &key);

	assert_int_equal(shake(&a), 0);
	assert_memory_equal(a.client.keys.send, a.server.keys.receive, 32);
	assert_memory_equal(a.client.keys.receive, a.server.keys.send, 32);
	assert_memory_equal(&a.client.keys.session, &a.server.keys.session, 32);
	assert_memory_not_equal(a.client.keys.send, a.client.keys.receive, 32);
	assert_int_equal(shake(&b), 0);
	assert_memory_not_equal(a.client.keys.send, b.client.keys.send, 32);
	assert_memory_not_equal(&a.client.keys.session, &b.client.keys.session, 32);
	assert_memory_not_equal(a.hello, b.hello, AUTH_HELLO_LEN);
}

static void another_key_is_refused(void **state)
{
	struct talk t = talk_of(&other_key, &key);

	assert_int_equal(shake(&t), -EACCES);
}

static void another_purpose_or_cpu_is_refused(void **state)
{
	struct talk t = talk_of(&key, &key);

	t.server.index = 4;
	assert_int_equal(shake(&t), -EACCES);
	t = talk_of(&key, &key);
	t.server.purpose = AUTH_SYNC;
	assert_int_equal(shake(&t), -EACCES);
}

static void any_flipped_bit_is_refused(void **state)
{
	int i;

	for (i = 0; i < AUTH_HELLO_LEN + AUTH_REPLY_LEN + AUTH_FINISH_LEN; i++) {
		struct talk t = talk_of(&key, &key);
		int ret;

		t.flip = i;
		ret = shake(&t);
		assert_true(ret == -EACCES || ret == -EPROTO);
	}
}

static void what_was_heard_before_is_of_no_use(void **state)
{
	struct talk old = talk_of(&key, &key), t = talk_of(&key, &key);
	uint8_t reply[AUTH_REPLY_LEN];

	assert_int_equal(shake(&old), 0);
	/* a client made of recorded bytes */
	auth_hand_begin(&t.server, t.banner);
	assert_int_equal(give(&t.server, old.hello, AUTH_HELLO_LEN, t.reply, -1), 1);
	assert_int_equal(give(&t.server, old.finish, AUTH_FINISH_LEN, NULL, -1), -EACCES);
	/* a server made of them */
	auth_hand_begin(&t.client, t.hello);
	assert_int_equal(give(&t.client, t.banner, AUTH_BANNER_LEN, t.finish, -1), 1);
	memcpy(reply, old.reply, sizeof(reply));
	assert_int_equal(give(&t.client, reply, AUTH_REPLY_LEN, t.finish, -1), -EACCES);
}

static void own_words_sent_back_are_refused(void **state)
{
	struct talk t = talk_of(&key, &key);
	uint8_t reply[AUTH_REPLY_LEN] = { 0 };

	auth_hand_begin(&t.client, t.hello);
	/* its own banner is a good one; key and proof in the places of the reply */
	assert_int_equal(give(&t.client, t.hello, AUTH_BANNER_LEN, t.finish, -1), 1);
	memcpy(reply, t.hello + 16, 64);
	assert_int_equal(give(&t.client, reply, AUTH_REPLY_LEN, t.finish, -1), -EACCES);
}

static void keys_that_make_the_secret_known_are_refused(void **state)
{
	struct talk t = talk_of(&key, &key);
	uint8_t reply[AUTH_REPLY_LEN] = { 0 };	/* the point 0 */

	auth_hand_begin(&t.client, t.hello);
	memcpy(t.banner, AUTH_BANNER, AUTH_BANNER_LEN);
	assert_int_equal(give(&t.client, t.banner, AUTH_BANNER_LEN, t.finish, -1), 1);
	assert_int_equal(give(&t.client, reply, AUTH_REPLY_LEN, t.finish, -1), -EACCES);
}

static void other_protocols_are_refused_at_their_first_bytes(void **state)
{
	static const char *const texts[] = { "tracecmd", "GET / HT", "TCAUTH\0002", "\0\0\0T\0\0\0\6" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		struct talk t = talk_of(&key, &key);
		uint8_t text[8];

		auth_hand_begin(&t.server, t.banner);
		auth_hand_begin(&t.client, t.hello);
		memcpy(text, texts[i], 8);
		assert_int_equal(give(&t.server, text, 8, t.reply, -1), -EPROTO);
		assert_int_equal(give(&t.client, text, 8, t.finish, -1), -EPROTO);
	}
}

/* --- tunnels ----------------------------------------------------------------------------------- */

/* Both ends of a connection, with somebody in between who passes on what he likes. */
struct line {
	struct tunnels client, server;
	int client_fd, server_fd;	/* the users' ends */
	int wire[2], far[2];		/* client - wire[1]; far[0] - server */
	enum auth_purpose purpose;
	enum tunnel_use server_use;
	int server_ret;
};

static void *server_side(void *arg)
{
	struct line *l = arg;

	l->server_ret = tunnels_wrap(&l->server, &l->server_fd, true, l->purpose, 0,
				     l->server_use, deadline_in_ms(10000), NULL);
	return NULL;
}

/* Pass on what comes at @from to @to for as long as @more says. Bytes passed. */
static size_t pass(int from, int to, size_t n)
{
	size_t done = 0;
	uint8_t block[4096];

	while (done < n) {
		size_t want = n - done < sizeof(block) ? n - done : sizeof(block);

		if (io_read_full(from, block, want, deadline_in_ms(10000)) ||
		    io_write_full(to, block, want, deadline_in_ms(10000)))
			break;
		done += want;
	}
	return done;
}

static void *middle(void *arg)
{
	struct line *l = arg;

	pass(l->far[0], l->wire[1], AUTH_BANNER_LEN);
	pass(l->wire[1], l->far[0], AUTH_HELLO_LEN);
	pass(l->far[0], l->wire[1], AUTH_REPLY_LEN);
	pass(l->wire[1], l->far[0], AUTH_FINISH_LEN);
	return NULL;
}

static void line_open(struct line *l, enum tunnel_use server_use)
{
	pthread_t server, between;

	*l = (struct line){
		.client.key = &key, .server.key = &key, .purpose = AUTH_CONTROL,
		.server_use = server_use,
	};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, l->wire), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, l->far), 0);
	l->client_fd = l->wire[0];
	l->server_fd = l->far[1];
	pthread_create(&server, NULL, server_side, l);
	pthread_create(&between, NULL, middle, l);
	assert_int_equal(tunnels_wrap(&l->client, &l->client_fd, false, l->purpose, 0, TUNNEL_BOTH,
				      deadline_in_ms(10000), NULL), 0);
	pthread_join(server, NULL);
	pthread_join(between, NULL);
	assert_int_equal(l->server_ret, 0);
}

static void line_close(struct line *l)
{
	fd_close(&l->client_fd);
	fd_close(&l->server_fd);
	fd_close(&l->wire[1]);
	fd_close(&l->far[0]);
	tunnels_finish(&l->client, 2000);
	tunnels_finish(&l->server, 2000);
}

/* One message on the wire, with its head. */
static size_t wire_message(int fd, uint8_t *ret)
{
	size_t len;

	assert_int_equal(io_read_full(fd, ret, 4, deadline_in_ms(10000)), 0);
	len = (size_t)ret[2] << 8 | ret[3];
	assert_int_equal(io_read_full(fd, ret + 4, len, deadline_in_ms(10000)), 0);
	return 4 + len;
}

static void say(int fd, const char *text)
{
	assert_int_equal(io_write_full(fd, text, strlen(text), deadline_in_ms(10000)), 0);
}

static void hears(int fd, const char *text)
{
	char got[100] = "";

	assert_int_equal(io_read_full(fd, got, strlen(text), deadline_in_ms(10000)), 0);
	assert_string_equal(got, text);
}

/* 0: a good end; else the error. */
static int end_of(int fd)
{
	char byte;
	ssize_t n;

	assert_int_equal(io_wait(fd, 1 /* POLLIN */, deadline_in_ms(10000)), 0);
	n = recv(fd, &byte, 1, 0);
	assert_true(n <= 0);
	return n ? -errno : 0;
}

static void bytes_arrive_both_ways_and_are_not_seen_between(void **state)
{
	uint8_t m[70000];
	struct line l;
	size_t n;

	line_open(&l, TUNNEL_BOTH);
	say(l.client_fd, "secret words");
	n = wire_message(l.wire[1], m);
	assert_null(memmem(m, n, "secret", 6));
	assert_null(memmem(m, n, "words", 5));
	assert_int_equal(io_write_full(l.far[0], m, n, deadline_in_ms(10000)), 0);
	hears(l.server_fd, "secret words");
	say(l.server_fd, "an answer");
	n = wire_message(l.far[0], m);
	assert_int_equal(io_write_full(l.wire[1], m, n, deadline_in_ms(10000)), 0);
	hears(l.client_fd, "an answer");
	line_close(&l);
}

static void good_end_is_a_good_end(void **state)
{
	uint8_t m[70000];
	struct line l;
	size_t n;

	line_open(&l, TUNNEL_IN);
	say(l.client_fd, "all of it");
	n = wire_message(l.wire[1], m);
	io_write_full(l.far[0], m, n, deadline_in_ms(10000));
	shutdown(l.client_fd, SHUT_WR);
	n = wire_message(l.wire[1], m);
	io_write_full(l.far[0], m, n, deadline_in_ms(10000));
	hears(l.server_fd, "all of it");
	assert_int_equal(end_of(l.server_fd), 0);
	/* the server's own end arrives, too: then all is over without being told */
	fd_close(&l.server_fd);
	n = wire_message(l.far[0], m);
	io_write_full(l.wire[1], m, n, deadline_in_ms(10000));
	assert_int_equal(end_of(l.client_fd), 0);
	assert_int_equal(tunnels_finish(&l.server, 10000), 0);
	assert_int_equal(tunnels_finish(&l.client, 10000), 0);
	line_close(&l);
}

static void *pass_all(void *arg)
{
	struct line *l = arg;

	uint8_t block[4096];
	ssize_t n;

	while ((n = recv(l->wire[1], block, sizeof(block), 0)) > 0)
		io_write_full(l->far[0], block, n, deadline_in_ms(10000));
	shutdown(l->far[0], SHUT_WR);
	return NULL;
}

/* Whoever sends to somebody who left with much of it not taken must not wait for that for ever. */
static void user_who_leaves_does_not_stop_the_peer(void **state)
{
	static const enum tunnel_use uses[] = { TUNNEL_IN, TUNNEL_BOTH };
	static char much[8 << 20];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(uses); i++) {
		pthread_t between;
		struct line l;

		line_open(&l, uses[i]);
		pthread_create(&between, NULL, pass_all, &l);
		/* until all on the way is full */
		while (!io_wait(l.client_fd, 4 /* POLLOUT */, deadline_in_ms(200)))
			assert_true(send(l.client_fd, much, 65536, MSG_DONTWAIT) > 0);
		fd_close(&l.server_fd);
		assert_int_equal(io_write_full(l.client_fd, much, sizeof(much), deadline_in_ms(10000)), 0);
		shutdown(l.wire[1], SHUT_RDWR);
		pthread_join(between, NULL);
		/* that was no good end */
		assert_int_equal(tunnels_finish(&l.client, 10000), -EPIPE);
		line_close(&l);
	}
}

static void end_without_its_confirmation_is_a_reset(void **state)
{
	uint8_t m[70000];
	struct line l;
	size_t n;

	line_open(&l, TUNNEL_IN);
	say(l.client_fd, "the first half");
	n = wire_message(l.wire[1], m);
	io_write_full(l.far[0], m, n, deadline_in_ms(10000));
	shutdown(l.far[0], SHUT_WR);
	hears(l.server_fd, "the first half");
	assert_int_equal(end_of(l.server_fd), -ECONNRESET);
	line_close(&l);
}

static void changed_repeated_and_lost_messages_end_it(void **state)
{
	enum { FLIP, REPEAT, SKIP, LENGTH, CUT, KINDS };
	int kind;

	for (kind = 0; kind < KINDS; kind++) {
		uint8_t a[70000], b[70000];
		struct line l;
		size_t n, m;

		line_open(&l, TUNNEL_IN);
		say(l.client_fd, "one");
		n = wire_message(l.wire[1], a);
		say(l.client_fd, "two");
		m = wire_message(l.wire[1], b);
		if (kind == FLIP)
			b[10] ^= 1;
		if (kind == LENGTH)
			b[0] = 0xff;
		if (kind != SKIP)
			io_write_full(l.far[0], a, n, deadline_in_ms(10000));
		if (kind == REPEAT)
			io_write_full(l.far[0], a, n, deadline_in_ms(10000));
		io_write_full(l.far[0], b, kind == CUT ? m - 1 : m, deadline_in_ms(10000));
		shutdown(l.far[0], SHUT_WR);
		if (kind != SKIP)
			hears(l.server_fd, "one");
		assert_int_equal(end_of(l.server_fd), -ECONNRESET);
		line_close(&l);
	}
}

static void *send_much(void *arg)
{
	int *fd = arg;
	_cleanup_free_ uint8_t *block = calloc(1, 1 << 20);
	int i;

	for (i = 0; i < 16; i++) {
		memset(block, i, 1 << 20);
		if (io_write_full(*fd, block, 1 << 20, deadline_in_ms(60000)))
			break;
	}
	shutdown(*fd, SHUT_WR);
	return NULL;
}

static void much_arrives_in_order(void **state)
{
	_cleanup_free_ uint8_t *block = malloc(1 << 20);
	pthread_t sender, between;
	struct line l;
	int i;

	line_open(&l, TUNNEL_IN);
	pthread_create(&sender, NULL, send_much, &l.client_fd);
	pthread_create(&between, NULL, pass_all, &l);
	for (i = 0; i < 16; i++) {
		assert_int_equal(io_read_full(l.server_fd, block, 1 << 20, deadline_in_ms(60000)), 0);
		assert_int_equal(block[0], i);
		assert_memory_equal(block, block + 1, (1 << 20) - 1);
	}
	assert_int_equal(end_of(l.server_fd), 0);
	pthread_join(sender, NULL);
	fd_close(&l.client_fd);
	tunnels_finish(&l.client, 100);
	pthread_join(between, NULL);
	line_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_files_are_long_enough_and_private),
		cmocka_unit_test(same_key_gives_same_keys_fresh_each_time),
		cmocka_unit_test(another_key_is_refused),
		cmocka_unit_test(another_purpose_or_cpu_is_refused),
		cmocka_unit_test(any_flipped_bit_is_refused),
		cmocka_unit_test(what_was_heard_before_is_of_no_use),
		cmocka_unit_test(own_words_sent_back_are_refused),
		cmocka_unit_test(keys_that_make_the_secret_known_are_refused),
		cmocka_unit_test(other_protocols_are_refused_at_their_first_bytes),
		cmocka_unit_test(bytes_arrive_both_ways_and_are_not_seen_between),
		cmocka_unit_test(good_end_is_a_good_end),
		cmocka_unit_test(user_who_leaves_does_not_stop_the_peer),
		cmocka_unit_test(end_without_its_confirmation_is_a_reset),
		cmocka_unit_test(changed_repeated_and_lost_messages_end_it),
		cmocka_unit_test(much_arrives_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void without_libsodium_keys_are_refused(void **state)
{
	struct auth_secret s;
	struct err err = { 0 };

	assert_int_equal(auth_key_load("/dev/null", &s, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "libsodium"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_libsodium_keys_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
