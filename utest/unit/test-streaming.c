/*
 * test-streaming.c - session/streaming: where a profile goes to. Nothing is traced.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "session/streaming.h"

#define PATIENCE_S 60

static void a_fifo_that_nobody_reads_is_waited_for_until_the_user_wants_to_end(void **state)
{
	char dir[] = "/tmp/test-streaming.XXXXXX", path[64];
	struct plan plan = { .kind = PLAN_PROFILE, .profile = { .output = path } };
	struct local local = { .plan = &plan };
	struct stop stop = STOP_NONE;
	struct live *live = NULL;
	struct err err = { 0 };
	int ret;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(stop_open(&stop), 0);
	alarm(PATIENCE_S);
	kill(getpid(), SIGINT);
	ret = streaming_start(&local, &stop, &live, &err);
	alarm(0);
	stop_close(&stop);
	unlink(path);
	rmdir(dir);
	assert_int_equal(ret, -EINTR);
	assert_null(live);
	assert_non_null(strstr(err.text, "nobody reads"));
}

static void a_directory_is_no_file(void **state)
{
	struct plan plan = { .kind = PLAN_PROFILE, .profile = { .output = "/" } };
	struct local local = { .plan = &plan };
	struct stop stop = STOP_NONE;
	struct live *live = NULL;
	struct err err = { 0 };

	assert_int_equal(streaming_start(&local, &stop, &live, &err), -EISDIR);
	assert_non_null(strstr(err.text, "cannot write /"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fifo_that_nobody_reads_is_waited_for_until_the_user_wants_to_end),
		cmocka_unit_test(a_directory_is_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
