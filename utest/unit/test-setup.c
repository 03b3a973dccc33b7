/*
 * test-setup.c - setup/: checks, event names and files that are missing.
 *
 * On a made-up tracing directory, so no root is needed; test-setup-kernel.c has the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>
#include <tracefs.h>

#include "base/cleanup.h"
#include "setup/events.h"
#include "setup/setup.h"
#include "setup/tracefile.h"
#include "unit/tracefs-util.h"

static char fake[] = "/tmp/utest-setup-XXXXXX";

static const char fake_events[] =
	"sched:sched_switch\nsched:sched_waking\nirq:irq_handler_entry\n"
	"kvm:kvm_entry\nkvm:kvm_exit\nmisc:sched\nsched:sched_wakeup\n";

static int make_fake(void **state)
{
	static const char *const dirs[] = {
		"events", "events/sched", "events/sched/sched_switch", "instances", "options",
		"per_cpu", "per_cpu/cpu0", "per_cpu/cpu1", "per_cpu/cpu10",
	};
	static const struct {
		const char *file, *text;
	} files[] = {
		{ "available_events", fake_events },
		{ "available_tracers", "blk function wakeup nop\n" },
		{ "trace_clock", "local [global] mono x86-tsc\n" },
		{ "tracing_on", "1\n" },
		{ "current_tracer", "function\n" },
		{ "set_event", "" },
		{ "options/nosy", "0\n" },
		{ "options/stacktrace", "0\n" },
		{ "buffer_size_kb", "7 (expanded: 1408)\n" },
		{ "events/enable", "0\n" },
		{ "events/sched/enable", "0\n" },
		{ "events/sched/sched_switch/enable", "0\n" },
		{ "events/sched/sched_switch/filter", "none\n" },
		{ "events/header_page", "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
					"\tfield: char data;\toffset:16;\tsize:8176;\n" },
		{ "per_cpu/cpu0/stats", "entries: 0\noverrun: 0\n" },
		{ "per_cpu/cpu1/stats", "entries: 0\noverrun: 0\n" },
	};

	if (!mkdtemp(fake))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdir(path_of(fake, dirs[i]).s, 0700))
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (put_in(fake, files[i].file, files[i].text))
			return -1;
	return tracefs_set_tracing_dir(fake);
}

static int remove_fake(void **state)
{
	tracefs_set_tracing_dir(NULL);
	remove_tree(fake);
	return 0;
}

/* "SYS" for a whole system, "SYS:EVENT" for one event, in one line. */
static char *describe_match(const char *name)
{
	struct event_list list = { 0 };
	struct event_targets t = { 0 };
	struct buf b = BUF_INIT;

	assert_int_equal(event_list_read(fake, &list), 0);
	assert_int_equal(event_list_match(&list, name, &t), 0);
	for (size_t i = 0; i < t.count; i++)
		buf_printf(&b, "%s%s%s%s", i ? " " : "", t.target[i].system,
			   t.target[i].name ? ":" : "",
			   t.target[i].name ? t.target[i].name : "");
	event_targets_release(&t);
	event_list_release(&list);
	return buf_take_str(&b);
}

static size_t list_length(struct setup_event *events, int nr)
{
	_cleanup_event_list_ struct event_list list = { 0 };

	assert_int_equal(event_list_read_for(fake, events, nr, &list), 0);
	for (size_t i = 0; i < list.count; i++)
		assert_true(list.id[i].system[0] && list.id[i].name[0]);
	return list.count;
}

/* The kernel's whole list costs much where many want it at once. */
static void full_names_of_events_need_no_list(void **state)
{
	static const char *const others[] = {
		"sched:sched_wakeup", "sched", "sched:", "sched_switch", "sched:sched_*", "all", "", ":",
		"../sched:sched_switch", "sched:../sched/sched_switch", "sched:sched_switch:mod:x",
	};
	struct setup_event one = { .name = "sched:sched_switch" };
	struct setup_event twice[2] = { one, one };
	_cleanup_event_list_ struct event_list all = { 0 };

	assert_int_equal(event_list_read(fake, &all), 0);
	assert_true(all.count > 2);
	assert_int_equal(list_length(&one, 1), 1);
	assert_int_equal(list_length(twice, 2), 1);
	assert_int_equal(list_length(NULL, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct setup_event mixed[2] = { one, { .name = (char *)others[i] } };

		if (list_length(mixed, 2) != all.count)
			fail_msg("'%s' is taken for the name of one event", others[i]);
	}
}

static void event_names_mean_systems_and_events(void **state)
{
	static const struct {
		const char *name, *want;
	} cases[] = {
		{ "sched:sched_switch", "sched:sched_switch" },
		{ "sched:", "sched" },
		{ "sched:*", "sched" },
		{ "sched", "misc:sched sched" },
		{ "sched_switch", "sched:sched_switch" },
		{ "kvm", "kvm" },
		{ "kvm:kvm_e*", "kvm:kvm_entry kvm:kvm_exit" },
		{ "*:*_entry", "irq:irq_handler_entry kvm:kvm_entry" },
		{ "sched_wak*", "sched:sched_wakeup sched:sched_waking" },
		{ "[ik]*", "irq kvm" },
		{ "all", "irq kvm misc sched" },
		{ "nosuch", "" },
		{ "nosuch:*", "" },
		{ "sched:nosuch", "" },
		{ "sched_switc", "" },
		{ "", "" },
		{ ":", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *got = describe_match(cases[i].name);

		if (strcmp(got, cases[i].want))
			fail_msg("'%s' means '%s', not '%s'", cases[i].name, got, cases[i].want);
	}
}

static int check_event(const char *name, bool ignore, struct err *err)
{
	struct setup_event ev = { .name = (char *)name };
	struct setup_conf c = { .events = &ev, .nr_events = 1 };

	err_clear(err);
	return setup_check(&c, ignore, err);
}

static void unknown_event_is_an_error_with_advice(void **state)
{
	struct err err = { 0 };

	assert_int_equal(check_event("nosuch", false, &err), -ENOENT);
	assert_non_null(strstr(err.text, "No events enabled with nosuch\n"));
	assert_non_null(strstr(err.text, "available_events"));
	assert_int_equal(check_event("sched:nosuch", false, &err), -ENOENT);
	assert_int_equal(check_event("nosuch", true, &err), 0);
	assert_int_equal(check_event("sched", false, &err), 0);
	assert_int_equal(check_event("all", false, &err), 0);
}

static void unknown_tracer_is_an_error_that_lists_those_there_are(void **state)
{
	struct setup_conf c = { .tracer = "func" };
	struct err err = { 0 };

	assert_int_equal(setup_check(&c, false, &err), -EINVAL);
	assert_non_null(strstr(err.text, "Plugin 'func' does not exist"));
	assert_non_null(strstr(err.text, "blk function wakeup nop"));
	c.tracer = "function";
	assert_int_equal(setup_check(&c, false, NULL), 0);
	c.tracer = "nop";
	assert_int_equal(setup_check(&c, false, NULL), 0);
	c.tracer = "";
	assert_int_equal(setup_check(&c, false, NULL), -EINVAL);
}

static void unknown_clock_is_an_error_that_lists_those_there_are(void **state)
{
	struct setup_conf c = { .clock = "glob" };
	struct err err = { 0 };

	assert_int_equal(setup_check(&c, false, &err), -EINVAL);
	assert_non_null(strstr(err.text, "Clock glob is not supported"));
	assert_non_null(strstr(err.text, "x86-tsc"));
	c.clock = "global";
	assert_int_equal(setup_check(&c, false, NULL), 0);
	c.clock = "x86-tsc";
	assert_int_equal(setup_check(&c, false, NULL), 0);
}

static void names_of_enabled_events_are_told_once(void **state)
{
	struct setup_event one[] = {
		{ .name = "kvm" }, { .name = "kvm_entry" }, { .name = "irq", .disable = true },
	};
	struct setup_event two[] = { { .name = "sched:sched_switch" }, { .name = "nosuch" } };
	struct setup_event all[] = { { .name = "all" } };
	struct setup_conf c[] = {
		{ .events = one, .nr_events = 3 }, { .events = two, .nr_events = 2 },
		{ .events = all, .nr_events = 1 },
	};
	char **names = setup_event_names(c, 2);

	assert_non_null(names);
	assert_string_equal(names[0], "kvm:kvm_entry");
	assert_string_equal(names[1], "kvm:kvm_exit");
	assert_string_equal(names[2], "sched:sched_switch");
	assert_null(names[3]);
	setup_event_names_free(names);

	assert_null(setup_event_names(c, 3));
	names = setup_event_names(NULL, 0);
	assert_non_null(names);
	assert_null(names[0]);
	setup_event_names_free(names);
}

static void missing_files_nobody_asked_for_do_no_harm(void **state)
{
	struct setup_event ev = { .name = "sched:sched_switch", .filter = "prev_pid==1" };
	char *options[] = { "stacktrace", "nonosy", "nosy" };
	struct setup_conf c = {
		.events = &ev, .nr_events = 1, .clock = "mono", .buffer_kb = 100,
		.tracer = "wakeup", .options = { options, 3 },
	};
	struct journal *j = journal_new(-1);
	struct setup_instance *s = NULL;
	struct err err = { 0 };

	if (setup_apply(&c, j, &s, &err))
		fail_msg("%s", err.text);
	check_text(fake, "tracing_on", "0");
	check_text(fake, "current_tracer", "wakeup");
	check_text(fake, "events/sched/sched_switch/filter", "prev_pid==1");
	check_text(fake, "events/sched/sched_switch/enable", "1");
	check_text(fake, "events/sched/enable", "0\n");
	check_text(fake, "buffer_size_kb", "100");
	check_text(fake, "options/stacktrace", "1");
	check_text(fake, "options/nosy", "1");
	assert_string_equal(setup_name(s), "");
	assert_int_equal(setup_page_size(s), 8192);
	assert_int_equal(setup_nr_cpus(s), 11);
	assert_true(setup_is_latency_tracer(s));
	assert_int_equal(setup_tracing_on(s, true), 0);
	check_text(fake, "tracing_on", "1");
	assert_int_equal(setup_open_raw(s, 3), -ENOENT);
	assert_int_equal(setup_exclude_pid(s, getpid()), 0);

	assert_int_equal(journal_restore(j), 0);
	check_text(fake, "tracing_on", "1");
	check_text(fake, "current_tracer", "function");
	check_text(fake, "events/sched/sched_switch/filter", "0");
	check_text(fake, "trace_clock", "global");
	check_text(fake, "buffer_size_kb", "1408");
	check_text(fake, "options/stacktrace", "0");
	check_text(fake, "options/nosy", "0");
	setup_free(s);
	journal_free(j);
}

static void missing_files_that_were_asked_for_are_errors(void **state)
{
	struct setup_event ev = { .name = "kvm:kvm_exit" };
	char *option[] = { "nosuch" };
	const struct {
		struct setup_conf c;
		const char *says;
	} cases[] = {
		{ { .events = &ev, .nr_events = 1 }, "cannot switch kvm:kvm_exit on" },
		{ { .options = { option, 1 } },
		  "Failed to  set ftrace option nosuch" },
		{ { .name = "../x" }, "'../x' cannot be the name" },
		{ { .name = "" }, "'' cannot be the name" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct journal *j = journal_new(-1);
		struct setup_instance *s = NULL;
		struct err err = { 0 };

		assert_true(setup_apply(&cases[i].c, j, &s, &err) < 0);
		assert_null(s);
		if (!strstr(err.text, cases[i].says))
			fail_msg("'%s' was said", err.text);
		journal_restore(j);
		journal_free(j);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(event_names_mean_systems_and_events),
		cmocka_unit_test(full_names_of_events_need_no_list),
		cmocka_unit_test(unknown_event_is_an_error_with_advice),
		cmocka_unit_test(unknown_tracer_is_an_error_that_lists_those_there_are),
		cmocka_unit_test(unknown_clock_is_an_error_that_lists_those_there_are),
		cmocka_unit_test(names_of_enabled_events_are_told_once),
		cmocka_unit_test(missing_files_nobody_asked_for_do_no_harm),
		cmocka_unit_test(missing_files_that_were_asked_for_are_errors),
	};

	return cmocka_run_group_tests(tests, make_fake, remove_fake);
}
