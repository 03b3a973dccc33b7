/*
 * test-drain.c - data connections into files: ends, failures, quota, full disks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "net/addr.h"
#include "net/drain.h"

#define WAIT_MS 60000
#define MAX_CONNS 64

/* A drain with its peers' ends and its files. */
struct rig {
	struct drain *d;
	unsigned int n;
	int peer[MAX_CONNS];
	int file[MAX_CONNS];
	struct drain_result result[MAX_CONNS];
};

static int temp_file(int flags)
{
	char name[] = "/tmp/test-drain-XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC | flags);

	assert_true(fd >= 0);
	unlink(name);
	return fd;
}

/* Connected sockets: Unix, or TCP over loopback. */
static void connect_pair(bool tcp, int *ret_ours, int *ret_peer)
{
	struct net_addr a = { .kind = NET_TCP, .host = "127.0.0.1" };
	_cleanup_close_ int listener = -1;
	int fds[2];

	if (!tcp) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
		*ret_ours = fds[0];
		*ret_peer = fds[1];
		return;
	}
	assert_int_equal(net_listen(NET_TCP, "127.0.0.1", 0, &listener, &a.port, NULL), 0);
	assert_int_equal(net_connect(&a, deadline_in_ms(WAIT_MS), ret_ours, NULL), 0);
	assert_int_equal(net_accept(listener, deadline_in_ms(WAIT_MS), NULL, ret_peer, NULL), 0);
}

static struct rig *new_rig(unsigned int n, uint64_t quota, bool tcp, int file_flags)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct drain_conf conf = { .n = n, .files = r->file, .quota_bytes = quota };
	struct err err = { 0 };
	int ours[MAX_CONNS];
	unsigned int i;

	r->n = n;
	for (i = 0; i < n; i++) {
		connect_pair(tcp, &ours[i], &r->peer[i]);
		r->file[i] = temp_file(file_flags);
	}
	conf.sockets = ours;
	assert_int_equal(drain_start(&conf, &r->d, &err), 0);
	return r;
}

static void rig_free(struct rig **r)
{
	unsigned int i;

	drain_free((*r)->d);
	for (i = 0; i < (*r)->n; i++) {
		fd_close(&(*r)->peer[i]);
		fd_close(&(*r)->file[i]);
	}
	free(*r);
}
#define _cleanup_rig_ _cleanup_(rig_free)

static uint8_t pattern(unsigned int conn, size_t at)
{
	return conn * 31 + at + at / 253 + at / 65521;
}

/* Send bytes [from, to) of a connection's pattern. 0; -errno. */
static int peer_sends(struct rig *r, unsigned int conn, size_t from, size_t to)
{
	_cleanup_free_ uint8_t *data = malloc(to - from);
	size_t i;

	for (i = from; i < to; i++)
		data[i - from] = pattern(conn, i);
	return io_write_full(r->peer[conn], data, to - from, deadline_in_ms(WAIT_MS));
}

static void wait_bytes(struct rig *r, uint64_t want)
{
	struct deadline d = deadline_in_ms(WAIT_MS);

	while (drain_bytes(r->d) != want && !deadline_passed(d))
		poll(NULL, 0, 1);
	assert_int_equal(drain_bytes(r->d), want);
}

static void assert_file(struct rig *r, unsigned int conn, size_t len)
{
	_cleanup_free_ uint8_t *data = malloc(len + 1);
	size_t i;

	assert_int_equal(lseek(r->file[conn], 0, SEEK_END), len);
	assert_int_equal(io_pread_full(r->file[conn], data, len, 0), 0);
	for (i = 0; i < len; i++)
		if (data[i] != pattern(conn, i))
			fail_msg("connection %u differs at byte %zu", conn, i);
}

struct sender {
	struct rig *r;
	unsigned int conn;
	size_t len;
	int ret;
};

static void *send_and_close(void *arg)
{
	struct sender *s = arg;

	s->ret = peer_sends(s->r, s->conn, 0, s->len);
	fd_close(&s->r->peer[s->conn]);
	return NULL;
}

/* @n senders at once, connection i sending @len + i bytes. */
static void all_send(struct rig *r, size_t len)
{
	struct sender s[MAX_CONNS];
	pthread_t thread[MAX_CONNS];
	unsigned int i;

	for (i = 0; i < r->n; i++) {
		s[i] = (struct sender){ .r = r, .conn = i, .len = len + i };
		assert_int_equal(pthread_create(&thread[i], NULL, send_and_close, &s[i]), 0);
	}
	for (i = 0; i < r->n; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(s[i].ret, 0);
	}
}

static void every_byte_of_every_connection_arrives(void **state)
{
	/* Unix sockets, TCP, and files that cannot be spliced to */
	static const struct {
		bool tcp;
		int flags;
	} table[] = { { false, 0 }, { true, 0 }, { true, O_APPEND } };
	const size_t len = 700001;
	unsigned int t, i;

	for (t = 0; t < ARRAY_SIZE(table); t++) {
		_cleanup_rig_ struct rig *r = new_rig(5, UINT64_MAX, table[t].tcp, table[t].flags);

		all_send(r, len);
		assert_int_equal(drain_finish(r->d, WAIT_MS, r->result), 0);
		for (i = 0; i < r->n; i++) {
			assert_int_equal(r->result[i].error, 0);
			assert_int_equal(r->result[i].bytes, len + i);
			assert_file(r, i, len + i);
		}
		assert_int_equal(drain_bytes(r->d), 5 * len + 10);
		assert_int_equal(io_wait(drain_ended_fd(r->d), POLLIN, deadline_in_ms(0)), 0);
		/* asking again gives the same */
		memset(r->result, 0xff, sizeof(r->result));
		assert_int_equal(drain_finish(r->d, 0, r->result), 0);
		assert_int_equal(r->result[4].bytes, len + 4);
	}
}

static void a_file_is_written_from_its_position_on(void **state)
{
	_cleanup_rig_ struct rig *r = calloc(1, sizeof(*r));
	struct drain_conf conf = { .n = 1, .files = r->file, .quota_bytes = UINT64_MAX };
	uint8_t byte;
	int ours;

	r->n = 1;
	connect_pair(false, &ours, &r->peer[0]);
	r->file[0] = temp_file(0);
	assert_int_equal(lseek(r->file[0], 4096, SEEK_SET), 4096);
	conf.sockets = &ours;
	assert_int_equal(drain_start(&conf, &r->d, NULL), 0);
	assert_int_equal(peer_sends(r, 0, 0, 10), 0);
	fd_close(&r->peer[0]);
	assert_int_equal(drain_finish(r->d, WAIT_MS, r->result), 0);
	assert_int_equal(r->result[0].bytes, 10);
	assert_int_equal(lseek(r->file[0], 0, SEEK_END), 4106);
	assert_int_equal(io_pread_full(r->file[0], &byte, 1, 4096), 0);
	assert_int_equal(byte, pattern(0, 0));
}

static void the_end_shows_only_when_the_last_connection_has_ended(void **state)
{
	_cleanup_rig_ struct rig *r = new_rig(2, UINT64_MAX, false, 0);

	assert_int_equal(peer_sends(r, 0, 0, 100), 0);
	fd_close(&r->peer[0]);
	wait_bytes(r, 100);
	assert_int_equal(io_wait(drain_ended_fd(r->d), POLLIN, deadline_in_ms(30)), -ETIMEDOUT);
	fd_close(&r->peer[1]);
	assert_int_equal(io_wait(drain_ended_fd(r->d), POLLIN, deadline_in_ms(WAIT_MS)), 0);
}

static void a_killed_peer_leaves_what_it_sent(void **state)
{
	_cleanup_rig_ struct rig *r = new_rig(2, UINT64_MAX, false, 0);
	int ready[2], status;
	pid_t pid;
	char c;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		/* only the child holds the peers' ends in the end */
		if (peer_sends(r, 0, 0, 5000) || peer_sends(r, 1, 0, 70) ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(1);
	}
	assert_true(pid > 0);
	fd_close(&r->peer[0]);
	fd_close(&r->peer[1]);
	assert_int_equal(io_read_full(ready[0], &c, 1, deadline_in_ms(WAIT_MS)), 0);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_int_equal(drain_finish(r->d, WAIT_MS, r->result), 0);
	assert_int_equal(r->result[0].bytes, 5000);
	assert_int_equal(r->result[1].bytes, 70);
	assert_file(r, 0, 5000);
	close(ready[0]);
	close(ready[1]);
}

static void a_reset_connection_is_a_broken_pipe_and_harms_no_other(void **state)
{
	_cleanup_rig_ struct rig *r = new_rig(2, UINT64_MAX, true, 0);
	const struct linger now = { .l_onoff = 1 };

	assert_int_equal(peer_sends(r, 0, 0, 1000), 0);
	wait_bytes(r, 1000);
	assert_int_equal(setsockopt(r->peer[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	fd_close(&r->peer[0]);
	assert_int_equal(peer_sends(r, 1, 0, 3000), 0);
	fd_close(&r->peer[1]);
	assert_int_equal(drain_finish(r->d, WAIT_MS, r->result), -EPIPE);
	assert_int_equal(r->result[0].error, -EPIPE);
	assert_file(r, 0, 1000);
	assert_int_equal(r->result[1].error, 0);
	assert_file(r, 1, 3000);
}

static void a_silent_peer_is_given_up_in_time(void **state)
{
	_cleanup_rig_ struct rig *r = new_rig(2, UINT64_MAX, false, 0);
	int64_t begin;
	char c;

	assert_int_equal(peer_sends(r, 0, 0, 4096), 0);
	fd_close(&r->peer[0]);
	assert_int_equal(peer_sends(r, 1, 0, 100), 0);
	wait_bytes(r, 4196);
	begin = mono_now_ns();
	assert_int_equal(drain_finish(r->d, 60, r->result), -ETIMEDOUT);
	assert_in_range(mono_now_ns() - begin, 60 * 1000000LL, 30000 * 1000000LL);
	assert_int_equal(r->result[0].error, 0);
	assert_int_equal(r->result[1].error, -ETIMEDOUT);
	assert_int_equal(r->result[1].bytes, 100);
	assert_true(drain_idle_ms(r->d) >= 60);
	/* and hung up on */
	assert_int_equal(recv(r->peer[1], &c, 1, MSG_DONTWAIT), 0);
}

static void *send_slowly(void *arg)
{
	struct sender *s = arg;
	size_t i;

	for (i = 0; i < s->len && !s->ret; i++) {
		poll(NULL, 0, 20);
		s->ret = peer_sends(s->r, s->conn, i, i + 1);
	}
	fd_close(&s->r->peer[s->conn]);
	return NULL;
}

static void a_slow_peer_is_waited_for_as_long_as_bytes_come(void **state)
{
	_cleanup_rig_ struct rig *r = new_rig(1, UINT64_MAX, false, 0);
	struct sender s = { .r = r, .len = 100 };
	pthread_t thread;

	/* 2 s in all, twice the time without progress that would be too long */
	assert_int_equal(pthread_create(&thread, NULL, send_slowly, &s), 0);
	assert_int_equal(drain_finish(r->d, 1000, r->result), 0);
	pthread_join(thread, NULL);
	assert_int_equal(r->result[0].bytes, 100);
	assert_file(r, 0, 100);
}

static void the_quota_holds_for_all_together(void **state)
{
	_cleanup_rig_ struct rig *r = new_rig(2, 10000, false, 0);

	assert_int_equal(peer_sends(r, 0, 0, 6000), 0);
	wait_bytes(r, 6000);
	assert_int_equal(peer_sends(r, 1, 0, 5000), 0);
	assert_int_equal(io_wait(drain_ended_fd(r->d), POLLIN, deadline_in_ms(50)), -ETIMEDOUT);
	fd_close(&r->peer[0]);
	/* one ended in order, the other wanted more than there was */
	assert_int_equal(drain_finish(r->d, WAIT_MS, r->result), -EDQUOT);
	assert_int_equal(r->result[0].error, 0);
	assert_int_equal(r->result[0].bytes, 6000);
	assert_int_equal(r->result[1].error, -EDQUOT);
	assert_int_equal(r->result[1].bytes, 4000);
	assert_file(r, 1, 4000);
	assert_int_equal(drain_bytes(r->d), 10000);
}

/* Guests' FIFOs, which cannot be peeked into. */
static void the_quota_holds_for_pipes_too(void **state)
{
	int more;

	for (more = 0; more < 2; more++) {
		int fds[2], file = temp_file(0);
		struct drain_conf conf = { .n = 1, .sockets = fds, .files = &file, .quota_bytes = 100 };
		struct drain_result result;
		struct drain *d = NULL;
		char text[200] = "";

		assert_int_equal(pipe(fds), 0);
		assert_int_equal(drain_start(&conf, &d, NULL), 0);
		assert_int_equal(write(fds[1], text, 100 + more), 100 + more);
		close(fds[1]);
		assert_int_equal(drain_finish(d, WAIT_MS, &result), more ? -EDQUOT : 0);
		assert_int_equal(result.bytes, 100);
		assert_int_equal(drain_over_quota(d), more);
		drain_free(d);
		close(file);
	}
}

static void the_quota_may_be_used_up_to_the_last_byte(void **state)
{
	_cleanup_rig_ struct rig *r = new_rig(2, 10000, true, 0);

	assert_int_equal(peer_sends(r, 0, 0, 10000), 0);
	wait_bytes(r, 10000);
	fd_close(&r->peer[0]);
	fd_close(&r->peer[1]);
	assert_int_equal(drain_finish(r->d, WAIT_MS, r->result), 0);
	assert_file(r, 0, 10000);
}

static void a_full_file_fails_its_connection_and_no_other(void **state)
{
	static const int flags[] = { 0, O_APPEND };
	struct rlimit old, low;
	unsigned int i;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		_cleanup_rig_ struct rig *r = new_rig(2, UINT64_MAX, false, flags[i]);
		int ret;

		low = (struct rlimit){ 8192, old.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
		/* SIGXFSZ has its default here: it would end the test */
		ret = peer_sends(r, 0, 0, 20000);
		if (!ret)
			ret = peer_sends(r, 1, 0, 8000);
		fd_close(&r->peer[1]);
		assert_int_equal(drain_finish(r->d, WAIT_MS, r->result), -EFBIG);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		assert_int_equal(ret, 0);
		assert_int_equal(r->result[0].error, -EFBIG);
		assert_int_equal(r->result[0].bytes, 8192);
		assert_file(r, 0, 8192);
		assert_int_equal(r->result[1].error, 0);
		assert_file(r, 1, 8000);
	}
}

static void a_full_disk_is_told_as_such(void **state)
{
	_cleanup_rig_ struct rig *r = calloc(1, sizeof(*r));
	struct drain_conf conf = { .n = 1, .files = r->file, .quota_bytes = UINT64_MAX };
	int ours;

	r->n = 1;
	r->file[0] = open("/dev/full", O_WRONLY | O_CLOEXEC);
	if (r->file[0] < 0)
		skip();
	connect_pair(false, &ours, &r->peer[0]);
	conf.sockets = &ours;
	assert_int_equal(drain_start(&conf, &r->d, NULL), 0);
	assert_int_equal(peer_sends(r, 0, 0, 4096), 0);
	assert_int_equal(drain_finish(r->d, WAIT_MS, r->result), -ENOSPC);
	assert_int_equal(r->result[0].bytes, 0);
}

static void freeing_does_not_wait_for_anybody(void **state)
{
	_cleanup_rig_ struct rig *r = new_rig(MAX_CONNS, UINT64_MAX, false, 0);
	int64_t begin = mono_now_ns();
	unsigned int i;
	char c;

	drain_free(r->d);
	r->d = NULL;
	assert_in_range(mono_now_ns() - begin, 0, 30000 * 1000000LL);
	for (i = 0; i < r->n; i++)
		assert_int_equal(recv(r->peer[i], &c, 1, MSG_DONTWAIT), 0);
	drain_free(NULL);
}

static void a_failed_start_leaves_the_sockets_to_the_caller(void **state)
{
	int fds[2], file = 1, bad[2], files[2] = { 1, 1 };
	struct drain_conf none = { .sockets = fds, .files = &file };
	struct drain_conf conf = { .n = 2, .sockets = bad, .files = files };
	struct drain *d = NULL;
	struct err err = { 0 };

	assert_int_equal(drain_start(&none, &d, &err), -EINVAL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	bad[0] = fds[0];
	bad[1] = -1;
	err_clear(&err);
	assert_int_equal(drain_start(&conf, &d, &err), -EBADF);
	assert_true(err.text[0]);
	assert_null(d);
	assert_int_equal(close(fds[0]), 0);
	assert_int_equal(close(fds[1]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_of_every_connection_arrives),
		cmocka_unit_test(a_file_is_written_from_its_position_on),
		cmocka_unit_test(the_end_shows_only_when_the_last_connection_has_ended),
		cmocka_unit_test(a_killed_peer_leaves_what_it_sent),
		cmocka_unit_test(a_reset_connection_is_a_broken_pipe_and_harms_no_other),
		cmocka_unit_test(a_silent_peer_is_given_up_in_time),
		cmocka_unit_test(a_slow_peer_is_waited_for_as_long_as_bytes_come),
		cmocka_unit_test(the_quota_holds_for_all_together),
		cmocka_unit_test(the_quota_holds_for_pipes_too),
		cmocka_unit_test(the_quota_may_be_used_up_to_the_last_byte),
		cmocka_unit_test(a_full_file_fails_its_connection_and_no_other),
		cmocka_unit_test(a_full_disk_is_told_as_such),
		cmocka_unit_test(freeing_does_not_wait_for_anybody),
		cmocka_unit_test(a_failed_start_leaves_the_sockets_to_the_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
