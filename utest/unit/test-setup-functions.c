/*
 * test-setup-functions.c - setup/: functions, triggers, tasks, CPUs, on a made-up directory.
 *
 * Lists of the real kernel are not what was written to them; here they are, so what has been
 * written can be seen. No root is needed, and no kernel that traces functions.
 */
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <tracefs.h>

#include "base/cleanup.h"
#include "base/tsc.h"
#include "setup/cpumask.h"
#include "setup/functions.h"
#include "setup/setup.h"
#include "setup/tracefile.h"
#include "setup/triggers.h"
#include "unit/tracefs-util.h"

static char fake[] = "/tmp/utest-functions-XXXXXX";

static const char others_filter[] =
	"schedule\nnf_hook [netfilter]\nvfs_read:traceoff:unlimited\nvfs_open:stacktrace:count=3\n";

static const struct {
	const char *file, *text;
} files[] = {
	{ "available_events", "sched:sched_switch\nsched:sched_waking\n" },
	{ "available_tracers", "function function_graph nop\n" },
	{ "trace_clock", "[local] global x86-tsc\n" },
	{ "tracing_on", "1\n" },
	{ "current_tracer", "function\n" },
	{ "tracing_cpumask", "7ff\n" },
	{ "set_event", "" },
	{ "set_event_pid", "7\n" },
	{ "set_ftrace_pid", "no pid\n" },
	{ "set_ftrace_filter", others_filter },
	{ "set_ftrace_notrace", "#### no functions disabled ####\n" },
	{ "set_graph_function", "#### all functions enabled ####\n" },
	{ "set_graph_notrace", "rcu_read_lock\n" },
	{ "max_graph_depth", "4\n" },
	{ "saved_cmdlines_size", "128\n" },
	{ "options/func_stack_trace", "0\n" },
	{ "options/function-trace", "1\n" },
	{ "options/event-fork", "0\n" },
	{ "options/function-fork", "1\n" },
	{ "events/enable", "0\n" },
	{ "events/sched/enable", "0\n" },
	{ "events/sched/filter", "" },
	{ "events/sched/sched_switch/enable", "0\n" },
	{ "events/sched/sched_switch/filter", "none\n" },
	{ "events/sched/sched_switch/trigger", "# Available triggers:\n# traceon traceoff\n" },
	{ "events/sched/sched_waking/enable", "0\n" },
	{ "events/sched/sched_waking/filter", "none\n" },
	{ "events/sched/sched_waking/trigger", "# Available triggers:\n# traceon traceoff\n" },
	{ "per_cpu/cpu0/stats", "entries: 0\noverrun: 0\n" },
	{ "per_cpu/cpu10/stats", "entries: 0\noverrun: 0\n" },
};

static const char *const dirs[] = {
	"", "events", "events/sched", "events/sched/sched_switch", "events/sched/sched_waking",
	"instances", "options", "per_cpu", "per_cpu/cpu0", "per_cpu/cpu10",
};

static int make_fake(void **state)
{
	if (!mkdtemp(fake))
		return -1;
	for (size_t i = 1; i < ARRAY_SIZE(dirs); i++)
		if (mkdir(path_of(fake, dirs[i]).s, 0700))
			return -1;
	return tracefs_set_tracing_dir(fake);
}

/* Each test begins with the same files. */
static int fill_fake(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (put_in(fake, files[i].file, files[i].text))
			return -1;
	return 0;
}

static int remove_fake(void **state)
{
	tracefs_set_tracing_dir(NULL);
	remove_tree(fake);
	return 0;
}

static struct setup_instance *apply(const struct setup_conf *c, struct journal *j)
{
	struct setup_instance *s = NULL;
	struct err err = { 0 };

	if (setup_apply(c, j, &s, &err))
		fail_msg("%s", err.text);
	return s;
}

static void restore(struct setup_instance *s, struct journal *j)
{
	assert_int_equal(journal_restore(j), 0);
	setup_free(s);
	journal_free(j);
}

/* --- what the kernel shows, and what has to be written */

static void triggers_are_read_as_they_are_written(void **state)
{
	static const char shown[] =
		"hist:keys=pid:vals=hitcount:sort=hitcount:size=2048 if pid>3 [paused]\n"
		"hist:keys=prio:vals=hitcount:sort=hitcount:size=2048 [active]\n"
		"enable_event:sched:sched_waking:count=2 if pid==7\n"
		"disable_event:sched:sched_waking:unlimited\n"
		"traceoff:count=0\n"
		"stacktrace:unlimited if comm==\"a:count=b\"\n";
	_cleanup_free_ char *text = NULL;
	struct path path = path_of(fake, "events/sched/sched_waking/trigger");

	assert_int_equal(put_text(path.s, shown), 0);
	assert_int_equal(triggers_read(path.s, &text), 0);
	assert_string_equal(text,
		"stacktrace if comm==\"a:count=b\"\n"
		"traceoff:0\n"
		"disable_event:sched:sched_waking\n"
		"enable_event:sched:sched_waking:2 if pid==7\n"
		"hist:keys=pid:vals=hitcount:sort=hitcount:size=2048:pause if pid>3\n"
		"hist:keys=prio:vals=hitcount:sort=hitcount:size=2048");
}

static void functions_are_read_as_they_are_written(void **state)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *none = NULL;

	assert_int_equal(functions_read(path_of(fake, "set_ftrace_filter").s, &text), 0);
	assert_string_equal(text, "schedule\nnf_hook:mod:netfilter\n"
				  "vfs_open:stacktrace:3\nvfs_read:traceoff");
	assert_int_equal(functions_read(path_of(fake, "set_graph_function").s, &none), 0);
	assert_string_equal(none, "");
}

static void commands_are_taken_away_with_a_count_if_they_have_one(void **state)
{
	struct path path = path_of(fake, "set_ftrace_filter");

	assert_int_equal(put_text(path.s, "vfs_open:stacktrace:count=3\n"
				  "vfs_read:enable_event:sched:sched_waking:unlimited\n"), 0);
	assert_int_equal(functions_set(path.s, ""), 0);
	check_text(fake, "set_ftrace_filter",
		   "vfs_open:stacktrace:count=3\nvfs_read:enable_event:sched:sched_waking:unlimited\n"
		   "!vfs_open:stacktrace:3\n!vfs_read:enable_event:sched:sched_waking\n");
}

static void masks_of_cpus_are_checked(void **state)
{
	static const struct {
		const char *text;
		int nr_cpus;
		const char *want;
	} cases[] = {
		{ "1", 2, "1" }, { "3", 2, "3" }, { "003", 2, "3" }, { "-1", 2, "3" },
		{ "-1", 32, "ffffffff" }, { "-1", 33, "1,ffffffff" }, { "-1", 64, "ffffffff,ffffffff" },
		{ "100000000", 33, "1,00000000" }, { "1,00000000", 33, "1,00000000" },
		{ "A5", 8, "a5" }, { "4", 2, NULL }, { "200000000", 33, NULL }, { "0", 2, NULL },
		{ "", 2, NULL }, { "g", 2, NULL }, { ",", 2, NULL }, { "-2", 2, NULL },
		{ "10000000000000000000", 4, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *got = NULL;
		struct err err = { 0 };
		int ret = cpumask_text(cases[i].text, cases[i].nr_cpus, &got, &err);

		assert_int_equal(ret, cases[i].want ? 0 : -EINVAL);
		if (cases[i].want)
			assert_string_equal(got, cases[i].want);
		else
			assert_non_null(strstr(err.text, cases[i].text));
	}
}

static void scale_of_the_tsc_is_perfs(void **state)
{
	struct perf_event_mmap_page page = {
		.lock = 4, .cap_user_time = 1, .cap_user_time_zero = 1, .time_mult = 0xf1234567,
		.time_shift = 31,
	};
	struct tsc_scale scale = { 0 };

	assert_int_equal(tsc_scale_of_page(&page, &scale), 0);
	assert_int_equal(scale.mult, 0xf1234567);
	assert_int_equal(scale.shift, 31);
	page.time_shift = 33;
	assert_int_equal(tsc_scale_of_page(&page, &scale), -EOPNOTSUPP);
	page.time_shift = 31;
	page.cap_user_time_zero = 0;
	assert_int_equal(tsc_scale_of_page(&page, &scale), -EOPNOTSUPP);
	page.cap_user_time_zero = 1;
	page.time_mult = 0;
	assert_int_equal(tsc_scale_of_page(&page, &scale), -EOPNOTSUPP);
	page.lock = 5;	/* in the middle of a change, for ever */
	assert_int_equal(tsc_scale_of_page(&page, &scale), -EAGAIN);
}

/* --- applied */

static void functions_replace_those_of_others_and_give_them_back(void **state)
{
	char *functions[] = { "vfs_*", "ext4_*:mod:ext4" }, *commands[] = { "do_exit:traceoff" };
	char *notrace[] = { "vfs_fsync" };
	struct setup_conf c = {
		.tracer = "function", .functions = { functions, 2 }, .commands = { commands, 1 },
		.notrace = { notrace, 1 }, .func_stack = true,
	};
	struct journal *j = journal_new(-1);
	struct setup_instance *s = apply(&c, j);

	check_text(fake, "set_ftrace_filter", "vfs_*\next4_*:mod:ext4\ndo_exit:traceoff\n");
	check_text(fake, "set_ftrace_notrace", "vfs_fsync\n");
	check_text(fake, "set_graph_notrace", "");
	check_text(fake, "current_tracer", "function");
	check_text(fake, "options/func_stack_trace", "1");
	restore(s, j);
	check_text(fake, "set_ftrace_filter", "schedule\nnf_hook:mod:netfilter\n"
		   "!do_exit:traceoff\nvfs_open:stacktrace:3\nvfs_read:traceoff\n");
	check_text(fake, "set_ftrace_notrace", "");
	check_text(fake, "set_graph_notrace", "rcu_read_lock\n");
	check_text(fake, "current_tracer", "function");
	check_text(fake, "options/func_stack_trace", "0");
}

static void graph_has_lists_of_its_own(void **state)
{
	char *notrace[] = { "vfs_fsync" }, *graph[] = { "vfs_read", "vfs_write" };
	struct setup_conf c = {
		.tracer = "function_graph", .notrace = { notrace, 1 }, .graph = { graph, 2 },
	};
	struct journal *j = journal_new(-1);
	struct setup_instance *s = apply(&c, j);

	check_text(fake, "set_graph_notrace", "vfs_fsync\n");
	check_text(fake, "set_graph_function", "vfs_read\nvfs_write\n");
	check_text(fake, "set_ftrace_notrace", "#### no functions disabled ####\n");
	check_text(fake, "max_graph_depth", "0");
	restore(s, j);
	check_text(fake, "max_graph_depth", "4");

	c.graph_depth = 2;
	c.no_functions = true;
	j = journal_new(-1);
	s = apply(&c, j);
	check_text(fake, "max_graph_depth", "2");
	check_text(fake, "options/function-trace", "0");
	restore(s, j);
	check_text(fake, "max_graph_depth", "4");
	check_text(fake, "options/function-trace", "1");
}

/* Filters of functions are somebody's work: without a tracer of functions they are left alone. */
static void functions_are_left_alone_without_their_tracer(void **state)
{
	struct setup_event ev = { .name = "sched" };
	struct setup_conf c = { .events = &ev, .nr_events = 1 };
	struct journal *j = journal_new(-1);
	struct setup_instance *s = apply(&c, j);

	check_text(fake, "set_ftrace_filter", others_filter);
	check_text(fake, "max_graph_depth", "4\n");
	restore(s, j);
	check_text(fake, "set_ftrace_filter", others_filter);
}

static void missing_files_for_functions_matter_only_if_asked_for(void **state)
{
	char *name[] = { "schedule" };
	struct setup_event ev = { .name = "sched" };
	struct setup_conf plain = { .events = &ev, .nr_events = 1, .no_functions = true };
	const struct {
		struct setup_conf c;
		const char *file, *says;
	} cases[] = {
		{ { .functions = { name, 1 } }, "set_ftrace_filter", "-l cannot be used here" },
		{ { .commands = { name, 1 } }, "set_ftrace_filter", "-l cannot be used here" },
		{ { .notrace = { name, 1 } }, "set_ftrace_notrace", "-n cannot be used here" },
		{ { .graph = { name, 1 } }, "set_graph_function", "-g cannot be used here" },
		{ { .graph_depth = 1 }, "max_graph_depth", "--max-graph-depth cannot be used" },
		{ { .subbuf_kb = 8 }, "buffer_subbuf_size_kb", "since Linux 6.8" },
	};
	struct journal *j = journal_new(-1);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = { 0 };

		unlink(path_of(fake, cases[i].file).s);
		assert_int_equal(setup_check(&cases[i].c, false, &err), -ENOENT);
		if (!strstr(err.text, cases[i].says))
			fail_msg("'%s' was said", err.text);
	}
	unlink(path_of(fake, "options/function-trace").s);
	unlink(path_of(fake, "set_ftrace_pid").s);
	assert_int_equal(setup_check(&plain, false, NULL), 0);
	restore(apply(&plain, j), j);
}

static void mistakes_are_found_before_anything_is_changed(void **state)
{
	char *option[] = { "nosuch" }, *good[] = { "event-fork", "nofunction-trace" };
	const struct {
		struct setup_conf c;
		int want;
		const char *says;
	} cases[] = {
		{ { .options = { option, 1 } }, -EINVAL, "Failed to  set ftrace option nosuch" },
		{ { .options = { good, 2 } }, 0, "" },
		{ { .cpumask = "800" }, -EINVAL, "its CPUs are 0 to 10" },
		{ { .cpumask = "400" }, 0, "" },
		{ { .name = "a/b" }, -EINVAL, "'a/b' cannot be the name" },
		{ { .name = "gone", .delete = true }, -ENOENT, "there is no instance gone" },
		{ { .tsc2nsec = true }, -EINVAL, "--tsc2nsec is for the clock x86-tsc" },
		{ { .tsc2nsec = true, .clock = "global" }, -EINVAL, "for the clock x86-tsc" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = { 0 };

		assert_int_equal(setup_check(&cases[i].c, false, &err), cases[i].want);
		if (!strstr(err.text, cases[i].says))
			fail_msg("'%s' was said", err.text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		check_text(fake, files[i].file, files[i].text);
}

static void tasks_are_limited_and_followed(void **state)
{
	int pids[] = { 12, 13 }, later = 99;
	struct setup_conf c = { .tracer = "function", .pids = pids, .nr_pids = 2, .follow = true };
	struct journal *j = journal_new(-1);
	struct setup_instance *s = apply(&c, j);

	check_text(fake, "set_event_pid", "12 13 ");
	check_text(fake, "set_ftrace_pid", "12 13 ");
	check_text(fake, "options/event-fork", "1");
	check_text(fake, "options/function-fork", "1\n");
	assert_int_equal(setup_only_pids(s, &later, 1, true, NULL), 0);
	check_text(fake, "set_event_pid", "12 13 99 ");
	restore(s, j);
	check_text(fake, "set_event_pid", "7");
	check_text(fake, "set_ftrace_pid", "");
	check_text(fake, "options/event-fork", "0");

	c = (struct setup_conf){ .pids = pids, .nr_pids = 1 };
	j = journal_new(-1);
	s = apply(&c, j);
	check_text(fake, "set_event_pid", "12 ");
	check_text(fake, "set_ftrace_pid", "");
	check_text(fake, "options/event-fork", "0");
	restore(s, j);

	/* without -P, the first call replaces what others have */
	c = (struct setup_conf){ .used = true };
	j = journal_new(-1);
	s = apply(&c, j);
	check_text(fake, "set_event_pid", "");
	assert_int_equal(setup_only_pids(s, &later, 1, false, NULL), 0);
	check_text(fake, "set_event_pid", "99 ");
	restore(s, j);
	check_text(fake, "set_event_pid", "7");
}

static void old_kernels_limit_tasks_by_filters(void **state)
{
	int pids[] = { 9, 4, 6, 5, 20 };
	struct setup_event evs[] = {
		{ .name = "sched:sched_switch", .filter = "prev_pid>0" }, { .name = "sched_waking" },
	};
	struct setup_conf c = { .events = evs, .nr_events = 2, .pids = pids, .nr_pids = 5 };
	struct journal *j = journal_new(-1);
	struct setup_instance *s;
	struct err err = { 0 };

	unlink(path_of(fake, "set_event_pid").s);
	s = apply(&c, j);
	check_text(fake, "events/sched/sched_switch/filter", "(prev_pid>0)&&((common_pid>=4&&"
		   "common_pid<=6)||(common_pid==9)||(common_pid==20))");
	check_text(fake, "events/sched/sched_waking/filter", "(common_pid>=4&&"
		   "common_pid<=6)||(common_pid==9)||(common_pid==20)");
	assert_int_equal(setup_only_pids(s, pids, 1, false, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "-f common_pid==PID"));
	restore(s, j);

	c.follow = true;
	j = journal_new(-1);
	assert_int_equal(setup_apply(&c, j, &s, NULL), -EOPNOTSUPP);
	restore(NULL, j);
}

static void each_event_gets_each_trigger(void **state)
{
	struct setup_event ev = { .name = "sched", .trigger = "traceoff:1\nstacktrace",
				  .disable = true };
	struct setup_conf c = { .events = &ev, .nr_events = 1 };
	struct journal *j = journal_new(-1);
	struct setup_instance *s = apply(&c, j);
	static const char want[] =
		"# Available triggers:\n# traceon traceoff\ntraceoff:1stacktrace";

	check_text(fake, "events/sched/sched_switch/trigger", want);
	check_text(fake, "events/sched/sched_waking/trigger", want);
	check_text(fake, "events/sched/enable", "0");
	journal_forget(j);
	restore(s, j);
}

/* set, and -K */
static void nothing_is_reset_when_applied_onto_what_is_there(void **state)
{
	char *functions[] = { "vfs_*" };
	struct setup_conf c = { .functions = { functions, 1 }, .cpumask = "-1" };
	struct journal *j = journal_new(-1);
	struct setup_instance *s = NULL;

	assert_int_equal(setup_apply_onto(&c, j, &s, NULL), 0);
	check_text(fake, "set_ftrace_filter", "vfs_*\n");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (strcmp(files[i].file, "set_ftrace_filter"))
			check_text(fake, files[i].file, files[i].text);
	restore(s, j);
}

static void names_of_tasks_are_the_systems(void **state)
{
	struct setup_system sys = { .cmdlines_size = 4096 };
	struct journal *j = journal_new(-1);

	assert_int_equal(setup_apply_system(&sys, j, NULL), 0);
	check_text(fake, "saved_cmdlines_size", "4096");
	restore(NULL, j);
	check_text(fake, "saved_cmdlines_size", "128");

	unlink(path_of(fake, "saved_cmdlines_size").s);
	j = journal_new(-1);
	assert_int_equal(setup_apply_system(&sys, j, NULL), 0);
	restore(NULL, j);
}

/* The files are the group's to write; making instances is not. */
static void a_member_of_the_group_can_set_up(void **state)
{
	struct setup_event ev = { .name = "sched:sched_switch", .filter = "prev_pid>0" };
	struct setup_conf c = { .events = &ev, .nr_events = 1, .cpumask = "1" };
	int status;
	pid_t pid;

	if (geteuid())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_int_equal(chmod(path_of(fake, dirs[i]).s, 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		assert_int_equal(chown(path_of(fake, files[i].file).s, 0, 65533), 0);
		assert_int_equal(chmod(path_of(fake, files[i].file).s, 0660), 0);
	}
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct journal *j = journal_new(-1);
		struct setup_instance *s = NULL;
		struct err err = { 0 };

		if (setgid(65533) || setuid(65533))
			_exit(1);
		if (setup_check(&c, false, &err) || setup_try(&c, 1, &err) ||
		    setup_apply(&c, j, &s, &err)) {
			print_message("%s\n", err.text);
			_exit(2);
		}
		_exit(journal_restore(j) ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	check_text(fake, "tracing_cpumask", "7ff");
	check_text(fake, "events/sched/sched_switch/enable", "1");
}

#define on_fake(test) cmocka_unit_test_setup(test, fill_fake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_fake(triggers_are_read_as_they_are_written),
		on_fake(functions_are_read_as_they_are_written),
		on_fake(commands_are_taken_away_with_a_count_if_they_have_one),
		cmocka_unit_test(masks_of_cpus_are_checked),
		cmocka_unit_test(scale_of_the_tsc_is_perfs),
		on_fake(functions_replace_those_of_others_and_give_them_back),
		on_fake(graph_has_lists_of_its_own),
		on_fake(functions_are_left_alone_without_their_tracer),
		on_fake(missing_files_for_functions_matter_only_if_asked_for),
		on_fake(mistakes_are_found_before_anything_is_changed),
		on_fake(tasks_are_limited_and_followed),
		on_fake(old_kernels_limit_tasks_by_filters),
		on_fake(each_event_gets_each_trigger),
		on_fake(nothing_is_reset_when_applied_onto_what_is_there),
		on_fake(names_of_tasks_are_the_systems),
		on_fake(a_member_of_the_group_can_set_up),
	};

	return cmocka_run_group_tests(tests, make_fake, remove_fake);
}
