/*
 * test-leftover.c - setup/leftover: what dead processes have left is put back, the latest of them first.
 *
 * As a user whom nobody else uses, as the files' directory depends on that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "setup/journal.h"
#include "setup/leftover.h"
#include "unit/nobody.h"

static char dir[] = "/tmp/utest-leftover-XXXXXX";

/* File systems tell no times in between. */
static void wait_for_tick(void)
{
	struct timespec from, now;

	clock_gettime(CLOCK_REALTIME_COARSE, &from);
	do {
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	} while (now.tv_sec == from.tv_sec && now.tv_nsec == from.tv_nsec);
}

/* A process sets the file "a" to @value and is gone. Its pid. */
static pid_t leave(const char *value)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		struct journal *j = journal_new(-1);
		char *path = NULL;
		int fd = leftover_begin(&path);

		if (!j || fd < 0)
			_exit(1);
		journal_copy_to(j, fd);
		_exit(journal_write(j, path_of(dir, "a").s, value, NULL) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return pid;
}

/* Each has found what the one before had set: the first one's value counts. */
static void latest_is_put_back_first(void **state)
{
	(void)state;
	need_nobody();
	/* many times, lest the order in which the directory has them is the right one by luck */
	for (int round = 0; round < 10; round++) {
		struct err err = { 0 };
		pid_t first;
		struct killed killed;

		assert_int_equal(put_in(dir, "a", "0\n"), 0);
		first = leave("1");
		wait_for_tick();
		leave("2");
		wait_for_tick();
		leave("3");
		assert_int_equal(leftover_restore(&killed, &err), 3);
		assert_int_equal(killed.pid, first);
		assert_false(killed.waits);
		check_text(dir, "a", "0");
		assert_int_equal(leftover_restore(&killed, &err), 0);
	}
}

static void living_are_left_alone(void **state)
{
	_cleanup_free_ char *path = NULL;
	struct err err = { 0 };
	struct killed killed;
	int fd;

	(void)state;
	need_nobody();
	fd = leftover_begin(&path);
	assert_true(fd >= 0);
	assert_int_equal(put_in(dir, "a", "0\n"), 0);
	leave("1");
	assert_int_equal(leftover_restore(&killed, &err), 1);
	check_text(dir, "a", "0");
	assert_int_equal(access(path, F_OK), 0);
	leftover_end(fd, path);
	assert_int_equal(access(path, F_OK), -1);
}

static int begin(void **state)
{
	(void)state;
	return !mkdtemp(dir) || chmod(dir, 0777) ? -1 : nobody_begin();
}

static int end(void **state)
{
	(void)state;
	return nobody_end(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(latest_is_put_back_first),
		cmocka_unit_test(living_are_left_alone),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
