/*
 * Processes of ours that end, that don't, and those whose end somebody else is told first.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/reap.h"

#define PATIENCE_S 60

static pid_t start_sleeper(void)
{
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(1);
	}
	return pid;
}

static void the_status_of_one_that_ends_is_told(void **state)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(7);
	assert_int_equal(reap_within(pid, &status, PATIENCE_S * 1000), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(reap_within(pid, &status, PATIENCE_S * 1000), -ECHILD);
}

static void one_that_is_stopped_is_waited_for_as_long_as_asked_and_killed(void **state)
{
	pid_t pid = start_sleeper();
	int status = 0;

	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(reap_within(pid, &status, 1), -ETIMEDOUT);
	assert_int_equal(reap_killed(pid, &status), 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

/* A debugger of @pid that doesn't look after it. Its pid; -1: it may not be one. */
static pid_t start_debugger(pid_t pid)
{
	int ready[2];
	pid_t debugger;
	char c = 0;

	assert_int_equal(pipe(ready), 0);
	debugger = fork();
	if (!debugger) {
		if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) || write(ready[1], "r", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1) {
		waitpid(debugger, NULL, 0);
		debugger = -1;
	}
	close(ready[0]);
	return debugger;
}

static void one_that_is_debugged_is_given_up_when_its_end_does_not_come(void **state)
{
	pid_t pid = start_sleeper(), debugger = start_debugger(pid);

	alarm(PATIENCE_S);
	if (debugger > 0) {
		assert_int_equal(reap_killed(pid, NULL), -ETIMEDOUT);
		kill(debugger, SIGKILL);
		assert_int_equal(waitpid(debugger, NULL, 0), debugger);
	} else {
		print_message("SKIPPED: debugging is forbidden here\n");
	}
	assert_int_equal(reap_killed(pid, NULL), 0);
	alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_status_of_one_that_ends_is_told),
		cmocka_unit_test(one_that_is_stopped_is_waited_for_as_long_as_asked_and_killed),
		cmocka_unit_test(one_that_is_debugged_is_given_up_when_its_end_does_not_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
