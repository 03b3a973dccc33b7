/*
 * test-out.c - out: files of both versions, walked by an independent parser.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <cmocka.h>

#include "dat-walk.h"
#include "wire/cursor.h"
#include "out-fixture.h"

#define NR_CPUS 4

/* A file with metadata, two options, and the options ended; the instance "foo" announced. */
static struct out_file *start(int fd, int version, const struct zip_algo *zip)
{
	struct out_conf conf = {
		.version = version, .zip = zip, .page_size = PAGE, .nr_cpus = NR_CPUS};
	struct err err = { 0 };
	struct out_file *o;
	struct meta m;

	fixture_meta(&m);
	assert_int_equal(out_create(fd, &conf, &o, &err), 0);
	assert_int_equal(out_metadata(o, &m, &err), 0);
	assert_int_equal(out_option(o, 5, "uname", 6), 0);
	assert_int_equal(out_announce_buffer(o, "foo"), 0);
	assert_int_equal(out_option(o, 4, "[local] x", 10), 0);
	assert_int_equal(out_options_end(o, &err), 0);
	meta_release(&m);
	return o;
}

/* Pages of CPUs 0, 1 and 3 (2 has none, 1 an empty file), the last one torn at its end. */
static void cpus_open(struct out_cpu cpus[3])
{
	cpus[0] = (struct out_cpu){ .cpu = 0, .fd = fixture_cpu_file(0, 25 * PAGE) };
	cpus[1] = (struct out_cpu){ .cpu = 1, .fd = fixture_cpu_file(1, 0) };
	cpus[2] = (struct out_cpu){ .cpu = 3, .fd = fixture_cpu_file(3, 3 * PAGE + 100) };
}

static void cpus_close(struct out_cpu cpus[3])
{
	int i;

	for (i = 0; i < 3; i++)
		close(cpus[i].fd);
}

/* A whole file with the top instance and "foo". */
static void write_two_buffers(int fd, int version, const struct zip_algo *zip)
{
	struct out_file *o = start(fd, version, zip);
	struct out_cpu cpus[3];
	struct out_buffer top = {
		.name = "", .clock = "local", .page_size = PAGE, .cpus = cpus, .nr_cpus = 3};
	struct out_buffer foo = { .name = "foo", .clock = "global", .page_size = PAGE, .cpus = cpus,
				  .nr_cpus = 3 };
	struct err err = { 0 };

	cpus_open(cpus);
	assert_int_equal(out_buffer(o, &top, &err), 0);
	assert_int_equal(cpus[0].raw_size, 25 * PAGE);
	assert_int_equal(cpus[1].size, 0);
	assert_int_equal(cpus[2].raw_size, 3 * PAGE);
	assert_int_equal(cpus[2].offset % PAGE, 0);
	assert_int_equal(out_buffer(o, &foo, &err), 0);
	assert_int_equal(out_finish(o, &err), 0);
	assert_int_equal(err.code, 0);
	cpus_close(cpus);
	out_free(o);
}

static void check_section(const struct walk *w, unsigned int id, const struct buf *want,
			  const char *description)
{
	const struct walk_option *o = walk_option(w, id, 0);
	const struct walk_section *s;
	_cleanup_free_ uint8_t *data = NULL;
	uint64_t len;

	assert_non_null(o);
	assert_int_equal(o->size, 8);
	s = walk_section_at(w, walk_int(w, o->at, 8));
	assert_int_equal(s->id, id);
	assert_int_equal(s->flags, w->zip ? 1 : 0);
	assert_true(s->description >= 0 && (uint64_t)s->description < w->strings_len);
	assert_string_equal((char *)w->strings + s->description, description);
	data = walk_payload(w, s, &len);
	assert_int_equal(len, want->len);
	assert_memory_equal(data, want->data, len);
}

static void check_metadata(const struct walk *w)
{
	struct meta m;

	fixture_meta(&m);
	check_section(w, 16, &m.header_info, "headers");
	check_section(w, 17, &m.ftrace_events, "ftrace events");
	check_section(w, 18, &m.event_formats, "events format");
	check_section(w, 19, &m.kallsyms, "kallsyms");
	check_section(w, 20, &m.printk, "printk");
	check_section(w, 21, &m.cmdlines, "command lines");
	meta_release(&m);
}

static void check_cpu(const struct walk *w, unsigned int nth, unsigned int cpu, uint64_t want)
{
	uint64_t len;
	uint8_t *data = walk_cpu(w, nth, cpu, &len);

	assert_int_equal(len, want);
	assert_int_equal(!data, !want);
	fixture_check(cpu, data, len);
	free(data);
}

static void check_v7(int fd, const struct zip_algo *zip)
{
	static const char *const names[] = { "", "foo" }, *const clocks[] = { "local", "global" };
	static const char *const described[] = { "buffer flyrecord ", "buffer flyrecord foo" };
	const struct walk_section *last;
	unsigned int i;
	struct walk w;

	walk_file(&w, fd);
	assert_int_equal(w.version, 7);
	assert_ptr_equal(w.zip, zip);
	check_metadata(&w);
	assert_int_equal(walk_int(&w, walk_option(&w, 8, 0)->at, 4), NR_CPUS);
	assert_string_equal(walk_str(&w, walk_option(&w, 5, 0)->at), "uname");
	/* one list behind the metadata and one behind each buffer */
	assert_int_equal(w.nr_lists, 3);
	for (i = 0; i < 2; i++) {
		const struct walk_option *o = walk_option(&w, 3, i);
		const struct walk_section *s = walk_section_at(&w, walk_int(&w, o->at, 8));

		assert_string_equal((char *)w.strings + s->description, described[i]);
		assert_int_equal(s->flags, zip ? 1 : 0);
		assert_string_equal(walk_str(&w, o->at + 8), names[i]);
		assert_string_equal(walk_str(&w, o->at + 9 + strlen(names[i])), clocks[i]);
		check_cpu(&w, i, 0, 25 * PAGE);
		check_cpu(&w, i, 1, 0);
		check_cpu(&w, i, 2, 0);
		check_cpu(&w, i, 3, 3 * PAGE);
		/* the options follow at once */
		assert_int_equal(walk_int(&w, s->at + s->size, 2), 0);
	}
	assert_null(walk_option(&w, 3, 2));
	last = &w.section[w.nr_sections - 1];
	assert_int_equal(last->id, 15);
	assert_string_equal((char *)w.strings + last->description, "strings");
	walk_release(&w);
}

static void version_7_is_gapless_and_complete_with_any_compression(void **state)
{
	const struct zip_algo *zip = NULL;
	unsigned int i;

	for (i = 0; !i || (zip = zip_at(i - 1)); i++) {
		_cleanup_close_ int fd = memfd_create("dat", MFD_CLOEXEC);

		write_two_buffers(fd, 7, zip);
		check_v7(fd, zip);
	}
}

static void check_v6_cpu(const struct walk *w, uint64_t tag, unsigned int cpu, uint64_t want)
{
	uint64_t len;
	uint8_t *data = walk_v6_cpu(w, tag, NR_CPUS, cpu, &len);

	assert_int_equal(len, want);
	fixture_check(cpu, data, len);
	free(data);
}

static void version_6_is_a_sequence_with_patched_pointers(void **state)
{
	_cleanup_close_ int fd = memfd_create("dat", MFD_CLOEXEC);
	const struct walk_option *o;
	uint64_t tags[2];
	unsigned int i;
	struct walk w;

	/* the compression must be ignored */
	write_two_buffers(fd, 6, zip_best());
	walk_file(&w, fd);
	assert_int_equal(w.version, 6);
	assert_int_equal(w.nr_options, 3);
	assert_string_equal(walk_str(&w, walk_option(&w, 5, 0)->at), "uname");
	o = walk_option(&w, 3, 0);
	assert_string_equal(walk_str(&w, o->at + 8), "foo");
	tags[0] = w.body;
	tags[1] = walk_int(&w, o->at, 8);
	for (i = 0; i < 2; i++) {
		uint64_t clock = tags[i] + 10 + 16 * NR_CPUS;

		check_v6_cpu(&w, tags[i], 0, 25 * PAGE);
		check_v6_cpu(&w, tags[i], 1, 0);
		check_v6_cpu(&w, tags[i], 2, 0);
		check_v6_cpu(&w, tags[i], 3, 3 * PAGE);
		assert_int_equal(walk_int(&w, clock, 8), i ? 8 : 7);
		assert_memory_equal(w.data + clock + 8, i ? "[global]" : "[local]", i ? 8 : 7);
	}
	walk_release(&w);
}

static void instances_may_have_pages_of_another_size_in_version_7(void **state)
{
	_cleanup_close_ int fd = memfd_create("dat", MFD_CLOEXEC);
	struct out_cpu cpu = { .cpu = 2, .fd = fixture_cpu_file(2, 12 * 16384) };
	struct out_buffer b = {
		.name = "", .clock = "local", .page_size = 16384, .cpus = &cpu, .nr_cpus = 1};
	struct out_file *o = start(fd, 7, zip_find("zlib"));
	struct err err = { 0 };
	struct walk w;

	assert_int_equal(out_buffer(o, &b, &err), -EINVAL);
	assert_non_null(strstr(err.text, "16384"));
	err_clear(&err);
	b.name = "foo";
	assert_int_equal(out_buffer(o, &b, &err), 0);
	assert_int_equal(out_finish(o, &err), 0);
	out_free(o);
	walk_file(&w, fd);
	check_cpu(&w, 0, 2, 12 * 16384);
	walk_release(&w);
	close(cpu.fd);
}

static void buffers_without_any_data_are_legal(void **state)
{
	int version;

	for (version = 6; version <= 7; version++) {
		_cleanup_close_ int fd = memfd_create("dat", MFD_CLOEXEC);
		struct out_buffer b = { .name = "", .clock = "local", .page_size = PAGE };
		struct out_file *o = start(fd, version, NULL);
		struct err err = { 0 };
		uint64_t len;
		struct walk w;

		assert_int_equal(out_buffer(o, &b, &err), 0);
		assert_int_equal(out_finish(o, &err), 0);
		out_free(o);
		walk_file(&w, fd);
		if (version == 7) {
			assert_int_equal(
				walk_section_at(&w, walk_int(&w, walk_option(&w, 3, 0)->at, 8))
					->size,
				0);
			assert_null(walk_cpu(&w, 0, 0, &len));
		} else {
			assert_null(walk_v6_cpu(&w, w.body, NR_CPUS, 3, &len));
		}
		walk_release(&w);
	}
}

static void a_file_without_its_end_is_readable_up_to_the_last_buffer(void **state)
{
	/* as when the writer is killed: nothing that is pointed to is missing */
	_cleanup_close_ int fd = memfd_create("dat", MFD_CLOEXEC);
	struct out_file *o = start(fd, 7, NULL);
	struct out_cpu cpus[3];
	struct out_buffer b = {
		.name = "", .clock = "local", .page_size = PAGE, .cpus = cpus, .nr_cpus = 3};
	struct walk w;

	cpus_open(cpus);
	walk_file(&w, fd);
	assert_int_equal(w.nr_lists, 1);
	walk_release(&w);
	assert_int_equal(out_buffer(o, &b, NULL), 0);
	walk_file(&w, fd);
	assert_int_equal(w.nr_lists, 2);
	check_cpu(&w, 0, 0, 25 * PAGE);
	walk_release(&w);
	cpus_close(cpus);
	out_free(o);
}

static void options_can_be_added_in_several_lists(void **state)
{
	int version;

	for (version = 6; version <= 7; version++) {
		_cleanup_close_ int fd = memfd_create("dat", MFD_CLOEXEC);
		struct out_file *o = start(fd, version, NULL);
		struct walk w;

		assert_int_equal(out_options_end(o, NULL), 0);	/* nothing new: no list */
		assert_int_equal(out_option(o, 12, "shift", 5), 0);
		assert_int_equal(out_options_end(o, NULL), 0);
		assert_int_equal(out_option(o, 13, "guest", 5), 0);
		/* the end takes along what was left open */
		assert_int_equal(out_finish(o, NULL), 0);
		out_free(o);
		walk_file(&w, fd);
		assert_int_equal(w.nr_lists, version == 7 ? 3 : 1);
		assert_memory_equal(w.data + walk_option(&w, 12, 0)->at, "shift", 5);
		assert_memory_equal(w.data + walk_option(&w, 13, 0)->at, "guest", 5);
		if (version == 6)
			assert_int_equal(w.body, w.len);
		walk_release(&w);
	}
}

static void what_cannot_be_stored_is_refused(void **state)
{
	static const struct out_conf bad[] = {
		{ .version = 5, .page_size = PAGE, .nr_cpus = 1 },
		{ .version = 8, .page_size = PAGE, .nr_cpus = 1 },
		{ .version = 7, .page_size = 0, .nr_cpus = 1 },
		{ .version = 7, .page_size = 5000, .nr_cpus = 1 },
		{ .version = 7, .page_size = PAGE, .nr_cpus = 0 },
	};
	_cleanup_close_ int fd = memfd_create("dat", MFD_CLOEXEC);
	struct out_cpu twice[] = { { .cpu = 1, .fd = -1 }, { .cpu = 1, .fd = -1 } };
	struct out_cpu beyond = { .cpu = NR_CPUS, .fd = -1 };
	struct out_buffer b = {
		.name = "", .clock = "local", .page_size = PAGE, .cpus = twice, .nr_cpus = 2};
	struct meta empty = { 0 };
	struct err err = { 0 };
	struct out_file *o;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		err_clear(&err);
		assert_int_equal(out_create(fd, &bad[i], &o, &err), -EINVAL);
		assert_true(err.text[0]);
	}
	o = start(fd, 6, NULL);
	assert_int_equal(out_metadata(o, &empty, NULL), -EINVAL);
	assert_int_equal(out_option(o, 0, NULL, 0), -EINVAL);
	assert_int_equal(out_buffer(o, &b, NULL), -EINVAL);
	b.cpus = &beyond;
	b.nr_cpus = 1;
	assert_int_equal(out_buffer(o, &b, NULL), -EINVAL);
	/* version 6: the top instance first and once, instances as announced */
	b.nr_cpus = 0;
	b.name = "foo";
	assert_int_equal(out_buffer(o, &b, NULL), -EINVAL);
	b.name = "";
	assert_int_equal(out_buffer(o, &b, NULL), 0);
	assert_int_equal(out_buffer(o, &b, NULL), -EINVAL);
	b.name = "bar";
	assert_int_equal(out_buffer(o, &b, NULL), -EINVAL);
	b.name = "foo";
	assert_int_equal(out_buffer(o, &b, NULL), 0);
	assert_int_equal(out_buffer(o, &b, NULL), -EINVAL);
	assert_int_equal(out_finish(o, NULL), 0);
	assert_int_equal(out_buffer(o, &b, NULL), -EINVAL);
	assert_int_equal(out_option(o, 5, "x", 1), -EINVAL);
	out_free(o);
	out_free(NULL);
}

static void an_older_longer_file_is_overwritten_whole(void **state)
{
	_cleanup_close_ int fd = memfd_create("dat", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	/* the position of the descriptor does not matter and is not moved */
	assert_int_equal(lseek(fd, 1234, SEEK_SET), 1234);
	write_two_buffers(fd, 7, NULL);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 1234);
	check_v7(fd, NULL);
}

static void consumed_files_give_back_only_what_the_trace_has(void **state)
{
	const uint64_t pages = 600;
	const struct zip_algo *zip = NULL;
	unsigned int i;

	for (i = 0; !i || (zip = zip_at(i - 1)); i++) {
		_cleanup_close_ int fd = memfd_create("dat", MFD_CLOEXEC);
		struct out_cpu cpu = { .cpu = 0, .fd = fixture_cpu_file(0, pages * PAGE) };
		struct out_buffer b = {.name = "",
				       .clock = "local",
				       .page_size = PAGE,
				       .consume = true,
				       .cpus = &cpu,
				       .nr_cpus = 1};
		struct out_file *o = start(fd, 7, zip);
		struct stat st;
		struct walk w;

		assert_int_equal(out_buffer(o, &b, NULL), 0);
		assert_int_equal(out_finish(o, NULL), 0);
		out_free(o);
		assert_int_equal(fstat(cpu.fd, &st), 0);
		assert_int_equal(st.st_size, pages * PAGE);
		assert_true((uint64_t)st.st_blocks * 512 <= (zip ? 2 * 32 : 20) * PAGE);
		walk_file(&w, fd);
		check_cpu(&w, 0, 0, pages * PAGE);
		walk_release(&w);
		close(cpu.fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_7_is_gapless_and_complete_with_any_compression),
		cmocka_unit_test(version_6_is_a_sequence_with_patched_pointers),
		cmocka_unit_test(instances_may_have_pages_of_another_size_in_version_7),
		cmocka_unit_test(buffers_without_any_data_are_legal),
		cmocka_unit_test(a_file_without_its_end_is_readable_up_to_the_last_buffer),
		cmocka_unit_test(options_can_be_added_in_several_lists),
		cmocka_unit_test(what_cannot_be_stored_is_refused),
		cmocka_unit_test(an_older_longer_file_is_overwritten_whole),
		cmocka_unit_test(consumed_files_give_back_only_what_the_trace_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
