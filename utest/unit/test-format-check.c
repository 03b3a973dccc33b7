/*
 * test-format-check.c - which formats libtraceevent is given: all of the running kernel that it
 * can parse, and none that does it harm; and which records it may print.
 */
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "fmt/printer.h"
#include "in/filter.h"
#include "in/format-check.h"

#define HEAD \
	"name: ev\nID: 7\nformat:\n" \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n" \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n" \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
#define FIELDS \
	"\tfield:int a;\toffset:8;\tsize:4;\tsigned:1;\n" \
	"\tfield:int b;\toffset:12;\tsize:4;\tsigned:1;\n" \
	"\tfield:u8 arr[16];\toffset:16;\tsize:16;\tsigned:0;\n" \
	"\tfield:__data_loc char[] s;\toffset:32;\tsize:4;\tsigned:0;\n\n"

#ifdef __SANITIZE_ADDRESS__
/* libtraceevent 1.7.1 loses some bytes of a format that it can't parse. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:tep_parse_event\n";
}
#endif

static enum format_verdict verdict_of(const char *text)
{
	enum format_verdict v;
	size_t print;

	assert_int_equal(format_check(text, &v, &print), 0);
	if (v == FORMAT_GOOD)
		assert_int_equal(memcmp(text + print, "print fmt:", 10), 0);
	return v;
}

static enum format_verdict verdict_of_print(const char *print)
{
	char text[16384];

	assert_true(snprintf(text, sizeof(text), HEAD FIELDS "print fmt: %s\n", print) <
		    (int)sizeof(text));
	return verdict_of(text);
}

/* What libtraceevent can parse of this kernel's formats, the check lets pass. */
static void test_kernel(void **state)
{
	unsigned int i, parsed = 0;
	glob_t g;

	if (glob("/sys/kernel/tracing/events/*/*/format", 0, NULL, &g))
		skip();
	for (i = 0; i < g.gl_pathc; i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct tep_handle *tep = tep_alloc();
		struct tep_event *event;

		tep_set_loglevel(TEP_LOG_NONE);
		tep_set_long_size(tep, 8);
		assert_int_equal(io_read_path(g.gl_pathv[i], &b), 0);
		if (!tep_parse_event(tep, (char *)b.data, b.len, "test")) {
			event = tep_get_first_event(tep);
			parsed++;
			if (!(event->flags & TEP_EVENT_FL_FAILED) &&
			    verdict_of((char *)b.data) != FORMAT_GOOD)
				fail_msg("%s is refused", g.gl_pathv[i]);
		}
		tep_free(tep);
	}
	globfree(&g);
	assert_true(parsed > 10);
}

static void test_lines(void **state)
{
	static const struct { const char *text; enum format_verdict verdict; } rows[] = {
		{ HEAD FIELDS "print fmt: \"x\"\n", FORMAT_GOOD },
		{ HEAD FIELDS, FORMAT_NO_PRINT },
		{ HEAD FIELDS "print fmt:", FORMAT_NO_PRINT },
		{ HEAD "\tfield special:char buf[];\toffset:8;\tsize:0;\n\nprint fmt: \"%s\", REC->buf",
		  FORMAT_GOOD },
		{ HEAD "\tfield:char buf[A+1];\toffset:8;\tsize:8;\tsigned:0;\nprint fmt: \"\"", FORMAT_GOOD },
		{ HEAD "\tfield:u8 x[(A > B) ? 1 << 3 : min(3, 4)];\toffset:8;\tsize:8;\tsigned:0;\nprint fmt: \"\"",
		  FORMAT_GOOD },
		{ "", FORMAT_BAD }, { "name: \nID: 1\nformat:\n", FORMAT_BAD },
		{ "name: x\nID: \nformat:\n", FORMAT_BAD }, { "name: x\nID: 1\n", FORMAT_BAD },
		{ "name: x\nID: 65536\nformat:\n", FORMAT_BAD },
		{ "name: x y\nID: 1\nformat:\n", FORMAT_BAD },
		{ HEAD "\tfield:int a;\toffset:70000;\tsize:4;\tsigned:1;\n", FORMAT_BAD },
		{ HEAD "\tfield:int a;\toffset:8;\tsize:-4;\tsigned:1;\n", FORMAT_BAD },
		{ HEAD "\tfield:int;\toffset:8;\tsize:4;\tsigned:1;\n", FORMAT_BAD },
		{ HEAD "\tfield:int a[3;\toffset:8;\tsize:4;\tsigned:1;\n", FORMAT_BAD },
		{ HEAD "\tfield:int a[[3]];\toffset:8;\tsize:4;\tsigned:1;\n", FORMAT_BAD },
		{ HEAD "\tfield:int a\toffset:8;\tsize:4;\tsigned:1;\n", FORMAT_BAD },
		{ HEAD "\tfield:int a;\toffset:8;\tsize:4;\tsigned:1;", FORMAT_BAD },
		{ HEAD "nonsense\n", FORMAT_BAD },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (verdict_of(rows[i].text) != rows[i].verdict)
			fail_msg("row %u: the verdict is %d", i, verdict_of(rows[i].text));
}

static void test_prints(void **state)
{
	static const char *const good[] = {
		"\"\"", "\"a\" \"b\"", "\"%d\", REC->a", "\"%d\", (REC)->a + -1 * ~REC->b",
		"\"%s\", REC->a ? \"x\" : REC->b > 3 ? \"y\" : \"z\"", "\"%c\", REC->a ? 'x' : ' '",
		"\"%s\", __print_flags(REC->a, \"|\", { 1UL << 2, \"A\" \"B\" }, { (2), ((void *)0) })",
		"\"%s\", __print_symbolic(REC->a, { NAME, \"x\" })", "\"%s\", __get_str(s)",
		"\"%s\", __print_hex(REC->arr, 8)", "\"%d\", (unsigned long)-1 + (u8)REC->arr[2]",
		"\"%d\", __get_dynamic_array_len(s) / sizeof(u64)", "\"%s\", helper(REC->a, 3)",
		"\"%d\", __builtin_expect(!!(REC->a), 0)", "\"%d\", REC->a / 1000UL % (0x10) / (REC->b + 1)",
		"\"%p\", ((struct page *)base) + REC->a",
		"\"%d\", REC->a / (1000 * 1000UL)", "\"%d\", REC->a % (1 << 3)",
		"\"%d\", REC->a / ((u32)8)", "\"%d\", 1 / (2 * 3 * 4)",
	};
	static const char *const bad[] = {
		"", "REC->a", "\"%d", "\"%d\" REC->a", "\"%d\", ", "\"%d\", REC", "\"%d\", REC->nothing",
		"\"%d\", (REC->a", "\"%d\", REC->a)", "\"%d\", REC->a +", "\"%d\", REC->a ? 1",
		"\"%s\", __print_symbolic(REC->nothing, { 0, \"x\" })",	/* NULL is followed */
		"\"%d\", sizeof(REC->a)", "\"%d\", sizeof(struct x)",	/* use after free */
		"\"%s\", __print_flags(REC->a, \"|\")", "\"%s\", __print_symbolic(REC->a, { 1 })",
		"\"%s\", __print_hex(REC->arr)", "\"%s\", __get_str(nothing)", "\"%s\", __get_str(\"s\")",
		"\"%d\", ({ int x; x; })", "\"%d\", REC->a = 3", "\"\x01\"", "\"\xc3\xa4\"",
		"\"%d\", 1 / 0", "\"%d\", REC->a % (0)", "\"%d\", 1 / (3 - 3)", "\"%d\", 1 % name",
		"\"%d\", 1 / (0 * 1)", "\"%d\", 1 / (0x100000000 * 0x100000000)", "\"%d\", 1 / (1 << 64)",
		"\"%d\", 1 / (0x80000000 << 33)", "\"%d\", 1 / (2 * name)", "\"%d\", 1 / ((u8)256)",
		"\"%d\", 1 / (2 * 3", "\"%d\", 1 / (2 >> 3)", "\"%d\", 1 / (2 ** 3)", "\"%d\", 1 / (1 << 31)",
		"\"%99999d\", REC->a", "\"%.99999d\", REC->a", "\"%d\", 'xy'",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		if (verdict_of_print(good[i]) != FORMAT_GOOD)
			fail_msg("refused: %s", good[i]);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (verdict_of_print(bad[i]) != FORMAT_NO_PRINT)
			fail_msg("not refused: %s", bad[i]);
}

/* Depths and lengths that would exhaust a stack. */
static void test_limits(void **state)
{
	static const char *const units[] = { "(", "!", "(int)", "REC->a+", "f(", "1?", "REC->arr[" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(units); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		unsigned int n;

		buf_add_str(&b, HEAD FIELDS "print fmt: \"%d\", ");
		for (n = 0; n < 100000; n++)
			buf_add_str(&b, units[i]);
		buf_add_str(&b, "1");
		assert_int_equal(verdict_of((char *)b.data), FORMAT_NO_PRINT);
	}
}

/* Print a record whose a, b and s are these. */
static int print(const char *print, int32_t a, int32_t b, int32_t s, struct text *out)
{
	struct tep_handle *tep = tep_alloc();
	int32_t record[10] = { 7, 0, a, b, 0x04030201, [8] = s, [9] = 0x81 };
	struct tep_record rec = { .data = record, .size = sizeof(record) };
	struct printer *p;
	char text[4096];
	int ret;

	tep_set_loglevel(TEP_LOG_NONE);
	tep_set_long_size(tep, 8);
	snprintf(text, sizeof(text), HEAD FIELDS "print fmt: %s\n", print);
	assert_int_equal(tep_parse_event(tep, text, strlen(text), "test"), 0);
	p = printer_new(tep, 0);
	out->len = 0;
	ret = printer_print(p, NULL, &rec, out);
	text_char(out, '\0');
	printer_free(p);
	tep_free(tep);
	return ret;
}

/* Numbers of a record that libtraceevent would believe. */
static void test_records(void **state)
{
	static const struct { const char *print; int32_t a, b; const char *text; } rows[] = {
		{ "\"%s\", __print_hex(REC->arr, REC->a)", 3, 0, "01 02 03" },
		{ "\"%s\", __print_hex(REC->arr, REC->a)", 1 << 30, 0, NULL },
		{ "\"%s\", __print_hex(REC->arr, REC->a)", -1, 0, NULL },
		{ "\"%s\", __print_array(REC->arr, REC->a, REC->b)", 2, 1, "1 2" },
		{ "\"%s\", __print_array(REC->arr, REC->a, REC->b)", 1 << 24, 1, NULL },
		{ "\"%s\", __print_array(REC->arr, REC->a, REC->b)", 2, 1 << 24, NULL },
		{ "\"%d\", REC->a / REC->b", 6, 2, "3" },
		{ "\"%d\", REC->a / REC->b", 6, 0, NULL },
		{ "\"%d\", REC->a % REC->b", 6, 0, NULL },
		{ "\"%*d\", REC->a, REC->b", 3, 5, "  5" },
		{ "\"%*d\", REC->a, REC->b", INT32_MAX, 5, NULL },
		{ "\"%.*s\", REC->a, REC->b ? \"xyz\" : \"\"", INT32_MIN, 5, NULL },
		{ "\"%x\", REC->arr[REC->a]", 1 << 30, 0, NULL },
		/* no arrays, but taken for some: the fields alone */
		{ "\"%s\", __print_array(REC->a - REC->b, 4, 2)", 1, 2, " a=1 b=2" },
		{ "\"%s\", __print_hex(REC->a + 8, 4)", 1, 2, " a=1 b=2" },
		{ "\"%s\", __print_hex_str((u8 *)REC->arr, 4)", 1, 2, " a=1 b=2" },
	};
	struct text out = { 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		int ret = print(rows[i].print, rows[i].a, rows[i].b, 0, &out);

		if (!rows[i].text && ret != -EBADMSG)
			fail_msg("row %u: printed", i);
		if (rows[i].text && (ret || strncmp(out.data, rows[i].text, strlen(rows[i].text))))
			fail_msg("row %u: %d, %s", i, ret, out.data);
	}
	text_release(&out);
}

/* Bit masks: libtraceevent asks for 3 GB to print one without a byte. */
static void test_masks(void **state)
{
	static const struct { const char *print; int32_t s; const char *text; } rows[] = {
		{ "\"%s\", __get_bitmask(s)", 4 << 16 | 36, "00000081" },
		{ "\"%s\", __get_cpumask(s)", 4 << 16 | 36, "0,7" },
		{ "\"%s\", __get_bitmask(s)", 0, NULL },
		{ "\"%s\", __get_bitmask(s)", 36, NULL },
		{ "\"%s\", __get_cpumask(s)", 36, NULL },
		{ "\"%s\", __get_bitmask(s)", 4 << 16 | 40, NULL },
		/* not an array of any length: the fields alone */
		{ "\"%s\", __get_bitmask(a)", 4 << 16 | 36, " a=0 b=0" },
	};
	struct text out = { 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		int ret = print(rows[i].print, 0, 0, rows[i].s, &out);

		if (!rows[i].text && ret != -EBADMSG)
			fail_msg("row %u: printed", i);
		if (rows[i].text && (ret || strncmp(out.data, rows[i].text, strlen(rows[i].text))))
			fail_msg("row %u: %d, %s", i, ret, out.data);
	}
	text_release(&out);
}

/* A filter looks at a string that the record says is far behind its end. */
static void test_filter(void **state)
{
	static const struct { uint32_t where; bool shown; } rows[] = {
		{ 4 << 16 | 36, true }, { 0xffffu << 16 | 0xffff, false }, { 4 << 16 | 40, false },
	};
	struct tracecmd_filter *f;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tep_handle *tep = tep_alloc();
		_cleanup_free_ uint32_t *record = calloc(10, 4);
		struct tep_record rec = { .data = record, .size = 40 };
		struct in_filters fs = { 0 };

		tep_set_long_size(tep, 8);
		assert_int_equal(tep_parse_event(tep, HEAD FIELDS "print fmt: \"x\"\n",
						 strlen(HEAD FIELDS "print fmt: \"x\"\n"), "test"), 0);
		assert_int_equal(in_filters_add(&fs, tep, 1, "ev:s==\"abc\"", false, &f), 0);
		record[0] = 7;
		record[8] = rows[i].where;
		memcpy(record + 9, "abc", 4);
		assert_int_equal(in_filters_show(&fs, tep, &rec), rows[i].shown);
		in_filters_release(&fs);
		tep_free(tep);
	}
}

/* Widths of printk formats, whose arguments are the record's. */
static void test_widths(void **state)
{
	static const struct {
		const char *text;
		bool sane, with_stars;
	} rows[] = {
		{ "plain", true, true },
		{ "100%", true, true },
		{ "%% %d %-08lx %.3s %4096d", true, true },
		{ "%*d", false, true },
		{ "%-*d", false, true },
		{ "%.*s", false, true },
		{ "%8.*s", false, true },
		{ "%%*d", true, true },
		{ "a * b", true, true },
		{ "%10000d", false, false },
		{ "%.10000s", false, false },
		{ "%d %1999999999d", false, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *text = rows[i].text;

		if (format_widths_check(text, strlen(text), false) != rows[i].sane ||
		    format_widths_check(text, strlen(text), true) != rows[i].with_stars)
			fail_msg("%s", text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_prints),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_widths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
