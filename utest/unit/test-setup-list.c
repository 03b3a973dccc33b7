/*
 * test-setup-list.c - words in tracefs files that others change, too; here, in plain files.
 */
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "setup/list.h"
#include "setup/tracefile.h"

static char dir[64], list[128], option[160];

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make_files(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test-list.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(list, sizeof(list), "%s/set_event_notrace_pid", dir);
	snprintf(option, sizeof(option), "%s/options", dir);
	mkdir(option, 0700);
	snprintf(option, sizeof(option), "%s/options/event-fork", dir);
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	unlink(option);
	*strrchr(option, '/') = 0;
	rmdir(option);
	unlink(list);
	return rmdir(dir);
}

static void holds(const char *wanted)
{
	_cleanup_free_ char *text = NULL;

	assert_int_equal(tracefile_read(list, &text), 0);
	assert_string_equal(text, wanted);
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void words_go_others_stay(void **state)
{
	(void)state;
	put(list, "11\n22\n33\n");
	assert_int_equal(list_remove(list, "22 44"), 0);
	holds("11\n33");
}

/* Who was forked by a task of ours while event-fork was on has been added by the kernel. */
static void children_go_with_event_fork(void **state)
{
	char text[64], ours[16];
	pid_t child = sleeper(), gone = sleeper();

	(void)state;
	end(gone);
	snprintf(ours, sizeof(ours), "%d", getpid());
	/* 1 is nobody's child of ours */
	snprintf(text, sizeof(text), "1\n%d\n%d\n%d\n", getpid(), child, gone);
	put(option, "1\n");
	put(list, text);
	assert_int_equal(list_remove_tasks(list, ours, NULL), 0);
	holds("1");
	end(child);
}

static void children_stay_without(void **state)
{
	char text[64], ours[16], rest[32];
	pid_t child = sleeper();

	(void)state;
	snprintf(ours, sizeof(ours), "%d", getpid());
	snprintf(text, sizeof(text), "1\n%d\n%d\n", getpid(), child);
	snprintf(rest, sizeof(rest), "1\n%d", child);
	put(option, "0\n");
	put(list, text);
	assert_int_equal(list_remove_tasks(list, ours, NULL), 0);
	holds(rest);
	end(child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_go_others_stay),
		cmocka_unit_test(children_go_with_event_fork),
		cmocka_unit_test(children_stay_without),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
