/*
 * test-local.c - session/local: what is found, and so comes back in the end, is what was there before anybody traced.
 *
 * On a made-up tracing directory, as a user whom nobody else uses: leftovers are in a directory of theirs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <tracefs.h>

#include "base/cleanup.h"
#include "session/local.h"
#include "setup/leftover.h"
#include "unit/nobody.h"

static char fake[] = "/tmp/utest-local-XXXXXX";

/* The session's calls come here instead of to setup/find.c. */
int setup_find_tracing(const char **ret_dir, struct err *err)
{
	(void)err;
	*ret_dir = fake;
	return 0;
}

static int make_fake(void **state)
{
	static const char *const dirs[] = {
		"events", "instances", "options", "per_cpu", "per_cpu/cpu0",
	};
	static const struct {
		const char *file, *text;
	} files[] = {
		{ "available_events", "sched:sched_switch\n" },
		{ "available_tracers", "nop\n" },
		{ "trace_clock", "[local] global\n" },
		{ "tracing_on", "0\n" },
		{ "current_tracer", "nop\n" },
		{ "set_event", "" },
		{ "buffer_size_kb", "1408\n" },
		{ "events/enable", "0\n" },
		{ "events/header_page", "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
					"\tfield: char data;\toffset:16;\tsize:8176;\n" },
		{ "per_cpu/cpu0/stats", "entries: 0\noverrun: 0\n" },
	};

	(void)state;
	if (!mkdtemp(fake))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdir(path_of(fake, dirs[i]).s, 0700) || chmod(path_of(fake, dirs[i]).s, 0777))
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (put_in(fake, files[i].file, files[i].text) ||
		    chmod(path_of(fake, files[i].file).s, 0666))
			return -1;
	return tracefs_set_tracing_dir(fake) || chmod(fake, 0777) ? -1 : nobody_begin();
}

static int remove_fake(void **state)
{
	(void)state;
	tracefs_set_tracing_dir(NULL);
	return nobody_end(fake);
}

/* A session that switches tracing on, or (@maker) makes an instance, and is killed. */
static void killed_session(bool maker)
{
	struct journal *j = journal_new(-1);
	_cleanup_free_ char *path = NULL;
	int fd = leftover_begin(&path);

	if (!j || fd < 0)
		_exit(1);
	journal_copy_to(j, fd);
	_exit((maker ? journal_mkdir(j, path_of(fake, "instances/made").s) :
		       journal_write(j, path_of(fake, "tracing_on").s, "1", NULL)) ? 1 : 0);
}

static void end_well(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* It has ended since we looked for such, or we would have had to wait for it. */
static void one_killed_in_between_is_put_back(void **state)
{
	struct plan plan;
	struct local l;
	struct err err = { 0 };
	struct note *note = note_new();
	pid_t pid;

	(void)state;
	need_nobody();
	assert_int_equal(plan_init(&plan), 0);
	plan.kind = PLAN_START;
	plan.instances[0].tracer = strdup("nop");
	note->journal_fd = -1;
	fflush(stdout);
	pid = fork();
	if (!pid)
		killed_session(false);
	end_well(pid);
	check_text(fake, "tracing_on", "1");
	if (local_setup(&l, &plan, note, -1, false, &err))
		fail_msg("%s", err.text);
	local_release(&l);
	check_text(fake, "tracing_on", "0");
	plan_release(&plan);
	note_free(note);
}

/* What is claimed must be there: the one that is made in its place, or nothing yet. */
static void instance_that_goes_with_it_is_claimed_anew(void **state)
{
	struct plan plan;
	struct local l;
	struct err err = { 0 };
	struct note *note = note_new();
	struct stat st;
	pid_t pid;

	(void)state;
	need_nobody();
	assert_int_equal(plan_init(&plan), 0);
	plan.kind = PLAN_START;
	assert_non_null(plan_add_instance(&plan, "made"));
	plan.instances[1].tracer = strdup("nop");
	note->journal_fd = -1;
	fflush(stdout);
	pid = fork();
	if (!pid)
		killed_session(true);
	end_well(pid);
	/* here the new one is an empty directory, which nothing can be traced in */
	local_setup(&l, &plan, note, -1, false, &err);
	assert_int_equal(access(path_of(fake, "instances/made").s, F_OK), 0);
	if (l.instances[1].claim_fd >= 0) {
		assert_int_equal(fstat(l.instances[1].claim_fd, &st), 0);
		assert_int_not_equal(st.st_nlink, 0);
	}
	local_release(&l);
	assert_int_equal(access(path_of(fake, "instances/made").s, F_OK), -1);
	plan_release(&plan);
	note_free(note);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_killed_in_between_is_put_back),
		cmocka_unit_test(instance_that_goes_with_it_is_claimed_anew),
	};

	return cmocka_run_group_tests(tests, make_fake, remove_fake);
}
