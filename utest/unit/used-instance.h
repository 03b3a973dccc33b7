/*
 * used-instance.h - an instance of the real tracefs that somebody uses, and whether it is so again.
 *
 * Include it behind cmocka.h.
 */
#ifndef UTEST_USED_INSTANCE_H
#define UTEST_USED_INSTANCE_H

#include "base/cleanup.h"
#include "setup/setup.h"
#include "unit/tracefs-util.h"

static inline struct path instance(void)
{
	struct path p;

	snprintf(p.s, sizeof(p.s), TRACEFS "/instances/utest-setup-%d", getpid());
	return p;
}

static inline const char *instance_name(const struct path *p)
{
	return strrchr(p->s, '/') + 1;
}

static inline int use_real(void **state)
{
	const char *dir;

	return access(TRACEFS, R_OK) || geteuid() ? 0 : setup_find_tracing(&dir, NULL);
}

static inline int remove_instance(void **state)
{
	rmdir(instance().s);
	return 0;
}

/* All that a recording may change, as one text. */
static inline char *snapshot(const char *dir)
{
	static const char *const files[] = {
		"tracing_on", "current_tracer", "trace_clock", "set_event", "set_event_pid",
		"set_event_notrace_pid", "set_ftrace_pid", "trace_options", "tracing_cpumask",
		"buffer_subbuf_size_kb", "events/enable", "events/sched/enable",
		"events/sched/filter", "events/sched/sched_switch/filter",
		"events/sched/sched_switch/enable", "events/sched/sched_waking/filter",
		"events/sched/sched_waking/trigger", "events/sched/sched_waking/enable",
		"events/sched/sched_switch/trigger", "options/event-fork",
		"events/sched/sched_wakeup/filter", "events/raw_syscalls/filter",
		"events/raw_syscalls/sys_enter/filter", "per_cpu/cpu0/buffer_size_kb",
		"per_cpu/cpu1/buffer_size_kb", "buffer_percent",
	};
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *text = text_of(path_of(dir, files[i]).s);
		char *expanded = text ? strstr(text, " (expanded") : NULL;

		/* using a buffer expands it; the kernel has no way back */
		if (expanded)
			continue;
		buf_printf(&b, "%s: %s\n", files[i], text ? text : "(unreadable)");
	}
	return buf_take_str(&b);
}

static inline void check_snapshot(const char *dir, const char *before)
{
	_cleanup_free_ char *now = snapshot(dir);
	size_t at = 0;

	while (now[at] && now[at] == before[at])
		at++;
	if (now[at] != before[at])
		fail_msg("it was '...%.200s...', is '...%.200s...'",
			 before + (at > 50 ? at - 50 : 0), now + (at > 50 ? at - 50 : 0));
}

static inline struct setup_instance *apply(const struct setup_conf *c, struct journal *j)
{
	struct setup_instance *s = NULL;
	struct err err = { 0 };

	if (setup_apply(c, j, &s, &err))
		fail_msg("%s", err.text);
	return s;
}

/* An instance that somebody uses: nothing in it has its default. */
static inline void make_used_instance(const char *dir)
{
	static const struct {
		const char *file, *text;
	} set[] = {
		{ "trace_clock", "boot" },
		{ "per_cpu/cpu0/buffer_size_kb", "100" },
		{ "events/sched/filter", "pid>1" },
		{ "events/sched/sched_switch/filter", "prev_pid>7" },
		{ "events/sched/sched_wakeup/filter", "0" },
		{ "events/raw_syscalls/sys_enter/filter", "id==3" },
		{ "events/sched/sched_waking/trigger", "traceoff:1 if pid==99999999" },
		{ "events/sched/sched_switch/enable", "1" },
		{ "events/sched/sched_process_exit/enable", "1" },
		{ "events/irq/irq_handler_entry/enable", "1" },
		{ "set_event_pid", "1 2" },
		{ "set_event_notrace_pid", "3" },
		{ "options/stacktrace", "1" },
		{ "options/overwrite", "0" },
		{ "trace_marker", "old content" },
		{ "tracing_on", "1" },
	};

	assert_int_equal(mkdir(dir, 0750), 0);
	for (size_t i = 0; i < ARRAY_SIZE(set); i++) {
		int ret = put_in(dir, set[i].file, set[i].text);

		if (ret && ret != -EPERM && ret != -ENOENT)
			fail_msg("%s: %s", set[i].file, strerror(-ret));
	}
}

#define on_instance(test) cmocka_unit_test_teardown(test, remove_instance)

#endif
