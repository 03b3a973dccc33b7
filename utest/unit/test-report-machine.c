/*
 * test-report-machine.c - reports for programs: JSON, CSV, columns, summaries; parts of a trace.
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
#include "report/columns.h"
#include "report/fields.h"
#include "report/range.h"
#include "report/tally.h"
#include "report/value.h"

struct run {
	struct sample s;
	struct report_plan plan;
	struct buf text;
	struct err err;
	int ret;
};

static void run_init(struct run *r, int version)
{
	*r = (struct run){ 0 };
	sample_init(&r->s, version, ORDER_NATIVE, 8, NULL);
	report_plan_init(&r->plan);
	r->plan.no_plugins = true;
}

/* Report the file as ./machine.dat of a directory of its own, so that its name is known. */
static void run_do(struct run *r)
{
	char dir[] = "/tmp/report-machine.XXXXXX", path[64];
	int fd;

	sample_write(&r->s);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/machine.dat", dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	assert_int_equal(io_write_full(fd, r->s.file.data, r->s.file.len, DEADLINE_NEVER), 0);
	close(fd);
	assert_int_equal(plan_add_input(&r->plan, path), 0);
	r->ret = run_report(&r->plan, &r->text, &r->err);
	buf_add(&r->text, "", 1);
	unlink(path);
	rmdir(dir);
}

static void run_expect(struct run *r, const char *wanted)
{
	run_do(r);
	if (r->ret)
		fail_msg("%s", r->err.text);
	assert_string_equal((char *)r->text.data, wanted);
}

static void run_release(struct run *r)
{
	sample_release(&r->s);
	report_plan_release(&r->plan);
	buf_release(&r->text);
}

static unsigned int count_lines(const struct run *r)
{
	unsigned int n = 0;
	const char *p;

	for (p = (const char *)r->text.data; *p; p++)
		n += *p == '\n';
	return n;
}

/* --- events */

static void json_has_all_of_an_event(void **state)
{
	struct run r;

	run_init(&r, 7);
	r.plan.format = FORMAT_JSON;
	r.plan.limit = 3;
	run_expect(&r,
		   "{\"ts_ns\":1000000000000,\"cpu\":0,\"pid\":42,\"comm\":\"answer\",\"system\":\"test\",\"event\":\"tick\",\"flags\":\".....\",\"file\":\"machine.dat\",\"fields\":{\"value\":0}}\n"
		   "{\"ts_ns\":1000000000010,\"cpu\":1,\"pid\":42,\"comm\":\"answer\",\"system\":\"test\",\"event\":\"tick\",\"flags\":\".....\",\"file\":\"machine.dat\",\"fields\":{\"value\":1000}}\n"
		   "{\"ts_ns\":1000000000010,\"cpu\":1,\"pid\":42,\"comm\":\"answer\",\"system\":\"test\",\"event\":\"tick\",\"flags\":\".....\",\"file\":\"machine.dat\",\"instance\":\"inst\",\"fields\":{\"value\":1000}}\n");
	run_release(&r);
}

static void csv_names_its_columns(void **state)
{
	struct run r;

	run_init(&r, 6);
	r.plan.format = FORMAT_CSV;
	r.plan.limit = 1;
	run_expect(&r, "ts,cpu,pid,comm,system,event,flags,file,instance,text\n"
		       "1000000000000,0,42,answer,test,tick,.....,machine.dat,,value=0\n");
	run_release(&r);
}

static void columns_as_they_are_named(void **state)
{
	static const struct {
		enum report_format format;
		const char *wanted;
	} rows[] = {
		{ FORMAT_TEXT, "0\t1000.000000000\t\n" },
		{ FORMAT_CSV, "value,time,nothing\n0,1000.000000000,\n" },
		{ FORMAT_JSON, "{\"value\":0,\"time\":1000.000000000,\"nothing\":null}\n" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = { 0 };
		struct run r;

		run_init(&r, 7);
		r.plan.format = rows[i].format;
		r.plan.limit = 1;
		assert_int_equal(plan_add_fields(&r.plan, "value,time,nothing", &err), 0);
		run_expect(&r, rows[i].wanted);
		run_release(&r);
	}
}

static void raw_times_are_called_so(void **state)
{
	struct run r;

	run_init(&r, 7);
	r.plan.format = FORMAT_JSON;
	r.plan.line.raw_ts = true;
	r.plan.limit = 1;
	run_do(&r);
	assert_int_equal(r.ret, 0);
	assert_non_null(strstr((char *)r.text.data, "{\"ts_raw\":1000000000000,"));
	run_release(&r);
}

/* --- parts */

/* Lines between two times of the report; both are rounded as lines are. */
static void a_range_of_time(void **state)
{
	static const struct {
		const char *from, *to;
		unsigned int events;	/* of the 36 in all buffers */
	} rows[] = {
		/* event n of CPU c is 20 n + 10 c ns behind 1000 s; from the 6th on, 2^30 ns more */
		{ "1000.000000000", "1000.000000019", 3 },
		{ "1000.000000000", "1000.000000020", 4 },
		{ "1000.000000021", "1000.000000050", 5 },
		{ "1000.000000", NULL, 36 },
		{ "1000.000001", NULL, 21 },
		{ "1000", "1000", 15 },
		{ "999", "999.999999", 0 },
		{ NULL, "1000.5", 15 },
		{ "1000.5", "1002", 21 },
		{ "1002", NULL, 0 },
		{ "18446744073709551615", NULL, 0 },
		{ NULL, "18446744073709551615", 36 },
	};
	unsigned int i, version;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (version = 6; version <= 7; version++) {
			struct err err = { 0 };
			struct run r;

			run_init(&r, version);
			r.plan.format = FORMAT_JSON;
			if (rows[i].from)
				assert_int_equal(plan_set_time(&r.plan.from, "--from", rows[i].from,
							       &err), 0);
			if (rows[i].to)
				assert_int_equal(plan_set_time(&r.plan.to, "--to", rows[i].to,
							       &err), 0);
			run_do(&r);
			assert_int_equal(r.ret, 0);
			if (count_lines(&r) != rows[i].events)
				fail_msg("row %u, version %u: %u events", i, version,
					 count_lines(&r));
			run_release(&r);
		}
	}
}

static void times_that_are_none(void **state)
{
	static const char *const bad[] = {
		"", "x", "1.", "1.2x", "-1", "1.0123456789", " 1", "18446744073709551616", ".5",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct plan_time t;
		struct err err = { 0 };
		int ret = plan_set_time(&t, "--from", bad[i], &err);

		/* a dot may end a time */
		if (!strcmp(bad[i], "1."))
			assert_int_equal(ret, 0);
		else
			assert_int_equal(ret, -EINVAL);
	}
}

static void no_more_than_the_limit(void **state)
{
	struct run r;

	run_init(&r, 7);
	r.plan.limit = 5;
	run_do(&r);
	assert_int_equal(r.ret, 0);
	assert_int_equal(count_lines(&r), 6);	/* and the header */
	run_release(&r);
}

/* --- losses */

/* Some events were lost before the second page of the top buffer's CPU 0: 7 if @known. */
static void lose(struct run *r, bool known)
{
	uint8_t *page = r->s.data[0].data + 512;
	uint64_t commit;

	memcpy(&commit, page + 8, sizeof(commit));
	if (known)
		store_u64(page + 16 + commit, ORDER_NATIVE, 7);
	store_u64(page + 8, ORDER_NATIVE, commit | 1u << 31 | (known ? 1u << 30 : 0));
}

static void losses_are_told(void **state)
{
	static const char *const wanted[] = {
		"{\"lost\":null,\"cpu\":0,\"file\":\"machine.dat\"}\n",
		"{\"lost\":7,\"cpu\":0,\"file\":\"machine.dat\"}\n",
	};
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct run r;

		run_init(&r, 7);
		lose(&r, i);
		r.plan.format = FORMAT_JSON;
		r.plan.fail_on_lost = true;
		run_do(&r);
		assert_int_equal(r.ret, -ENODATA);
		assert_non_null(strstr((char *)r.text.data, wanted[i]));
		assert_non_null(strstr(r.err.text, i ? "7 events were lost" : "some more"));
		run_release(&r);
	}
}

static void losses_out_of_the_range_do_not_count(void **state)
{
	struct err err = { 0 };
	struct run r;

	run_init(&r, 7);
	lose(&r, true);
	r.plan.fail_on_lost = true;
	assert_int_equal(plan_set_time(&r.plan.to, "--to", "1000.000000080", &err), 0);
	run_do(&r);
	assert_int_equal(r.ret, 0);
	run_release(&r);
}

/* --- summaries */

static void a_summary_counts(void **state)
{
	struct run r;

	run_init(&r, 7);
	lose(&r, true);
	r.plan.summary = true;
	r.plan.format = FORMAT_JSON;
	run_expect(&r,
		   "{\"events\":36,\"first_ns\":1000000000000,\"last_ns\":1001073742054,"
		   "\"by_event\":[{\"file\":\"machine.dat\",\"event\":\"test:tick\",\"count\":18},"
		   "{\"file\":\"machine.dat\",\"event\":\"test:tock\",\"count\":18}],"
		   "\"by_cpu\":[{\"file\":\"machine.dat\",\"cpu\":0,\"count\":12},"
		   "{\"file\":\"machine.dat\",\"cpu\":1,\"count\":12},"
		   "{\"file\":\"machine.dat\",\"instance\":\"inst\",\"cpu\":1,\"count\":12}],"
		   "\"by_task\":[{\"file\":\"machine.dat\",\"pid\":42,\"comm\":\"answer\",\"count\":36}],"
		   "\"by_buffer\":[{\"file\":\"machine.dat\",\"count\":24},"
		   "{\"file\":\"machine.dat\",\"instance\":\"inst\",\"count\":12}],"
		   "\"lost\":[{\"file\":\"machine.dat\",\"cpu\":0,\"count\":7}],\"lost_unknown\":[]}\n");
	run_release(&r);
}

static void a_summary_for_people(void **state)
{
	struct run r;

	run_init(&r, 7);
	r.s.g.nr_buffers = 1;
	r.plan.summary = true;
	run_expect(&r, "24 events from 1000.000000000 to 1001.073742054\n\n"
		       "Events:\n"
		       "          12  50.0%  test:tick\n"
		       "          12  50.0%  test:tock\n\n"
		       "CPUs:\n"
		       "          12  50.0%  CPU 0\n"
		       "          12  50.0%  CPU 1\n\n"
		       "Tasks:\n"
		       "          24 100.0%  answer-42\n\n"
		       "No events were lost.\n");
	run_release(&r);
}

static void a_summary_does_not_drive_the_terminal(void **state)
{
	struct run r;

	run_init(&r, 7);
	r.s.g.buffers[1].name = "in\033[1mst";
	r.s.g.cmdlines = "42 an\033[2Jswer\n";
	r.plan.summary = true;
	run_do(&r);
	assert_int_equal(r.ret, 0);
	assert_non_null(strstr((char *)r.text.data, "in [1mst"));
	assert_non_null(strstr((char *)r.text.data, "an [2Jswer-42"));
	assert_null(strchr((char *)r.text.data, '\033'));
	run_release(&r);
}

static void a_tally_counts_many_keys(void **state)
{
	struct tally t = { 0 };
	unsigned int i, n;

	for (n = 1; n <= 3; n++)
		for (i = 0; i < 10000; i++)
			assert_int_equal(tally_add(&t, i % 3, i, i == 77 ? 5 : 1), 0);
	assert_int_equal(tally_sort(&t), 10000);
	assert_int_equal(t.slot[0].key, 77);
	assert_int_equal(t.slot[0].count, 15);
	for (i = 1; i < 10000; i++)
		assert_int_equal(t.slot[i].count, 3);
	tally_release(&t);
}

/* --- values */

static void text_in_each_form(void **state)
{
	static const struct {
		const char *text, *json, *csv, *plain;
	} rows[] = {
		{ "plain", "\"plain\"", "plain", "plain" },
		{ "", "\"\"", "", "" },
		{ "a\"b\\c", "\"a\\\"b\\\\c\"", "\"a\"\"b\\c\"", "a\"b\\c" },
		{ "a,b", "\"a,b\"", "\"a,b\"", "a,b" },
		{ "a\nb\tc\x01", "\"a\\nb\\tc\\u0001\"", "\"a\nb\tc\x01\"", "a b c " },
		{ "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"", "gr\xc3\xbc\xc3\x9f",
		  "gr\xc3\xbc\xc3\x9f" },
		{ "\xf0\x9f\x90\xa7", "\"\xf0\x9f\x90\xa7\"", "\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7" },
		/* no UTF-8: cut short, too long, a surrogate, a lone byte */
		{ "\xe2\x82", "\"\\u00e2\\u0082\"", "\xe2\x82", "\xe2\x82" },
		{ "\xc0\xaf", "\"\\u00c0\\u00af\"", "\xc0\xaf", "\xc0\xaf" },
		{ "\xed\xa0\x80", "\"\\u00ed\\u00a0\\u0080\"", "\xed\xa0\x80", "\xed\xa0\x80" },
		{ "\xffz", "\"\\u00ffz\"", "\xffz", "\xffz" },
	};
	unsigned int i, format;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *wanted[] = { rows[i].plain, rows[i].json, rows[i].csv };

		for (format = FORMAT_TEXT; format <= FORMAT_CSV; format++) {
			struct textout out;

			assert_int_equal(textout_init(&out, -1), 0);
			value_text(&out, format, rows[i].text, strlen(rows[i].text));
			assert_int_equal(out.len, strlen(wanted[format]));
			assert_memory_equal(out.data, wanted[format], out.len);
			textout_release(&out);
		}
	}
}

static void numbers_at_their_limits(void **state)
{
	struct textout out;

	assert_int_equal(textout_init(&out, -1), 0);
	value_unsigned(&out, UINT64_MAX);
	textout_str(&out, " ");
	value_signed(&out, INT64_MIN);
	textout_str(&out, " ");
	value_signed(&out, -1);
	textout_str(&out, " ");
	value_unsigned(&out, 0);
	textout_add(&out, "", 1);
	assert_string_equal(out.data, "18446744073709551615 -9223372036854775808 -1 0");
	textout_release(&out);
}

/* Fields of every kind, and of records that end before them. */
static void fields_of_every_kind(void **state)
{
	static const struct {
		struct field f;
		const char *wanted;
	} rows[] = {
		{ { .kind = FIELD_UNSIGNED, .offset = 0, .size = 1 }, "255" },
		{ { .kind = FIELD_SIGNED, .offset = 0, .size = 1 }, "-1" },
		{ { .kind = FIELD_SIGNED, .offset = 0, .size = 2 }, "-1" },
		{ { .kind = FIELD_NUMBERS, .element = 1, .offset = 4, .size = 4 }, "[16,0,3,0]" },
		{ { .kind = FIELD_NUMBERS, .element = 4, .offset = 4, .size = 7 }, "[196624]" },
		{ { .kind = FIELD_TEXT, .offset = 16, .size = 8 }, "\"hi\"" },
		{ { .kind = FIELD_TEXT, .dynamic = true, .offset = 4, .size = 4 }, "\"hi\"" },
		{ { .kind = FIELD_TEXT, .dynamic = true, .relative = true, .offset = 8, .size = 4 },
		  "\"hi\"" },
		{ { .kind = FIELD_BYTES, .offset = 16, .size = 3 }, "\"686900\"" },
		{ { .kind = FIELD_UNSIGNED, .offset = 20, .size = 8 }, "null" },
		{ { .kind = FIELD_UNSIGNED, .offset = UINT32_MAX, .size = 8 }, "null" },
		{ { .kind = FIELD_TEXT, .dynamic = true, .offset = 12, .size = 4 }, "null" },
		{ { .kind = FIELD_TEXT, .dynamic = true, .offset = 22, .size = 4 }, "null" },
		{ { .kind = FIELD_TEXT, .open = true, .offset = 16 }, "\"hi\"" },
		{ { .kind = FIELD_NUMBERS, .open = true, .element = 4, .offset = 4, .size = 64 },
		  "[196624,196612,6553616,2046847336,8026746]" },
		{ { .kind = FIELD_NUMBERS, .open = true, .element = 8, .offset = 24 }, "[]" },
		{ { .kind = FIELD_NUMBERS, .open = true, .element = 8, .offset = 25 }, "null" },
	};
	struct tep_handle *tep = tep_alloc();
	uint32_t words[6] = { 0xffff, 3 << 16 | 16, 3 << 16 | 4, 100 << 16 | 16 };
	struct tep_record record = { .data = words, .size = sizeof(words) };
	unsigned int i;

	memcpy(&words[4], "hi\0zzzz", 8);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct textout out;

		assert_int_equal(textout_init(&out, -1), 0);
		value_field(&out, FORMAT_JSON, &rows[i].f, tep, &record);
		textout_add(&out, "", 1);
		if (strcmp(out.data, rows[i].wanted))
			fail_msg("row %u: %s instead of %s", i, out.data, rows[i].wanted);
		textout_release(&out);
	}
	tep_free(tep);
}

/* Markers and stacks are as long as their records are, whatever the formats say. */
static void arrays_at_the_end_that_have_no_size(void **state)
{
	static const struct {
		const char *system, *name, *field;
		bool open;
	} rows[] = {
		{ "ftrace", "print", "char buf[];\toffset:16;\tsize:0", true },
		{ "ftrace", "kernel_stack", "unsigned long caller[8];\toffset:16;\tsize:64", true },
		{ "test", "kernel_stack", "unsigned long caller[8];\toffset:16;\tsize:64", false },
		{ "test", "dynamic", "__data_loc char[] text;\toffset:16;\tsize:4", false },
	};
	struct tep_handle *tep = tep_alloc();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[512];
		struct fields f;

		snprintf(text, sizeof(text), "name: %s\nID: %u\nformat:\n"
			 "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n"
			 "\tfield:int size;\toffset:8;\tsize:4;\tsigned:1;\n"
			 "\tfield:%s;\tsigned:0;\n\nprint fmt: \"\"\n",
			 rows[i].name, i + 1, rows[i].field);
		assert_int_equal(tep_parse_event(tep, text, strlen(text), rows[i].system), 0);
		assert_int_equal(fields_compile(tep_find_event(tep, i + 1), &f), 0);
		assert_int_equal(f.count, 2);
		assert_false(f.item[0].open);
		assert_int_equal(f.item[1].open, rows[i].open);
		fields_release(&f);
	}
	tep_free(tep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_has_all_of_an_event),
		cmocka_unit_test(csv_names_its_columns),
		cmocka_unit_test(columns_as_they_are_named),
		cmocka_unit_test(raw_times_are_called_so),
		cmocka_unit_test(a_range_of_time),
		cmocka_unit_test(times_that_are_none),
		cmocka_unit_test(no_more_than_the_limit),
		cmocka_unit_test(losses_are_told),
		cmocka_unit_test(losses_out_of_the_range_do_not_count),
		cmocka_unit_test(a_summary_counts),
		cmocka_unit_test(a_summary_for_people),
		cmocka_unit_test(a_summary_does_not_drive_the_terminal),
		cmocka_unit_test(a_tally_counts_many_keys),
		cmocka_unit_test(text_in_each_form),
		cmocka_unit_test(numbers_at_their_limits),
		cmocka_unit_test(fields_of_every_kind),
		cmocka_unit_test(arrays_at_the_end_that_have_no_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
