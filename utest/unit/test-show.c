/*
 * test-show.c - state/show: a trace_pipe that is followed, and who reads what is printed. Plain files stand for tracefs.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/io.h"
#include "base/reap.h"
#include "state/show.h"

#define PATIENCE_MS	60000
#define TEXT_BYTES	(1 << 20)	/* more than a pipe holds */

struct stage {
	char dir[64], pipe[96], on[96];
	int out[2];
};

static void write_file(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(io_write_full(fd, text, len, DEADLINE_NEVER), 0);
	close(fd);
}

static void stage_open(struct stage *s)
{
	char *text = malloc(TEXT_BYTES);

	assert_non_null(text);
	memset(text, 'x', TEXT_BYTES);
	snprintf(s->dir, sizeof(s->dir), "/tmp/test-show.XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->pipe, sizeof(s->pipe), "%s/trace_pipe", s->dir);
	snprintf(s->on, sizeof(s->on), "%s/tracing_on", s->dir);
	write_file(s->pipe, text, TEXT_BYTES);
	write_file(s->on, "1", 1);
	assert_int_equal(pipe(s->out), 0);
	free(text);
}

static void stage_close(struct stage *s)
{
	close(s->out[0]);
	unlink(s->pipe);
	unlink(s->on);
	rmdir(s->dir);
}

/* Who shows it to the pipe, with SIGINT waiting until it is looked for. */
static pid_t start(struct stage *s)
{
	const struct show_plan plan = { .file = "trace_pipe", .cpu = -1 };
	const struct selected b = { .dir = s->dir };
	struct err err = { 0 };
	sigset_t set;
	pid_t pid = fork();

	if (!pid) {
		sigemptyset(&set);
		sigaddset(&set, SIGINT);
		sigprocmask(SIG_BLOCK, &set, NULL);
		dup2(s->out[1], STDOUT_FILENO);
		close(s->out[1]);
		close(s->out[0]);
		_exit(-show_buffer(&b, &plan, &err));
	}
	close(s->out[1]);
	return pid;
}

static void all_is_shown_to_a_reader_until_tracing_is_off(void **state)
{
	struct stage s;
	char *text = malloc(TEXT_BYTES), more;
	int status = 0;
	pid_t pid;

	assert_non_null(text);
	stage_open(&s);
	pid = start(&s);
	assert_int_equal(io_read_full(s.out[0], text, TEXT_BYTES, deadline_in_ms(PATIENCE_MS)), 0);
	write_file(s.on, "0", 1);
	assert_int_equal(io_read_full(s.out[0], &more, 1, deadline_in_ms(PATIENCE_MS)), -ENODATA);
	assert_int_equal(reap_within(pid, &status, PATIENCE_MS), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	stage_close(&s);
	free(text);
}

/* The first byte is there, and the pipe soon full. */
static void ctrl_c_ends_it_when_nobody_reads(void **state)
{
	struct stage s;
	int status = 0, ret;
	char byte;
	pid_t pid;

	stage_open(&s);
	pid = start(&s);
	assert_int_equal(io_read_full(s.out[0], &byte, 1, deadline_in_ms(PATIENCE_MS)), 0);
	kill(pid, SIGINT);
	ret = reap_within(pid, &status, PATIENCE_MS);
	if (ret)
		reap_killed(pid, NULL);
	assert_int_equal(ret, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), ETIMEDOUT);
	stage_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_shown_to_a_reader_until_tracing_is_off),
		cmocka_unit_test(ctrl_c_ends_it_when_nobody_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
