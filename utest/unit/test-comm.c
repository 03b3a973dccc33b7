/*
 * test-comm.c - base/comm: names of tasks by what /proc tells.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/comm.h"

static void name_is(const char *text, const char *name)
{
	assert_int_equal(comm_length(text, strlen(text)), strlen(name));
	assert_memory_equal(text, name, strlen(name));
}

static void tasks_are_called_as_told(void **state)
{
	(void)state;
	name_is("", "");
	name_is("sh", "sh");
	name_is("(sd-pam)", "(sd-pam)");
	name_is("a+b-c", "a+b-c");
	name_is("kworker", "kworker");
	name_is("kworker/", "kworker/");
}

static void workers_are_called_without_their_work(void **state)
{
	(void)state;
	name_is("kworker/0:1", "kworker/0:1");
	name_is("kworker/0:1-virtio_vsock", "kworker/0:1");
	name_is("kworker/u8:0+ext4-rsv-conversion", "kworker/u8:0");
	name_is("kworker/1:2H-kblockd", "kworker/1:2H");
}

static void long_names_end_where_those_of_events_do(void **state)
{
	(void)state;
	name_is("rcu_tasks_trace_kthread", "rcu_tasks_trace");
	name_is("kworker/R-kvm-irqfd-cleanup", "kworker/R-kvm-i");
	name_is("kworker/R-rcu_g", "kworker/R-rcu_g");
	name_is("kworker/R", "kworker/R");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_are_called_as_told),
		cmocka_unit_test(workers_are_called_without_their_work),
		cmocka_unit_test(long_names_end_where_those_of_events_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
