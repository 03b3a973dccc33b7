/*
 * Files that name a process in the background.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "session/pidfile.h"

#define WRITERS	4
#define TIMES	500

struct place {
	char dir[40], path[60];
};

static void place_init(struct place *p)
{
	*p = (struct place){ .dir = "/tmp/test-pidfile-XXXXXX" };
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/it.pid", p->dir);
}

/* Nothing else was left there. */
static void place_release(struct place *p)
{
	unlink(p->path);
	assert_int_equal(rmdir(p->dir), 0);
}

static void it_is_removed_by_who_is_named(void **state)
{
	struct stat st;
	struct place p;

	place_init(&p);
	assert_int_equal(pidfile_alive(p.path), 0);
	assert_int_equal(pidfile_write(p.path, getpid(), NULL), 0);
	assert_int_equal(pidfile_alive(p.path), getpid());
	assert_int_equal(stat(p.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	pidfile_remove(p.path, getpid() + 1);
	assert_int_equal(pidfile_alive(p.path), getpid());
	pidfile_remove(p.path, getpid());
	assert_int_equal(access(p.path, F_OK), -1);
	place_release(&p);
}

static void where_none_can_be_there_is_an_error(void **state)
{
	struct err err = { 0 };
	struct place p;

	place_init(&p);
	assert_int_equal(mkdir(p.path, 0700), 0);
	assert_true(pidfile_write(p.path, getpid(), &err) < 0);
	assert_non_null(strstr(err.text, p.path));
	assert_int_equal(rmdir(p.path), 0);
	place_release(&p);
}

/* Names itself again and again. */
static pid_t writer(const char *path)
{
	pid_t pid = fork();
	int i;

	if (pid)
		return pid;
	for (i = 0; i < TIMES; i++)
		if (pidfile_write(path, getpid(), NULL))
			_exit(1);
	_exit(0);
}

static void of_several_at_once_each_names_itself(void **state)
{
	pid_t pids[WRITERS];
	struct place p;
	int i, status, bad = 0;

	place_init(&p);
	assert_int_equal(pidfile_write(p.path, getpid(), NULL), 0);
	for (i = 0; i < WRITERS; i++)
		pids[i] = writer(p.path);
	for (i = 0; i < WRITERS; i++) {
		/* they are there until they are waited for */
		do
			bad += !pidfile_alive(p.path) && i == 0;
		while (!waitpid(pids[i], &status, WNOHANG));
		bad += status != 0;
	}
	assert_int_equal(bad, 0);
	place_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_removed_by_who_is_named),
		cmocka_unit_test(where_none_can_be_there_is_an_error),
		cmocka_unit_test(of_several_at_once_each_names_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
