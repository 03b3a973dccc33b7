/*
 * test-session-btf.c - when the kernel's types are stored, and that they are what was there.
 *
 * On a made-up instance directory and made-up types.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/io.h"
#include "in/file.h"
#include "session/btf.h"
#include "unit/out-fixture.h"
#include "unit/tracefs-util.h"
#include "zip/zip.h"

#define TYPES "types of a kernel"

static char dir[] = "/tmp/utest-btf-XXXXXX";

static void write_file(const char *name, const char *text)
{
	assert_int_equal(put_in(dir, name, text), 0);
}

static void remove_file(const char *name)
{
	unlink(path_of(dir, name).s);
}

static int make_dir(void **state)
{
	return mkdtemp(dir) ? mkdir(path_of(dir, "options").s, 0700) : -1;
}

static int remove_files(void **state)
{
	remove_file("options/func-args");
	remove_file("options/funcgraph-args");
	remove_file("btf");
	return 0;
}

static int remove_dir(void **state)
{
	remove_tree(dir);
	return 0;
}

/* A file with what btf_put() stores. Its descriptor. */
static int store_file(int version, const struct zip_algo *zip, enum plan_kind kind, bool used)
{
	struct out_conf conf = { .version = version, .zip = zip, .page_size = PAGE, .nr_cpus = 1 };
	struct note *note = note_new();
	struct plan plan = { .kind = kind };
	struct out_file *o = NULL;
	char types[64];
	struct meta m;
	int fd = memfd_create("out", MFD_CLOEXEC);

	snprintf(types, sizeof(types), "%s/btf", dir);
	note->nr_instances = 1;
	note->instances[0].used = used;
	snprintf(note->instances[0].dir, sizeof(note->instances[0].dir), "%s", dir);
	fixture_meta(&m);
	assert_int_equal(out_create(fd, &conf, &o, NULL), 0);
	assert_int_equal(out_metadata(o, &m, NULL), 0);
	assert_int_equal(btf_put(o, &plan, note, types), 0);
	assert_int_equal(out_options_end(o, NULL), 0);
	assert_int_equal(out_finish(o, NULL), 0);
	out_free(o);
	meta_release(&m);
	note_free(note);
	return fd;
}

static struct in_file *store(int version, const struct zip_algo *zip, enum plan_kind kind, bool used)
{
	struct in_file *f = NULL;

	assert_int_equal(in_file_open_fd(store_file(version, zip, kind, used), &f, NULL), 0);
	return f;
}

/* Does such a file hold the types, as they were? */
static bool has_types(int version, const struct zip_algo *zip, enum plan_kind kind)
{
	struct in_file *f = store(version, zip, kind, true);
	struct buf b = BUF_INIT;
	int ret = in_file_load(f, DAT_BTF_FILE, &b, NULL);

	if (!ret)
		assert_string_equal((char *)b.data, TYPES);
	else
		assert_int_equal(ret, -ENOENT);
	buf_release(&b);
	in_file_unref(f);
	return !ret;
}

static void types_are_stored_if_arguments_are_recorded(void **state)
{
	write_file("btf", TYPES);
	assert_false(has_types(7, zip_best(), PLAN_RECORD));
	write_file("options/func-args", "0\n");
	write_file("options/funcgraph-args", "0\n");
	assert_false(has_types(7, zip_best(), PLAN_RECORD));
	write_file("options/func-args", "1\n");
	assert_true(has_types(7, zip_best(), PLAN_RECORD));
	write_file("options/func-args", "0\n");
	write_file("options/funcgraph-args", "1\n");
	assert_true(has_types(7, zip_best(), PLAN_RECORD));
	remove_file("options/func-args");
	assert_true(has_types(7, zip_best(), PLAN_RECORD));
}

static void extract_stores_them_where_arguments_may_have_been_recorded(void **state)
{
	write_file("btf", TYPES);
	assert_false(has_types(7, zip_best(), PLAN_EXTRACT));
	write_file("options/func-args", "0\n");
	assert_true(has_types(7, zip_best(), PLAN_EXTRACT));
}

static void files_that_stock_could_not_read_then_have_none(void **state)
{
	write_file("btf", TYPES);
	write_file("options/func-args", "1\n");
	assert_false(has_types(6, NULL, PLAN_RECORD));
	assert_false(has_types(7, NULL, PLAN_RECORD));
	/* but what only stream reads, itself, may */
	assert_true(has_types(7, NULL, PLAN_STREAM));
}

static void an_instance_that_is_not_used_does_not_count(void **state)
{
	struct in_file *f;

	write_file("btf", TYPES);
	write_file("options/func-args", "1\n");
	f = store(7, zip_best(), PLAN_RECORD, false);
	assert_false(f->part[DAT_BTF_FILE].present);
	in_file_unref(f);
}

static void a_kernel_without_types_is_no_error(void **state)
{
	write_file("options/func-args", "1\n");
	assert_false(has_types(7, zip_best(), PLAN_RECORD));
	write_file("btf", "");
	assert_false(has_types(7, zip_best(), PLAN_RECORD));
}

static void types_that_cannot_be_read_do_not_cost_the_file(void **state)
{
	char path[300];

	write_file("options/func-args", "1\n");
	snprintf(path, sizeof(path), "%s/btf", dir);
	/* reading fails: EISDIR */
	assert_int_equal(mkdir(path, 0700), 0);
	assert_false(has_types(7, zip_best(), PLAN_RECORD));
	assert_int_equal(rmdir(path), 0);
}

static void those_of_a_guest_stay_when_its_file_is_continued(void **state)
{
	struct out_file *o = NULL;
	struct in_file *f = NULL;
	struct buf b = BUF_INIT;
	int fd;

	write_file("btf", TYPES);
	write_file("options/func-args", "1\n");
	fd = store_file(7, zip_best(), PLAN_AGENT, true);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(out_append(fd, &o, NULL), 0);
	assert_int_equal(out_option_text(o, DAT_OFFSET, "5"), 0);
	assert_int_equal(out_options_end(o, NULL), 0);
	assert_int_equal(out_finish(o, NULL), 0);
	out_free(o);
	assert_int_equal(in_file_open_fd(fd, &f, NULL), 0);
	assert_int_equal(f->info.offset_ns, 5);
	assert_int_equal(in_file_load(f, DAT_BTF_FILE, &b, NULL), 0);
	assert_string_equal((char *)b.data, TYPES);
	buf_release(&b);
	in_file_unref(f);
}

#define test(name)	cmocka_unit_test_teardown(name, remove_files)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(types_are_stored_if_arguments_are_recorded),
		test(extract_stores_them_where_arguments_may_have_been_recorded),
		test(files_that_stock_could_not_read_then_have_none),
		test(an_instance_that_is_not_used_does_not_count),
		test(those_of_a_guest_stay_when_its_file_is_continued),
		test(a_kernel_without_types_is_no_error),
		test(types_that_cannot_be_read_do_not_cost_the_file),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
