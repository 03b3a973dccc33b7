/*
 * test-insist.c - session/insist: who is killed when the user has insisted, and who is let alone.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/reap.h"
#include "session/insist.h"

#define APART_MS	600	/* more than what is taken for the same wish */
#define LOOK_MS		100
#define STUCK_MS	(25 * LOOK_MS)	/* more than somebody may do nothing for */
#define PATIENCE_MS	120000

/* One that writes a byte now and then, which is not much to be told from nothing. */
static pid_t start_slow(void)
{
	pid_t pid = fork();

	while (!pid) {
		int fd[2];

		if (pipe(fd) || write(fd[1], "x", 1) != 1)
			_exit(1);
		close(fd[0]);
		close(fd[1]);
		poll(NULL, 0, 10);
	}
	return pid;
}

static pid_t start_stopped(void)
{
	pid_t pid = fork();

	while (!pid)
		pause();
	kill(pid, SIGSTOP);
	return pid;
}

/* One test, as there is but one user. */
static void who_is_stuck_is_killed_who_is_slow_is_not(void **state)
{
	pid_t slow = start_slow(), stopped = start_stopped();
	int status = 0;

	insist_look_ms = LOOK_MS;
	assert_int_equal(insist_begin(), 0);
	insist_on(slow);
	insist_wish();
	/* twice the same */
	insist_wish();
	poll(NULL, 0, APART_MS);
	insist_wish();
	assert_int_equal(reap_within(slow, &status, STUCK_MS), -ETIMEDOUT);
	insist_on(stopped);
	assert_int_equal(reap_within(stopped, &status, PATIENCE_MS), 0);
	insist_on(0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(reap_killed(slow, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_stuck_is_killed_who_is_slow_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
