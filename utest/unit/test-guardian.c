/*
 * test-guardian.c - session/guardian: workers that are stuck, and users who insist. Nothing is traced.
 */
#include <errno.h>
#include <fcntl.h>
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
#include "session/guardian.h"

#define PATIENCE_MS	120000
#define AGAIN_MS	600	/* more than what is taken for the same wish */

/* Stopped, and stopped again when that is over. */
static int be_stuck(const struct plan *p, struct note *note, int mirror_fd)
{
	(void)p;
	(void)note;
	(void)mirror_fd;
	for (;;)
		raise(SIGSTOP);
	return 0;
}

static int end_well(const struct plan *p, struct note *note, int mirror_fd)
{
	(void)p;
	(void)note;
	(void)mirror_fd;
	return 3;
}

/* A pipe that takes nothing more: its end for writing. */
static int full_pipe(void)
{
	static char text[4096];
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	fcntl(fd[1], F_SETFL, O_NONBLOCK);
	while (write(fd[1], text, sizeof(text)) > 0)
		;
	fcntl(fd[1], F_SETFL, 0);
	return fd[1];
}

/* A guardian in a process of its own, whose messages nobody reads. */
static pid_t start(int (*worker)(const struct plan *p, struct note *note, int mirror_fd))
{
	struct plan plan = { .kind = PLAN_EXTRACT, .output = "/nonexistent/trace.dat" };
	int out = full_pipe();
	pid_t pid = fork();

	if (!pid) {
		/* until it hands them on */
		signal(SIGTERM, SIG_IGN);
		dup2(out, STDOUT_FILENO);
		dup2(out, STDERR_FILENO);
		_exit(guardian_run(&plan, worker));
	}
	/* the other end stays open: it is full, not broken */
	close(out);
	return pid;
}

static void a_worker_that_ends_is_all_there_is_to_wait_for(void **state)
{
	pid_t pid = start(end_well);
	int status = 0;

	assert_int_equal(reap_within(pid, &status, PATIENCE_MS), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
}

/* So is then who finishes its files, as its first message is not read. */
static void a_worker_that_is_stuck_is_killed_when_the_user_insists(void **state)
{
	struct deadline d = deadline_in_ms(PATIENCE_MS);
	pid_t pid = start(be_stuck);
	int status = 0, ret;

	while ((ret = reap_within(pid, &status, AGAIN_MS)) == -ETIMEDOUT && !deadline_passed(d))
		kill(pid, SIGTERM);
	if (ret)
		reap_killed(pid, NULL);
	assert_int_equal(ret, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 128 + SIGKILL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_that_ends_is_all_there_is_to_wait_for),
		cmocka_unit_test(a_worker_that_is_stuck_is_killed_when_the_user_insists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
