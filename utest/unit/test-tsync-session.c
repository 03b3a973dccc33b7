/*
 * Whole sessions, a host's thread and a guest's in one process: the true offset is 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cpus.h"
#include "setup/inuse.h"
#include "sim/tsync-pair.h"

#define PATIENCE_MS 60000

static const uint32_t all_flags[] = {
	PTP_FLAG_FASTEST_RESPONSE, 0,
	PTP_FLAG_FASTEST_RESPONSE | PTP_FLAG_USE_MARKER, PTP_FLAG_USE_MARKER,
};

static bool skipped(uint32_t flags)
{
	if (!(flags & PTP_FLAG_USE_MARKER) || pair_can_mark())
		return false;
	print_message("SKIPPED with markers: these need root and tracefs\n");
	return true;
}

static int count_lines(const char *path)
{
	struct buf b = BUF_INIT;
	int lines = 0;
	size_t i;

	if (io_read_path(path, &b))
		return -1;
	for (i = 0; i < b.len; i++)
		lines += b.data[i] == '\n';
	buf_release(&b);
	return lines;
}

static void stop_pair(struct tsync_pair *p, struct tsync_samples *samples)
{
	assert_int_equal(tsync_host_stop(p->host, PATIENCE_MS, samples, &p->err), 0);
	assert_int_equal(p->err.code, 0);
	assert_int_equal(tsync_guest_stop(p->guest, PATIENCE_MS), 0);
	pair_free(p);
}

static void assert_gone(int id)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/instances/clock_synch-%d", tracefs_tracing_dir(), id);
	assert_int_equal(access(path, F_OK), -1);
}

/* One sample at the start, one at the end; each within what its response allows. */
static void start_and_end(uint32_t flags, bool tcp, bool report)
{
	struct tsync_samples samples = { 0 };
	struct tsync_pair p;
	size_t i;

	pair_init(&p, flags, tcp);
	p.host_conf.report = p.guest_conf.report = report;
	assert_int_equal(pair_start(&p), 0);
	assert_int_equal(tsync_host_wait_first(p.host, PATIENCE_MS, &p.err), 0);
	stop_pair(&p, &samples);
	assert_int_equal(samples.count, 2);
	for (i = 0; i < 2; i++) {
		struct tsync_result *r = &samples.results[i];

		assert_int_equal(r->pass, i);
		assert_int_equal(r->guest_cpu, -1);
		assert_int_equal(r->host_cpu, -1);
		assert_true(r->time > 0);
		assert_true(llabs(r->offset) < 50000000);
		if (report)
			assert_true(llabs(r->offset) <= r->response / 2 + 1);
		else
			assert_int_equal(r->response, -1);
	}
	assert_true(samples.results[0].time < samples.results[1].time);
	tsync_samples_release(&samples);
	if (flags & PTP_FLAG_USE_MARKER) {
		assert_gone(p.host_conf.own_id);
		assert_gone(p.guest_conf.own_id);
	}
}

static void every_mode_gives_a_sample_at_the_start_and_at_the_end(void **state)
{
	size_t i;

	for (i = 0; i < 4; i++) {
		if (skipped(all_flags[i]))
			continue;
		start_and_end(all_flags[i], false, false);
		start_and_end(all_flags[i], true, true);
	}
}

static void passes_repeat_at_the_interval_and_leave_debug_files(void **state)
{
	char dir[] = "/tmp/test-tsync-XXXXXX", res[64], path[64];
	struct tsync_samples samples = { 0 };
	struct deadline d = deadline_in_ms(PATIENCE_MS);
	struct tsync_pair p;
	unsigned int i;

	assert_non_null(mkdtemp(dir));
	pair_init(&p, PTP_FLAG_FASTEST_RESPONSE, false);
	p.host_conf.interval_ms = 1;
	p.guest_conf.debug_dir = dir;
	p.guest_conf.cid = 4294967294;	/* the last one */
	snprintf(res, sizeof(res), "%s/res-cid4294967294.txt", dir);
	assert_int_equal(pair_start(&p), 0);
	while (count_lines(res) < 5)
		assert_false(deadline_passed(d));
	stop_pair(&p, &samples);
	assert_true(samples.count >= 6);
	assert_int_equal(samples.results[samples.count - 1].pass, samples.count - 1);
	assert_int_equal(count_lines(res), samples.count);
	for (i = 1; i <= samples.count; i++) {
		snprintf(path, sizeof(path), "%s/s-cid4294967294_%u.txt", dir, i);
		assert_int_equal(count_lines(path), PTP_PROBES + 1);
		unlink(path);
	}
	unlink(res);
	assert_int_equal(rmdir(dir), 0);
	tsync_samples_release(&samples);
}

/* "offset timestamp 0" at the end of an s- file, "series offset timestamp" in the res- file. */
static void host_with_a_report_writes_the_same_debug_files(void **state)
{
	char dir[] = "/tmp/test-tsync-XXXXXX", path[2][64];
	struct buf text[2] = { BUF_INIT, BUF_INIT };
	struct tsync_samples samples = { 0 };
	struct tsync_pair p;
	int i;

	assert_non_null(mkdtemp(dir));
	pair_init(&p, 0, false);
	p.host_conf.report = p.guest_conf.report = true;
	p.host_conf.debug_dir = p.guest_conf.debug_dir = dir;
	p.host_conf.cid = 1;
	p.guest_conf.cid = 2;
	assert_int_equal(pair_start(&p), 0);
	stop_pair(&p, &samples);
	for (i = 0; i < 2; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/s-cid%d_1.txt", dir, i + 1);
		assert_int_equal(io_read_path(path[i], &text[i]), 0);
	}
	assert_true(text[0].len > 0);
	assert_string_equal((char *)text[0].data, (char *)text[1].data);
	for (i = 0; i < 2; i++) {
		long long series, offset, time;

		buf_release(&text[i]);
		unlink(path[i]);
		snprintf(path[i], sizeof(path[i]), "%s/s-cid%d_2.txt", dir, i + 1);
		unlink(path[i]);
		snprintf(path[i], sizeof(path[i]), "%s/res-cid%d.txt", dir, i + 1);
		assert_int_equal(io_read_path(path[i], &text[i]), 0);
		assert_int_equal(sscanf((char *)text[i].data, "%lld %lld %lld\n", &series, &offset,
					&time), 3);
		assert_int_equal(series, 1);
		assert_int_equal(offset, samples.results[0].offset);
		assert_int_equal(time, samples.results[0].time);
		buf_release(&text[i]);
		unlink(path[i]);
	}
	assert_int_equal(rmdir(dir), 0);
	tsync_samples_release(&samples);
}

static void three_guests_at_once_do_not_mix_their_stamps(void **state)
{
	const uint32_t flags = PTP_FLAG_FASTEST_RESPONSE | PTP_FLAG_USE_MARKER;
	char dir[] = "/tmp/test-tsync-XXXXXX", path[64];
	struct tsync_pair p[3];
	int i;

	if (skipped(flags))
		skip();
	assert_non_null(mkdtemp(dir));
	for (i = 0; i < 3; i++) {
		pair_init(&p[i], flags, false);
		p[i].host_conf.report = p[i].guest_conf.report = true;
		p[i].host_conf.interval_ms = 1;
		p[i].host_conf.debug_dir = dir;
		p[i].host_conf.cid = i;
	}
	for (i = 0; i < 3; i++)
		assert_int_equal(pair_start(&p[i]), 0);
	for (i = 0; i < 3; i++) {
		struct deadline d = deadline_in_ms(PATIENCE_MS);

		snprintf(path, sizeof(path), "%s/res-cid%d.txt", dir, i);
		while (count_lines(path) < 8)
			assert_false(deadline_passed(d));
	}
	for (i = 0; i < 3; i++) {
		struct tsync_samples samples = { 0 };
		size_t k;

		stop_pair(&p[i], &samples);
		/* each pass had a full set of its own stamps, and all of them true */
		for (k = 0; k < samples.count; k++) {
			struct tsync_result *r = &samples.results[k];

			assert_int_equal(r->pass, k);
			assert_true(llabs(r->offset) <= r->response / 2 + 1);
			snprintf(path, sizeof(path), "%s/s-cid%d_%zu.txt", dir, i, k + 1);
			assert_int_equal(count_lines(path), PTP_PROBES + 1);
			unlink(path);
		}
		snprintf(path, sizeof(path), "%s/res-cid%d.txt", dir, i);
		unlink(path);
		tsync_samples_release(&samples);
	}
	assert_int_equal(rmdir(dir), 0);
}

static void no_markers_need_the_clock_mono_raw(void **state)
{
	static const char *const clocks[] = { "local", "mono", NULL };
	size_t i;

	for (i = 0; i < 6; i++) {
		struct tsync_pair p;
		int ret;

		pair_init(&p, PTP_FLAG_FASTEST_RESPONSE, false);
		p.host_conf.clock = p.guest_conf.clock = clocks[i / 2];
		if (i % 2)
			ret = tsync_host_start(&p.host_conf, &p.host, &p.err);
		else
			ret = tsync_guest_start(&p.guest_conf, &p.guest, &p.err);
		assert_int_equal(ret, -EINVAL);
		assert_non_null(strstr(p.err.text, "-C mono_raw"));
		/* the descriptor was the session's to close */
		assert_int_equal(fcntl(i % 2 ? p.host_conf.fd : p.guest_conf.fd, F_GETFD), -1);
		close(i % 2 ? p.guest_conf.fd : p.host_conf.fd);
	}
}

static void missing_tracefs_is_told(void **state)
{
	struct tsync_pair p;

	pair_init(&p, PTP_FLAG_FASTEST_RESPONSE, false);
	p.host_conf.ptp_flags = TSYNC_PTP_DEFAULT;
	p.host_conf.tracing_dir = "/nonexistent";
	assert_int_equal(tsync_host_start(&p.host_conf, &p.host, &p.err), -ENOENT);
	assert_non_null(strstr(p.err.text, "/nonexistent/instances/clock_synch-1"));
	close(p.guest_conf.fd);
}

static void start_refuses_unknown_flags_and_clocks(void **state)
{
	struct tsync_pair p;

	pair_init(&p, 8, false);
	assert_int_equal(tsync_host_start(&p.host_conf, &p.host, &p.err), -EINVAL);
	close(p.guest_conf.fd);

	if (skipped(PTP_FLAG_USE_MARKER))
		skip();
	pair_init(&p, PTP_FLAG_USE_MARKER, false);
	p.guest_conf.clock = "nosuchclock";
	assert_int_equal(tsync_guest_start(&p.guest_conf, &p.guest, &p.err), -EINVAL);
	assert_non_null(strstr(p.err.text, "nosuchclock"));
	assert_gone(p.guest_conf.own_id);
	close(p.host_conf.fd);
	tsync_drop_id(NULL, p.host_conf.own_id);
}

static void an_instance_has_one_session(void **state)
{
	struct tsync_pair p, q;
	int id;

	if (skipped(PTP_FLAG_USE_MARKER))
		skip();
	pair_init(&p, PTP_FLAG_USE_MARKER, false);
	assert_int_not_equal(p.host_conf.own_id, p.guest_conf.own_id);
	assert_int_equal(pair_start(&p), 0);
	/* in use: another id is free */
	id = tsync_pick_id(NULL, p.host_conf.own_id);
	assert_true(id > p.host_conf.own_id);
	tsync_drop_id(NULL, id);
	assert_gone(id);

	pair_init(&q, 0, false);
	q.host_conf.ptp_flags = PTP_FLAG_USE_MARKER;
	q.host_conf.own_id = p.host_conf.own_id;
	assert_int_equal(tsync_host_start(&q.host_conf, &q.host, &q.err), -EBUSY);
	close(q.guest_conf.fd);
	assert_int_equal(tsync_host_wait_first(p.host, PATIENCE_MS, &p.err), 0);
	pair_free(&p);
	assert_gone(p.host_conf.own_id);
}

/* What others see of the instance of the session with @id. */
static int claim_other(int id)
{
	char path[256];
	pid_t pid = 0;
	int fd, ret;

	snprintf(path, sizeof(path), "%s/instances/clock_synch-%d", tracefs_tracing_dir(), id);
	ret = inuse_claim(path, &fd, &pid);
	assert_true(fd >= 0);
	close(fd);
	if (ret)
		assert_int_equal(pid, getpid());
	return ret;
}

static void an_instance_is_claimed_while_its_session_runs(void **state)
{
	struct tsync_pair p;

	if (skipped(PTP_FLAG_USE_MARKER))
		skip();
	pair_init(&p, PTP_FLAG_USE_MARKER, false);
	assert_int_equal(claim_other(p.host_conf.own_id), 0);
	assert_int_equal(pair_start(&p), 0);
	assert_int_equal(tsync_host_wait_first(p.host, PATIENCE_MS, &p.err), 0);
	assert_int_equal(claim_other(p.host_conf.own_id), -EBUSY);
	assert_int_equal(claim_other(p.guest_conf.own_id), -EBUSY);
	pair_free(&p);
	assert_gone(p.host_conf.own_id);
	assert_gone(p.guest_conf.own_id);
}

static void a_picked_id_is_given_back_even_if_no_marker_was_wanted(void **state)
{
	struct tsync_samples samples = { 0 };
	struct tsync_pair p;
	int host_id, guest_id;

	if (skipped(PTP_FLAG_USE_MARKER))
		skip();
	/* not from PAIR_ID on, where other tests of this machine pick */
	host_id = tsync_pick_id(NULL, PAIR_ID + 500);
	guest_id = tsync_pick_id(NULL, PAIR_ID + 500);
	pair_init(&p, PTP_FLAG_FASTEST_RESPONSE, false);
	p.host_conf.own_id = p.guest_conf.peer_id = host_id;
	p.guest_conf.own_id = p.host_conf.peer_id = guest_id;
	assert_int_equal(pair_start(&p), 0);
	stop_pair(&p, &samples);
	tsync_samples_release(&samples);
	assert_gone(host_id);
	assert_gone(guest_id);

	/* nor if the session could not start */
	host_id = tsync_pick_id(NULL, PAIR_ID + 500);
	pair_init(&p, PTP_FLAG_FASTEST_RESPONSE, false);
	p.host_conf.clock = "local";
	p.host_conf.own_id = host_id;
	assert_int_equal(tsync_host_start(&p.host_conf, &p.host, &p.err), -EINVAL);
	close(p.guest_conf.fd);
	assert_gone(host_id);
}

static void ending_in_the_middle_takes_no_time(void **state)
{
	struct tsync_pair p;
	int64_t begin;

	pair_init(&p, PTP_FLAG_FASTEST_RESPONSE, true);
	p.host_conf.per_cpu = true;
	p.host_conf.nr_cpus = 60000;
	assert_int_equal(pair_start(&p), 0);
	assert_int_equal(tsync_host_wait_first(p.host, 20, &p.err), -ETIMEDOUT);
	begin = mono_now_ns();
	pair_free(&p);
	assert_true(mono_now_ns() - begin < 15000000000LL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mode_gives_a_sample_at_the_start_and_at_the_end),
		cmocka_unit_test(passes_repeat_at_the_interval_and_leave_debug_files),
		cmocka_unit_test(host_with_a_report_writes_the_same_debug_files),
		cmocka_unit_test(three_guests_at_once_do_not_mix_their_stamps),
		cmocka_unit_test(no_markers_need_the_clock_mono_raw),
		cmocka_unit_test(missing_tracefs_is_told),
		cmocka_unit_test(start_refuses_unknown_flags_and_clocks),
		cmocka_unit_test(an_instance_has_one_session),
		cmocka_unit_test(an_instance_is_claimed_while_its_session_runs),
		cmocka_unit_test(a_picked_id_is_given_back_even_if_no_marker_was_wanted),
		cmocka_unit_test(ending_in_the_middle_takes_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
