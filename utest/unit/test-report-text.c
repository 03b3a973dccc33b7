/*
 * test-report-text.c - the lines of a report, of files of all shapes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "report-run.h"
#include "wire/opt-timeshift.h"

/* A report of one sample file: the plan to change, then its text. */
struct run {
	struct sample s;
	struct report_plan plan;
	struct buf text;
	struct err err;
	int ret;
};

static void run_init(struct run *r, int version, const char *compression)
{
	*r = (struct run){ 0 };
	sample_init(&r->s, version, ORDER_NATIVE, 8, compression);
	report_plan_init(&r->plan);
	r->plan.no_plugins = true;
}

/* Write the file, report it as "FILE", whose name has no influence on a single one. */
static void run_do(struct run *r)
{
	char path[32];

	sample_write(&r->s);
	put_file(path, &r->s.file);
	assert_int_equal(plan_add_input(&r->plan, path), 0);
	r->ret = run_report(&r->plan, &r->text, &r->err);
	unlink(path);
}

static void run_release(struct run *r)
{
	sample_release(&r->s);
	report_plan_release(&r->plan);
	buf_release(&r->text);
}

/* Lines 2 and following must be @wanted; after them anything may come. */
static void run_expect(struct run *r, const char *wanted)
{
	const char *text = (const char *)r->text.data, *body;

	if (r->ret)
		fail_msg("%s", r->err.text);
	assert_non_null(text);
	body = strchr(text, '\n');
	assert_non_null(body);
	if (strncmp(body + 1, wanted, strlen(wanted)))
		fail_msg("wanted:\n%s\ngot:\n%.600s", wanted, body + 1);
}

static unsigned int count_lines(const struct buf *b)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < b->len; i++)
		n += b->data[i] == '\n';
	return n;
}

static void test_all_shapes_give_the_same_text(void **state)
{
	struct buf first = BUF_INIT;
	unsigned int i;

	for (i = 0; i < SAMPLE_SHAPES; i++) {
		struct run r;

		if (!sample_shape_ok(i))
			continue;
		run_init(&r, 7, NULL);
		sample_release(&r.s);
		r.s = (struct sample){ 0 };
		sample_of_shape(&r.s, i);
		run_do(&r);
		run_expect(&r, "                answer-42    [000] .....  1000.000000: tick:                 value=0\n");
		/* a header, two CPUs, and one in the instance */
		assert_int_equal(count_lines(&r.text), 1 + 3 * SAMPLE_EVENTS);
		if (first.len)
			assert_string_equal(first.data, r.text.data);
		else
			buf_add(&first, r.text.data, r.text.len);
		run_release(&r);
	}
	buf_release(&first);
}

static void test_lines_are_in_order_of_time_over_buffers(void **state)
{
	struct run r;

	run_init(&r, 7, NULL);
	r.plan.line.nsec = true;
	run_do(&r);
	/* the instance's CPU 1 has the same times as the top's: the top is first */
	run_expect(&r,
		   "                answer-42    [000] .....  1000.000000000: tick:                 value=0\n"
		   "                answer-42    [001] .....  1000.000000010: tick:                 value=1000\n"
		   "inst:           answer-42    [001] .....  1000.000000010: tick:                 value=1000\n"
		   "                answer-42    [000] .....  1000.000000020: tock:                 value=1\n");
	run_release(&r);
}

static void no_instance(struct run *r)
{
	r->s.g.nr_buffers = 1;
}

static void test_layouts(void **state)
{
	static const struct {
		struct plan_line look;
		const char *second;	/* the line of CPU 1's first event, 10 ns after CPU 0's */
	} layouts[] = {
		{ { .flags = true },
		  "          answer-42    [001] .....  1000.000000: tick:                 value=1000\n" },
		{ { .flags = false },
		  "          answer-42    [001]  1000.000000: tick:                 value=1000\n" },
		{ { .flags = true, .latency = true },
		  "  answer-42      1.....  1000.000000: tick:                 value=1000\n" },
		{ { .flags = true, .nsec = true },
		  "          answer-42    [001] .....  1000.000000010: tick:                 value=1000\n" },
		{ { .flags = true, .raw_ts = true },
		  "          answer-42    [001] .....1000000000010: tick:                 value=1000\n" },
		{ { .flags = true, .raw_fields = true },
		  "          answer-42    [001]-0x0  1000.000000: tick:                  value=1000\n" },
		{ { .old_raw = true, .raw_fields = true },
		  "          answer-42    [001]  1000.000000: tick:                  value=1000\n" },
		{ { .flags = true, .ts_diff = true },
		  "          answer-42    [001] .....  1000.000000: (+0)     tick:                 value=1000\n" },
		{ { .flags = true, .ts_diff = true, .nsec = true },
		  "          answer-42    [001] .....  1000.000000010: (+10)    tick:                 value=1000\n" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		struct buf line = BUF_INIT;
		struct run r;

		run_init(&r, 6, NULL);
		no_instance(&r);
		r.plan.line = layouts[i].look;
		run_do(&r);
		assert_int_equal(r.ret, 0);
		lines_of(&r.text, 3, 3, &line);
		assert_string_equal(line.data, layouts[i].second);
		buf_release(&line);
		run_release(&r);
	}
}

static void test_clocks_that_count_no_ns_are_shown_as_numbers(void **state)
{
	struct run r;

	run_init(&r, 7, NULL);
	no_instance(&r);
	r.s.g.options[0].data = "local [x86-tsc]\n";
	r.s.g.options[0].len = 17;
	run_do(&r);
	run_expect(&r, "          answer-42    [000] .....1000000000000: tick:                 value=0\n");
	run_release(&r);
}

static void test_ts2secs_makes_seconds_of_them(void **state)
{
	struct run r;

	run_init(&r, 7, NULL);
	no_instance(&r);
	r.s.g.options[0].data = "local [x86-tsc]\n";
	r.s.g.options[0].len = 17;
	r.plan.hz = 2000000000;
	run_do(&r);
	run_expect(&r, "          answer-42    [000] .....   500.000000: tick:                 value=0\n");
	run_release(&r);
}

static void test_lost_events_are_told_before_the_next_line(void **state)
{
	static const struct { uint32_t flags; const char *mark; } losses[] = {
		{ GEN_LOST | GEN_LOST_STORED, "CPU:0 [7 EVENTS DROPPED]\n" },
		{ GEN_LOST, "CPU:0 [EVENTS DROPPED]\n" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(losses); i++) {
		struct buf wanted = BUF_INIT;
		struct gen_event ev = { .ts = 5000, .id = GEN_TICK, .pid = 1, .value = 9 };
		struct run r;
		struct gen_page p;

		run_init(&r, 7, NULL);
		no_instance(&r);
		buf_reset(&r.s.data[0]);
		p = (struct gen_page){ .order = ORDER_NATIVE, .long_size = 8, .page_size = 512,
				       .out = &r.s.data[0] };
		gen_page_begin(&p, ev.ts);
		gen_page_event(&p, &ev);
		gen_page_end(&p, losses[i].flags, 7);
		r.s.g.buffers[0].nr_cpus = 1;
		r.s.g.buffers[0].cpus[0] = (struct gen_cpu){ 0, r.s.data[0].data, r.s.data[0].len };
		run_do(&r);
		buf_printf(&wanted, "%s            init-1     [000] .....     0.000005: tick:                 value=9\n",
			   losses[i].mark);
		run_expect(&r, (const char *)wanted.data);
		buf_release(&wanted);
		run_release(&r);
	}
}

static void test_a_loss_before_hidden_events_is_told_all_the_same(void **state)
{
	struct gen_event ev[] = { { .ts = 5000, .id = GEN_TICK, .pid = 1, .value = 9 },
				  { .ts = 6000, .id = GEN_TOCK, .pid = 1, .value = 10 } };
	struct run r;
	struct gen_page p;

	run_init(&r, 7, NULL);
	no_instance(&r);
	buf_reset(&r.s.data[0]);
	p = (struct gen_page){ .order = ORDER_NATIVE, .long_size = 8, .page_size = 512,
			       .out = &r.s.data[0] };
	gen_page_begin(&p, ev[0].ts);
	gen_page_event(&p, &ev[0]);
	gen_page_event(&p, &ev[1]);
	gen_page_end(&p, GEN_LOST | GEN_LOST_STORED, 7);
	r.s.g.buffers[0].nr_cpus = 1;
	r.s.g.buffers[0].cpus[0] = (struct gen_cpu){ 0, r.s.data[0].data, r.s.data[0].len };
	assert_int_equal(plan_add_filter(&r.plan, "tock", false), 0);
	run_do(&r);
	run_expect(&r, "CPU:0 [7 EVENTS DROPPED]\n"
		   "            init-1     [000] .....     0.000006: tock:                 value=10\n");
	run_release(&r);
}

static void test_unknown_events_have_a_line(void **state)
{
	struct gen_event ev = { .ts = 5000, .id = 999, .pid = 1, .value = 9 };
	struct gen_page p;
	struct run r;

	run_init(&r, 7, NULL);
	no_instance(&r);
	buf_reset(&r.s.data[0]);
	p = (struct gen_page){ .order = ORDER_NATIVE, .long_size = 8, .page_size = 512,
			       .out = &r.s.data[0] };
	gen_pages(&p, &ev, 1, 0);
	r.s.g.buffers[0].nr_cpus = 1;
	r.s.g.buffers[0].cpus[0] = (struct gen_cpu){ 0, r.s.data[0].data, r.s.data[0].len };
	run_do(&r);
	run_expect(&r, "            init-1     [000]     0.000005: [UNKNOWN EVENT 999]\n");
	run_release(&r);
}

static void test_filters_choose(void **state)
{
	static const struct {
		const char *filter;
		bool hide;
		const char *cpus, *pids;
		unsigned int lines;	/* of 24 in two CPUs, half ticks */
	} cases[] = {
		{ "tick", false, NULL, NULL, 12 },
		{ "tick", true, NULL, NULL, 12 },
		{ "test/.*", false, NULL, NULL, 24 },
		{ "tick:value == 2", false, NULL, NULL, 1 },
		{ "tick:nothing == 2", false, NULL, NULL, 0 },
		{ NULL, false, "1", NULL, 12 },
		{ NULL, false, "3", NULL, 0 },
		{ "tock", false, "0", NULL, 6 },
		{ NULL, false, NULL, "42", 24 },
		{ NULL, false, NULL, "43", 0 },
		{ "tick", false, NULL, "42", 24 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = { 0 };
		struct run r;

		run_init(&r, 7, NULL);
		no_instance(&r);
		if (cases[i].filter)
			plan_add_filter(&r.plan, cases[i].filter, cases[i].hide);
		if (cases[i].cpus)
			assert_int_equal(plan_add_cpus(&r.plan, cases[i].cpus, &err), 0);
		if (cases[i].pids)
			assert_int_equal(plan_add_pids(&r.plan, cases[i].pids, &err), 0);
		run_do(&r);
		assert_int_equal(r.ret, 0);
		if (count_lines(&r.text) != 1 + cases[i].lines)
			fail_msg("case %u: %u lines", i, count_lines(&r.text) - 1);
		run_release(&r);
	}
}

static void test_a_filter_for_no_event_is_an_error(void **state)
{
	struct run r;

	run_init(&r, 7, NULL);
	plan_add_filter(&r.plan, "nothing", false);
	run_do(&r);
	assert_int_equal(r.ret, -EINVAL);
	assert_string_equal(r.err.text, "Failed to create event filter: nothing");
	run_release(&r);
}

static void test_truncated_data_is_shown_and_then_an_error(void **state)
{
	struct run r;
	char path[32];

	run_init(&r, 6, NULL);
	no_instance(&r);
	sample_write(&r.s);
	r.s.file.len -= 512;	/* the last page of CPU 1 */
	put_file(path, &r.s.file);
	plan_add_input(&r.plan, path);
	r.ret = run_report(&r.plan, &r.text, &r.err);
	unlink(path);
	assert_int_equal(r.ret, -ENODATA);
	assert_non_null(strstr(r.err.text, "File possibly truncated. Need at least"));
	assert_int_equal(count_lines(&r.text), 1 + 2 * SAMPLE_EVENTS - 2);
	run_release(&r);
}

/* A guest's file of the session @peer, whose clock is 500 s behind. */
static void add_shift(struct sample *s, struct buf *option, uint64_t peer)
{
	struct timeshift_sample at = { .time = 1, .offset = 500000000000ll, .scaling = 1 };
	struct timeshift ts = { 0 };
	unsigned int cpu;

	assert_int_equal(timeshift_init(&ts, TIMESHIFT_CURRENT, 2), 0);
	ts.peer_id = peer;
	ts.flags = TIMESHIFT_FL_INTERPOLATE;
	for (cpu = 0; cpu < 2; cpu++) {
		at.time = 1;
		assert_int_equal(timeshift_add(&ts, cpu, &at), 0);
		at.time = 2000000000000ll;
		assert_int_equal(timeshift_add(&ts, cpu, &at), 0);
	}
	assert_int_equal(timeshift_put(option, s->g.order, &ts), 0);
	timeshift_release(&ts);
	gen_option_add(&s->g, DAT_TIME_SHIFT, option->data, option->len);
}

static void test_guests_are_shown_in_host_time_behind_file_names(void **state)
{
	struct sample host, guest;
	struct report_plan plan;
	struct buf option = BUF_INIT, text = BUF_INIT, wanted = BUF_INIT, got = BUF_INIT;
	char host_path[32], guest_path[32];
	struct err err = { 0 };

	sample_init(&host, 7, ORDER_NATIVE, 8, NULL);
	sample_init(&guest, 7, ORDER_BIG, 4, NULL);
	host.g.nr_buffers = guest.g.nr_buffers = 1;
	add_shift(&guest, &option, SAMPLE_ID);
	sample_write(&host);
	sample_write(&guest);
	put_file(host_path, &host.file);
	put_file(guest_path, &guest.file);
	report_plan_init(&plan);
	plan.no_plugins = true;
	plan_add_input(&plan, host_path);
	plan_add_input(&plan, guest_path);
	assert_int_equal(run_report(&plan, &text, &err), 0);
	unlink(host_path);
	unlink(guest_path);
	buf_printf(&wanted, "%s: cpus=2\n%s: cpus=2\n"
		   "%s:           answer-42    [000] .....  1000.000000: tick:                 value=0\n",
		   host_path + 5, guest_path + 5, host_path + 5);
	lines_of(&text, 1, 3, &got);
	assert_string_equal(got.data, wanted.data);
	buf_reset(&got);
	buf_reset(&wanted);
	lines_of(&text, 2 + 2 * SAMPLE_EVENTS + 1, 2 + 2 * SAMPLE_EVENTS + 1, &got);
	buf_printf(&wanted, "%s:           answer-42    [000] .....  1500.000000: tick:                 value=0\n",
		   guest_path + 5);
	assert_string_equal(got.data, wanted.data);
	report_plan_release(&plan);
	sample_release(&host);
	sample_release(&guest);
	buf_release(&option);
	buf_release(&text);
	buf_release(&wanted);
	buf_release(&got);
}

static void test_latency_text_is_printed_as_it_is(void **state)
{
	struct run r;

	run_init(&r, 7, NULL);
	no_instance(&r);
	r.s.g.buffers[0] = (struct gen_buffer){
		.name = "", .clock = "local", .text = "# tracer: wakeup\n  one\n\ttwo\n",
	};
	run_do(&r);
	run_expect(&r, "# tracer: wakeup\n  one\n\ttwo\n");
	run_release(&r);
}

static void test_modes_replace_the_events(void **state)
{
	static const struct { unsigned int modes; const char *text; } cases[] = {
		{ REPORT_EVENT_NAMES, "ftrace:kernel_stack\ntest:tick\ntest:tock\n" },
		{ REPORT_VERSION, "cpus=2\n4.0 test\n" },
		{ REPORT_UNAME, "cpus=2\nLinux host 6.1 x86_64\n4.0 test\n" },
		{ REPORT_CHECK_EVENTS, "" },
		{ REPORT_FUNCTIONS, "ffffffff81000000 _text\nffffffff81000100 helper [mod]\n" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct run r;

		run_init(&r, 7, NULL);
		r.plan.modes = cases[i].modes;
		run_do(&r);
		assert_int_equal(r.ret, 0);
		assert_string_equal(r.text.data ? (char *)r.text.data : "", cases[i].text);
		run_release(&r);
	}
}

static void test_first_and_last_events_of_each_cpu(void **state)
{
	struct run r;

	run_init(&r, 7, NULL);
	r.plan.modes = REPORT_FIRST_EVENT | REPORT_LAST_EVENT;
	r.plan.line.nsec = true;
	run_do(&r);
	run_expect(&r, "  0\tFirst event: 1000.000000000\tLast event: 1001.073742044\n"
		   "  1\tFirst event: 1000.000000010\tLast event: 1001.073742054\n");
	run_release(&r);
}

static void test_names_cannot_play_tricks_on_a_terminal(void **state)
{
	struct run r;

	run_init(&r, 7, NULL);
	r.s.g.buffers[1].name = "\033[2Jx";
	run_do(&r);
	assert_int_equal(r.ret, 0);
	assert_null(strchr((char *)r.text.data, '\033'));
	assert_non_null(strstr((char *)r.text.data, "\n?[2Jx: "));
	run_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_shapes_give_the_same_text),
		cmocka_unit_test(test_lines_are_in_order_of_time_over_buffers),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_clocks_that_count_no_ns_are_shown_as_numbers),
		cmocka_unit_test(test_ts2secs_makes_seconds_of_them),
		cmocka_unit_test(test_lost_events_are_told_before_the_next_line),
		cmocka_unit_test(test_a_loss_before_hidden_events_is_told_all_the_same),
		cmocka_unit_test(test_unknown_events_have_a_line),
		cmocka_unit_test(test_filters_choose),
		cmocka_unit_test(test_a_filter_for_no_event_is_an_error),
		cmocka_unit_test(test_truncated_data_is_shown_and_then_an_error),
		cmocka_unit_test(test_guests_are_shown_in_host_time_behind_file_names),
		cmocka_unit_test(test_latency_text_is_printed_as_it_is),
		cmocka_unit_test(test_modes_replace_the_events),
		cmocka_unit_test(test_first_and_last_events_of_each_cpu),
		cmocka_unit_test(test_names_cannot_play_tricks_on_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
