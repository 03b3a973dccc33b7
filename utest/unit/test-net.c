/*
 * test-net.c - addresses, and sockets on loopback.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/vm_sockets.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "net/addr.h"
#include "net/lookup.h"

#define WAIT_MS 60000

static struct net_peer peer4(const char *text, int port)
{
	struct net_peer p = { .len = sizeof(struct sockaddr_in) };
	struct sockaddr_in *in = (struct sockaddr_in *)&p.sa;

	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	assert_int_equal(inet_pton(AF_INET, text, &in->sin_addr), 1);
	return p;
}

static struct net_peer peer6(const char *text, int port)
{
	struct net_peer p = { .len = sizeof(struct sockaddr_in6) };
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&p.sa;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	assert_int_equal(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
	return p;
}

static struct net_peer peer_vsock(uint32_t cid, uint32_t port)
{
	struct net_peer p = { .len = sizeof(struct sockaddr_vm) };
	struct sockaddr_vm *vm = (struct sockaddr_vm *)&p.sa;

	vm->svm_family = AF_VSOCK;
	vm->svm_cid = cid;
	vm->svm_port = port;
	return p;
}

static struct net_addr tcp_addr(const char *host, uint32_t port)
{
	struct net_addr a = { .kind = NET_TCP, .port = port };

	snprintf(a.host, sizeof(a.host), "%s", host);
	return a;
}

static void host_and_port_are_told_apart(void **state)
{
	static const struct { const char *text, *host, *port; } cases[] = {
		{ "host", "host", NULL }, { "host:1", "host", "1" }, { ":1", "", "1" }, { "host:", "host", "" },
		{ "[::1]", "::1", NULL }, { "[::1]:1", "::1", "1" }, { "[::1]:", "::1", "" }, { "[]", "", NULL },
		/* with no brackets the last one is the port's */
		{ "::1:2", "::1", "2" }, { "[::1", "[:", "1" }, { "[::1]x", "[:", "1]x" }, { "", "", NULL },
	};
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *host, *port;

		net_addr_split(cases[i].text, &host, &len, &port);
		assert_int_equal(len, strlen(cases[i].host));
		assert_memory_equal(host, cases[i].host, len);
		if (cases[i].port)
			assert_string_equal(port, cases[i].port);
		else
			assert_null(port);
	}
}

static void addresses_print_as_they_are_written(void **state)
{
	const struct net_addr vsock = { .kind = NET_VSOCK, .cid = 3, .port = 823 };
	struct net_addr a = tcp_addr("127.0.0.1", 1234);
	struct net_peer p = { 0 };
	char text[300];

	assert_string_equal(net_addr_text(&a, text, sizeof(text)), "127.0.0.1:1234");
	a = tcp_addr("::1", 80);
	assert_string_equal(net_addr_text(&a, text, sizeof(text)), "[::1]:80");
	assert_string_equal(net_addr_text(&vsock, text, sizeof(text)), "@3:823");

	assert_string_equal(net_peer_text(&p, text, sizeof(text)), "unknown peer");
	p = peer4("10.1.2.3", 65535);
	assert_string_equal(net_peer_text(&p, text, sizeof(text)), "10.1.2.3:65535");
	p = peer6("fe80::1", 7);
	assert_string_equal(net_peer_text(&p, text, sizeof(text)), "[fe80::1]:7");
	p = peer_vsock(4294967294u, 4294967295u);
	assert_string_equal(net_peer_text(&p, text, sizeof(text)), "@4294967294:4294967295");
	/* cut, but ended */
	assert_int_equal(strlen(net_peer_text(&p, text, 5)), 4);
}

static void same_host_ignores_ports_but_nothing_else(void **state)
{
	struct net_peer table[] = {
		peer4("127.0.0.1", 1), peer4("127.0.0.2", 1), peer6("::1", 1), peer6("::2", 1),
		peer_vsock(2, 1), peer_vsock(3, 1),
	};
	struct net_peer other_port[] = {
		peer4("127.0.0.1", 9), peer4("127.0.0.2", 9), peer6("::1", 9), peer6("::2", 9),
		peer_vsock(2, 9), peer_vsock(3, 9),
	};
	struct net_peer none = { 0 };
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		for (j = 0; j < ARRAY_SIZE(table); j++)
			assert_int_equal(net_peer_same_host(&table[i], &other_port[j]), i == j);
	assert_false(net_peer_same_host(&none, &none));
	assert_true(net_peer_cid(&table[5]) == 3);
	assert_true(net_peer_cid(&table[0]) == -1);
}

static int get_int_opt(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static void assert_tuned(int fd)
{
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(get_int_opt(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	assert_int_equal(get_int_opt(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
}

static void a_connection_is_made_and_both_ends_are_tuned(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hosts); i++) {
		_cleanup_close_ int listener = -1;
		_cleanup_close_ int here = -1;
		_cleanup_close_ int there = -1;
		struct net_peer peer;
		struct net_addr a;
		struct err err = { 0 };
		uint32_t port = 0;

		assert_int_equal(net_listen(NET_TCP, NULL, 0, &listener, &port, &err), 0);
		assert_in_range(port, 1, 65535);
		assert_tuned(listener);
		assert_int_equal(get_int_opt(listener, SOL_SOCKET, SO_REUSEADDR), 1);
		a = tcp_addr(hosts[i], port);
		assert_int_equal(net_connect(&a, deadline_in_ms(WAIT_MS), &here, &err), 0);
		assert_int_equal(net_accept(listener, deadline_in_ms(WAIT_MS), NULL, &there,
					    &peer), 0);
		assert_string_equal(err.text, "");
		assert_tuned(here);
		assert_tuned(there);
		assert_true(net_peer_is(&peer, "localhost", deadline_in_ms(WAIT_MS), NULL));
	}
}

static void an_ipv4_peer_of_a_dual_listener_is_an_ipv4_peer(void **state)
{
	_cleanup_close_ int listener = -1;
	_cleanup_close_ int here = -1;
	_cleanup_close_ int there = -1;
	struct net_peer peer, want = peer4("127.0.0.1", 0);
	struct net_addr a;
	uint32_t port;
	char text[300];

	assert_int_equal(net_listen(NET_TCP, NULL, 0, &listener, &port, NULL), 0);
	a = tcp_addr("127.0.0.1", port);
	assert_int_equal(net_connect(&a, deadline_in_ms(WAIT_MS), &here, NULL), 0);
	assert_int_equal(net_accept(listener, deadline_in_ms(WAIT_MS), NULL, &there, &peer), 0);
	assert_true(net_peer_same_host(&peer, &want));
	net_peer_text(&peer, text, sizeof(text));
	assert_memory_equal(text, "127.0.0.1:", 10);
}

static void a_listener_bound_to_one_address_is_not_on_another(void **state)
{
	_cleanup_close_ int listener = -1;
	_cleanup_close_ int fd = -1;
	struct net_addr a;
	uint32_t port;

	assert_int_equal(net_listen(NET_TCP, "127.0.0.1", 0, &listener, &port, NULL), 0);
	a = tcp_addr("127.0.0.2", port);
	assert_int_equal(net_connect(&a, deadline_in_ms(WAIT_MS), &fd, NULL), -ECONNREFUSED);
	assert_int_equal(fd, -1);
	a = tcp_addr("127.0.0.1", port);
	assert_int_equal(net_connect(&a, deadline_in_ms(WAIT_MS), &fd, NULL), 0);
}

static void a_refused_connection_says_to_whom(void **state)
{
	_cleanup_close_ int listener = -1;
	struct err err = { 0 };
	struct net_addr a;
	uint32_t port;
	char want[64];
	int fd = -1;

	assert_int_equal(net_listen(NET_TCP, "127.0.0.1", 0, &listener, &port, NULL), 0);
	fd_close(&listener);
	a = tcp_addr("127.0.0.1", port);
	assert_int_equal(net_connect(&a, deadline_in_ms(WAIT_MS), &fd, &err), -ECONNREFUSED);
	snprintf(want, sizeof(want), "127.0.0.1:%u: Connection refused", port);
	assert_non_null(strstr(err.text, want));
	assert_int_equal(err.code, -ECONNREFUSED);
	assert_int_equal(fd, -1);
}

static void an_unknown_host_and_bad_ports_are_refused(void **state)
{
	struct net_addr a = tcp_addr("no such host", 80);
	struct err err = { 0 };
	uint32_t port;
	int fd = -1;

	assert_int_equal(net_connect(&a, deadline_in_ms(WAIT_MS), &fd, &err), -ENXIO);
	assert_non_null(strstr(err.text, "'no such host'"));
	a = tcp_addr("127.0.0.1", 0);
	assert_int_equal(net_connect(&a, deadline_in_ms(WAIT_MS), &fd, NULL), -EINVAL);
	a = tcp_addr("127.0.0.1", 65536);
	assert_int_equal(net_connect(&a, deadline_in_ms(WAIT_MS), &fd, NULL), -EINVAL);
	assert_int_equal(net_listen(NET_TCP, NULL, 65536, &fd, &port, NULL), -EINVAL);
	assert_int_equal(net_listen(NET_TCP, "127.0.0.1", 65536, &fd, &port, NULL), -EINVAL);
	assert_int_equal(fd, -1);
}

static void a_connection_not_answered_times_out(void **state)
{
	_cleanup_close_ int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(in);
	int fds[8], n, ret = 0;
	struct net_addr a;
	int64_t begin;

	/* a queue for one that is never emptied: further requests go unanswered */
	assert_int_equal(bind(listener, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(listen(listener, 0), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&in, &len), 0);
	a = tcp_addr("127.0.0.1", ntohs(in.sin_port));
	for (n = 0; n < ARRAY_SIZE(fds) && !ret; n++) {
		fds[n] = -1;
		begin = mono_now_ns();
		ret = net_connect(&a, deadline_in_ms(100), &fds[n], NULL);
	}
	while (n)
		fd_close(&fds[--n]);
	assert_int_equal(ret, -ETIMEDOUT);
	assert_in_range(mono_now_ns() - begin, 100 * 1000000LL, 20000 * 1000000LL);
}

static void a_busy_port_is_refused_and_a_left_one_is_free_at_once(void **state)
{
	_cleanup_close_ int listener = -1;
	_cleanup_close_ int here = -1;
	_cleanup_close_ int there = -1;
	_cleanup_close_ int again = -1;
	struct err err = { 0 };
	struct net_addr a;
	uint32_t port, same;

	assert_int_equal(net_listen(NET_TCP, NULL, 0, &listener, &port, NULL), 0);
	assert_int_equal(net_listen(NET_TCP, NULL, port, &again, &same, &err), -EADDRINUSE);
	assert_non_null(strstr(err.text, "already in use"));
	/* close our end first: it stays behind in TIME_WAIT on that port */
	a = tcp_addr("127.0.0.1", port);
	assert_int_equal(net_connect(&a, deadline_in_ms(WAIT_MS), &there, NULL), 0);
	assert_int_equal(net_accept(listener, deadline_in_ms(WAIT_MS), NULL, &here, NULL), 0);
	fd_close(&here);
	fd_close(&listener);
	assert_int_equal(io_wait(there, POLLIN, deadline_in_ms(WAIT_MS)), 0);
	fd_close(&there);
	assert_int_equal(net_listen(NET_TCP, NULL, port, &again, &same, NULL), 0);
	assert_int_equal(same, port);
}

static void data_ports_ascend_and_beyond_6000_are_any(void **state)
{
	_cleanup_close_ int one = -1;
	_cleanup_close_ int two = -1;
	_cleanup_close_ int three = -1;
	struct err err = { 0 };
	uint32_t first, second, port;

	assert_int_equal(net_listen_data(NET_TCP, 5200, &one, &first, NULL), 0);
	assert_in_range(first, 5200, 6000);
	/* the search begins at a port that is taken now */
	assert_int_equal(net_listen_data(NET_TCP, first, &two, &second, NULL), 0);
	assert_in_range(second, first + 1, 6000);
	assert_int_equal(net_listen_data(NET_TCP, 6001, &three, &port, &err), 0);
	assert_in_range(port, 1024, 65535);
}

static void datagram_ports_are_never_shared(void **state)
{
	_cleanup_close_ int one = -1, two = -1;
	uint32_t first, second;

	assert_int_equal(net_listen_data(NET_UDP, 5600, &one, &first, NULL), 0);
	assert_int_equal(net_listen_data(NET_UDP, first, &two, &second, NULL), 0);
	assert_int_not_equal(first, second);
}

static void peer_gives_an_address_to_connect_to(void **state)
{
	_cleanup_close_ int listener = -1, there = -1, here = -1;
	struct net_addr a = { .kind = NET_TCP, .host = "127.0.0.1" }, back;
	struct net_peer peer;

	assert_int_equal(net_listen(NET_TCP, NULL, 0, &listener, &a.port, NULL), 0);
	assert_int_equal(net_connect(&a, deadline_in_ms(WAIT_MS), &there, NULL), 0);
	/* through IPv6 or not, it is the IPv4 address */
	assert_int_equal(net_accept(listener, deadline_in_ms(WAIT_MS), NULL, &here, &peer), 0);
	assert_int_equal(net_peer_addr(&peer, NET_UDP, 4711, &back), 0);
	assert_string_equal(back.host, "127.0.0.1");
	assert_int_equal(back.port, 4711);
	assert_int_equal(net_peer_of(there, &peer), 0);
	assert_int_equal(net_peer_port(&peer), a.port);
}

static void accept_times_out(void **state)
{
	_cleanup_close_ int listener = -1;
	uint32_t port;
	int64_t begin;
	int fd = -1;

	assert_int_equal(net_listen(NET_TCP, NULL, 0, &listener, &port, NULL), 0);
	begin = mono_now_ns();
	assert_int_equal(net_accept(listener, deadline_in_ms(50), NULL, &fd, NULL), -ETIMEDOUT);
	assert_in_range(mono_now_ns() - begin, 50 * 1000000LL, 20000 * 1000000LL);
	assert_int_equal(fd, -1);
}

static void accept_closes_strangers_and_waits_for_the_peer(void **state)
{
	_cleanup_close_ int listener = -1;
	_cleanup_close_ int stranger = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	_cleanup_close_ int here = -1;
	_cleanup_close_ int there = -1;
	struct net_peer only = peer4("127.0.0.2", 1), from = peer4("127.0.0.1", 0), peer;
	struct net_peer to = from;
	uint32_t port;
	char c;

	assert_int_equal(net_listen(NET_TCP, NULL, 0, &listener, &port, NULL), 0);
	((struct sockaddr_in *)&to.sa)->sin_port = htons(port);
	assert_int_equal(connect(stranger, (struct sockaddr *)&to.sa, to.len), 0);
	assert_int_equal(net_accept(listener, deadline_in_ms(50), &only, &here, NULL), -ETIMEDOUT);
	assert_int_equal(here, -1);
	/* closed, not kept waiting */
	assert_int_equal(io_wait(stranger, POLLIN, deadline_in_ms(WAIT_MS)), 0);
	assert_int_equal(recv(stranger, &c, 1, MSG_DONTWAIT), 0);

	there = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	from = peer4("127.0.0.2", 0);
	assert_int_equal(bind(there, (struct sockaddr *)&from.sa, from.len), 0);
	assert_int_equal(connect(there, (struct sockaddr *)&to.sa, to.len), 0);
	assert_int_equal(net_accept(listener, deadline_in_ms(WAIT_MS), &only, &here, &peer), 0);
	assert_true(net_peer_same_host(&peer, &only));
}

static bool is_client(const struct net_peer *p, const char *client)
{
	return net_peer_is(p, client, deadline_in_ms(WAIT_MS), NULL);
}

static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void looking_up_a_name_ends_when_the_user_wants(void **state)
{
	struct net_peer loop4 = peer4("127.0.0.1", 999);
	int fds = count_fds(), wish = eventfd(1, EFD_CLOEXEC);
	struct deadline d = deadline_or_stop(DEADLINE_NEVER, wish);
	struct addrinfo *list = NULL;
	struct err err = { 0 };

	for (int i = 0; i < 20; i++) {
		err_clear(&err);
		assert_int_equal(net_lookup("localhost", 1, d, &list, &err), -ECANCELED);
		assert_non_null(strstr(err.text, "localhost"));
		assert_null(list);
	}
	assert_false(net_peer_is(&loop4, "localhost", d, NULL));
	assert_true(net_peer_is(&loop4, "127.0.0.1", d, NULL));
	close(wish);
	/* who still asks gives back what it has when it is done */
	d = deadline_in_ms(WAIT_MS);
	while (count_fds() > fds && !deadline_passed(d))
		poll(NULL, 0, 1);
	assert_true(count_fds() <= fds);
}

static void a_client_is_known_by_name_or_address_and_nobody_else(void **state)
{
	struct net_peer loop4 = peer4("127.0.0.1", 999), loop6 = peer6("::1", 999);
	struct net_peer other = peer4("127.0.0.2", 999), vsock = peer_vsock(2, 1);

	assert_true(is_client(&loop4, "127.0.0.1"));
	assert_true(is_client(&loop4, "localhost"));
	assert_true(is_client(&loop6, "::1"));
	assert_false(is_client(&other, "127.0.0.1"));
	assert_false(is_client(&loop6, "127.0.0.1"));
	assert_false(is_client(&vsock, "localhost"));
	/* a failing lookup is no consent */
	assert_false(is_client(&loop4, "no such host"));
	assert_false(is_client(&loop4, ""));
	assert_false(is_client(&loop4, NULL));
}

static void a_vsock_peer_that_is_not_there_fails_by_the_deadline(void **state)
{
	/* no guest has this number: the largest that is not "any" */
	struct net_addr a = { .kind = NET_VSOCK, .cid = 4294967294u, .port = 823 };
	struct err err = { 0 };
	int64_t begin = mono_now_ns();
	int fd = -1, ret = net_connect(&a, deadline_in_ms(500), &fd, &err);

	if (ret == -EAFNOSUPPORT)
		skip();		/* a kernel without vsock */
	assert_true(ret < 0);
	assert_int_equal(fd, -1);
	assert_non_null(strstr(err.text, "@4294967294:823"));
	assert_in_range(mono_now_ns() - begin, 0, 20000 * 1000000LL);
}

static void a_vsock_listener_gets_a_port_from_the_kernel(void **state)
{
	_cleanup_close_ int listener = -1;
	struct err err = { 0 };
	uint32_t port = 0;
	int fd = -1, ret = net_listen_data(NET_VSOCK, 1500, &listener, &port, &err);

	if (ret == -EAFNOSUPPORT)
		skip();
	assert_int_equal(ret, 0);
	assert_true(port > 1023 && port != VMADDR_PORT_ANY);
	assert_int_equal(net_accept(listener, deadline_in_ms(20), NULL, &fd, NULL), -ETIMEDOUT);
}

static void the_local_cid_is_a_number_or_an_error(void **state)
{
	int64_t cid = net_local_cid();

	assert_true(cid < 0 ? cid > -4096 : cid < VMADDR_CID_ANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_and_port_are_told_apart),
		cmocka_unit_test(addresses_print_as_they_are_written),
		cmocka_unit_test(same_host_ignores_ports_but_nothing_else),
		cmocka_unit_test(a_connection_is_made_and_both_ends_are_tuned),
		cmocka_unit_test(an_ipv4_peer_of_a_dual_listener_is_an_ipv4_peer),
		cmocka_unit_test(a_listener_bound_to_one_address_is_not_on_another),
		cmocka_unit_test(a_refused_connection_says_to_whom),
		cmocka_unit_test(an_unknown_host_and_bad_ports_are_refused),
		cmocka_unit_test(a_connection_not_answered_times_out),
		cmocka_unit_test(a_busy_port_is_refused_and_a_left_one_is_free_at_once),
		cmocka_unit_test(data_ports_ascend_and_beyond_6000_are_any),
		cmocka_unit_test(datagram_ports_are_never_shared),
		cmocka_unit_test(peer_gives_an_address_to_connect_to),
		cmocka_unit_test(accept_times_out),
		cmocka_unit_test(accept_closes_strangers_and_waits_for_the_peer),
		cmocka_unit_test(a_client_is_known_by_name_or_address_and_nobody_else),
		cmocka_unit_test(looking_up_a_name_ends_when_the_user_wants),
		cmocka_unit_test(a_vsock_peer_that_is_not_there_fails_by_the_deadline),
		cmocka_unit_test(a_vsock_listener_gets_a_port_from_the_kernel),
		cmocka_unit_test(the_local_cid_is_a_number_or_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
