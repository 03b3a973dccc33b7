/*
 * test-setup-kernel.c - setup/: what is asked of an instance reaches tracefs, and everything
 * comes back.
 *
 * On the real tracing directory (root and tracefs), mostly in an instance of its own.
 */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "unit/used-instance.h"

static void kernel_instance_is_made_set_and_removed(void **state)
{
	struct path dir = instance();
	struct setup_event evs[] = {
		{ .name = "sched", .filter = "pid>0" }, { .name = "sched_waking", .disable = true },
		{ .name = "raw_syscalls:sys_enter", .filter = "(id==1)&&(id<5)" },
	};
	char *options[] = { "nostacktrace" };
	struct setup_conf c = {
		.name = (char *)instance_name(&dir), .events = evs, .nr_events = 3,
		.clock = "mono", .buffer_kb = 64, .tracer = "nop",
		.options = { options, 1 },
	};
	struct journal *j = journal_new(-1);
	struct setup_instance *s;
	char pid[16];

	need_tracefs();
	s = apply(&c, j);
	assert_true(setup_was_created(s));
	assert_string_equal(setup_dir(s), dir.s);
	assert_string_equal(setup_clock(s), "mono");
	assert_int_equal(setup_page_size(s) % 4096, 0);
	assert_true(setup_nr_cpus(s) >= 1);
	assert_false(setup_is_latency_tracer(s));
	check_text(dir.s, "tracing_on", "0\n");
	check_text(dir.s, "events/sched/enable", "X\n");
	check_text(dir.s, "events/sched/sched_switch/enable", "1\n");
	check_text(dir.s, "events/sched/sched_waking/enable", "0\n");
	check_text(dir.s, "events/sched/sched_wakeup/filter", "pid>0\n");
	check_text(dir.s, "events/raw_syscalls/sys_enter/filter", "(id==1)&&(id<5)\n");
	check_text(dir.s, "events/raw_syscalls/sys_exit/enable", "0\n");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(setup_exclude_pid(s, getpid()), 0);
		snprintf(pid, sizeof(pid), "%d\n", getpid());
		check_text(dir.s, "set_event_notrace_pid", pid);
	}

	close(setup_open_raw(s, 0));
	assert_int_equal(journal_restore(j), 0);
	assert_int_equal(access(dir.s, F_OK), -1);
	setup_free(s);
	journal_free(j);
}

static void kernel_instance_in_use_is_found_again_as_it_was(void **state)
{
	struct path dir = instance();
	struct setup_event evs[] = {
		{ .name = "sched", .filter = "pid>50" }, { .name = "raw_syscalls" },
		{ .name = "sched:sched_wakeup", .filter = "pid==51" },
	};
	char *options[] = { "nostacktrace", "overwrite" };
	struct setup_conf c = {
		.name = (char *)instance_name(&dir), .events = evs, .nr_events = 3,
		.clock = "mono", .buffer_kb = 64, .options = { options, 2 },
	};
	_cleanup_free_ char *before = NULL;
	_cleanup_free_ char *trace = NULL;
	struct journal *j = journal_new(-1);
	struct setup_instance *s;

	need_tracefs();
	make_used_instance(dir.s);
	before = snapshot(dir.s);
	s = apply(&c, j);
	assert_false(setup_was_created(s));
	check_text(dir.s, "tracing_on", "0\n");
	check_text(dir.s, "events/irq/irq_handler_entry/enable", "0\n");
	check_text(dir.s, "events/raw_syscalls/enable", "1\n");
	check_text(dir.s, "events/raw_syscalls/sys_enter/filter", "none\n");
	check_text(dir.s, "events/sched/sched_waking/filter", "pid>50\n");
	check_text(dir.s, "events/sched/sched_wakeup/filter", "pid==51\n");
	check_text(dir.s, "set_event_pid", "");
	check_text(dir.s, "options/stacktrace", "0\n");
	trace = text_of(path_of(dir.s, "trace").s);
	assert_null(strstr(trace, "old content"));
	assert_int_equal(setup_exclude_pid(s, getpid()), 0);
	assert_int_equal(setup_tracing_on(s, true), 0);
	assert_int_equal(setup_tracing_on(s, false), 0);

	assert_int_equal(journal_restore(j), 0);
	check_snapshot(dir.s, before);
	setup_free(s);
	journal_free(j);
	assert_int_equal(rmdir(dir.s), 0);
}

static void kernel_instance_in_use_survives_all_events(void **state)
{
	struct path dir = instance();
	struct setup_event ev = { .name = "all" };
	struct setup_conf c = {
		.name = (char *)instance_name(&dir), .events = &ev, .nr_events = 1,
	};
	_cleanup_free_ char *before = NULL;
	struct journal *j = journal_new(-1);
	struct setup_instance *s;

	need_tracefs();
	make_used_instance(dir.s);
	before = snapshot(dir.s);
	s = apply(&c, j);
	check_text(dir.s, "events/irq/enable", "1\n");
	check_text(dir.s, "events/sched/sched_switch/filter", "none\n");
	assert_string_equal(setup_clock(s), "boot");
	assert_int_equal(journal_restore(j), 0);
	check_snapshot(dir.s, before);
	setup_free(s);
	journal_free(j);
	assert_int_equal(rmdir(dir.s), 0);
}

static void kernel_rejected_filter_is_quoted_and_leaves_nothing(void **state)
{
	static const struct {
		const char *event, *filter, *says[3];
	} cases[] = {
		{ "sched:sched_switch", "nosuch_field<3",
		  { "events/sched/sched_switch", "Command: nosuch_field<3", "^" } },
		{ "sched:sched_switch", "prev_pid==",
		  { "events/sched/sched_switch", "Command: prev_pid==", "^" } },
		{ "sched", "nosuch_field==1", { "events/sched", "nosuch_field==1", "" } },
		{ "sched_wak*", "nosuch_field==1",
		  { "events/sched/sched_wak", "nosuch_field==1", "^" } },
	};
	struct path dir = instance();

	need_tracefs();
	make_used_instance(dir.s);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct setup_event ev = {
			.name = (char *)cases[i].event, .filter = (char *)cases[i].filter,
		};
		struct setup_conf c = {
			.name = (char *)instance_name(&dir), .events = &ev, .nr_events = 1,
		};
		_cleanup_free_ char *before = snapshot(dir.s);
		struct journal *j = journal_new(-1);
		struct setup_instance *s = NULL;
		struct err err = { 0 };

		assert_int_equal(setup_apply(&c, j, &s, &err), -EINVAL);
		assert_null(s);
		for (size_t k = 0; k < ARRAY_SIZE(cases[i].says); k++)
			if (!strstr(err.text, cases[i].says[k]))
				fail_msg("'%s' misses '%s'", err.text, cases[i].says[k]);
		assert_int_equal(journal_restore(j), 0);
		check_snapshot(dir.s, before);
		journal_free(j);
	}
	assert_int_equal(rmdir(dir.s), 0);
}

/* As the kernel does for a system: those it suits get it, the others none. */
static void kernel_filter_of_many_need_not_suit_all(void **state)
{
	struct path dir = instance();
	struct setup_event ev = { .name = "sched_*", .filter = "prev_pid==1" };
	struct setup_conf c = {
		.name = (char *)instance_name(&dir), .events = &ev, .nr_events = 1,
	};
	struct journal *j = journal_new(-1);

	need_tracefs();
	setup_free(apply(&c, j));
	check_text(dir.s, "events/sched/sched_switch/filter", "prev_pid==1\n");
	check_text(dir.s, "events/sched/sched_waking/enable", "1\n");
	assert_int_equal(journal_restore(j), 0);
	journal_free(j);
}

/* A child sets up two instances, one its own, one of others, and is killed. */
static void kernel_state_comes_back_after_a_kill(void **state)
{
	struct path dir = instance(), own;
	struct setup_event ev = { .name = "sched", .filter = "pid>50",
				  .trigger = "stacktrace:5 if common_pid==99999998" };
	int pids[] = { 4 };
	struct setup_conf c = {
		.events = &ev, .nr_events = 1, .clock = "mono", .buffer_kb = 64,
		.pids = pids, .nr_pids = 1, .follow = true, .cpumask = "1",
	};
	_cleanup_free_ char *before = NULL;
	struct journal *j = NULL;
	struct setup_instance *s;
	bool finished = true;
	int fds[2], status;
	pid_t pid;

	need_tracefs();
	snprintf(own.s, sizeof(own.s), "%.400s-own", dir.s);
	make_used_instance(dir.s);
	before = snapshot(dir.s);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		j = journal_new(fds[1]);
		c.name = (char *)instance_name(&dir);
		if (setup_apply(&c, j, &s, NULL) || setup_tracing_on(s, true))
			_exit(1);
		c.name = (char *)instance_name(&own);
		if (setup_apply(&c, j, &s, NULL) || setup_tracing_on(s, true) ||
		    setup_open_raw(s, 0) < 0)
			_exit(2);
		kill(getpid(), SIGKILL);
	}
	close(fds[1]);
	assert_int_equal(journal_receive(fds[0], &j, &finished), 0);
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(access(own.s, F_OK), 0);
	assert_false(finished);
	assert_int_equal(journal_restore(j), 0);
	assert_int_equal(access(own.s, F_OK), -1);
	check_snapshot(dir.s, before);
	journal_free(j);
	assert_int_equal(rmdir(dir.s), 0);
}

/* Does somebody record in the top instance now? */
static bool top_is_in_use(void)
{
	_cleanup_free_ char *events = text_of(TRACEFS "/set_event");
	_cleanup_free_ char *pids = text_of(TRACEFS "/set_event_notrace_pid");

	return (events && events[0]) || (pids && pids[0]);
}

/* Set the top instance up and back; were its files the same afterwards? */
static bool try_top_instance(void)
{
	struct setup_event ev = { .name = "sched:sched_process_exec" };
	struct setup_conf c = { .events = &ev, .nr_events = 1, .tracer = "nop" };
	_cleanup_free_ char *before = snapshot(TRACEFS);
	_cleanup_free_ char *after = NULL;
	struct journal *j = journal_new(-1);
	struct setup_instance *s = apply(&c, j);

	assert_string_equal(setup_name(s), "");
	assert_string_equal(setup_dir(s), TRACEFS);
	assert_int_equal(journal_restore(j), 0);
	after = snapshot(TRACEFS);
	setup_free(s);
	journal_free(j);
	return strcmp(before, after) == 0;
}

/* The top instance is everybody's: another recording may come in between, but not always. */
static void kernel_top_instance_is_left_as_it_was(void **state)
{
	bool same = false;

	need_tracefs();
	for (int i = 0; i < 5 && !same; i++) {
		if (top_is_in_use()) {
			print_message("SKIPPED: somebody else records in the top instance\n");
			skip();
		}
		same = try_top_instance();
	}
	assert_true(same);
}

/* Run setup_find_tracing() in a child after @prepare; what it says must contain @says. */
static void check_find(int (*prepare)(void), int want, const char *says)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct err err = { 0 };
		const char *dir = NULL;
		int ret = prepare();

		if (ret)
			_exit(ret > 0 ? 77 : 1);
		ret = setup_find_tracing(&dir, &err);
		if (ret != want || !strstr(ret ? err.text : dir, says)) {
			print_message("%d: %s\n", ret, ret ? err.text : dir);
			_exit(2);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("SKIPPED: no mount namespace of our own can be made here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static int become_nobody(void)
{
	return setgid(65534) || setuid(65534) ? -1 : 0;
}

static int unmount_tracefs(void)
{
	if (unshare(CLONE_NEWNS) || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL))
		return 1;
	umount2("/sys/kernel/debug/tracing", MNT_DETACH);
	umount2("/sys/kernel/debug", MNT_DETACH);
	return umount2(TRACEFS, MNT_DETACH) ? 1 : 0;
}

static int unmount_and_become_nobody(void)
{
	int ret = unmount_tracefs();

	return ret ? ret : become_nobody();
}

static void kernel_user_without_privileges_gets_advice(void **state)
{
	need_tracefs();
	check_find(become_nobody, -EACCES, "run as root, or as a member of the group that owns");
}

static void kernel_tracefs_is_mounted_when_missing(void **state)
{
	need_tracefs();
	check_find(unmount_tracefs, 0, TRACEFS);
	check_find(unmount_and_become_nobody, -EPERM, "tracefs is not mounted: run as root");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_instance(kernel_instance_is_made_set_and_removed),
		on_instance(kernel_instance_in_use_is_found_again_as_it_was),
		on_instance(kernel_instance_in_use_survives_all_events),
		on_instance(kernel_rejected_filter_is_quoted_and_leaves_nothing),
		on_instance(kernel_filter_of_many_need_not_suit_all),
		on_instance(kernel_state_comes_back_after_a_kill),
		cmocka_unit_test(kernel_top_instance_is_left_as_it_was),
		cmocka_unit_test(kernel_user_without_privileges_gets_advice),
		cmocka_unit_test(kernel_tracefs_is_mounted_when_missing),
	};

	return cmocka_run_group_tests(tests, use_real, NULL);
}
