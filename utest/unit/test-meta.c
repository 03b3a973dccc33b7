/*
 * test-meta.c - out/meta: the tracing directory's files, as sections.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "out/meta.h"
#include "wire/cursor.h"

static char dir[] = "/tmp/test-meta.XXXXXX";

/* Write @text to @path in the directory, making the folders on the way. */
static void put(const char *path, const char *text)
{
	char full[256], *slash;
	int fd;

	snprintf(full, sizeof(full), "%s/%s", dir, path);
	for (slash = strchr(full + sizeof(dir), '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(full, 0700);
		*slash = '/';
	}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void drop(const char *path)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", dir, path);
	assert_int_equal(unlink(full), 0);
}

static int make(void **state)
{
	assert_non_null(mkdtemp(dir));
	put("events/header_page", "PAGE");
	put("events/header_event", "EVENT");
	put("events/enable", "0");
	put("events/ftrace/enable", "0");
	put("events/ftrace/print/format", "ft-print");
	put("events/sched/enable", "0");
	put("events/sched/filter", "none");
	put("events/sched/sched_switch/format", "switch");
	put("events/sched/sched_waking/format", "waking");
	put("events/irq/irq_entry/format", "entry");
	put("events/irq/broken/enable", "0");
	put("printk_formats", "0x1 : \"x\"");
	put("saved_cmdlines", "1 init");
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int clean(void **state)
{
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A size of @len bytes and a text. */
static void check_text(struct cursor *c, int len, const char *want)
{
	uint64_t n = len == 8 ? cursor_u64(c) : cursor_u32(c);

	assert_int_equal(n, strlen(want));
	assert_memory_equal(cursor_bytes(c, n), want, n);
}

static struct cursor over(const struct buf *b)
{
	assert_int_equal(b->error, 0);
	return cursor_over(b->data, b->len, ORDER_NATIVE);
}

static void all_parts_are_copied_with_their_sizes(void **state)
{
	struct err err = { 0 };
	struct cursor c;
	struct meta m;

	assert_int_equal(meta_read(&m, dir, NULL, &err), 0);
	c = over(&m.header_info);
	assert_string_equal(cursor_cstr(&c, 20), "header_page");
	check_text(&c, 8, "PAGE");
	assert_string_equal(cursor_cstr(&c, 20), "header_event");
	check_text(&c, 8, "EVENT");
	assert_int_equal(cursor_left(&c), 0);
	c = over(&m.ftrace_events);
	assert_int_equal(cursor_u32(&c), 1);
	check_text(&c, 8, "ft-print");
	assert_int_equal(cursor_left(&c), 0);
	c = over(&m.event_formats);
	/* without "ftrace"; an event without a format is left out */
	assert_int_equal(cursor_u32(&c), 2);
	assert_string_equal(cursor_cstr(&c, 20), "irq");
	assert_int_equal(cursor_u32(&c), 1);
	check_text(&c, 8, "entry");
	assert_string_equal(cursor_cstr(&c, 20), "sched");
	assert_int_equal(cursor_u32(&c), 2);
	check_text(&c, 8, "switch");
	check_text(&c, 8, "waking");
	assert_int_equal(cursor_left(&c), 0);
	c = over(&m.printk);
	check_text(&c, 4, "0x1 : \"x\"");
	c = over(&m.cmdlines);
	check_text(&c, 8, "1 init");
	c = over(&m.kallsyms);
	assert_int_equal(cursor_u32(&c), m.kallsyms.len - 4);
	meta_release(&m);
}

static void only_selected_events_are_copied(void **state)
{
	static const struct {
		const char *name[2];
		uint32_t systems;
		const char *first;
		uint32_t events;
	} rows[] = {
		{ { "sched" }, 1, "sched", 2 },
		{ { "sched:sched_waking" }, 1, "sched", 1 },
		{ { "sched_waking" }, 1, "sched", 1 },
		{ { "sched:*" }, 1, "sched", 2 },
		{ { "*:*_switch" }, 1, "sched", 1 },
		{ { "irq", "sched:sched_switch" }, 2, "irq", 1 },
		{ { "irq:sched_switch" }, 0, NULL, 0 },
		{ { "ftrace" }, 0, NULL, 0 },
		{ { "irq:broken" }, 0, NULL, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct meta_events events = { rows[i].name, rows[i].name[1] ? 2 : 1 };
		struct meta m = { 0 };
		struct cursor c;

		assert_int_equal(meta_read_formats(&m, dir, &events, NULL), 0);
		c = over(&m.event_formats);
		assert_int_equal(cursor_u32(&c), rows[i].systems);
		if (rows[i].systems) {
			assert_string_equal(cursor_cstr(&c, 20), rows[i].first);
			assert_int_equal(cursor_u32(&c), rows[i].events);
		} else {
			assert_int_equal(cursor_left(&c), 0);
		}
		/* those of ftrace are always there */
		c = over(&m.ftrace_events);
		assert_int_equal(cursor_u32(&c), 1);
		/* reading again replaces */
		assert_int_equal(meta_read_formats(&m, dir, &events, NULL), 0);
		meta_release(&m);
	}
}

static void optional_files_may_be_missing(void **state)
{
	struct err err = { 0 };
	struct cursor c;
	struct meta m;

	drop("printk_formats");
	drop("saved_cmdlines");
	drop("events/header_event");
	assert_int_equal(meta_read(&m, dir, NULL, &err), 0);
	c = over(&m.printk);
	check_text(&c, 4, "");
	assert_int_equal(m.printk.len, 4);
	c = over(&m.cmdlines);
	check_text(&c, 8, "");
	c = over(&m.header_info);
	cursor_bytes(&c, 12 + 8 + 4 + 13);
	check_text(&c, 8, "");
	assert_int_equal(cursor_left(&c), 0);
	meta_release(&m);
	put("printk_formats", "0x1 : \"x\"");
	put("saved_cmdlines", "1 init");
	put("events/header_event", "EVENT");
}

static void without_the_page_header_nothing_works(void **state)
{
	struct err err = { 0 };
	struct meta m;

	drop("events/header_page");
	assert_int_equal(meta_read(&m, dir, NULL, &err), -ENOENT);
	assert_non_null(strstr(err.text, "header_page"));
	assert_non_null(strstr(err.text, dir));
	put("events/header_page", "PAGE");
	err_clear(&err);
	assert_int_equal(meta_read(&m, "/nonexistent", NULL, &err), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_parts_are_copied_with_their_sizes),
		cmocka_unit_test(only_selected_events_are_copied),
		cmocka_unit_test(optional_files_may_be_missing),
		cmocka_unit_test(without_the_page_header_nothing_works),
	};

	return cmocka_run_group_tests(tests, make, clean);
}
