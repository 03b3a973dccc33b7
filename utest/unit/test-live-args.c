/*
 * test-live-args.c - stream shows what functions are called with, by the types its own file has.
 *
 * A pipe stands in for a ring buffer, and formats, symbols and types are made up.
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

#include "unit/live-fixture.h"
#include "wire/btf.h"

#define FORMAT \
	"name: function\nID: 1\nformat:\n" FIXTURE_COMMON \
	"\tfield:unsigned long ip;\toffset:8;\tsize:8;\tsigned:0;\n" \
	"\tfield:unsigned long parent_ip;\toffset:16;\tsize:8;\tsigned:0;\n" \
	"\tfield:unsigned long args[];\toffset:24;\tsize:0;\tsigned:0;\n\n" \
	"print fmt: \" %ps <-- %ps\", (void *)REC->ip, (void *)REC->parent_ip\n"
#define FUNC	0xffffffff81000000ull
#define CALLER	0xffffffff81001000ull
#define SYMBOLS	"ffffffff81000000 T callee\nffffffff81001000 T caller\nffffffff81002000 T end\n"

/* "callee(int error, void *at)" */
static struct buf make_types(void)
{
	static const char strings[] = "\0int\0error\0at\0callee";
	const uint32_t types[] = {
		1, BTF_INT << 24, 4, 1 << 24 | 32,
		0, BTF_PTR << 24, 0,
		0, BTF_FUNC_PROTO << 24 | 2, 0, 5, 1, 11, 2,
		14, BTF_FUNC << 24, 3,
	};
	struct buf b = BUF_INIT;

	put_u16(&b, ORDER_NATIVE, 0xeb9f);
	put_u8(&b, 1);
	put_u8(&b, 0);
	put_u32(&b, ORDER_NATIVE, 24);
	put_u32(&b, ORDER_NATIVE, 0);
	put_u32(&b, ORDER_NATIVE, sizeof(types));
	put_u32(&b, ORDER_NATIVE, sizeof(types));
	put_u32(&b, ORDER_NATIVE, sizeof(strings));
	buf_add(&b, types, sizeof(types));
	buf_add(&b, strings, sizeof(strings));
	return b;
}

static int make_file(bool with_types)
{
	static const char *const formats[] = { FORMAT, NULL };
	_cleanup_buf_ struct buf types = make_types();
	struct fixture_file file = {
		.formats = formats, .symbols = SYMBOLS, .types = with_types ? &types : NULL, .nr_cpus = 1,
	};

	return fixture_live_file(&file);
}

/* A page with one record: @nr arguments. Its descriptor. */
static int make_data(unsigned int nr)
{
	const uint64_t event[5] = { 1 | 7ull << 32, FUNC, CALLER, 0xffffffea, 0x1000 };
	struct fixture_page page = { 0 };
	int fds[2];

	fixture_page_add(&page, 1000000000, event, (3 + nr) * 8);
	assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], page.data, PAGE), PAGE);
	close(fds[1]);
	return fds[0];
}

/* The line that is printed has @wanted; what plugins, if there are any, add behind it is their business. */
static void assert_shown(bool with_types, unsigned int nr, const char *wanted)
{
	int fd = memfd_create("text", MFD_CLOEXEC);
	struct live_conf conf = {
		.meta_fd = make_file(with_types), .out_fd = fd, .tracing = "/nonexistent", .pause_us = 1000,
	};
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct err err = { 0 };
	struct live *l = NULL;

	report_plan_init(&conf.plan);
	assert_int_equal(live_new(&conf, &l, &err), 0);
	assert_int_equal(live_add_buffer(l, ""), 0);
	assert_int_equal(live_add_cpu(l, 0, make_data(nr), PAGE), 0);
	assert_int_equal(live_finish(l, NULL, NULL, &err), 0);
	live_free(l);
	fixture_text(fd, &text);
	close(fd);
	assert_non_null(strstr((char *)text.data, "function:"));
	assert_non_null(strstr((char *)text.data, wanted));
	if (!nr)
		assert_null(strchr(strstr((char *)text.data, wanted), '('));
}

static void arguments_have_their_names(void **state)
{
	assert_shown(true, 2, " callee(error=-22, at=0x1000)");
}

static void without_types_they_are_bare_registers(void **state)
{
	assert_shown(false, 2, " callee(0xffffffea, 0x1000)");
}

static void without_arguments_a_function_is_a_name(void **state)
{
	assert_shown(true, 0, " callee");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_have_their_names),
		cmocka_unit_test(without_types_they_are_bare_registers),
		cmocka_unit_test(without_arguments_a_function_is_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
