/*
 * test-live-calls.c - stream shows the calls of function_graph as a report of the same records does, and soon.
 *
 * Pipes stand in for the ring buffers, and all that they hold is made up.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "live/leaf.h"
#include "report/events.h"
#include "unit/live-fixture.h"
#include "unit/report-run.h"

#define ENTRY \
	"name: funcgraph_entry\nID: 11\nformat:\n" FIXTURE_COMMON \
	"\tfield:unsigned long func;\toffset:8;\tsize:8;\tsigned:0;\n" \
	"\tfield:int depth;\toffset:16;\tsize:4;\tsigned:1;\n\n" \
	"print fmt: \"--> %ps (%d)\", (void *)REC->func, REC->depth\n"
#define EXIT \
	"name: funcgraph_exit\nID: 10\nformat:\n" FIXTURE_COMMON \
	"\tfield:unsigned long func;\toffset:8;\tsize:8;\tsigned:0;\n" \
	"\tfield:int depth;\toffset:16;\tsize:4;\tsigned:1;\n" \
	"\tfield:unsigned int overrun;\toffset:20;\tsize:4;\tsigned:0;\n" \
	"\tfield:unsigned long long calltime;\toffset:24;\tsize:8;\tsigned:0;\n" \
	"\tfield:unsigned long long rettime;\toffset:32;\tsize:8;\tsigned:0;\n\n" \
	"print fmt: \"<-- %ps (%d)\", (void *)REC->func, REC->depth\n"
#define PLAIN \
	"name: plain\nID: 30\nformat:\n" FIXTURE_COMMON \
	"\tfield:int value;\toffset:8;\tsize:4;\tsigned:1;\n\n" \
	"print fmt: \"value=%d\", REC->value\n"
#define SYMBOLS "ffffffff81000000 T outer\nffffffff81001000 T middle\nffffffff81002000 T inner\n"
#define NOBODY	4300000		/* no task has such a number */
#define CPUS	2

static const uint64_t function[] = { 0xffffffff81000000, 0xffffffff81001000, 0xffffffff81002000 };
enum { OUTER, MIDDLE, INNER };
static const char *const formats[] = { ENTRY, EXIT, PLAIN, NULL };

/* A record: '>' a call, '<' a return, '.' something else; '|' begins another page. */
struct call {
	char what;
	int cpu, func, depth, pid;
	uint64_t ns, calltime;
};

static void add_call(struct fixture_page *p, const struct call *c)
{
	uint64_t r[5] = { 0 };
	uint64_t pid = (uint64_t)(NOBODY + c->pid) << 32;

	r[0] = pid | (c->what == '>' ? 11 : c->what == '<' ? 10 : 30);
	r[1] = c->what == '.' ? (uint64_t)c->func : function[c->func];
	r[2] = c->depth;
	r[3] = c->calltime;
	r[4] = c->ns;
	fixture_page_add(p, 1000000000 + c->ns, r, c->what == '>' ? 20 : c->what == '<' ? 40 : 12);
}

/* All pages of @cpu, written to @fd. */
static void put_pages(int fd, int cpu, const struct call *c)
{
	struct fixture_page p = { 0 };

	for (; c->what; c++) {
		if (c->cpu != cpu)
			continue;
		if (c->what != '|') {
			add_call(&p, c);
			continue;
		}
		assert_int_equal(write(fd, p.data, PAGE), PAGE);
		p = (struct fixture_page){ 0 };
		/* that some records were lost */
		p.commit = c->func ? 1ull << 31 : 0;
	}
	if (p.commit)
		assert_int_equal(write(fd, p.data, PAGE), PAGE);
}

/* --- as a report */

static void report_of(const struct call *calls, struct buf *ret)
{
	struct fixture_file file = { .formats = formats, .symbols = SYMBOLS, .nr_cpus = CPUS };
	struct out_cpu cpus[CPUS] = { 0 };
	struct report_plan plan;
	struct err err = { 0 };
	char path[64];
	int cpu, fd;

	for (cpu = 0; cpu < CPUS; cpu++) {
		cpus[cpu] = (struct out_cpu){ .cpu = cpu, .fd = memfd_create("cpu", MFD_CLOEXEC) };
		put_pages(cpus[cpu].fd, cpu, calls);
	}
	file.cpus = cpus;
	fd = fixture_live_file(&file);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	report_plan_init(&plan);
	assert_int_equal(plan_add_input(&plan, path), 0);
	if (run_report(&plan, ret, &err))
		fail_msg("%s", err.text);
	report_plan_release(&plan);
	buf_add(ret, "", 1);
	assert_int_equal(ret->error, 0);
	close(fd);
	for (cpu = 0; cpu < CPUS; cpu++)
		close(cpus[cpu].fd);
}

/* --- live */

struct bench {
	struct live *live;
	int to[CPUS], text_fd;
	struct buf text;
};

static void bench_init(struct bench *b)
{
	struct fixture_file file = { .formats = formats, .symbols = SYMBOLS, .nr_cpus = CPUS };
	struct live_conf conf = { .tracing = "/nonexistent", .pause_us = 1000 };
	struct err err = { 0 };
	int cpu, fds[2];

	*b = (struct bench){ .text_fd = memfd_create("text", MFD_CLOEXEC) };
	conf.meta_fd = fixture_live_file(&file);
	conf.out_fd = b->text_fd;
	report_plan_init(&conf.plan);
	assert_int_equal(live_new(&conf, &b->live, &err), 0);
	assert_int_equal(live_add_buffer(b->live, ""), 0);
	for (cpu = 0; cpu < CPUS; cpu++) {
		assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
		b->to[cpu] = fds[1];
		assert_int_equal(live_add_cpu(b->live, cpu, fds[0], PAGE), 0);
	}
}

/* The text by now. */
static const char *bench_text(struct bench *b)
{
	buf_reset(&b->text);
	fixture_text(b->text_fd, &b->text);
	return (const char *)b->text.data;
}

/* No more is to come; all text. */
static const char *bench_end(struct bench *b)
{
	struct err err = { 0 };
	int cpu;

	for (cpu = 0; cpu < CPUS; cpu++)
		close(b->to[cpu]);
	assert_int_equal(live_finish(b->live, NULL, NULL, &err), 0);
	live_free(b->live);
	return bench_text(b);
}

static void bench_release(struct bench *b)
{
	buf_release(&b->text);
	close(b->text_fd);
}

/* Look until @wanted was printed. */
static void look_for(struct bench *b, const char *wanted)
{
	const int64_t deadline_ns = mono_now_ns() + 20000000000;
	struct pollfd fds[LIVE_POLL_FDS];
	struct err err = { 0 };

	while (!strstr(bench_text(b), wanted)) {
		if (mono_now_ns() > deadline_ns)
			fail_msg("no '%s' in: %s", wanted, bench_text(b));
		live_poll_fds(b->live, fds);
		poll(fds, LIVE_POLL_FDS, 1000);
		assert_int_equal(live_look(b->live, &err), 1);
	}
}

/* Both print the same, and @wanted is in it. */
static void assert_same(const struct call *calls, const char *wanted)
{
	_cleanup_buf_ struct buf report = BUF_INIT;
	struct bench b;
	const char *text;
	int cpu;

	report_of(calls, &report);
	bench_init(&b);
	for (cpu = 0; cpu < CPUS; cpu++)
		put_pages(b.to[cpu], cpu, calls);
	text = bench_end(&b);
	if (!strstr(text, wanted))
		fail_msg("wanted: %s\ngot:\n%s", wanted, text);
	/* behind "cpus=2" */
	assert_string_equal(text, strchr((char *)report.data, '\n') + 1);
	bench_release(&b);
}

static void nested_calls_and_leaves_look_as_in_a_report(void **state)
{
	static const struct call calls[] = {
		{ '>', 0, OUTER, 0, 1, 0, 0 }, { '>', 0, MIDDLE, 1, 1, 100, 0 },
		{ '<', 0, MIDDLE, 1, 1, 700, 100 }, { '>', 0, INNER, 1, 1, 1000, 0 },
		{ '.', 0, 7, 0, 1, 1500, 0 }, { '<', 0, INNER, 1, 1, 150000, 1000 },
		{ '<', 0, OUTER, 0, 1, 1000000, 0 }, { 0 },
	};

	assert_same(calls, "funcgraph_entry:        0.600 us   |    middle();\n");
	assert_same(calls, "funcgraph_entry:                   |    inner() {\n");
	assert_same(calls, "funcgraph_exit:       ! 149.000 us |    }\n");
}

static void another_cpu_does_not_part_a_call_from_its_return(void **state)
{
	static const struct call calls[] = {
		{ '>', 0, OUTER, 0, 1, 0, 0 }, { '.', 1, 7, 0, 2, 100, 0 }, { '<', 0, OUTER, 0, 1, 200, 0 },
		{ '>', 1, INNER, 0, 2, 300, 0 }, { '>', 0, INNER, 0, 1, 400, 0 },
		{ '<', 0, INNER, 0, 1, 500, 400 }, { '<', 1, INNER, 0, 2, 600, 300 }, { 0 },
	};

	assert_same(calls, "funcgraph_entry:        0.200 us   |  outer();\n");
	assert_same(calls, "funcgraph_entry:        0.300 us   |  inner();\n");
}

static void a_return_of_another_function_or_task_ends_no_call(void **state)
{
	static const struct call calls[] = {
		{ '>', 0, OUTER, 0, 1, 0, 0 }, { '<', 0, INNER, 0, 1, 200, 0 },
		{ '>', 0, OUTER, 0, 1, 300, 0 }, { '<', 0, OUTER, 0, 2, 400, 300 },
		{ '>', 0, MIDDLE, 0, 1, 500, 0 }, { 0 },
	};

	assert_same(calls, "outer() {\n");
	assert_same(calls, "middle() {\n");
}

static void a_return_may_be_the_first_of_the_next_page(void **state)
{
	static const struct call calls[] = {
		{ '>', 0, OUTER, 0, 1, 0, 0 }, { '|', 0 }, { '<', 0, OUTER, 0, 1, 200, 0 },
		{ '.', 0, 7, 0, 1, 300, 0 }, { 0 },
	};

	assert_same(calls, "0.200 us   |  outer();\n");
}

static void what_was_lost_before_a_return_that_is_not_shown_is_told_next(void **state)
{
	static const struct call calls[] = {
		{ '>', 0, OUTER, 0, 1, 0, 0 }, { '|', 0, true }, { '<', 0, OUTER, 0, 1, 200, 0 },
		{ '.', 0, 7, 0, 1, 300, 0 }, { 0 },
	};

	assert_same(calls, "outer();\nCPU:0 [EVENTS DROPPED]\n");
}

/* The latest call: its return has not come, and then it has, or it does not come in time. */
static void a_call_waits_for_its_return_but_not_for_ever(void **state)
{
	static const struct call begin[] = { { '>', 0, OUTER, 0, 1, 0, 0 }, { 0 } };
	static const struct call end[] = { { '<', 0, OUTER, 0, 1, 200, 0 }, { 0 } };
	static const struct call other[] = { { '.', 1, 7, 0, 2, 100, 0 }, { 0 } };
	struct bench b;
	const char *text;

	bench_init(&b);
	put_pages(b.to[0], 0, begin);
	put_pages(b.to[1], 1, other);
	/* another CPU's later events wait with it */
	look_for(&b, "value=7\n");
	assert_non_null(strstr(bench_text(&b), "|  outer() {\n"));
	put_pages(b.to[0], 0, end);
	look_for(&b, "funcgraph_exit:         0.200 us   |  }\n");
	text = bench_end(&b);
	assert_null(strstr(text, "outer();"));
	bench_release(&b);
}

/* --- how long */

struct ahead {
	struct live_leaf leaf;
	struct live_source source;
	struct in_timeline timeline;
	struct stream stream;
	struct in_record_pool *pool;
	struct report_plan plan;
	struct tracecmd_input *handle;
	int to;
};

static void ahead_init(struct ahead *a)
{
	struct fixture_file file = { .formats = formats, .symbols = SYMBOLS, .nr_cpus = 1 };
	struct plan_fgraph look = { 0 };
	int fds[2];

	*a = (struct ahead){ .pool = in_record_pool_new() };
	report_plan_init(&a->plan);
	a->handle = tracecmd_open_fd(fixture_live_file(&file), 0);
	assert_non_null(a->handle);
	a->stream.handle = a->handle;
	a->stream.tep = tracecmd_get_tep(a->handle);
	a->stream.events = events_new(a->stream.tep, a->handle, &a->plan, 0);
	live_leaf_init(&a->leaf, a->stream.tep, &look, a->pool);
	assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	a->to = fds[1];
	live_source_init(&a->source, 0, 0, fds[0], PAGE, &a->timeline);
}

static void ahead_release(struct ahead *a)
{
	live_source_release(&a->source);
	live_leaf_release(&a->leaf);
	events_free(a->stream.events);
	tracecmd_close(a->handle);
	report_plan_release(&a->plan);
	in_record_pool_free(a->pool);
	close(a->to);
}

/* What becomes of the event ahead at @now_ns, as long as live_leaf_text() says it. */
static int ahead_text(struct ahead *a, int64_t now_ns, bool more, const char **ret_text)
{
	struct tep_record *record;
	int ret;

	assert_int_equal(live_source_read(&a->source, now_ns), 0);
	assert_true(live_source_peek(&a->source));
	record = in_record_new(a->pool, &a->source.ev, a->source.time, 0);
	*ret_text = NULL;
	ret = live_leaf_text(&a->leaf, &a->stream, &a->source, record, now_ns, more, ret_text);
	in_record_unref(record);
	return ret;
}

static void the_wait_ends_within_a_tenth_of_a_second(void **state)
{
	static const struct call begin[] = { { '>', 0, OUTER, 0, 1, 0, 0 }, { 0 } };
	static const struct call end[] = { { '<', 0, OUTER, 0, 1, 200, 0 }, { 0 } };
	static const struct call again[] = { { '>', 0, INNER, 0, 1, 300, 0 }, { 0 } };
	const int64_t start = 5000000000;
	const char *text;
	struct ahead a;

	/* a look may have missed it by 25 ms, and the one that ends the wait may be as late */
	assert_true(2 * 25000000 + LEAF_WAIT_NS < 100000000);
	ahead_init(&a);
	put_pages(a.to, 0, begin);
	assert_int_equal(ahead_text(&a, start, true, &text), -EAGAIN);
	assert_int_equal(a.leaf.until_ns, start + LEAF_WAIT_NS);
	assert_int_equal(ahead_text(&a, start + LEAF_WAIT_NS - 1, true, &text), -EAGAIN);
	assert_int_equal(ahead_text(&a, start + LEAF_WAIT_NS, true, &text), 1);
	assert_string_equal(text, "             |  outer() {");
	live_source_take(&a.source);
	/* the return comes late */
	put_pages(a.to, 0, end);
	assert_int_equal(ahead_text(&a, start + LEAF_WAIT_NS, true, &text), 1);
	assert_string_equal(text, "  0.200 us   |  }");
	live_source_take(&a.source);
	/* the next call waits anew, and not if nothing can come */
	put_pages(a.to, 0, again);
	assert_int_equal(ahead_text(&a, start + 2 * LEAF_WAIT_NS, true, &text), -EAGAIN);
	assert_int_equal(ahead_text(&a, start + 2 * LEAF_WAIT_NS, false, &text), 1);
	assert_string_equal(text, "             |  inner() {");
	ahead_release(&a);
}

static void time_that_was_waited_for_others_counts(void **state)
{
	static const struct call begin[] = { { '>', 0, OUTER, 0, 1, 0, 0 }, { 0 } };
	const int64_t start = 5000000000;
	const char *text;
	struct ahead a;

	ahead_init(&a);
	put_pages(a.to, 0, begin);
	assert_int_equal(live_source_read(&a.source, start), 0);
	/* calls of other CPUs have held it up meanwhile */
	assert_int_equal(ahead_text(&a, start + LEAF_WAIT_NS, true, &text), 1);
	assert_string_equal(text, "             |  outer() {");
	ahead_release(&a);
}

static void a_return_in_time_makes_one_line(void **state)
{
	static const struct call begin[] = { { '>', 0, OUTER, 0, 1, 0, 0 }, { 0 } };
	static const struct call end[] = { { '<', 0, OUTER, 0, 1, 200, 0 }, { 0 } };
	const char *text;
	struct ahead a;

	ahead_init(&a);
	put_pages(a.to, 0, begin);
	assert_int_equal(ahead_text(&a, 1000, true, &text), -EAGAIN);
	put_pages(a.to, 0, end);
	assert_int_equal(ahead_text(&a, 2000, true, &text), 1);
	assert_string_equal(text, "  0.200 us   |  outer();");
	live_source_take(&a.source);
	assert_int_equal(ahead_text(&a, 3000, true, &text), 0);
	ahead_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nested_calls_and_leaves_look_as_in_a_report),
		cmocka_unit_test(another_cpu_does_not_part_a_call_from_its_return),
		cmocka_unit_test(a_return_of_another_function_or_task_ends_no_call),
		cmocka_unit_test(a_return_may_be_the_first_of_the_next_page),
		cmocka_unit_test(what_was_lost_before_a_return_that_is_not_shown_is_told_next),
		cmocka_unit_test(a_call_waits_for_its_return_but_not_for_ever),
		cmocka_unit_test(the_wait_ends_within_a_tenth_of_a_second),
		cmocka_unit_test(time_that_was_waited_for_others_counts),
		cmocka_unit_test(a_return_in_time_makes_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
