/*
 * test-in-file.c - opening trace files: what is found in good ones of all shapes, and
 * what is said of damaged ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "gen/open.h"
#include "in/file.h"

static void test_all_shapes_tell_their_facts(void **state)
{
	unsigned int i;

	for (i = 0; i < SAMPLE_SHAPES; i++) {
		const struct sample_shape *shape = &sample_shapes[i];
		struct in_file *f;
		struct sample s;

		if (!sample_shape_ok(i))
			continue;
		sample_of_shape(&s, i);
		sample_write(&s);
		f = open_good(&s.file);
		assert_int_equal(in_file_damage(f), 0);
		assert_int_equal(f->head.version, shape->version);
		assert_int_equal(f->head.order, shape->order);
		assert_int_equal(f->long_size, shape->long_size);
		assert_int_equal(f->head.page_size, 512);
		assert_string_equal(f->head.compression,
				    shape->compression ? shape->compression : "none");
		assert_false(f->old_pages);
		assert_string_equal(f->info.uname, "Linux host 6.1 x86_64");
		assert_string_equal(f->info.version, "4.0 test");
		assert_string_equal(f->info.clock, "local");
		assert_true(f->info.trace_id == SAMPLE_ID);
		assert_string_equal((char *)f->info.cpustat.data, "CPU: 0\nentries: 0\n\n");
		assert_int_equal(f->nr_buffers, 2);
		assert_string_equal(f->buffers[0].name, "");
		assert_string_equal(f->buffers[1].name, "inst");
		assert_int_equal(f->buffers[0].nr_cpus, 2);
		assert_int_equal(f->buffers[1].nr_cpus, 2);
		assert_null(in_buffer_cpu(&f->buffers[1], 0));
		assert_non_null(in_buffer_cpu(&f->buffers[1], 1));
		assert_string_equal(f->buffers[1].clock, "local");
		if (shape->version == 6)
			assert_string_equal(f->v6.clock_text, "[local]");
		in_file_unref(f);
		sample_release(&s);
	}
}

static void test_parts_are_the_same_in_both_versions(void **state)
{
	unsigned int i, id;

	for (i = 0; i < SAMPLE_SHAPES; i++) {
		struct in_file *f;
		struct sample s;

		if (!sample_shape_ok(i))
			continue;
		sample_of_shape(&s, i);
		sample_write(&s);
		f = open_good(&s.file);
		for (id = DAT_HEADER_INFO; id <= DAT_CMDLINES; id++) {
			_cleanup_buf_ struct buf want = BUF_INIT;
			_cleanup_buf_ struct buf got = BUF_INIT;
			struct err err = { 0 };

			gen_part(&s.g, id, &want);
			assert_int_equal(in_file_load(f, id, &got, &err), 0);
			assert_int_equal(got.len, want.len);
			assert_memory_equal(got.data, want.data, want.len);
		}
		in_file_unref(f);
		sample_release(&s);
	}
}

static void test_missing_part_is_enoent(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct err err = { 0 };
	struct in_file *f;
	struct sample s;

	sample_init(&s, 7, ORDER_LITTLE, 8, NULL);
	sample_write(&s);
	f = open_good(&s.file);
	assert_int_equal(in_file_load(f, DAT_BTF_FILE, &b, &err), -ENOENT);
	assert_int_equal(in_file_load(f, 1000, &b, &err), -ENOENT);
	in_file_unref(f);
	sample_release(&s);
}

static void test_options_come_in_order_with_their_section(void **state)
{
	int version;

	for (version = 6; version <= 7; version++) {
		unsigned int i, done = 0, buffers = 0;
		struct in_file *f;
		struct sample s;

		sample_init(&s, version, ORDER_LITTLE, 8, NULL);
		sample_write(&s);
		f = open_good(&s.file);
		for (i = 0; i < f->nr_options; i++) {
			const struct in_option *o = &f->options[i];

			assert_int_equal(o->data[o->size], 0);
			done += o->id == DAT_DONE;
			buffers += o->id == DAT_BUFFER;
			if (o->id == DAT_UNAME)
				assert_int_equal(o->section, s.g.first_options);
		}
		/* v7: one list of its own, and one for each buffer; v6's end is no option */
		assert_int_equal(done, version == 7 ? 3 : 0);
		assert_int_equal(buffers, version == 7 ? 2 : 1);
		in_file_unref(f);
		sample_release(&s);
	}
}

static void test_sections_are_gapless_and_strings_are_found(void **state)
{
	static const char *const zips[] = { NULL, "zlib" };
	unsigned int z, i, n;

	for (z = 0; z < ARRAY_SIZE(zips); z++) {
		_cleanup_buf_ struct buf strings = BUF_INIT;
		_cleanup_free_ struct in_section *list = NULL;
		struct in_file *f;
		struct sample s;

		sample_init(&s, 7, ORDER_BIG, 4, zips[z]);
		sample_write(&s);
		f = open_good(&s.file);
		assert_int_equal(in_file_sections(f, &list, &n, NULL), 0);
		/* six of metadata, options, two buffers with options, strings */
		assert_int_equal(n, 12);
		assert_int_equal(list[0].head.id, DAT_HEADER_INFO);
		assert_int_equal(list[n - 1].head.id, DAT_STRINGS);
		assert_int_equal(in_file_strings(f, &strings, NULL), 0);
		for (i = 0; i < n; i++) {
			const char *text = in_strings_get(&strings, list[i].head.description);
			uint16_t id = list[i].head.id;

			assert_string_equal(text, id == DAT_STRINGS ? "strings" :
					    id == DAT_OPTIONS ? "options" :
					    id == DAT_BUFFER ? "buffer" : "meta");
		}
		assert_string_equal(in_strings_get(&strings, -1), "");
		assert_string_equal(in_strings_get(&strings, 1 << 30), "");
		assert_int_equal(in_file_damage(f), 0);
		in_file_unref(f);
		sample_release(&s);
	}
}

static void test_headers_that_lie_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		int code;
		const char *text;
	} rows[] = {
		{ 0, 'x', -EINVAL, "not a trace file" },
		{ 9, 'x', -EINVAL, "not a trace file" },
		{ 10, '5', -ENOTSUP, "version" },
		{ 10, '8', -ENOTSUP, "version" },
		{ 10, 'x', -EBADMSG, "header" },
		{ 12, 2, -EBADMSG, "header" },	/* byte order */
		{ 13, 5, -EBADMSG, "header" },	/* long size */
		{ 14, 1, -EBADMSG, "header" },	/* page size 513 */
		{ 15, 0, -EBADMSG, "header" },	/* page size 0 */
		{ 18, 'x', -ENOTSUP, "xone" },	/* compression */
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sample s;

		sample_init(&s, 7, ORDER_LITTLE, 8, NULL);
		sample_write(&s);
		s.file.data[rows[i].at] = rows[i].value;
		open_bad(&s.file, rows[i].code, rows[i].text);
		sample_release(&s);
	}
}

static void test_first_options_must_be_options(void **state)
{
	static const struct {
		uint64_t offset;
		int code;
		const char *text;
	} rows[] = {
		{ 0, -EBADMSG, "within the header" },
		{ 10, -EBADMSG, "within the header" },
		{ 32, -EBADMSG, "no options at offset 32" },
		{ 1ull << 40, -ENODATA, "possibly truncated" },
		{ UINT64_MAX - 3, -ENODATA, "possibly truncated" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sample s;

		sample_init(&s, 7, ORDER_LITTLE, 8, NULL);
		sample_write(&s);
		store_u64(s.file.data + 24, ORDER_LITTLE, rows[i].offset);
		open_bad(&s.file, rows[i].code, rows[i].text);
		sample_release(&s);
	}
}

static void test_chain_of_options_that_loops_is_noticed(void **state)
{
	static const bool to_self[] = { false, true };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(to_self); i++) {
		struct in_file *f;
		struct sample s;
		uint64_t last;

		sample_init(&s, 7, ORDER_LITTLE, 8, NULL);
		sample_write(&s);
		f = open_good(&s.file);
		last = f->options[f->nr_options - 1].section;
		in_file_unref(f);
		store_u64(s.file.data + s.g.options_pos, ORDER_LITTLE,
			  to_self[i] ? last : s.g.first_options);
		f = open_good(&s.file);
		assert_int_equal(in_file_damage(f), -EBADMSG);
		assert_non_null(strstr(f->damage.text, "lead back to"));
		/* what the chain held before is there */
		assert_int_equal(f->nr_buffers, 2);
		in_file_unref(f);
		sample_release(&s);
	}
}

static void test_announced_options_beyond_the_end_mean_truncated(void **state)
{
	struct in_file *f;
	struct sample s;

	sample_init(&s, 7, ORDER_LITTLE, 8, NULL);
	sample_write(&s);
	store_u64(s.file.data + s.g.options_pos, ORDER_LITTLE, s.file.len + 100);
	f = open_good(&s.file);
	assert_int_equal(in_file_damage(f), -ENODATA);
	assert_non_null(strstr(f->damage.text, "File possibly truncated. Need at least"));
	assert_int_equal(f->nr_buffers, 2);
	in_file_unref(f);
	sample_release(&s);
}

static void test_unknown_options_are_skipped(void **state)
{
	int version;

	for (version = 6; version <= 7; version++) {
		struct in_file *f;
		struct sample s;

		sample_init(&s, version, ORDER_LITTLE, 8, NULL);
		gen_option_add(&s.g, 999, "whatever", 8);
		gen_option_add(&s.g, 23, "", 0);
		gen_text_option(&s.g, DAT_UNAME, "the last wins");
		sample_write(&s);
		f = open_good(&s.file);
		assert_string_equal(f->info.uname, "the last wins");
		assert_int_equal(f->nr_buffers, 2);
		in_file_unref(f);
		sample_release(&s);
	}
}

static void test_odd_options_do_no_harm(void **state)
{
	static const struct {
		uint16_t id;
		const char *data;
		uint32_t len;
	} rows[] = {
		{ DAT_CPUSTAT, "", 0 }, { DAT_DATE, "", 0 }, { DAT_DATE, "junk", 4 },
		{ DAT_OFFSET, "-", 1 }, { DAT_UNAME, "no end", 3 }, { DAT_TRACECLOCK, "", 0 },
		{ DAT_TRACECLOCK, "[]", 2 }, { DAT_TRACECLOCK, "[x", 2 }, { DAT_TRACEID, "123", 3 },
		{ DAT_CPUCOUNT, "1", 1 }, { DAT_TIME_SHIFT, "", 0 },
		{ DAT_TIME_SHIFT, "0123456789abcdefgh", 18 }, { DAT_GUEST, "name", 4 },
		{ DAT_TSC2NSEC, "12345678", 8 }, { DAT_HEADER_INFO, "1", 1 },
		{ DAT_PROCMAPS, "zz", 2 }, { DAT_HOOK, "", 0 }, { DAT_LAST_BOOT_INFO, ":", 1 },
	};
	int version;
	unsigned int i;

	for (version = 6; version <= 7; version++)
		for (i = 0; i < ARRAY_SIZE(rows); i++) {
			struct in_file *f;
			struct sample s;

			sample_init(&s, version, ORDER_BIG, 8, NULL);
			gen_option_add(&s.g, rows[i].id, rows[i].data, rows[i].len);
			sample_write(&s);
			f = open_good(&s.file);
			assert_int_equal(f->nr_buffers, 2);
			in_file_unref(f);
			sample_release(&s);
		}
}

static void test_numbers_of_date_and_offset_are_cs_and_add_up(void **state)
{
	struct in_file *f;
	struct sample s;

	sample_init(&s, 6, ORDER_LITTLE, 8, NULL);
	gen_text_option(&s.g, DAT_DATE, "0x64");
	gen_text_option(&s.g, DAT_DATE, "0100junk");
	gen_text_option(&s.g, DAT_OFFSET, "-12345");
	gen_text_option(&s.g, DAT_OFFSET, "5");
	sample_write(&s);
	f = open_good(&s.file);
	assert_int_equal(f->info.date_ns, 100000 + 64000);
	assert_int_equal(f->info.offset_ns, -12340);
	in_file_unref(f);
	sample_release(&s);
}

static void test_part_option_that_points_elsewhere_hides_the_part_only(void **state)
{
	uint8_t wrong[8], far[8];
	struct in_file *f;
	struct sample s;

	sample_init(&s, 7, ORDER_LITTLE, 8, NULL);
	store_u64(wrong, ORDER_LITTLE, 32);		/* that is HEADER_INFO */
	store_u64(far, ORDER_LITTLE, UINT64_MAX - 7);
	gen_option_add(&s.g, DAT_BTF_FILE, wrong, 8);
	sample_write(&s);
	f = open_good(&s.file);
	/* converters leave such ones behind */
	assert_int_equal(in_file_damage(f), 0);
	assert_false(f->part[DAT_BTF_FILE].present);
	in_file_unref(f);
	buf_reset(&s.file);
	s.g.nr_options--;
	gen_option_add(&s.g, DAT_PRINTK, far, 8);
	sample_write(&s);
	f = open_good(&s.file);
	assert_int_equal(in_file_damage(f), -ENODATA);
	assert_true(f->part[DAT_PRINTK].present);	/* the good one before */
	in_file_unref(f);
	sample_release(&s);
}

static void test_btf_is_read_from_plain_files(void **state)
{
	struct sample s;

	/* any section will do as the target if its id is changed */
	sample_init(&s, 7, ORDER_LITTLE, 8, NULL);
	sample_write(&s);
	assert_int_equal(s.file.data[32], DAT_HEADER_INFO);
	s.file.data[32] = DAT_BTF_FILE;
	{
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct in_file *f;
		size_t option = s.g.first_options + 16;

		assert_int_equal(s.file.data[option], DAT_HEADER_INFO);
		s.file.data[option] = DAT_BTF_FILE;
		f = open_good(&s.file);
		assert_int_equal(in_file_load(f, DAT_BTF_FILE, &b, NULL), 0);
		assert_memory_equal(b.data, "header_page", 12);
		in_file_unref(f);
	}
	sample_release(&s);
}

static void test_kallsyms_of_size_zero_does_not_break_the_walk(void **state)
{
	_cleanup_free_ struct in_section *list = NULL;
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct in_file *f;
	struct sample s;
	unsigned int i, n;
	size_t at = 0;

	sample_init(&s, 7, ORDER_LITTLE, 8, NULL);
	s.g.kallsyms = "";
	sample_write(&s);
	f = open_good(&s.file);
	at = f->part[DAT_KALLSYMS].offset;
	in_file_unref(f);
	/* as a recorder that finds none leaves it: the word is there, the size is not */
	assert_int_equal(s.file.data[at + 8], 4);
	s.file.data[at + 8] = 0;
	f = open_good(&s.file);
	assert_int_equal(in_file_sections(f, &list, &n, NULL), 0);
	assert_int_equal(in_file_damage(f), 0);
	assert_int_equal(n, 12);
	for (i = 0; i + 1 < n; i++)
		if (list[i].head.id == DAT_KALLSYMS)
			assert_int_equal(list[i + 1].offset, list[i].offset + 16 + 4);
	assert_int_equal(in_file_load(f, DAT_KALLSYMS, &b, NULL), 0);
	assert_int_equal(b.len, 4);
	in_file_unref(f);
	sample_release(&s);
}

static void test_descriptor_stays_the_callers_on_failure_only(void **state)
{
	_cleanup_close_ int fd = memfd_create("sample", 0);
	struct err err = { 0 };
	struct in_file *f = NULL;
	struct sample s;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "no trace at all", 15), 15);
	assert_int_equal(in_file_open_fd(fd, &f, &err), -EINVAL);
	assert_true(fcntl(fd, F_GETFD) >= 0);
	sample_init(&s, 7, ORDER_LITTLE, 8, NULL);
	sample_write(&s);
	assert_int_equal(pwrite(fd, s.file.data, s.file.len, 0), s.file.len);
	assert_int_equal(in_file_open_fd(fd, &f, &err), 0);
	in_file_unref(f);
	assert_true(fcntl(fd, F_GETFD) < 0);
	fd = -1;
	sample_release(&s);
}

static void test_files_that_cannot_be_opened_say_why(void **state)
{
	struct err err = { 0 };
	struct in_file *f = NULL;

	assert_int_equal(in_file_open("/nonexistent/file", &f, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/file"));
	err_clear(&err);
	assert_int_equal(in_file_open("/", &f, &err), -EISDIR);
	assert_non_null(strstr(err.text, "cannot read '/'"));
}

static void test_fifos_that_nobody_writes_to_are_refused_at_once(void **state)
{
	char dir[] = "/tmp/test-in-file.XXXXXX", path[64];
	struct err err = { 0 };
	struct in_file *f = NULL;
	int ret;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(60);
	ret = in_file_open(path, &f, &err);
	alarm(0);
	unlink(path);
	rmdir(dir);
	assert_int_equal(ret, -ESPIPE);
	assert_non_null(strstr(err.text, path));
}

static int leased = -1;

/* Somebody opens the file. */
static void give_up_lease(int sig)
{
	fcntl(leased, F_SETLEASE, F_UNLCK);
}

/* As a file server does for its clients, whom it asks first. */
static void test_a_lease_is_waited_for(void **state)
{
	char path[] = "/tmp/test-in-file.XXXXXX";
	struct in_file *f = NULL;
	struct err err = { 0 };
	int ret;

	leased = mkstemp(path);
	assert_true(leased >= 0);
	signal(SIGIO, give_up_lease);
	if (fcntl(leased, F_SETLEASE, F_WRLCK)) {
		unlink(path);
		skip();
	}
	ret = in_file_open(path, &f, &err);
	unlink(path);
	close(leased);
	/* it is empty, but was looked at */
	assert_int_not_equal(ret, 0);
	assert_null(strstr(err.text, "cannot open"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_shapes_tell_their_facts),
		cmocka_unit_test(test_parts_are_the_same_in_both_versions),
		cmocka_unit_test(test_missing_part_is_enoent),
		cmocka_unit_test(test_options_come_in_order_with_their_section),
		cmocka_unit_test(test_sections_are_gapless_and_strings_are_found),
		cmocka_unit_test(test_headers_that_lie_are_refused),
		cmocka_unit_test(test_first_options_must_be_options),
		cmocka_unit_test(test_chain_of_options_that_loops_is_noticed),
		cmocka_unit_test(test_announced_options_beyond_the_end_mean_truncated),
		cmocka_unit_test(test_unknown_options_are_skipped),
		cmocka_unit_test(test_odd_options_do_no_harm),
		cmocka_unit_test(test_numbers_of_date_and_offset_are_cs_and_add_up),
		cmocka_unit_test(test_part_option_that_points_elsewhere_hides_the_part_only),
		cmocka_unit_test(test_btf_is_read_from_plain_files),
		cmocka_unit_test(test_kallsyms_of_size_zero_does_not_break_the_walk),
		cmocka_unit_test(test_descriptor_stays_the_callers_on_failure_only),
		cmocka_unit_test(test_files_that_cannot_be_opened_say_why),
		cmocka_unit_test(test_a_lease_is_waited_for),
		cmocka_unit_test(test_fifos_that_nobody_writes_to_are_refused_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
