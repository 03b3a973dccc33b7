/*
 * test-background.c - session/background: who waits for the process in the background, and for how long.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/io.h"
#include "base/reap.h"
#include "session/background.h"

#define PATIENCE_MS	60000
#define AGAIN_MS	600	/* more than what is taken for the same wish */

/* The one in the background: tells who it is. @begins: that it has begun, too. Never ends by itself. */
static void be_stubborn(int pid_fd, int ready_fd, bool begins)
{
	pid_t pid = getpid();

	signal(SIGTERM, SIG_IGN);
	if (write(pid_fd, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
	if (begins)
		background_begun(&ready_fd);
	for (;;)
		pause();
}

/* Who is called, with signals that wait until it looks for them. The one in the background in @ret_other. */
static pid_t start(bool begins, pid_t *ret_other)
{
	int fd[2], ready_fd = -1, status;
	sigset_t set;
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (!pid) {
		sigemptyset(&set);
		sigaddset(&set, SIGINT);
		sigprocmask(SIG_BLOCK, &set, NULL);
		status = background_begin(&ready_fd);
		if (status < 0)
			be_stubborn(fd[1], ready_fd, begins);
		_exit(status);
	}
	assert_int_equal(io_read_full(fd[0], ret_other, sizeof(*ret_other), deadline_in_ms(PATIENCE_MS)), 0);
	close(fd[0]);
	close(fd[1]);
	return pid;
}

static void begun_is_the_end_of_the_wait(void **state)
{
	pid_t other = 0, pid = start(true, &other);
	int status = -1;

	assert_int_equal(reap_within(pid, &status, PATIENCE_MS), 0);
	kill(other, SIGKILL);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void who_insists_need_not_wait_for_one_that_is_stuck(void **state)
{
	struct deadline d = deadline_in_ms(PATIENCE_MS);
	pid_t other = 0, pid = start(false, &other);
	int status = -1, ret;

	do {
		kill(pid, SIGINT);
		ret = reap_within(pid, &status, AGAIN_MS);
	} while (ret == -ETIMEDOUT && !deadline_passed(d));
	kill(other, SIGKILL);
	if (ret)
		kill(pid, SIGKILL);
	assert_int_equal(ret, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begun_is_the_end_of_the_wait),
		cmocka_unit_test(who_insists_need_not_wait_for_one_that_is_stuck),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
