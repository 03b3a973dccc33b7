/*
 * test-awaited.c - connections that have to prove themselves: nobody keeps another one from it.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "net/awaited.h"

#define PORTS	3
#define LONG_MS	20000	/* for what happens at once */

static const struct auth_secret key = { { 1, 2, 3 } };

/* A session's ports, and those who connect to them from here. */
struct stage {
	struct tunnels tunnels, peers;
	int listen[PORTS];
	struct net_addr addr[PORTS];
	struct net_peer peer;
	struct awaited w;
};

static void stage_open(struct stage *s, bool auth)
{
	int i;

	memset(s, 0, sizeof(*s));
	if (auth)
		s->tunnels.key = s->peers.key = &key;
	s->tunnels.session = s->peers.session = key;
	for (i = 0; i < PORTS; i++) {
		s->addr[i] = (struct net_addr){ .kind = NET_TCP, .host = "127.0.0.1" };
		assert_int_equal(net_listen(NET_TCP, "127.0.0.1", 0, &s->listen[i],
					    &s->addr[i].port, NULL), 0);
	}
	s->w = (struct awaited){
		.listen = s->listen, .n = PORTS, .peer = &s->peer, .tunnels = &s->tunnels,
		.purpose = AUTH_DATA, .use = TUNNEL_BOTH,
	};
}

static void stage_close(struct stage *s)
{
	int i;

	awaited_release(&s->w);
	for (i = 0; i < PORTS; i++)
		fd_close(&s->listen[i]);
	tunnels_finish(&s->tunnels, 0);
	tunnels_finish(&s->peers, 0);
}

/* Connect to port @i and say nothing. */
static int call(struct stage *s, int i)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	int fd;

	assert_int_equal(net_connect(&s->addr[i], deadline_in_ms(LONG_MS), &fd, NULL), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	net_peer_set(&s->peer, &sa, len);
	return fd;
}

/* Wait for what there is to look at, and look. As awaited_look(); -EAGAIN: nothing by @d. */
static int look(struct stage *s, struct deadline d, int *ret_index, int *ret_fd, struct err *err)
{
	struct pollfd fds[PORTS + AWAITED_MAX];

	for (;;) {
		int n, ret;

		*err = (struct err){ 0 };
		ret = awaited_look(&s->w, ret_index, ret_fd, err);
		if (ret)
			return ret;
		if (deadline_passed(d))
			return -EAGAIN;
		n = awaited_poll_fds(&s->w, fds, PORTS + AWAITED_MAX);
		poll(fds, n, deadline_left_ms(deadline_min(d, awaited_deadline(&s->w))));
	}
}

static void without_a_key_who_comes_first_is_taken(void **state)
{
	struct stage s;
	struct err err;
	int a, index, fd;

	stage_open(&s, false);
	a = call(&s, 1);
	assert_int_equal(look(&s, deadline_in_ms(LONG_MS), &index, &fd, &err), 1);
	assert_int_equal(index, 1);
	assert_int_equal(s.listen[1], -1);
	assert_true(awaited_any(&s.w));
	assert_int_equal(write(a, "x", 1), 1);
	assert_int_equal(io_wait(fd, POLLIN, deadline_in_ms(LONG_MS)), 0);
	close(fd);
	close(a);
	stage_close(&s);
}

#ifdef HAVE_SODIUM

/* One who knows the key, a step at a time. */
struct caller {
	int fd;
	struct auth_hand hand;
	int verdict;		/* -EAGAIN: none yet */
};

static struct caller call_with(struct stage *s, int port, int index, const struct auth_secret *secret)
{
	struct caller c = { .fd = call(s, port), .verdict = -EAGAIN };
	uint8_t hello[AUTH_HELLO_LEN];

	auth_hand_init(&c.hand, secret, false, AUTH_DATA, index);
	assert_int_equal(auth_hand_begin(&c.hand, hello), AUTH_HELLO_LEN);
	assert_int_equal(write(c.fd, hello, sizeof(hello)), sizeof(hello));
	return c;
}

/* Until @c is taken. How long it took, ms. */
static int64_t until_taken(struct stage *s, struct caller *c, int want, int *ret_fd)
{
	int64_t begin_ns = mono_now_ns();

	for (;;) {
		struct err err;
		int index, ret = look(s, deadline_in_ms(5), &index, ret_fd, &err);

		if (c->verdict == -EAGAIN)
			c->verdict = auth_hand_step(&c->hand, c->fd);
		assert_true(c->verdict == -EAGAIN || !c->verdict);
		assert_true(mono_now_ns() - begin_ns < LONG_MS * 1000000LL);
		if (ret > 0) {
			assert_int_equal(index, want);
			return (mono_now_ns() - begin_ns) / 1000000;
		}
	}
}

static void silent_ones_keep_nobody_from_it(void **state)
{
	struct stage s;
	struct caller c;
	int silent[AWAITED_MAX / 2], i, fd;

	stage_open(&s, true);
	for (i = 0; i < (int)ARRAY_SIZE(silent); i++)
		silent[i] = call(&s, i % PORTS);
	c = call_with(&s, 2, 2, &key);
	assert_true(until_taken(&s, &c, 2, &fd) < AWAITED_HAND_MS);
	/* who waited at the same port is turned away, the others have their time */
	assert_int_equal(s.listen[2], -1);
	assert_true(s.w.nr_hands >= (int)ARRAY_SIZE(silent) / PORTS);
	for (i = 0; i < (int)ARRAY_SIZE(silent); i++)
		close(silent[i]);
	close(fd);
	close(c.fd);
	stage_close(&s);
}

static void a_byte_now_and_then_is_no_more_time(void **state)
{
	struct stage s;
	struct err err;
	uint8_t hello[AUTH_HELLO_LEN];
	struct auth_hand hand;
	int64_t begin_ns = mono_now_ns(), ms;
	int slow, index, fd, ret, sent = 0;

	stage_open(&s, true);
	slow = call(&s, 0);
	auth_hand_init(&hand, &key, false, AUTH_DATA, 0);
	assert_int_equal(auth_hand_begin(&hand, hello), AUTH_HELLO_LEN);
	do {
		ret = look(&s, deadline_in_ms(AWAITED_HAND_MS / 30), &index, &fd, &err);
		if (ret == -EAGAIN && sent < AUTH_HELLO_LEN - 1)
			assert_int_equal(write(slow, hello + sent++, 1), 1);
	} while (ret == -EAGAIN);
	ms = (mono_now_ns() - begin_ns) / 1000000;
	assert_int_equal(ret, -ETIMEDOUT);
	assert_non_null(strstr(err.text, "the data of CPU 0 was refused: it does not answer"));
	assert_true(ms >= AWAITED_HAND_MS - 1 && ms < LONG_MS);
	assert_int_equal(s.w.nr_hands, 0);
	/* the port is still there for the right one */
	assert_true(s.listen[0] >= 0);
	close(slow);
	stage_close(&s);
}

static void of_many_at_once_each_is_taken_once(void **state)
{
	struct stage s;
	struct caller c[PORTS];
	int i, fd, taken = 0;

	stage_open(&s, true);
	for (i = 0; i < PORTS; i++)
		c[i] = call_with(&s, i, i, &key);
	while (taken < PORTS) {
		struct err err;
		int index, ret = look(&s, deadline_in_ms(5), &index, &fd, &err);

		assert_true(ret == 1 || ret == -EAGAIN);
		for (i = 0; i < PORTS; i++)
			if (c[i].verdict == -EAGAIN)
				c[i].verdict = auth_hand_step(&c[i].hand, c[i].fd);
		if (ret == 1) {
			taken++;
			close(fd);
		}
	}
	assert_false(awaited_any(&s.w));
	for (i = 0; i < PORTS; i++) {
		assert_int_equal(c[i].verdict, 0);
		close(c[i].fd);
	}
	stage_close(&s);
}

static void a_crowd_does_not_grow_without_end(void **state)
{
	struct stage s;
	struct caller c;
	int silent[2 * AWAITED_MAX], i, fd, index;
	struct err err;

	stage_open(&s, true);
	for (i = 0; i < (int)ARRAY_SIZE(silent); i++) {
		silent[i] = call(&s, 0);
		look(&s, deadline_in_ms(0), &index, &fd, &err);
		assert_true(s.w.nr_hands <= AWAITED_MAX);
	}
	assert_int_equal(s.w.nr_hands, AWAITED_MAX);
	c = call_with(&s, 0, 0, &key);
	assert_true(until_taken(&s, &c, 0, &fd) < AWAITED_HAND_MS);
	assert_int_equal(s.w.nr_hands, 0);
	for (i = 0; i < (int)ARRAY_SIZE(silent); i++)
		close(silent[i]);
	close(fd);
	close(c.fd);
	stage_close(&s);
}

static void wrong_ones_are_refused_and_told(void **state)
{
	static const struct auth_secret other = { { 9 } };
	static const struct {
		int index;
		const struct auth_secret *secret;
		const char *say;
		int verdict;
	} cases[] = {
		{ 0, &other, "does not know the key", -EACCES },
		{ 1, &key, "does not know the key", -EACCES },	/* of another CPU */
	};
	struct stage s;
	struct err err;
	int index, fd;
	size_t i;

	stage_open(&s, true);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct caller c = call_with(&s, 0, cases[i].index, cases[i].secret);

		assert_int_equal(look(&s, deadline_in_ms(LONG_MS), &index, &fd, &err),
				 cases[i].verdict);
		assert_int_equal(index, 0);
		assert_non_null(strstr(err.text, cases[i].say));
		assert_int_equal(s.w.nr_hands, 0);
		close(c.fd);
	}
	close(call(&s, 0));
	assert_int_equal(look(&s, deadline_in_ms(LONG_MS), &index, &fd, &err), -ECONNRESET);
	assert_non_null(strstr(err.text, "it hung up"));
	stage_close(&s);
}

static void the_handshake_of_who_connects_can_be_stopped(void **state)
{
	struct stage s;
	int stop[2], fd, ret;
	int64_t begin_ns = mono_now_ns();
	struct err err = { 0 };

	stage_open(&s, true);
	assert_int_equal(pipe(stop), 0);
	/* nobody accepts */
	fd = call(&s, 0);
	assert_int_equal(write(stop[1], "x", 1), 1);
	ret = tunnels_wrap(&s.peers, &fd, false, AUTH_DATA, 0, TUNNEL_BOTH,
			   deadline_or_stop(deadline_in_ms(LONG_MS), stop[0]), &err);
	assert_int_equal(ret, -ECANCELED);
	assert_true(mono_now_ns() - begin_ns < LONG_MS * 1000000LL);
	close(fd);
	close(stop[0]);
	close(stop[1]);
	stage_close(&s);
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_key_who_comes_first_is_taken),
#ifdef HAVE_SODIUM
		cmocka_unit_test(silent_ones_keep_nobody_from_it),
		cmocka_unit_test(a_byte_now_and_then_is_no_more_time),
		cmocka_unit_test(of_many_at_once_each_is_taken_once),
		cmocka_unit_test(a_crowd_does_not_grow_without_end),
		cmocka_unit_test(wrong_ones_are_refused_and_told),
		cmocka_unit_test(the_handshake_of_who_connects_can_be_stopped),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
