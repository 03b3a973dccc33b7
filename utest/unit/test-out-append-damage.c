/*
 * test-out-append-damage.c - out_append() of metadata that is cut off, or has bytes changed, anywhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "out-fixture.h"
#include "out/append-walk.h"

/*
 * Out of so many files one goes to the process of its own that reads what comes from others. To start that
 * takes longer than all else, and what it would do is the same.
 */
#define IN_SANDBOX	100

/* out_append() of the file in @fd with the @len bytes of @data, but that we read it ourselves: what crashes, crashes here. */
static int append_here(int fd, const uint8_t *data, size_t len, struct out_file **ret, struct err *err)
{
	_cleanup_free_ uint8_t *copy = malloc(len + 1);
	struct append_found f = { 0 };

	assert_non_null(copy);
	if (len)
		memcpy(copy, data, len);
	append_walk(copy, len, &f);
	/* what is found without malice is never refused */
	assert_int_equal(append_check(&f, len), 0);
	if (f.error)
		return err_set(err, f.error, "%s", f.err.text);
	return append_found(fd, len, &f, ret, err);
}

/* Whatever the file is, continuing it must not crash, and a success must be one to the end. */
static int try_file(const uint8_t *data, size_t len)
{
	_cleanup_close_ int fd = fixture_file_of(data, len);
	struct out_buffer b = { .name = "", .clock = "local", .page_size = PAGE };
	static unsigned int nr;
	struct err err = { 0 };
	struct out_file *o;
	int ret = nr++ % IN_SANDBOX ? append_here(fd, data, len, &o, &err) : out_append(fd, &o, &err);

	if (ret) {
		assert_true(err.text[0]);
		return ret;
	}
	out_option(o, 12, "shift", 5);
	assert_int_equal(out_options_end(o, &err), 0);
	/* another page size is refused */
	if (out_buffer(o, &b, &err))
		assert_non_null(strstr(err.text, "pages"));
	assert_int_equal(out_finish(o, NULL), 0);
	out_free(o);
	return 0;
}

static void files_cut_off_anywhere_are_refused_or_complete(void **state)
{
	const struct zip_algo *zip = NULL;
	unsigned int i, good = 0;

	for (i = 0; i < 2 || (zip = zip_at(i - 2)); i++) {
		_cleanup_close_ int fd = fixture_metadata_file(i ? 7 : 6, zip);
		_cleanup_buf_ struct buf b = BUF_INIT;
		size_t cut;

		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_int_equal(io_read_rest(fd, &b), 0);
		for (cut = 0; cut < b.len; cut++) {
			int ret = try_file(b.data, cut);

			assert_true(!ret || ret == -EBADMSG);
			good += !ret;
		}
		assert_int_equal(try_file(b.data, b.len), 0);
	}
	/* without the list of version 6, without the strings of the others */
	assert_int_equal(good, i);
}

static void any_changed_byte_is_survived(void **state)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	const struct zip_algo *zip = NULL;
	unsigned int i, k;

	for (i = 0; i < 2 || (zip = zip_at(i - 2)); i++) {
		_cleanup_close_ int fd = fixture_metadata_file(i ? 7 : 6, zip);
		_cleanup_buf_ struct buf b = BUF_INIT;
		size_t at;

		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_int_equal(io_read_rest(fd, &b), 0);
		for (at = 0; at < b.len; at++) {
			uint8_t old = b.data[at];

			for (k = 0; k < ARRAY_SIZE(values); k++) {
				b.data[at] = values[k];
				try_file(b.data, b.len);
			}
			b.data[at] = old;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_cut_off_anywhere_are_refused_or_complete),
		cmocka_unit_test(any_changed_byte_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
