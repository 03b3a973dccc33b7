/*
 * test-report-dump.c - what dump shows of generated files, and what it says of bad ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "dump/dump.h"
#include "gen/sample.h"
#include "wire/opt-timeshift.h"

/* Dump @file as @show says; the text in @ret is the caller's to free. */
static int dump_file(const struct buf *file, unsigned int show, bool old, char **ret, struct err *err)
{
	char path[] = "/tmp/dump-test.XXXXXX";
	struct dump_plan plan = { .path = path, .show = show, .old_timeshift = old };
	size_t len;
	FILE *out = open_memstream(ret, &len);
	int fd = mkstemp(path), code;

	assert_true(fd >= 0);
	assert_int_equal(io_write_full(fd, file->data, file->len, DEADLINE_NEVER), 0);
	close(fd);
	code = dump_run(&plan, out, err);
	fclose(out);
	unlink(path);
	return code;
}

static char *dump_sample(struct sample *s, unsigned int show)
{
	struct err err = { 0 };
	char *text = NULL;

	sample_write(s);
	if (dump_file(&s->file, show, false, &text, &err))
		fail_msg("%s", err.text);
	return text;
}

static void expect(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("wanted:\n%s\nin:\n%.3000s", part, text);
}

static void test_summary_of_all_shapes(void **state)
{
	unsigned int i;

	for (i = 0; i < SAMPLE_SHAPES; i++) {
		const struct sample_shape *shape = &sample_shapes[i];
		_cleanup_free_ char *text = NULL;
		struct sample s;
		char head[128];

		if (!sample_shape_ok(i))
			continue;
		sample_of_shape(&s, i);
		text = dump_sample(&s, DUMP_SUMMARY);
		snprintf(head, sizeof(head), "\t[Initial format]\n\t\t%d\t[Version]\n\t\t%d\t[%s endian]\n"
			 "\t\t%u\t[Bytes in a long]\n\t\t512\t[Page size, bytes]\n", shape->version,
			 shape->order == ORDER_BIG, shape->order == ORDER_BIG ? "Big" : "Little",
			 shape->long_size);
		expect(text, head);
		expect(text, "\t[Events format, 1 systems]\n");
		expect(text, "\t[Ftrace format, 1 events]\n");
		expect(text, "\t[Saved command lines, 17 bytes]\n");
		if (shape->version == 7) {
			expect(text, "\t[buffer \"inst\", \"local\" clock, 512 page size, 1 cpus, ");
			expect(text, " sections]\n");
		} else {
			expect(text, "\t2 [CPUs with tracing data]\n\t[6 options]\n"
			       "\t[Flyrecord tracing data]\n\t[Tracing clock]\n\t\t[local]\n");
		}
		sample_release(&s);
	}
}

static void test_options_of_both_versions(void **state)
{
	static const int versions[] = { 6, 7 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		_cleanup_free_ char *text = NULL;
		struct sample s;

		sample_init(&s, versions[i], ORDER_BIG, 8, NULL);
		gen_option_add(&s.g, 14, "\0\0\0\7\0\0\0\3\0\0\0\0\0\0\0\5", 16);
		gen_option_add(&s.g, 13, "g\0\0\0\0\0\0\0\x12\x34\0\0\0\1\0\0\0\0\xff\xff\xff\xff", 22);
		gen_text_option(&s.g, 24, "inst:boot 5");
		gen_option_add(&s.g, 77, "abc", 3);
		text = dump_sample(&s, DUMP_OPTIONS);
		expect(text, "\t\t[Option TRACECLOCK, 24 bytes]\n[local] global counter\n\n");
		expect(text, "\t\t[Option UNAME, 22 bytes]\nLinux host 6.1 x86_64\n");
		expect(text, "\t\t[Option TRACEID, 8 bytes]\n0x1122334455667788\n");
		expect(text, "\n\t\t[Option TSC2NSEC, 16 bytes]\n7 3 5 [multiplier, shift, offset]\n");
		expect(text, "\t\t[Option GUEST, 22 bytes]\ng [Guest name]\n0x1234 [trace id]\n"
		       "1 [Guest CPUs]\n  0 -1 [guest cpu, host pid]\n");
		expect(text, "\t\t[Option LAST_BOOT_INFO, 12 bytes]\ninst:boot 5\n");
		expect(text, " 77 3\t[Unknown option, size - skipping]\n");
		if (versions[i] == 7)
			expect(text, "\t\t[Option DONE, 8 bytes]\n0\n");
		sample_release(&s);
	}
}

static void test_broken_options_are_called_so(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct sample s;

	sample_init(&s, 6, ORDER_NATIVE, 8, NULL);
	gen_option_add(&s.g, DAT_TIME_SHIFT, "short but 16 byt", 16);
	gen_option_add(&s.g, DAT_GUEST, "no end of the name", 18);
	gen_option_add(&s.g, DAT_TRACEID, "1234", 4);
	text = dump_sample(&s, DUMP_OPTIONS);
	expect(text, "\t\t[Option TimeShift, 16 bytes]\nBroken time shift option\n");
	expect(text, "\t\t[Option GUEST, 18 bytes]\nBroken guest option\n");
	expect(text, "\t\t[Option TRACEID, 4 bytes]\nBroken TRACEID option\n");
	sample_release(&s);
}

/* The option of one CPU (the fork's id: -1) with two samples. */
static void shift_option(struct buf *b, enum timeshift_layout layout)
{
	static const struct timeshift_sample samples[] = {
		{ 109300709274646, 83618290375331, 1, 0 }, { 109306457764646, 83618290385849, 1, 0 },
	};
	struct timeshift ts = { 0 };
	unsigned int i;

	assert_int_equal(timeshift_init(&ts, layout, 1), 0);
	ts.peer_id = 0xF4BA9D67C82D7D;
	ts.flags = TIMESHIFT_FL_INTERPOLATE;
	if (layout == TIMESHIFT_FORK)
		ts.cpus[0].cpu = -1;
	for (i = 0; i < ARRAY_SIZE(samples); i++)
		assert_int_equal(timeshift_add(&ts, 0, &samples[i]), 0);
	assert_int_equal(timeshift_put(b, ORDER_NATIVE, &ts), 0);
	timeshift_release(&ts);
}

static void test_timeshift_has_one_shape_in_all_layouts(void **state)
{
	static const struct {
		enum timeshift_layout layout;
		bool old;
		const char *text;
	} cases[] = {
		{ TIMESHIFT_FORK, false,
		  "\t\t[Option TimeShift, 52 bytes]\n"
		  "0xF4BA9D67C82D7D [peer's trace id]\n"
		  "1 [CPU count]\n"
		  " -1 [cpu id]\n"
		  " 2 [samples count]\n"
		  "\t83618290375331 109300709274646 [offset @ time]\n"
		  "\t83618290385849 109306457764646 [offset @ time]\n" },
		{ TIMESHIFT_CURRENT, false,
		  "\t\t[Option TimeShift, 84 bytes]\n"
		  "0xF4BA9D67C82D7D [peer's trace id]\n"
		  "0x1 [peer's protocol flags]\n"
		  "1 [CPU count]\n"
		  " 0 [cpu id]\n"
		  " 2 [samples count]\n"
		  "\t83618290375331 109300709274646 [offset @ time] 1 0 [scaling >> fraction]\n"
		  "\t83618290385849 109306457764646 [offset @ time] 1 0 [scaling >> fraction]\n" },
		{ TIMESHIFT_CURRENT, true,
		  "\t\t[Option TimeShift, 84 bytes]\n"
		  "0xF4BA9D67C82D7D [peer's trace id]\n"
		  "0x1 [peer's protocol flags]\n"
		  "0x1 [peer's CPU count]\n"
		  "2 [samples count for CPU 0]\n"
		  "\t83618290375331 1 0 109300709274646[offset * scaling >> fraction @ time]\n"
		  "\t83618290385849 1 0 109306457764646[offset * scaling >> fraction @ time]\n" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf option = BUF_INIT;
		_cleanup_free_ char *text = NULL;
		struct err err = { 0 };
		struct sample s;

		sample_init(&s, 7, ORDER_NATIVE, 8, NULL);
		shift_option(&option, cases[i].layout);
		gen_option_add(&s.g, DAT_TIME_SHIFT, option.data, option.len);
		sample_write(&s);
		assert_int_equal(dump_file(&s.file, DUMP_OPTIONS, cases[i].old, &text, &err), 0);
		expect(text, cases[i].text);
		sample_release(&s);
	}
}

static void test_good_files_are_valid(void **state)
{
	unsigned int i;

	for (i = 0; i < SAMPLE_SHAPES; i++) {
		_cleanup_free_ char *text = NULL;
		struct sample s;

		if (!sample_shape_ok(i))
			continue;
		sample_of_shape(&s, i);
		text = dump_sample(&s, DUMP_VALIDATE);
		if (strncmp(text, "File /tmp/dump-test.", 20) || !strstr(text, " is a valid trace-cmd file\n"))
			fail_msg("shape %u: %s", i, text);
		sample_release(&s);
	}
}

static void test_a_file_cut_at_any_byte_is_not_valid(void **state)
{
	static const int versions[] = { 6, 7 };
	unsigned int i;
	size_t len;

	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		struct sample s;

		sample_init(&s, versions[i], ORDER_NATIVE, 8, NULL);
		sample_write(&s);
		for (len = 0; len < s.file.len; len += 1 + len % 7) {
			struct buf part = { .data = s.file.data, .len = len };
			struct err err = { 0 };
			char *text = NULL;
			int ret = dump_file(&part, DUMP_VALIDATE, false, &text, &err);

			/*
			 * The lists that end a part can be missing without a trace: v6 metadata
			 * without data is a file, too.
			 */
			if (versions[i] == 6 && !ret)
				assert_non_null(strstr(text, " is a valid trace-cmd file\n"));
			else if (!ret || !err.text[0])
				fail_msg("version %d, %zu of %zu bytes: %s", versions[i], len,
					 s.file.len, text);
			free(text);
		}
		sample_release(&s);
	}
}

static void test_damaged_metadata_is_not_valid(void **state)
{
	static const char *const spots[] = {
		"name: tick", "ID: 100", "header_event",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(spots); i++) {
		struct err err = { 0 };
		char *text = NULL, *spot;
		struct sample s;

		sample_init(&s, 7, ORDER_NATIVE, 8, NULL);
		sample_write(&s);
		spot = memmem(s.file.data, s.file.len, spots[i], strlen(spots[i]));
		assert_non_null(spot);
		memset(spot, '?', strlen(spots[i]));
		assert_true(dump_file(&s.file, DUMP_VALIDATE, false, &text, &err) < 0);
		assert_null(strstr(text, "valid"));
		assert_true(err.text[0]);
		free(text);
		sample_release(&s);
	}
}

static void test_no_trace_file_is_told(void **state)
{
	struct buf junk = { .data = (uint8_t *)"#!/bin/sh\necho hello, world\n", .len = 28 };
	struct err err = { 0 };
	char *text = NULL;

	assert_int_equal(dump_file(&junk, 0, false, &text, &err), -EINVAL);
	assert_non_null(strstr(err.text, "not a trace file"));
	assert_string_equal(text, "");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_summary_of_all_shapes),
		cmocka_unit_test(test_options_of_both_versions),
		cmocka_unit_test(test_broken_options_are_called_so),
		cmocka_unit_test(test_timeshift_has_one_shape_in_all_layouts),
		cmocka_unit_test(test_good_files_are_valid),
		cmocka_unit_test(test_a_file_cut_at_any_byte_is_not_valid),
		cmocka_unit_test(test_damaged_metadata_is_not_valid),
		cmocka_unit_test(test_no_trace_file_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
