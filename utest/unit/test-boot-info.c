/*
 * test-boot-info.c - buffers of the previous boot: what is stored with them.
 *
 * On a made-up instance directory and a made-up list of modules.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/io.h"
#include "session/boot-info.h"
#include "unit/out-fixture.h"
#include "unit/tracefs-util.h"
#include "zip/zip.h"

#define TEXT "ffffffff81000000 [kernel]\n"
#define MODULES "first 16384 0 - Live 0x0\n"

static char dir[] = "/tmp/utest-boot-XXXXXX";

static void write_file(const char *name, const char *text)
{
	assert_int_equal(put_in(dir, name, text), 0);
}

static int make_dir(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	remove_tree(dir);
	return 0;
}

/* A file with what boot_info_put() stores, all of it in @ret. */
static void store(int version, const struct zip_algo *zip, struct buf *ret)
{
	struct out_conf conf = { .version = version, .zip = zip, .page_size = PAGE, .nr_cpus = 1 };
	struct note *note = note_new();
	char modules[64];
	struct out_file *o = NULL;
	struct meta m;
	int fd = memfd_create("out", MFD_CLOEXEC);

	snprintf(modules, sizeof(modules), "%s/modules", dir);
	note->nr_instances = 1;
	note->instances[0].used = true;
	snprintf(note->instances[0].name, sizeof(note->instances[0].name), "old");
	snprintf(note->instances[0].dir, sizeof(note->instances[0].dir), "%s", dir);
	fixture_meta(&m);
	assert_int_equal(out_create(fd, &conf, &o, NULL), 0);
	assert_int_equal(out_metadata(o, &m, NULL), 0);
	assert_int_equal(boot_info_put(o, note, modules), 0);
	assert_int_equal(out_options_end(o, NULL), 0);
	assert_int_equal(out_finish(o, NULL), 0);
	out_free(o);
	meta_release(&m);
	note_free(note);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(io_read_rest(fd, ret), 0);
	close(fd);
}

static bool has(const struct buf *b, const char *text)
{
	return memmem(b->data, b->len, text, strlen(text));
}

static void a_buffer_of_the_previous_boot_has_its_info_stored_under_its_name(void **state)
{
	for (int version = 6; version <= 7; version++) {
		_cleanup_buf_ struct buf b = BUF_INIT;

		write_file("last_boot_info", TEXT);
		write_file("modules", MODULES);
		store(version, NULL, &b);
		assert_true(has(&b, "old:" TEXT));
		/* stock readers give up on such a section */
		assert_false(has(&b, MODULES));
	}
}

static void with_compression_the_modules_have_a_section(void **state)
{
	_cleanup_buf_ struct buf with = BUF_INIT, without = BUF_INIT;

	write_file("last_boot_info", TEXT);
	write_file("modules", MODULES);
	store(7, zip_best(), &with);
	write_file("modules", "");
	store(7, zip_best(), &without);
	/* header of the section, what is in it, and the option that leads to it */
	assert_true(with.len >= without.len + 24 + 14);
}

static void a_buffer_of_this_boot_has_nothing_stored(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	write_file("last_boot_info", "# Current\n" TEXT);
	write_file("modules", MODULES);
	store(7, NULL, &b);
	assert_false(has(&b, TEXT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_of_the_previous_boot_has_its_info_stored_under_its_name),
		cmocka_unit_test(with_compression_the_modules_have_a_section),
		cmocka_unit_test(a_buffer_of_this_boot_has_nothing_stored),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
