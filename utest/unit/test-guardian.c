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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/io.h"
#include "base/reap.h"
#include "session/files.h"
#include "session/finish.h"
#include "session/guardian.h"
#include "session/insist.h"

#define PATIENCE_MS	120000
#define LOOK_MS		50
#define AGAIN_MS	600	/* more than what is taken for the same wish */

/* Stopped, and stopped again when that is over. Of what it has recorded only the removal of data is left to do. */
static int be_stuck(const struct plan *p, struct note *note, int mirror_fd)
{
	(void)mirror_fd;
	note->nr_instances = 1;
	note->instances[0].recorded = true;
	note->instances[0].nr_cpus = 1;
	note->written = true;
	close(files_cpu_create(p, p->output, "", 0, &(struct err){ 0 }));
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

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

/* Killed when its files are complete: this machine's, and a guest's next to it. */
static int be_killed_late(const struct plan *p, struct note *note, int mirror_fd)
{
	struct note_guest *g = &note->guests[0];

	(void)mirror_fd;
	note->nr_instances = 1;
	note->instances[0].recorded = true;
	note->instances[0].nr_cpus = 1;
	note->nr_guests = 1;
	g->complete_meta = g->written = true;
	snprintf(g->file, sizeof(g->file), "%s-guest", p->output);
	write_text(p->output, "all of it");
	write_text(g->file, "all of the guest");
	finish_host_end(p, note, 0);
	raise(SIGKILL);
	return 0;
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
static pid_t start(char *output, int (*worker)(const struct plan *p, struct note *note, int mirror_fd))
{
	struct plan plan = { .kind = PLAN_EXTRACT, .output = output };
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
	pid_t pid = start("/nonexistent/trace.dat", end_well);
	int status = 0;

	assert_int_equal(reap_within(pid, &status, PATIENCE_MS), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
}

/* Its files are finished, though the first message of who does that is not read. */
static void a_worker_that_is_stuck_is_killed_when_the_user_insists(void **state)
{
	struct deadline d = deadline_in_ms(PATIENCE_MS);
	char dir[] = "/tmp/test-guardian.XXXXXX", output[64];
	int status = 0, ret;
	pid_t pid;

	assert_non_null(mkdtemp(dir));
	snprintf(output, sizeof(output), "%s/trace.dat", dir);
	pid = start(output, be_stuck);

	while ((ret = reap_within(pid, &status, AGAIN_MS)) == -ETIMEDOUT && !deadline_passed(d))
		kill(pid, SIGTERM);
	if (ret)
		reap_killed(pid, NULL);
	assert_int_equal(ret, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 128 + SIGKILL);
	/* no data is left */
	assert_int_equal(rmdir(dir), 0);
}

static void assert_text(const char *path, const char *text)
{
	char got[64] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	(void)!fread(got, 1, sizeof(got) - 1, f);
	fclose(f);
	unlink(path);
	assert_string_equal(got, text);
}

static void files_that_are_complete_are_not_written_again(void **state)
{
	char dir[] = "/tmp/test-guardian.XXXXXX", host[64], guest[64];
	struct plan plan = { .kind = PLAN_EXTRACT, .output = host };
	pid_t pid;
	int status = 0;

	assert_non_null(mkdtemp(dir));
	snprintf(host, sizeof(host), "%s/trace.dat", dir);
	snprintf(guest, sizeof(guest), "%s/trace.dat-guest", dir);
	pid = fork();
	if (!pid)
		_exit(guardian_run(&plan, be_killed_late));
	assert_int_equal(reap_within(pid, &status, PATIENCE_MS), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 128 + SIGKILL);
	assert_text(host, "all of it");
	assert_text(guest, "all of the guest");
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_that_ends_is_all_there_is_to_wait_for),
		cmocka_unit_test(files_that_are_complete_are_not_written_again),
		cmocka_unit_test(a_worker_that_is_stuck_is_killed_when_the_user_insists),
	};

	insist_look_ms = LOOK_MS;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
