/*
 * test-report-plan.c - lists on the command line of report.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "report/plan.h"

static void test_cpu_lists_take_numbers_and_ranges(void **state)
{
	static const struct { const char *list; unsigned int cpus; } good[] = {
		{ "0", 1 }, { "1,3", 10 }, { "1:3", 10 }, { "0-2", 7 }, { "2-2", 4 }, { "0,2-3:5", 45 },
	};
	unsigned int i, cpu;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		struct report_plan plan;
		struct err err = { 0 };
		unsigned int mask = 0;

		report_plan_init(&plan);
		assert_int_equal(plan_add_cpus(&plan, good[i].list, &err), 0);
		for (cpu = 0; cpu < 32; cpu++)
			mask |= CPU_ISSET_S(cpu, plan.cpus_size, plan.cpus) ? 1u << cpu : 0;
		assert_int_equal(mask, good[i].cpus);
		report_plan_release(&plan);
	}
}

static void test_bad_cpu_lists_are_refused(void **state)
{
	static const struct { const char *list, *text; } bad[] = {
		{ "x", "invalid character 'x' in cpu string 'x'" },
		{ "1,x", "invalid character 'x' in cpu string '1,x'" },
		{ "1;2", "invalid character ';' in cpu string '1;2'" },
		{ "-1", "invalid character '-' in cpu string '-1'" },
		{ "3-1", "range of cpu numbers must be lower to greater" },
		{ "", "missing at the end" }, { "1,", "missing at the end" },
		{ "1-", "missing at the end" }, { "99999999999999999999", "too large" },
		{ "0-65536", "too large" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct report_plan plan;
		struct err err = { 0 };

		report_plan_init(&plan);
		assert_true(plan_add_cpus(&plan, bad[i].list, &err) < 0);
		if (!strstr(err.text, bad[i].text))
			fail_msg("'%s': %s", bad[i].list, err.text);
		report_plan_release(&plan);
	}
}

static void test_pids_are_numbers_the_last_one_first(void **state)
{
	static const char *const bad[] = { "", "x", "1,x", "1,", ",1", "-1", "99999999999", "1 2" };
	struct report_plan plan;
	struct err err = { 0 };
	unsigned int i;

	report_plan_init(&plan);
	assert_int_equal(plan_add_pids(&plan, "1,22,0", &err), 0);
	assert_int_equal(plan_add_pids(&plan, "7", &err), 0);
	assert_int_equal(plan.nr_pids, 4);
	assert_int_equal(plan.pids[0], 7);
	assert_int_equal(plan.pids[1], 0);
	assert_int_equal(plan.pids[2], 22);
	assert_int_equal(plan.pids[3], 1);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		err_clear(&err);
		assert_int_equal(plan_add_pids(&plan, bad[i], &err), -EINVAL);
		assert_non_null(strstr(err.text, "not a list of pids"));
	}
	report_plan_release(&plan);
}

static void test_filters_belong_to_the_file_before_them(void **state)
{
	struct report_plan plan;

	report_plan_init(&plan);
	assert_int_equal(plan_add_filter(&plan, "all", false), 0);
	assert_int_equal(plan_add_input(&plan, "a"), 0);
	assert_int_equal(plan_add_filter(&plan, "of-a", true), 0);
	assert_int_equal(plan_add_input(&plan, "b"), 0);
	assert_int_equal(plan_add_filter(&plan, "of-b", false), 0);
	assert_int_equal(plan.filters.count, 1);
	assert_string_equal(plan.filters.item[0].text, "all");
	assert_int_equal(plan.inputs[0].filters.count, 1);
	assert_string_equal(plan.inputs[0].filters.item[0].text, "of-a");
	assert_true(plan.inputs[0].filters.item[0].hide);
	assert_string_equal(plan.inputs[1].filters.item[0].text, "of-b");
	report_plan_release(&plan);
}

static void test_comms_are_split_at_commas(void **state)
{
	struct report_plan plan;

	report_plan_init(&plan);
	assert_int_equal(plan_add_comms(&plan, "a b,,c"), 0);
	assert_int_equal(plan.comms.count, 2);
	assert_string_equal(plan.comms.item[0], "a b");
	assert_string_equal(plan.comms.item[1], "c");
	report_plan_release(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpu_lists_take_numbers_and_ranges),
		cmocka_unit_test(test_bad_cpu_lists_are_refused),
		cmocka_unit_test(test_pids_are_numbers_the_last_one_first),
		cmocka_unit_test(test_filters_belong_to_the_file_before_them),
		cmocka_unit_test(test_comms_are_split_at_commas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
