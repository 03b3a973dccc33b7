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

#include "base/io.h"
#include "live/live.h"
#include "unit/out-fixture.h"
#include "wire/btf.h"
#include "wire/dat.h"

#define FORMAT \
	"name: function\nID: 1\nformat:\n" \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n" \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n" \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n" \
	"\tfield:unsigned long ip;\toffset:8;\tsize:8;\tsigned:0;\n" \
	"\tfield:unsigned long parent_ip;\toffset:16;\tsize:8;\tsigned:0;\n" \
	"\tfield:unsigned long args[];\toffset:24;\tsize:0;\tsigned:0;\n\n" \
	"print fmt: \" %ps <-- %ps\", (void *)REC->ip, (void *)REC->parent_ip\n"
#define PAGE_FORMAT \
	"\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n" \
	"\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n" \
	"\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n" \
	"\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;\n"
#define FUNC	0xffffffff81000000ull
#define CALLER	0xffffffff81001000ull
#define SYMBOLS	"ffffffff81000000 T callee\nffffffff81001000 T caller\nffffffff81002000 T end\n"

static void make_meta(struct meta *m)
{
	*m = (struct meta){ 0 };
	buf_add_cstr(&m->header_info, "header_page");
	put_u64(&m->header_info, ORDER_NATIVE, strlen(PAGE_FORMAT));
	buf_add_str(&m->header_info, PAGE_FORMAT);
	buf_add_cstr(&m->header_info, "header_event");
	put_u64(&m->header_info, ORDER_NATIVE, 0);
	put_u32(&m->ftrace_events, ORDER_NATIVE, 1);
	put_u64(&m->ftrace_events, ORDER_NATIVE, strlen(FORMAT));
	buf_add_str(&m->ftrace_events, FORMAT);
	put_u32(&m->event_formats, ORDER_NATIVE, 0);
	put_u32(&m->kallsyms, ORDER_NATIVE, strlen(SYMBOLS));
	buf_add_str(&m->kallsyms, SYMBOLS);
	put_u32(&m->printk, ORDER_NATIVE, 0);
	put_u64(&m->cmdlines, ORDER_NATIVE, 0);
}

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

/* A file without data, as stream makes one. Its descriptor. */
static int make_file(bool with_types)
{
	struct out_conf conf = { .version = 7, .page_size = PAGE, .nr_cpus = 1 };
	_cleanup_buf_ struct buf types = make_types();
	struct out_file *o = NULL;
	struct meta m;
	int fd = memfd_create("meta", MFD_CLOEXEC);

	make_meta(&m);
	assert_int_equal(out_create(fd, &conf, &o, NULL), 0);
	assert_int_equal(out_metadata(o, &m, NULL), 0);
	if (with_types)
		assert_int_equal(out_part(o, DAT_BTF_FILE, &types, false, NULL), 0);
	assert_int_equal(out_options_end(o, NULL), 0);
	assert_int_equal(out_finish(o, NULL), 0);
	out_free(o);
	meta_release(&m);
	return fd;
}

/* A page with one record: @nr arguments. Its descriptor. */
static int make_data(unsigned int nr)
{
	const uint64_t event[5] = { 1 | 7ull << 32, FUNC, CALLER, 0xffffffea, 0x1000 };
	uint32_t len = (3 + nr) * 8, head = len / 4;
	uint64_t time = 1000000000, commit = 4 + len;
	uint8_t page[PAGE] = { 0 };
	int fds[2];

	memcpy(page, &time, 8);
	memcpy(page + 8, &commit, 8);
	memcpy(page + 16, &head, 4);
	memcpy(page + 20, event, len);
	assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], page, PAGE), PAGE);
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
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(io_read_rest(fd, &text), 0);
	close(fd);
	assert_non_null(text.data);
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
