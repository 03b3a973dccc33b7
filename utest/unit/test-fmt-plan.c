/*
 * test-fmt-plan.c - print formats that only a hostile file has: what is compiled of them never prints more than it has room for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "fmt/printer.h"

#define FORMAT \
	"name: odd\nID: 7\nformat:\n" \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n" \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n" \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n" \
	"\tfield:unsigned long long n;\toffset:8;\tsize:8;\tsigned:0;\n\n" \
	"print fmt: "

static void add_times(struct buf *b, const char *text, unsigned int times)
{
	while (times--)
		buf_add_str(b, text);
}

/* The text of a record of @format with all bits of n is @wanted. */
static void check_text(struct buf *format, const struct buf *wanted)
{
	uint64_t data[2] = { 7, UINT64_MAX };
	struct tep_record record = { .size = sizeof(data), .data = data };
	struct tep_handle *tep = tep_alloc();
	struct text out = { 0 };
	struct printer *p;

	assert_int_equal(format->error, 0);
	assert_int_equal(wanted->error, 0);
	assert_int_equal(tep_parse_event(tep, (char *)format->data, format->len, "odd"), 0);
	p = printer_new(tep, 0);
	assert_non_null(p);
	assert_int_equal(printer_print(p, NULL, &record, &out), 0);
	assert_int_equal(out.len, wanted->len);
	assert_memory_equal(out.data, wanted->data, wanted->len);
	text_release(&out);
	printer_free(p);
	tep_free(tep);
}

/* So many and so long that the bytes they take at most are no number of 32 bits. */
static void test_flags_with_long_text_between_them(void **state)
{
	const unsigned int len = 1u << 19, count = 1u << 13;
	_cleanup_buf_ struct buf format = BUF_INIT, wanted = BUF_INIT;
	unsigned int i;

	buf_add_str(&format, FORMAT "\"%s\", __print_flags(REC->n, \"");
	add_times(&format, "|", len);
	buf_add_str(&format, "\"");
	for (i = 0; i < count; i++)
		buf_printf(&format, ",{0x%llx,\"a\"}", 1ull << (i < 20 ? i : 0));
	buf_add_str(&format, ")\n");
	for (i = 0; i < 20; i++) {
		buf_add_str(&wanted, "a");
		add_times(&wanted, "|", len);
	}
	buf_add_str(&wanted, "0xfffffffffff00000");
	check_text(&format, &wanted);
}

static void test_many_arguments(void **state)
{
	const unsigned int count = 5000;
	_cleanup_buf_ struct buf format = BUF_INIT, wanted = BUF_INIT;

	buf_add_str(&format, FORMAT "\"");
	add_times(&format, "%4096d", count);
	buf_add_str(&format, "\"");
	add_times(&format, ", REC->n", count);
	buf_add_str(&format, "\n");
	while (wanted.len < count * 4096ul)
		buf_printf(&wanted, "%4096d", -1);
	check_text(&format, &wanted);
}

/* Whoever has made the parser need not have told how long a long is. */
static void test_a_parser_without_a_size_of_long(void **state)
{
	_cleanup_buf_ struct buf format = BUF_INIT, wanted = BUF_INIT;

	buf_add_str(&format, FORMAT "\"n=%lx\", REC->n\n");
	buf_add_str(&wanted, "n=ffffffffffffffff");
	check_text(&format, &wanted);
}

/* The text of a record, which is @wanted, is made without libtraceevent, but for the first ones. */
static void check_planned(const char *format, uint64_t n, const char *wanted)
{
	uint64_t data[2] = { 7, n };
	struct tep_record record = { .size = sizeof(data), .data = data };
	struct tep_handle *tep = tep_alloc();
	unsigned long long plans, others;
	struct printer *p;
	unsigned int i;

	tep_set_long_size(tep, 8);
	tep_set_loglevel(TEP_LOG_NONE);
	tep_parse_event(tep, format, strlen(format), "odd");	/* fails for what it can't parse */
	assert_non_null(tep_find_event(tep, 7));
	assert_int_equal(tep_register_function(tep, "function", 0xffffffff81000000, NULL), 0);
	assert_int_equal(tep_register_function(tep, "next", 0xffffffff81000400, NULL), 0);
	p = printer_new(tep, 0);
	assert_non_null(p);
	for (i = 0; i < 100; i++) {
		struct text out = { 0 };

		assert_int_equal(printer_print(p, NULL, &record, &out), 0);
		assert_int_equal(out.len, strlen(wanted));
		assert_memory_equal(out.data, wanted, out.len);
		text_release(&out);
	}
	printer_counts(p, &plans, &others);
	assert_int_equal(plans + others, 100);
	assert_true(plans > others);
	printer_free(p);
	tep_free(tep);
}

static void test_addresses_of_no_function(void **state)
{
	check_planned(FORMAT "\"at %ps, %pS\", (void *)REC->n, (void *)REC->n\n", 0x7f000294ec1b,
		      "at 0x7f000294ec1b, 0x7f000294ec1b");
}

/* Such as those of maple_tree, of which there are many. */
static void test_formats_that_cannot_be_parsed(void **state)
{
	check_planned(FORMAT "\"%lu\", nobody_knows(REC->n)\n", 0x7f000294ec1b,
		      "[FAILED TO PARSE] n=0x7f000294ec1b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags_with_long_text_between_them),
		cmocka_unit_test(test_many_arguments),
		cmocka_unit_test(test_a_parser_without_a_size_of_long),
		cmocka_unit_test(test_addresses_of_no_function),
		cmocka_unit_test(test_formats_that_cannot_be_parsed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
