/*
 * test-proxy-limits.c - what a guest gets of its host that records for it, and what not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "record/options.h"
#include "session/plan.h"
#include "session/proxy-limits.h"

#define WORDS_MAX 6

/* What becomes of a guest's @words. */
static int ask(char *const *words)
{
	char *argv[WORDS_MAX + 2] = { "record" };
	struct err err = { 0 };
	struct plan p;
	int argc, ret;

	for (argc = 1; argc <= WORDS_MAX && words[argc - 1]; argc++)
		argv[argc] = words[argc - 1];
	assert_int_equal(plan_init(&p), 0);
	ret = record_parse(argc, argv, PLAN_PROXY, &p, &err);
	if (!ret)
		ret = proxy_limits_check(&p, 2, &err);
	plan_release(&p);
	return ret;
}

static void functions_may_be_named(void **state)
{
	static char *const words[][WORDS_MAX] = {
		{ "-l", "vfs_read" }, { "-l", "vfs_*" }, { "-l", "!vfs_read" }, { "-n", "*lock*" },
		{ "-g", "do_sys_open*" }, { "-l", "a.constprop.0" }, { "-l", "ext4_*:mod:ext4" },
		{ "-n", "ext4_*:mod:ext4" }, { "--module", "ext4" },
		{ "--module", "ext4", "-l", "ext4_*", "-n", "ext4_sync" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_equal(ask(words[i]), 0);
}

/* Whatever way they would get into the kernel's list. */
static void functions_have_no_commands(void **state)
{
	static char *const words[][WORDS_MAX] = {
		{ "-l", "vfs_read:traceoff" }, { "-l", "vfs_read:traceoff:5" },
		/* a count that is empty is none */
		{ "-l", "vfs_read:traceoff::mod:" }, { "-l", "vfs_read:dump::mod:x" },
		{ "-l", "vfs_read:enable_event:kvm:kvm_exit::mod:" },
		{ "-l", "!vfs_read:traceoff::mod:" }, { "-n", "vfs_read:traceoff" },
		{ "-g", "vfs_read:traceoff" }, { "-l", "a:mod:b:traceoff" },
		/* the kernel's next word */
		{ "-l", "vfs_open vfs_read:traceoff" }, { "-l", "a:mod:b vfs_read:traceoff" },
		{ "-l", "a:mod:b\tvfs_read:traceoff" }, { "-l", "a:mod:b\xa0vfs_read:traceoff" },
		{ "-n", "vfs_open vfs_read" }, { "-g", "vfs_open vfs_read" },
		{ "--module", "ext4 vfs_read:traceoff" },
		{ "--module", "ext4 vfs_read:traceoff", "-l", "ext4_*" },
		{ "--module", "ext4:traceoff" }, { "--module", "x", "-l", "a:mod:b" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_equal(ask(words[i]), -EACCES);
}

static void memory_and_time_are_limited(void **state)
{
	static char *const good[][WORDS_MAX] = {
		{ "-b", "131072" }, { "--subbuf-size", "64" }, { "-s", "1000" }, { "-s", "0" },
		{ "-p", "function" }, { "-p", "nop" },
	};
	static char *const bad[][WORDS_MAX] = {
		{ "-b", "131073" }, { "--subbuf-size", "65" }, { "-s", "999" }, { "-p", "wakeup" },
		{ "--file-version", "6" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(ask(good[i]), 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(ask(bad[i]), -EACCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_may_be_named),
		cmocka_unit_test(functions_have_no_commands),
		cmocka_unit_test(memory_and_time_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
