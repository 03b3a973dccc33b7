/*
 * test-in-buffers.c - opening trace files: the buffers of version 6 files, and CPUs
 * and texts whose place in the file is odd.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "gen/open.h"
#include "in/file.h"

static void test_metadata_only_v6_file_opens_without_buffers(void **state)
{
	struct in_file *f;
	struct sample s;

	sample_init(&s, 6, ORDER_LITTLE, 8, NULL);
	s.g.nr_buffers = 1;
	sample_write(&s);
	s.file.len = s.g.meta_end;
	f = open_good(&s.file);
	assert_int_equal(in_file_damage(f), 0);
	assert_int_equal(f->nr_buffers, 0);
	in_file_unref(f);
	sample_release(&s);
}

static void test_old_v6_file_without_options(void **state)
{
	struct in_file *f;
	struct sample s;

	sample_init(&s, 6, ORDER_BIG, 4, NULL);
	s.g.nr_options = 0;
	s.g.nr_buffers = 1;
	s.g.cmdlines = "";
	s.g.no_header_page = true;
	sample_write(&s);
	f = open_good(&s.file);
	assert_int_equal(in_file_damage(f), 0);
	assert_true(f->old_pages);
	assert_int_equal(f->long_size, 4);
	assert_int_equal(f->v6.options_offset, 0);
	assert_int_equal(f->nr_buffers, 1);
	assert_int_equal(f->buffers[0].nr_cpus, 2);
	in_file_unref(f);
	sample_release(&s);
}

static void test_v6_buffer_that_was_never_written_is_skipped(void **state)
{
	struct in_file *f;
	struct sample s;

	sample_init(&s, 6, ORDER_LITTLE, 8, NULL);
	gen_option_add(&s.g, DAT_BUFFER, "\0\0\0\0\0\0\0\0inst", 13);
	sample_write(&s);
	f = open_good(&s.file);
	assert_int_equal(in_file_damage(f), 0);
	assert_int_equal(f->nr_buffers, 2);
	in_file_unref(f);
	sample_release(&s);
}

static void test_v6_cpucount_replaces_the_count_of_all_tables(void **state)
{
	uint8_t count[4];
	struct in_file *f;
	struct sample s;

	sample_init(&s, 6, ORDER_LITTLE, 8, NULL);
	s.g.v6_cpus = 4;
	store_u32(count, ORDER_LITTLE, 4);
	gen_option_add(&s.g, DAT_CPUCOUNT, count, 4);
	sample_write(&s);
	f = open_good(&s.file);
	assert_int_equal(f->buffers[0].nr_cpus, 4);
	assert_int_equal(f->buffers[1].nr_cpus, 4);
	in_file_unref(f);
	sample_release(&s);
}

static void test_v6_counts_beyond_the_file_are_noted(void **state)
{
	static const struct {
		uint32_t count;
		int code;
	} rows[] = { { 60000, -ENODATA }, { 70000, -EBADMSG }, { UINT32_MAX, -EBADMSG } };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct in_file *f;
		struct sample s;

		sample_init(&s, 6, ORDER_LITTLE, 8, NULL);
		s.g.nr_options = 0;
		s.g.nr_buffers = 1;
		sample_write(&s);
		store_u32(s.file.data + s.g.meta_end - 4, ORDER_LITTLE, rows[i].count);
		f = open_good(&s.file);
		assert_int_equal(in_file_damage(f), rows[i].code);
		assert_int_equal(f->buffers[0].nr_cpus, 0);
		in_file_unref(f);
		sample_release(&s);
	}
}

static void test_sparse_cpus_make_empty_ones(void **state)
{
	struct in_file *f;
	struct sample s;

	sample_init(&s, 7, ORDER_LITTLE, 8, "zlib");
	s.g.buffers[0].cpus[0].cpu = 7;
	s.g.buffers[0].cpus[1].cpu = 3;
	sample_write(&s);
	f = open_good(&s.file);
	assert_int_equal(f->buffers[0].nr_cpus, 8);
	assert_null(in_buffer_cpu(&f->buffers[0], 0));
	assert_non_null(in_buffer_cpu(&f->buffers[0], 3));
	assert_null(in_buffer_cpu(&f->buffers[0], 4));
	assert_non_null(in_buffer_cpu(&f->buffers[0], 7));
	assert_null(in_buffer_cpu(&f->buffers[0], 8));
	in_file_unref(f);
	sample_release(&s);
}

static void test_cpus_that_claim_the_same_data_are_left_out(void **state)
{
	struct in_file *f;
	struct sample s;
	uint8_t *entry;

	sample_init(&s, 6, ORDER_LITTLE, 8, NULL);
	sample_write(&s);
	entry = s.file.data + s.g.meta_end + DAT_TAG_LEN;
	memcpy(entry + 16, entry, 16);
	f = open_good(&s.file);
	assert_int_equal(in_file_damage(f), -EBADMSG);
	assert_non_null(in_buffer_cpu(&f->buffers[0], 0));
	assert_null(in_buffer_cpu(&f->buffers[0], 1));
	in_file_unref(f);
	sample_release(&s);
}

static void test_cpu_data_beyond_the_end_is_truncation(void **state)
{
	struct in_file *f;
	char want[160];
	struct sample s;
	uint8_t *entry;

	sample_init(&s, 6, ORDER_LITTLE, 8, NULL);
	s.g.nr_buffers = 1;
	sample_write(&s);
	entry = s.file.data + s.g.meta_end + DAT_TAG_LEN;
	store_u64(entry + 24, ORDER_LITTLE, 1 << 20);
	snprintf(want, sizeof(want),
		 "File possibly truncated. Need at least %zu, but file size is %zu.",
		 s.file.len - s.data[1].len + (1 << 20), s.file.len);
	f = open_good(&s.file);
	assert_int_equal(in_file_damage(f), -ENODATA);
	assert_string_equal(f->damage.text, want);
	assert_non_null(in_buffer_cpu(&f->buffers[0], 1));
	in_file_unref(f);
	sample_release(&s);
}

static void test_texts_of_latency_tracers(void **state)
{
	int version;

	for (version = 6; version <= 7; version++) {
		struct in_file *f;
		struct sample s;

		sample_init(&s, version, ORDER_LITTLE, 8, NULL);
		s.g.nr_buffers = 1;
		s.g.buffers[0].nr_cpus = 0;
		s.g.buffers[0].text = "# tracer: wakeup\n";
		sample_write(&s);
		f = open_good(&s.file);
		assert_int_equal(f->nr_buffers, 1);
		assert_true(f->buffers[0].text);
		assert_int_equal(f->buffers[0].text_size, strlen("# tracer: wakeup\n"));
		assert_memory_equal(s.file.data + f->buffers[0].text_offset, "# tracer", 8);
		in_file_unref(f);
		sample_release(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metadata_only_v6_file_opens_without_buffers),
		cmocka_unit_test(test_old_v6_file_without_options),
		cmocka_unit_test(test_v6_buffer_that_was_never_written_is_skipped),
		cmocka_unit_test(test_v6_cpucount_replaces_the_count_of_all_tables),
		cmocka_unit_test(test_v6_counts_beyond_the_file_are_noted),
		cmocka_unit_test(test_sparse_cpus_make_empty_ones),
		cmocka_unit_test(test_cpus_that_claim_the_same_data_are_left_out),
		cmocka_unit_test(test_cpu_data_beyond_the_end_is_truncation),
		cmocka_unit_test(test_texts_of_latency_tracers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
