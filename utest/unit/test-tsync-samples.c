/*
 * From the results of rounds to the TimeShift of both layouts; and the registry.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tsync/samples.h"
#include "tsync/tsync.h"

static void add(struct tsync_samples *s, unsigned int pass, int guest_cpu, int host_cpu,
		int64_t time, int64_t offset, int64_t response)
{
	struct tsync_result r = {
		.time = time, .offset = offset, .response = response,
		.guest_cpu = guest_cpu, .host_cpu = host_cpu, .pass = pass,
	};

	assert_int_equal(tsync_samples_add(s, &r), 0);
}

static void assert_sample(const struct timeshift *ts, int cpu, uint32_t i, int64_t time,
			  int64_t offset)
{
	const struct timeshift_sample *sample;

	assert_true(i < ts->cpus[cpu].nr_samples);
	sample = &ts->cpus[cpu].samples[i];
	assert_int_equal(sample->time, time);
	assert_int_equal(sample->offset, offset);
	assert_int_equal(sample->scaling, 1);
	assert_int_equal(sample->fraction, 0);
}

static void no_results_are_no_timeshift(void **state)
{
	struct tsync_samples s = { 0 };
	struct timeshift ts;

	assert_int_equal(tsync_samples_timeshift(&s, TIMESHIFT_CURRENT, 1, 1, 2, &ts), -ENODATA);
	assert_int_equal(tsync_samples_timeshift(&s, TIMESHIFT_FORK, 1, 1, 2, &ts), -ENODATA);
}

static void global_rounds_hold_for_every_cpu(void **state)
{
	struct tsync_samples s = { 0 };
	struct timeshift ts;
	int cpu;

	add(&s, 0, -1, -1, 1000, 0, -1);
	add(&s, 1, -1, -1, 2000, -5, -1);
	assert_int_equal(tsync_samples_timeshift(&s, TIMESHIFT_CURRENT, 77, 1, 3, &ts), 0);
	assert_int_equal(ts.layout, TIMESHIFT_CURRENT);
	assert_int_equal(ts.peer_id, 77);
	assert_int_equal(ts.flags, 1);
	assert_int_equal(ts.nr_cpus, 3);
	for (cpu = 0; cpu < 3; cpu++) {
		assert_int_equal(ts.cpus[cpu].nr_samples, 2);
		assert_sample(&ts, cpu, 0, 1000, 0);
		assert_sample(&ts, cpu, 1, 2000, -5);
	}
	timeshift_release(&ts);
	tsync_samples_release(&s);
}

static void each_cpu_gets_its_fastest_round_of_a_pass(void **state)
{
	struct tsync_samples s = { 0 };
	struct timeshift ts;

	add(&s, 0, 0, 4, 1000, 10, 900);
	add(&s, 0, 0, 5, 1010, 11, 800);
	add(&s, 0, 1, 6, 1020, 12, 700);
	add(&s, 0, 1, 7, 1030, 13, -1);
	/* CPU 0 yielded nothing in this pass, CPU 2 never */
	add(&s, 1, 1, 4, 2000, 20, 300);
	add(&s, 1, 3, 5, 2010, 21, 200);
	assert_int_equal(tsync_samples_timeshift(&s, TIMESHIFT_CURRENT, 1, 1, 3, &ts), 0);
	assert_sample(&ts, 0, 0, 1010, 11);
	assert_sample(&ts, 0, 1, 2010, 21);
	assert_sample(&ts, 1, 0, 1020, 12);
	assert_sample(&ts, 1, 1, 2000, 20);
	assert_sample(&ts, 2, 0, 1020, 12);
	assert_sample(&ts, 2, 1, 2010, 21);
	assert_int_equal(ts.cpus[0].nr_samples, 2);
	assert_int_equal(ts.cpus[2].nr_samples, 2);
	timeshift_release(&ts);
	tsync_samples_release(&s);
}

/* A CPU with a clock of its own does not speak for others, however fast its round was. */
static void a_cpu_apart_is_for_no_other(void **state)
{
	struct tsync_samples s = { 0 };
	struct timeshift ts;

	add(&s, 0, -1, -1, 1000, 10, 900);
	add(&s, 0, 2, -1, 1010, 77, 100);
	assert_int_equal(tsync_samples_timeshift(&s, TIMESHIFT_CURRENT, 1, 1, 3, &ts), 0);
	assert_sample(&ts, 0, 0, 1000, 10);
	assert_sample(&ts, 1, 0, 1000, 10);
	assert_sample(&ts, 2, 0, 1010, 77);
	timeshift_release(&ts);
	tsync_samples_release(&s);
}

static void fork_has_the_rest_first_then_host_cpus_and_reads_back(void **state)
{
	struct tsync_samples s = { 0 };
	struct timeshift ts, back;
	struct buf b = BUF_INIT;

	add(&s, 0, 0, 7, 1000, 10, -1);
	add(&s, 0, 1, 3, 1010, 11, -1);
	add(&s, 0, 2, -1, 1020, 12, 50);
	add(&s, 0, 3, -1, 1030, 13, 40);
	add(&s, 1, 0, 7, 2000, 20, -1);
	assert_int_equal(tsync_samples_timeshift(&s, TIMESHIFT_FORK, 5, 1, 4, &ts), 0);
	assert_int_equal(ts.layout, TIMESHIFT_FORK);
	assert_int_equal(ts.peer_id, 5);
	assert_int_equal(ts.nr_cpus, 3);
	assert_int_equal(ts.cpus[0].cpu, -1);
	assert_int_equal(ts.cpus[1].cpu, 3);
	assert_int_equal(ts.cpus[2].cpu, 7);
	assert_int_equal(ts.cpus[1].nr_samples, 1);
	assert_sample(&ts, 1, 0, 1010, 11);
	assert_sample(&ts, 2, 0, 1000, 10);
	assert_sample(&ts, 2, 1, 2000, 20);
	assert_int_equal(ts.cpus[0].nr_samples, 1);
	assert_sample(&ts, 0, 0, 1030, 13);
	assert_int_equal(timeshift_put(&b, ORDER_NATIVE, &ts), 0);
	assert_int_equal(timeshift_parse(b.data, b.len, ORDER_NATIVE, &back), 0);
	assert_int_equal(back.layout, TIMESHIFT_FORK);
	assert_int_equal(back.nr_cpus, 3);
	assert_int_equal(back.cpus[0].cpu, -1);
	assert_sample(&back, 2, 1, 2000, 20);
	timeshift_release(&back);
	buf_release(&b);
	timeshift_release(&ts);
	tsync_samples_release(&s);
}

/* The lengths in the fork's description: 52 bytes for two global samples, 332 for 8 CPUs. */
static void fork_lengths_are_the_documented_ones(void **state)
{
	struct tsync_samples s = { 0 };
	struct timeshift ts;
	struct buf b = BUF_INIT;
	int pass, cpu;

	add(&s, 0, -1, -1, 1000, 0, -1);
	add(&s, 1, -1, -1, 2000, 0, -1);
	assert_int_equal(tsync_samples_timeshift(&s, TIMESHIFT_FORK, 5, 1, 4, &ts), 0);
	assert_int_equal(ts.cpus[0].cpu, -1);
	assert_int_equal(timeshift_put(&b, ORDER_NATIVE, &ts), 0);
	assert_int_equal(b.len, 52);
	timeshift_release(&ts);
	tsync_samples_release(&s);
	buf_reset(&b);

	for (pass = 0; pass < 2; pass++)
		for (cpu = 0; cpu < 8; cpu++)
			add(&s, pass, 0, cpu, pass * 1000 + cpu, cpu, 5);
	assert_int_equal(tsync_samples_timeshift(&s, TIMESHIFT_FORK, 5, 1, 4, &ts), 0);
	assert_int_equal(timeshift_put(&b, ORDER_NATIVE, &ts), 0);
	assert_int_equal(b.len, 332);
	timeshift_release(&ts);
	tsync_samples_release(&s);
	buf_release(&b);
}

static void registry_offers_and_chooses_by_role_and_clock(void **state)
{
	char *both[] = { "ptp", "burst", NULL };
	char *mixed[] = { "kvmx", "ptp", NULL }, *unknown[] = { "zzz", NULL }, *none[] = { NULL };
	const char **names;

	names = tsync_offer(TSYNC_ROLE_HOST, "local", "ptp");
	assert_string_equal(names[0], "ptp");
	assert_null(names[1]);
	free(names);
	/* this clock does not tell time */
	names = tsync_offer(TSYNC_ROLE_HOST, "counter", NULL);
	assert_null(names[0]);
	free(names);
	assert_ptr_equal(tsync_choose(mixed, TSYNC_ROLE_GUEST, NULL), tsync_proto_find("ptp"));
	assert_null(tsync_choose(mixed, TSYNC_ROLE_GUEST, "counter"));
	assert_null(tsync_choose(unknown, TSYNC_ROLE_GUEST, "local"));
	assert_null(tsync_choose(none, TSYNC_ROLE_GUEST, "local"));
	assert_null(tsync_choose(NULL, TSYNC_ROLE_GUEST, "local"));
	/* the lowest accuracy wins, in whatever order they are named */
	assert_ptr_equal(tsync_choose(both, TSYNC_ROLE_GUEST, "local"), tsync_proto_find("burst"));
	/* ticks of milliseconds */
	assert_ptr_equal(tsync_choose(both, TSYNC_ROLE_GUEST, "uptime"), tsync_proto_find("ptp"));
	assert_non_null(tsync_proto_at(0));
	assert_null(tsync_proto_find("nosuch"));
	assert_null(tsync_proto_at(1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_results_are_no_timeshift),
		cmocka_unit_test(global_rounds_hold_for_every_cpu),
		cmocka_unit_test(each_cpu_gets_its_fastest_round_of_a_pass),
		cmocka_unit_test(a_cpu_apart_is_for_no_other),
		cmocka_unit_test(fork_has_the_rest_first_then_host_cpus_and_reads_back),
		cmocka_unit_test(fork_lengths_are_the_documented_ones),
		cmocka_unit_test(registry_offers_and_chooses_by_role_and_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
