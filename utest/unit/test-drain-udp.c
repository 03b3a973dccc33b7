/*
 * test-drain-udp.c - datagrams into files: pages of the right sender, and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "net/drain.h"
#include "rec/sink.h"

#define PAGE	4096
#define WAIT_MS	60000

struct rig {
	struct drain *d;
	struct net_addr to;
	int file;
};

/* The host that datagrams may come from: this one, by its address @host. */
static void peer_at(const char *host, struct net_peer *ret)
{
	struct net_addr a = { .kind = NET_UDP, .port = 9 };
	_cleanup_close_ int fd = -1;

	snprintf(a.host, sizeof(a.host), "%s", host);
	assert_int_equal(net_connect(&a, deadline_in_ms(WAIT_MS), &fd, NULL), 0);
	assert_int_equal(net_peer_of(fd, ret), 0);
}

static void rig_start(struct rig *r, const char *from, uint64_t quota)
{
	struct drain_conf conf = { .n = 1, .quota_bytes = quota, .datagram_bytes = PAGE };
	struct err err = { 0 };
	int sock;

	*r = (struct rig){ .to = { .kind = NET_UDP, .host = "127.0.0.1" } };
	r->file = memfd_create("data", MFD_CLOEXEC);
	peer_at(from, &conf.from);
	assert_int_equal(net_listen_data(NET_UDP, 1500, &sock, &r->to.port, NULL), 0);
	conf.sockets = &sock;
	conf.files = &r->file;
	assert_int_equal(drain_start(&conf, &r->d, &err), 0);
}

static void rig_stop(struct rig *r)
{
	drain_free(r->d);
	close(r->file);
}

static int sender(struct rig *r)
{
	int fd;

	assert_int_equal(net_connect(&r->to, deadline_in_ms(WAIT_MS), &fd, NULL), 0);
	return fd;
}

/* A datagram of @size bytes of @fill. */
static void put(int fd, uint8_t fill, size_t size)
{
	uint8_t data[2 * PAGE];

	memset(data, fill, sizeof(data));
	assert_int_equal(send(fd, data, size, 0), size);
}

static void wait_bytes(struct rig *r, uint64_t want)
{
	struct deadline d = deadline_in_ms(WAIT_MS);

	while (drain_bytes(r->d) < want && !deadline_passed(d))
		poll(NULL, 0, 1);
	assert_int_equal(drain_bytes(r->d), want);
}

static void assert_page(struct rig *r, unsigned int page, uint8_t fill)
{
	uint8_t data[PAGE];
	unsigned int i;

	assert_int_equal(io_pread_full(r->file, data, PAGE, (uint64_t)page * PAGE), 0);
	for (i = 0; i < PAGE; i++)
		assert_int_equal(data[i], fill);
}

static void pages_are_written_in_their_order(void **state)
{
	struct drain_result result;
	struct rig r;
	int fd, i;

	rig_start(&r, "127.0.0.1", UINT64_MAX);
	fd = sender(&r);
	for (i = 0; i < 200; i++) {
		put(fd, i, PAGE);
		if (i % 50 == 49)
			wait_bytes(&r, (i + 1) * PAGE);
	}
	assert_int_equal(drain_finish(r.d, 0, &result), 0);
	for (i = 0; i < 200; i++)
		assert_page(&r, i, i);
	assert_int_equal(result.lost, 0);
	assert_int_equal(result.refused, 0);
	close(fd);
	rig_stop(&r);
}

static void other_sizes_are_refused(void **state)
{
	static const size_t sizes[] = { 0, 1, PAGE - 1, PAGE + 1, 2 * PAGE };
	struct drain_result result;
	struct rig r;
	unsigned int i;
	int fd;

	rig_start(&r, "127.0.0.1", UINT64_MAX);
	fd = sender(&r);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		put(fd, 1, sizes[i]);
	put(fd, 2, PAGE);
	wait_bytes(&r, PAGE);
	assert_int_equal(drain_finish(r.d, 0, &result), 0);
	assert_page(&r, 0, 2);
	assert_int_equal(result.refused, ARRAY_SIZE(sizes));
	close(fd);
	rig_stop(&r);
}

static void only_the_first_sender_counts(void **state)
{
	struct drain_result result;
	int first, second;
	struct rig r;

	rig_start(&r, "127.0.0.1", UINT64_MAX);
	first = sender(&r);
	second = sender(&r);
	put(first, 1, PAGE);
	wait_bytes(&r, PAGE);
	put(second, 2, PAGE);
	put(first, 3, PAGE);
	wait_bytes(&r, 2 * PAGE);
	assert_int_equal(drain_finish(r.d, 0, &result), 0);
	assert_page(&r, 1, 3);
	assert_int_equal(result.refused, 1);
	close(first);
	close(second);
	rig_stop(&r);
}

static void another_host_is_not_heard(void **state)
{
	struct drain_result result;
	struct deadline d = deadline_in_ms(WAIT_MS);
	struct rig r;
	int fd;

	/* what comes from 127.0.0.1 is not from 127.0.0.2 */
	rig_start(&r, "127.0.0.2", UINT64_MAX);
	fd = sender(&r);
	put(fd, 1, PAGE);
	do {
		poll(NULL, 0, 10);
		put(fd, 1, PAGE);
	} while (!deadline_passed(d) && drain_idle_ms(r.d) < 100);
	assert_int_equal(drain_finish(r.d, 0, &result), 0);
	assert_int_equal(result.bytes, 0);
	assert_true(result.refused >= 1);
	close(fd);
	rig_stop(&r);
}

static void the_quota_holds_for_datagrams(void **state)
{
	struct drain_result result;
	struct rig r;
	int fd;

	rig_start(&r, "127.0.0.1", PAGE + 100);
	fd = sender(&r);
	put(fd, 1, PAGE);
	wait_bytes(&r, PAGE);
	put(fd, 2, PAGE);
	assert_int_equal(io_wait(drain_ended_fd(r.d), POLLIN, deadline_in_ms(WAIT_MS)), 0);
	assert_int_equal(drain_finish(r.d, 0, &result), -EDQUOT);
	assert_int_equal(result.bytes, PAGE);
	close(fd);
	rig_stop(&r);
}

static void what_does_not_fit_the_socket_is_counted(void **state)
{
	const int small = 2 * PAGE;
	struct drain_conf conf = { .n = 1, .quota_bytes = UINT64_MAX, .datagram_bytes = PAGE };
	struct drain_result result;
	struct rig r = { .to = { .kind = NET_UDP, .host = "127.0.0.1" } };
	int sock, fd, i;

	r.file = memfd_create("data", MFD_CLOEXEC);
	peer_at("127.0.0.1", &conf.from);
	assert_int_equal(net_listen_data(NET_UDP, 1500, &sock, &r.to.port, NULL), 0);
	assert_int_equal(setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	fd = sender(&r);
	for (i = 0; i < 100; i++)
		put(fd, i, PAGE);
	conf.sockets = &sock;
	conf.files = &r.file;
	assert_int_equal(drain_start(&conf, &r.d, NULL), 0);
	assert_int_equal(io_wait(drain_ended_fd(r.d), POLLIN, deadline_in_ms(100)), -ETIMEDOUT);
	assert_int_equal(drain_finish(r.d, 100, &result), 0);
	assert_true(result.lost > 0);
	assert_int_equal(result.lost + result.bytes / PAGE, 100);
	close(fd);
	rig_stop(&r);
}

static void a_sink_of_datagrams_gets_one_for_each_unit(void **state)
{
	uint8_t data[3 * PAGE], scratch[PAGE];
	struct drain_result result;
	struct sink s;
	struct rig r;
	int fd, pipe_fd[2], i;

	rig_start(&r, "127.0.0.1", UINT64_MAX);
	fd = sender(&r);
	for (i = 0; i < 3; i++)
		memset(data + i * PAGE, i + 1, PAGE);
	assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
	assert_int_equal(write(pipe_fd[1], data, sizeof(data)), sizeof(data));
	sink_init(&s);
	assert_int_equal(sink_open(&s, fd, true), 0);
	assert_int_equal(sink_splice(&s, pipe_fd[0], sizeof(data), scratch, PAGE), 0);
	wait_bytes(&r, 3 * PAGE);
	assert_int_equal(drain_finish(r.d, 0, &result), 0);
	for (i = 0; i < 3; i++)
		assert_page(&r, i, i + 1);
	assert_int_equal(result.refused, 0);
	sink_close(&s);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	close(fd);
	rig_stop(&r);
}

static void a_sink_nobody_listens_to_is_broken(void **state)
{
	uint8_t data[PAGE] = { 0 };
	struct deadline d = deadline_in_ms(WAIT_MS);
	struct sink s;
	struct rig r;
	int fd, ret;

	rig_start(&r, "127.0.0.1", UINT64_MAX);
	fd = sender(&r);
	drain_finish(r.d, 0, NULL);
	sink_init(&s);
	assert_int_equal(sink_open(&s, fd, true), 0);
	do
		ret = sink_write(&s, data, PAGE);
	while (!ret && !deadline_passed(d));
	assert_int_equal(ret, -EPIPE);
	sink_close(&s);
	close(fd);
	rig_stop(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_written_in_their_order),
		cmocka_unit_test(other_sizes_are_refused),
		cmocka_unit_test(only_the_first_sender_counts),
		cmocka_unit_test(another_host_is_not_heard),
		cmocka_unit_test(the_quota_holds_for_datagrams),
		cmocka_unit_test(what_does_not_fit_the_socket_is_counted),
		cmocka_unit_test(a_sink_of_datagrams_gets_one_for_each_unit),
		cmocka_unit_test(a_sink_nobody_listens_to_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
