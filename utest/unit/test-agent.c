/*
 * test-agent.c - an agent among hosts that want different things of it. None gets as far as tracing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "net/addr.h"
#include "net/auth.h"
#include "session/agent.h"

#define WAIT_MS	60000
#define TRIES	10
#define CROWD	32	/* twice as many as an agent listens to */

static const struct auth_secret key = { .bytes = "nobody knows this one" };

struct agent_process {
	pid_t pid;
	uint32_t port;
};

static int start(void **state)
{
	static struct agent_process a;
	int fd;

	assert_int_equal(net_listen(NET_TCP, "127.0.0.1", 0, &fd, &a.port, NULL), 0);
	close(fd);
	a.pid = fork();
	if (!a.pid) {
		struct agent_conf conf = {
			.client = "127.0.0.1", .port = a.port, .auth = true, .auth_key = key,
		};
		int null = open("/dev/null", O_WRONLY);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, 1);
		dup2(null, 2);
		_exit(agent_run(&conf));
	}
	*state = &a;
	return a.pid < 0;
}

static int end(void **state)
{
	struct agent_process *a = *state;
	int status;

	kill(a->pid, SIGTERM);
	assert_int_equal(waitpid(a->pid, &status, 0), a->pid);
	assert_int_equal(status, 0);
	return 0;
}

static int come(const struct agent_process *a)
{
	struct net_addr addr = { .kind = NET_TCP, .host = "127.0.0.1", .port = a->port };
	struct deadline d = deadline_in_ms(WAIT_MS);
	int fd, ret;

	/* it may just be about to listen */
	while ((ret = net_connect(&addr, d, &fd, NULL)) == -ECONNREFUSED && !deadline_passed(d))
		poll(NULL, 0, 5);
	assert_int_equal(ret, 0);
	return fd;
}

/* A connection of somebody who knows the key; -EOPNOTSUPP: there is no such thing here. */
static int prove(const struct agent_process *a)
{
	struct deadline d = deadline_in_ms(WAIT_MS);
	struct err err = { 0 };
	struct auth_hand h;
	int fd = come(a), ret;

	auth_hand_init(&h, &key, false, AUTH_CONTROL, 0);
	ret = auth_hand_shake(&h, fd, d, &err);
	auth_hand_wipe(&h);
	if (ret == -EOPNOTSUPP)
		close(fd);
	else
		assert_int_equal(ret, 0);
	return ret ? ret : fd;
}

/* Wait until the agent has hung up. */
static void wait_end(int fd)
{
	struct deadline d = deadline_in_ms(WAIT_MS);
	char byte;

	for (;;) {
		assert_int_equal(io_wait(fd, POLLIN, d), 0);
		if (recv(fd, &byte, 1, 0) <= 0)
			return;
	}
}

static bool is_open(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

/* Is a host served while another one that has come before says nothing? -EOPNOTSUPP. */
static int is_served(const struct agent_process *a)
{
	int silent = prove(a), other;
	char nonsense[100] = { 0 };
	int64_t begin;
	bool served;

	if (silent < 0)
		return silent;
	other = prove(a);
	begin = mono_now_ns();
	assert_int_equal(send(other, nonsense, sizeof(nonsense), MSG_NOSIGNAL), sizeof(nonsense));
	wait_end(other);
	/* either would wait for 5 s */
	served = is_open(silent) && mono_now_ns() - begin < 4000000000LL;
	close(other);
	/* nor is it waited for without end */
	wait_end(silent);
	close(silent);
	return served;
}

/* Is one that knows the key kept when more come than there is room for? -EOPNOTSUPP. */
static int is_kept(const struct agent_process *a)
{
	int host = prove(a), crowd[CROWD];
	bool kept;

	if (host < 0)
		return host;
	for (int i = 0; i < CROWD; i++)
		crowd[i] = come(a);
	for (int i = 0; i < CROWD / 2; i++)
		wait_end(crowd[i]);
	kept = is_open(host);
	for (int i = 0; i < CROWD; i++)
		close(crowd[i]);
	close(host);
	return kept;
}

static void repeat(const struct agent_process *a, int (*try)(const struct agent_process *a))
{
	int tries, ret = 0;

	/* a busy machine has some */
	for (tries = 0; !ret && tries < TRIES; tries++)
		ret = try(a);
	if (ret == -EOPNOTSUPP)
		skip();
	assert_int_equal(ret, 1);
}

static void who_knows_the_key_is_not_pushed_out_by_a_crowd(void **state)
{
	repeat(*state, is_kept);
}

static void who_knows_the_key_and_says_nothing_keeps_nobody_out(void **state)
{
	repeat(*state, is_served);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_knows_the_key_and_says_nothing_keeps_nobody_out, start, end),
		cmocka_unit_test_setup_teardown(who_knows_the_key_is_not_pushed_out_by_a_crowd, start, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
