/*
 * test-setup-state.c - setup/: triggers, tasks, CPUs and sizes reach tracefs and come back, and
 * mistakes are found in time.
 *
 * In an instance of its own of the real tracing directory (root and tracefs).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "unit/used-instance.h"

/* Add to a file as the shell's ">>" does. */
static void append(const char *dir, const char *file, const char *text)
{
	int fd = open(path_of(dir, file).s, O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void kernel_triggers_of_others_come_back_in_their_order(void **state)
{
	struct path dir = instance();
	struct setup_event evs[] = {
		{ .name = "sched", .trigger = "stacktrace:5 if common_pid==99999998" },
		{ .name = "sched:sched_waking", .disable = true,
		  .trigger = "traceon if prio==77\nenable_event:irq:irq_handler_entry:3 if prio==77" },
	};
	struct setup_conf c = {
		.name = (char *)instance_name(&dir), .events = evs, .nr_events = 2,
	};
	_cleanup_free_ char *before = NULL;
	struct journal *j = journal_new(-1);
	struct setup_instance *s;

	need_tracefs();
	make_used_instance(dir.s);
	append(dir.s, "events/sched/sched_waking/trigger", "stacktrace if pid==99999999");
	append(dir.s, "events/sched/sched_waking/trigger",
	       "enable_event:irq:irq_handler_exit if pid==99999999");
	append(dir.s, "events/sched/sched_switch/trigger", "traceon:2 if prev_pid==99999999");
	before = snapshot(dir.s);
	assert_non_null(strstr(before, "enable_event:irq:irq_handler_exit"));
	s = apply(&c, j);
	check_text(dir.s, "events/sched/sched_switch/trigger",
		   "stacktrace:count=5 if common_pid==99999998\n");
	check_text(dir.s, "events/sched/sched_waking/trigger",
		   "enable_event:irq:irq_handler_entry:count=3 if prio==77\n"
		   "traceon:unlimited if prio==77\n"
		   "stacktrace:count=5 if common_pid==99999998\n");
	check_text(dir.s, "events/sched/sched_waking/enable", "0*\n");
	assert_int_equal(journal_restore(j), 0);
	check_snapshot(dir.s, before);
	setup_free(s);
	journal_free(j);
	assert_int_equal(rmdir(dir.s), 0);
}

static void kernel_tasks_cpus_and_sizes_come_back(void **state)
{
	struct path dir = instance();
	struct setup_event ev = { .name = "sched:sched_switch" };
	int pids[] = { 1, 4 }, later[] = { 99999 };
	char *options[] = { "event-fork" };
	struct setup_conf c = {
		.name = (char *)instance_name(&dir), .events = &ev, .nr_events = 1,
		.pids = pids, .nr_pids = 2, .cpumask = "1", .buffer_kb = 256, .subbuf_kb = 16,
	};
	_cleanup_free_ char *before = NULL;
	struct journal *j = journal_new(-1);
	struct setup_instance *s;
	bool subbufs;

	need_tracefs();
	make_used_instance(dir.s);
	subbufs = access(path_of(dir.s, "buffer_subbuf_size_kb").s, F_OK) == 0;
	if (!subbufs)
		c.subbuf_kb = 0;
	before = snapshot(dir.s);
	s = apply(&c, j);
	check_text(dir.s, "set_event_pid", "1\n4\n");
	assert_int_equal(setup_only_pids(s, later, 1, true, NULL), 0);
	check_text(dir.s, "set_event_pid", "1\n4\n99999\n");
	check_text(dir.s, "options/event-fork", "1\n");
	check_text(dir.s, "tracing_cpumask", "1\n");
	assert_int_equal(setup_page_size(s), subbufs ? 16384 : 4096);
	assert_int_equal(journal_restore(j), 0);
	check_snapshot(dir.s, before);
	setup_free(s);
	journal_free(j);

	/* onto what is there: nothing else changes */
	c = (struct setup_conf){ .name = c.name, .options = { options, 1 }, .cpumask = "-1" };
	j = journal_new(-1);
	assert_int_equal(setup_apply_onto(&c, j, &s, NULL), 0);
	check_text(dir.s, "options/event-fork", "1\n");
	check_text(dir.s, "tracing_on", "1\n");
	check_text(dir.s, "set_event_pid", "1\n2\n");
	assert_int_equal(journal_restore(j), 0);
	check_snapshot(dir.s, before);
	setup_free(s);
	journal_free(j);

	assert_int_equal(setup_delete(instance_name(&dir), NULL), 0);
	assert_int_equal(access(dir.s, F_OK), -1);
	assert_int_equal(setup_delete(instance_name(&dir), NULL), -ENOENT);
}

/* The trace that somebody has in an instance outlives our mistakes. */
static void kernel_mistakes_are_found_in_an_instance_of_our_own(void **state)
{
	static const struct {
		const char *event, *filter, *trigger, *says[2];
		int want;
	} cases[] = {
		{ "sched:sched_switch", "nosuch<3", NULL,
		  { "Failed filter of", "Command: nosuch<3" }, -EINVAL },
		{ "sched:sched_switch", NULL, "nosuch", { "Failed trigger of", "nosuch" }, -EINVAL },
		{ "sched", NULL, "stacktrace if nosuch==4",
		  { "Failed trigger of", "Command: nosuch==4" }, -EINVAL },
		{ "sched:sched_switch", NULL, "traceoff\ntraceoff:3",
		  { "has one of that kind already", "traceoff:3" }, -EEXIST },
		{ "sched", "prev_pid>3", "traceoff if prev_pid<3", { "", "" }, 0 },
	};
	struct path dir = instance();
	_cleanup_free_ char *before = NULL;
	char full[600];

	need_tracefs();
	make_used_instance(dir.s);
	snprintf(full, sizeof(full), "%s/events/sched/", dir.s);
	before = snapshot(dir.s);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct setup_event ev = {
			.name = (char *)cases[i].event, .filter = (char *)cases[i].filter,
			.trigger = (char *)cases[i].trigger,
		};
		struct setup_conf c = {
			.name = (char *)instance_name(&dir), .events = &ev, .nr_events = 1,
		};
		_cleanup_free_ char *trace = NULL;
		struct err err = { 0 };

		assert_int_equal(setup_try(&c, 1, &err), cases[i].want);
		if (!strstr(err.text, cases[i].says[0]) || !strstr(err.text, cases[i].says[1]) ||
		    (cases[i].want && !strstr(err.text, full)))
			fail_msg("'%s' was said", err.text);
		check_snapshot(dir.s, before);
		trace = text_of(path_of(dir.s, "trace").s);
		assert_non_null(strstr(trace, "old content"));
		assert_int_equal(access(TRACEFS "/instances/trace-cmd-trial", F_OK), -1);
	}
	assert_int_equal(rmdir(dir.s), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_instance(kernel_triggers_of_others_come_back_in_their_order),
		on_instance(kernel_tasks_cpus_and_sizes_come_back),
		on_instance(kernel_mistakes_are_found_in_an_instance_of_our_own),
	};

	return cmocka_run_group_tests(tests, use_real, NULL);
}
