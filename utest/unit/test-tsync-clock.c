/*
 * Stamps: by CLOCK_MONOTONIC_RAW, and by markers read back from an instance.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cpus.h"
#include "sim/tracefs-tree.h"
#include "sim/tsync-pair.h"
#include "tsync/clock.h"
#include "tsync/instance.h"

#define OWN	PAIR_ID
#define PEER	(-5)

static int64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* A clock on an instance of its own, with trace clock mono. */
static bool open_marker(struct tsync_conf *conf, struct tsync_clock *c, enum series_field received)
{
	struct err err = { 0 };

	if (!pair_can_mark()) {
		print_message("SKIPPED: markers need root and tracefs\n");
		return false;
	}
	tsync_conf_init(conf);
	conf->clock = "mono";
	conf->own_id = tsync_pick_id(NULL, OWN);
	conf->peer_id = PEER;
	clock_init(c, conf, received);
	assert_int_equal(clock_select(c, true, &err), 0);
	return true;
}

static void raw_stamps_are_there_at_once(void **state)
{
	struct tsync_conf conf;
	struct tsync_clock c;
	struct series s;
	int64_t before, after;

	tsync_conf_init(&conf);
	conf.clock = "mono_raw";
	clock_init(&c, &conf, SERIES_RECEIVE);
	assert_int_equal(clock_select(&c, false, NULL), 0);
	series_reset(&s, 1);
	clock_begin(&c, &s);
	before = now_ns(CLOCK_MONOTONIC_RAW);
	clock_stamp(&c, SERIES_SEND, 1);
	clock_stamp(&c, SERIES_RECEIVE, 339);
	after = now_ns(CLOCK_MONOTONIC_RAW);
	assert_in_range(s.probe[0].time[SERIES_SEND], before, after);
	assert_in_range(s.probe[338].time[SERIES_RECEIVE], before, after);
	assert_int_equal(clock_collect(&c), 0);
	assert_int_equal(series_count(&s, SERIES_SEND), 1);
	clock_release(&c);
}

static void a_round_of_markers_comes_back_with_trace_clock_times(void **state)
{
	struct tsync_conf conf;
	struct tsync_clock c;
	struct series s;
	int64_t before, after;
	uint32_t n;

	if (!open_marker(&conf, &c, SERIES_RECEIVE))
		skip();
	series_reset(&s, 7);
	clock_begin(&c, &s);
	before = now_ns(CLOCK_MONOTONIC);
	for (n = 1; n <= PTP_PROBES; n++) {
		clock_stamp(&c, SERIES_SEND, n);
		clock_stamp(&c, SERIES_RECEIVE, n);
	}
	after = now_ns(CLOCK_MONOTONIC);
	assert_int_equal(series_count(&s, SERIES_SEND), 0);
	assert_int_equal(clock_collect(&c), 0);
	assert_int_equal(c.error, 0);
	for (n = 0; n < PTP_PROBES; n++) {
		struct probe *p = &s.probe[n];

		assert_int_equal(p->have, 1 << SERIES_SEND | 1 << SERIES_RECEIVE);
		assert_in_range(p->time[SERIES_SEND], before, p->time[SERIES_RECEIVE]);
		assert_in_range(p->time[SERIES_RECEIVE], p->time[SERIES_SEND], after);
		before = p->time[SERIES_RECEIVE];
	}
	clock_release(&c);
}

static void foreign_markers_do_not_count(void **state)
{
	struct tsync_conf conf;
	struct tsync_clock c;
	struct series s;
	uint32_t i;

	if (!open_marker(&conf, &c, SERIES_CLIENT))
		skip();
	series_reset(&s, 7);
	clock_begin(&c, &s);

	/* number i + 1 is wrong in one way or the other, but for the last one */
	struct sync_mark marks[] = {
		{ 8, conf.own_id, PEER, 1, 'r' },		/* another series */
		{ 7, conf.own_id + 1, PEER, 2, 'r' },		/* of another session */
		{ 7, 0, 0, 3, 'r' },				/* as stock peers have it */
		{ 7, conf.own_id, PEER + 1, 4, 'r' },
		{ 7, conf.own_id, PEER, 5, 's' },		/* a host does not send */
		{ 7, conf.own_id, PEER, 6, 'x' },
		{ 7, conf.own_id, PEER, 0, 'r' },		/* numbers without probe */
		{ 7, conf.own_id, PEER, 340, 'r' },
		{ 7, conf.own_id, PEER, 9, 'r' },
	};
	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		assert_int_equal(sync_instance_mark(c.inst, &marks[i]), 0);
	assert_int_equal(clock_collect(&c), 0);
	for (i = 0; i < PTP_PROBES; i++)
		assert_int_equal(s.probe[i].have, i + 1 == 9 ? 1 << SERIES_CLIENT : 0);
	clock_release(&c);
}

static void stamps_of_a_round_that_failed_are_not_of_the_next(void **state)
{
	struct tsync_conf conf;
	struct tsync_clock c;
	struct series s;

	if (!open_marker(&conf, &c, SERIES_CLIENT))
		skip();
	series_reset(&s, 7);
	clock_begin(&c, &s);
	clock_stamp(&c, SERIES_CLIENT, 1);
	/* the peer dares to use the same series again */
	series_reset(&s, 7);
	clock_begin(&c, &s);
	clock_stamp(&c, SERIES_CLIENT, 2);
	assert_int_equal(clock_collect(&c), 0);
	assert_int_equal(s.probe[0].have, 0);
	assert_int_equal(s.probe[1].have, 1 << SERIES_CLIENT);
	clock_release(&c);
}

static void markers_of_all_cpus_are_found(void **state)
{
	struct tsync_conf conf;
	struct tsync_clock c;
	struct series s;
	cpu_set_t mask;
	int cpu, n = 0;

	if (!open_marker(&conf, &c, SERIES_RECEIVE))
		skip();
	assert_int_equal(cpus_get_affinity(0, &mask), 0);
	series_reset(&s, 7);
	clock_begin(&c, &s);
	for (cpu = 0; cpu < CPU_SETSIZE && n < PTP_PROBES; cpu++) {
		if (!CPU_ISSET(cpu, &mask))
			continue;
		assert_int_equal(cpus_pin_self(cpu, NULL), 0);
		clock_stamp(&c, SERIES_RECEIVE, ++n);
	}
	cpus_set_affinity(0, &mask);
	assert_int_equal(clock_collect(&c), 0);
	assert_int_equal(series_count(&s, SERIES_RECEIVE), n);
	clock_release(&c);
}

static void more_markers_than_the_buffer_holds_are_no_error(void **state)
{
	struct tsync_conf conf;
	struct tsync_clock c;
	struct series s;
	uint32_t i;

	if (!open_marker(&conf, &c, SERIES_RECEIVE))
		skip();
	series_reset(&s, 7);
	clock_begin(&c, &s);
	for (i = 0; i < 20000; i++)
		clock_stamp(&c, SERIES_RECEIVE, 1 + i % PTP_PROBES);
	assert_int_equal(clock_collect(&c), 0);
	assert_int_equal(series_count(&s, SERIES_RECEIVE), PTP_PROBES);
	clock_release(&c);
}

/* What the kernel says that file @name of the instance holds. */
static long instance_number(int id, const char *name)
{
	char path[300];
	long number = -1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/instances/clock_synch-%d/%s", tracefs_tracing_dir(), id, name);
	f = fopen(path, "r");
	if (f && fscanf(f, "%ld", &number) != 1)
		number = -1;
	if (f)
		fclose(f);
	return number;
}

/* Making it small takes a while in which all users of tracefs wait: not before the first round. */
static void a_new_instance_is_made_small_later(void **state)
{
	struct tsync_conf conf;
	struct tsync_clock c;
	struct series s;
	long before;
	int id;

	if (!pair_can_mark()) {
		print_message("SKIPPED: markers need root and tracefs\n");
		skip();
	}
	tsync_conf_init(&conf);
	conf.clock = "mono";
	id = conf.own_id = tsync_pick_id(NULL, OWN);
	conf.own_made = true;
	before = instance_number(id, "buffer_size_kb");
	assert_true(before > 0);
	/* who comes after a crash must know it as ours, whatever its size */
	assert_int_equal(instance_number(id, "buffer_percent"), 37);
	clock_init(&c, &conf, SERIES_RECEIVE);
	assert_int_equal(clock_select(&c, true, NULL), 0);
	assert_int_equal(instance_number(id, "buffer_size_kb"), before);
	assert_true(sync_instance_is_big(c.inst));
	sync_instance_shrink(c.inst);
	assert_false(sync_instance_is_big(c.inst));
	assert_in_range(instance_number(id, "buffer_size_kb"), 64, 72);
	series_reset(&s, 7);
	clock_begin(&c, &s);
	clock_stamp(&c, SERIES_SEND, 1);
	assert_int_equal(clock_collect(&c), 0);
	assert_int_equal(series_count(&s, SERIES_SEND), 1);
	clock_release(&c);
	assert_int_equal(instance_number(id, "buffer_size_kb"), -1);
}

/* Whether somebody has claimed the directory @name in @dir. */
static bool is_claimed(const char *dir, const char *name)
{
	char path[512];
	int fd;
	bool is;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	is = flock(fd, LOCK_EX | LOCK_NB) < 0;
	close(fd);
	return is;
}

/* Also a session that wants no markers has its instance for itself as long as it lasts; or if it wants some later. */
static void a_picked_instance_is_claimed_all_the_time(void **state)
{
	char dir[] = "/tmp/test-tsync-clock-XXXXXX";
	const char *inst = "instances/clock_synch-7001";
	struct tsync_conf conf;
	struct tsync_clock c;
	int marker;

	assert_non_null(mkdtemp(dir));
	put_file(dir, "events/ftrace/raw_data/format", RAW_FORMAT);
	put_file(dir, "instances/README", "");
	for (marker = 0; marker < 2; marker++) {
		tsync_conf_init(&conf);
		conf.clock = "mono_raw";
		conf.tracing_dir = dir;
		conf.own_id = tsync_pick_id(dir, 7001);
		assert_int_equal(conf.own_id, 7001);
		conf.own_made = true;
		assert_false(is_claimed(dir, inst));
		clock_init(&c, &conf, SERIES_RECEIVE);
		assert_true(is_claimed(dir, inst));
		assert_int_equal(clock_select(&c, false, NULL), 0);
		if (marker) {
			put_file(dir, "instances/clock_synch-7001/trace_marker_raw", "");
			put_file(dir, "instances/clock_synch-7001/trace_clock", "[mono_raw]");
			put_file(dir, "instances/clock_synch-7001/tracing_on", "1\n");
			put_file(dir, "instances/clock_synch-7001/per_cpu/cpu0/trace_pipe_raw", "");
			assert_int_equal(clock_select(&c, true, NULL), 0);
			assert_non_null(c.inst);
		}
		assert_true(is_claimed(dir, inst));
		clock_release(&c);
		assert_false(is_claimed(dir, inst));
		remove_all(dir, inst);
	}
	remove_all(dir, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(raw_stamps_are_there_at_once),
		cmocka_unit_test(a_picked_instance_is_claimed_all_the_time),
		cmocka_unit_test(a_round_of_markers_comes_back_with_trace_clock_times),
		cmocka_unit_test(foreign_markers_do_not_count),
		cmocka_unit_test(a_new_instance_is_made_small_later),
		cmocka_unit_test(stamps_of_a_round_that_failed_are_not_of_the_next),
		cmocka_unit_test(markers_of_all_cpus_are_found),
		cmocka_unit_test(more_markers_than_the_buffer_holds_are_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
