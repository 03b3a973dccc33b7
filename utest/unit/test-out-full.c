/*
 * test-out-full.c - out on a disk that is too small: what fitted stays readable.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <cmocka.h>

#include "dat-walk.h"
#include "wire/cursor.h"
#include "out-fixture.h"

#define NR_CPUS		2
#define CPU_PAGES	70

/* The pages of both CPUs, shared by all tests. */
static struct out_cpu sources[NR_CPUS];

static int sources_open(void **state)
{
	int i;

	signal(SIGXFSZ, SIG_IGN);
	for (i = 0; i < NR_CPUS; i++)
		sources[i] =
			(struct out_cpu){.cpu = i, .fd = fixture_cpu_file(i, CPU_PAGES * PAGE)};
	return 0;
}

static int sources_close(void **state)
{
	int i;

	for (i = 0; i < NR_CPUS; i++)
		close(sources[i].fd);
	return 0;
}

/* Files may grow to @bytes from now on. */
static void limit(rlim_t bytes)
{
	struct rlimit r;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
	r.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void no_limit(void)
{
	struct rlimit r;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
	limit(r.rlim_max);
}

/* Metadata and options, before the disk gets full. */
static struct out_file *start(int fd, int version, const struct zip_algo *zip)
{
	struct out_conf conf = {
		.version = version, .zip = zip, .page_size = PAGE, .nr_cpus = NR_CPUS};
	struct out_file *o;
	struct meta m;

	fixture_meta(&m);
	assert_int_equal(out_create(fd, &conf, &o, NULL), 0);
	assert_int_equal(out_metadata(o, &m, NULL), 0);
	assert_int_equal(out_announce_buffer(o, "foo"), 0);
	assert_int_equal(out_options_end(o, NULL), 0);
	meta_release(&m);
	return o;
}

/* Two buffers of all CPUs; the result of the first that fails. */
static int put_buffers(struct out_file *o, struct err *err)
{
	struct out_cpu cpus[NR_CPUS];
	struct out_buffer b = { .name = "", .clock = "local", .page_size = PAGE, .cpus = cpus,
				.nr_cpus = NR_CPUS };
	int ret;

	memcpy(cpus, sources, sizeof(cpus));
	ret = out_buffer(o, &b, err);
	if (ret)
		return ret;
	b.name = "foo";
	return out_buffer(o, &b, err);
}

/* The file must be whole, and each CPU hold whole pages from its first one on; returns how many. */
static uint64_t check(int fd)
{
	uint64_t pages = 0, len = 0, tag;
	unsigned int nth, cpu;
	struct walk w;

	walk_file(&w, fd);
	for (nth = 0; nth < 2; nth++) {
		if (w.version == 7 && !walk_option(&w, 3, nth))
			break;
		tag = nth ? walk_int(&w, walk_option(&w, 3, 0)->at, 8) : w.body;
		/* 0: the instance's place stays unknown; at the end: no data at all */
		if (w.version == 6 && (!tag || tag == w.len))
			break;
		for (cpu = 0; cpu < NR_CPUS; cpu++) {
			uint8_t *data = w.version == 7 ? walk_cpu(&w, nth, cpu, &len)
						       : walk_v6_cpu(&w, tag, NR_CPUS, cpu, &len);

			assert_int_equal(len % PAGE, 0);
			fixture_check(cpu, data, len);
			pages += len / PAGE;
			free(data);
		}
	}
	walk_release(&w);
	return pages;
}

/* Write with files limited to @bytes; the number of pages kept. @ret_error: of the buffers. */
static uint64_t write_limited(int version, const struct zip_algo *zip, uint64_t bytes,
			      int *ret_error)
{
	_cleanup_close_ int fd = memfd_create("dat", MFD_CLOEXEC);
	struct out_file *o = start(fd, version, zip);
	struct err err = { 0 };
	int finished;

	limit(bytes);
	*ret_error = put_buffers(o, &err);
	finished = out_finish(o, NULL);
	no_limit();
	out_free(o);
	assert_int_equal(!*ret_error, !err.text[0]);
	/* the descriptions may be what doesn't fit: that is told, and harms nothing else */
	assert_true(finished == 0 || finished == -EFBIG);
	*ret_error = *ret_error ? *ret_error : finished;
	return check(fd);
}

/* Bytes of the file with everything. */
static uint64_t whole_size(int version, const struct zip_algo *zip)
{
	_cleanup_close_ int fd = memfd_create("dat", MFD_CLOEXEC);
	struct out_file *o = start(fd, version, zip);
	struct stat st;

	assert_int_equal(put_buffers(o, NULL), 0);
	assert_int_equal(out_finish(o, NULL), 0);
	out_free(o);
	assert_int_equal(check(fd), 2 * NR_CPUS * CPU_PAGES);
	assert_int_equal(fstat(fd, &st), 0);
	return st.st_size;
}

static void a_file_limit_keeps_the_pages_that_fit(int version, const struct zip_algo *zip)
{
	uint64_t whole = whole_size(version, zip), bytes, pages, last = 0;
	int error;

	/* from where only the metadata fits up to all */
	for (bytes = 2 * PAGE; bytes < whole + 3 * PAGE; bytes += 3 * PAGE - 100) {
		pages = write_limited(version, zip, bytes, &error);
		assert_true(error == 0 || error == -EFBIG);
		if (!error)
			assert_int_equal(pages, 2 * NR_CPUS * CPU_PAGES);
		/* room for more pages keeps no fewer; only a torn chunk and one for the end are
		 * lost */
		assert_true(pages >= last);
		if (!zip && bytes > 20 * PAGE)
			assert_true(pages + 10 + 8 >= bytes / PAGE || !error);
		last = pages;
	}
	assert_int_equal(last, 2 * NR_CPUS * CPU_PAGES);
}

static void version_6_keeps_the_pages_that_fit(void **state)
{
	a_file_limit_keeps_the_pages_that_fit(6, NULL);
}

static void version_7_keeps_the_pages_that_fit(void **state)
{
	a_file_limit_keeps_the_pages_that_fit(7, NULL);
}

static void compressed_files_keep_the_chunks_that_fit(void **state)
{
	const struct zip_algo *zip;
	unsigned int i;

	for (i = 0; (zip = zip_at(i)); i++)
		a_file_limit_keeps_the_pages_that_fit(7, zip);
}

static void a_few_bytes_too_little_cost_a_few_pages_only(void **state)
{
	const struct zip_algo *zip = NULL;
	unsigned int i;
	int error;

	/* the data fits, the options or the strings behind it don't */
	for (i = 0; !i || (zip = zip_at(i - 1)); i++) {
		uint64_t whole = whole_size(7, zip), less;

		for (less = 1; less < 400; less += 13)
			assert_true(write_limited(7, zip, whole - less, &error) >=
				    2 * NR_CPUS * CPU_PAGES - 2 * (zip ? 32 : 10));
	}
}

static void options_that_do_not_fit_leave_the_file_as_it_was(void **state)
{
	static const uint8_t big[3 * PAGE];
	int version;

	for (version = 6; version <= 7; version++) {
		_cleanup_close_ int fd = memfd_create("dat", MFD_CLOEXEC);
		struct out_file *o = start(fd, version, NULL);
		struct err err = { 0 };
		struct walk w;
		int ret[2];

		assert_int_equal(out_option(o, 2, big, sizeof(big)), 0);
		limit(2 * PAGE);
		ret[0] = out_options_end(o, &err);
		ret[1] = out_finish(o, NULL);
		no_limit();
		out_free(o);
		assert_int_equal(ret[0], -EFBIG);
		assert_int_equal(ret[1], -EFBIG);
		assert_non_null(strstr(err.text, "options"));
		walk_file(&w, fd);
		assert_int_equal(w.nr_lists, 1);
		assert_null(walk_option(&w, 2, 0));
		if (version == 7)
			assert_int_equal(w.section[w.nr_sections - 1].id, 15);
		else
			assert_int_equal(w.body, w.len);
		walk_release(&w);
	}
}

static void the_message_names_the_cpu_and_the_reason(void **state)
{
	_cleanup_close_ int fd = memfd_create("dat", MFD_CLOEXEC);
	struct out_file *o = start(fd, 7, NULL);
	struct err err = { 0 };

	limit((CPU_PAGES + 20) * PAGE);
	assert_int_equal(put_buffers(o, &err), -EFBIG);
	no_limit();
	assert_int_equal(err.code, -EFBIG);
	assert_non_null(strstr(err.text, "CPU 1"));
	assert_non_null(strstr(err.text, strerror(EFBIG)));
	out_free(o);
}

static void a_failed_header_or_metadata_is_reported(void **state)
{
	struct out_conf conf = { .version = 7, .page_size = PAGE, .nr_cpus = 1 };
	_cleanup_close_ int fd = memfd_create("dat", MFD_CLOEXEC);
	struct err err = { 0 };
	struct out_file *o;
	struct meta m;
	int ret;

	limit(10);
	ret = out_create(fd, &conf, &o, &err);
	no_limit();
	assert_int_equal(ret, -EFBIG);
	assert_true(err.text[0]);
	err_clear(&err);
	fixture_meta(&m);
	assert_int_equal(out_create(fd, &conf, &o, NULL), 0);
	limit(60);
	ret = out_metadata(o, &m, &err);
	no_limit();
	assert_int_equal(ret, -EFBIG);
	assert_non_null(strstr(err.text, "headers"));
	out_free(o);
	meta_release(&m);
}

static void a_really_full_disk_keeps_the_pages_that_fit(void **state)
{
	char dir[] = "/tmp/test-out-full.XXXXXX", path[64];
	int version, ret = -1, fd, finished, error;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/dat", dir);
	/* in a mount namespace of our own, so that nothing is left behind whatever happens */
	if (!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		ret = mount("none", dir, "tmpfs", 0, "size=300k");
	if (ret) {
		rmdir(dir);
		print_message("SKIP: a small tmpfs needs root\n");
		skip();
	}
	for (version = 6; version <= 7; version++) {
		struct out_file *o;
		struct err err = { 0 };

		fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		o = start(fd, version, NULL);
		error = put_buffers(o, &err);
		finished = out_finish(o, NULL);
		out_free(o);
		assert_int_equal(error, -ENOSPC);
		assert_int_equal(finished, 0);
		assert_true(check(fd) > 75 - 10 - 12);
		close(fd);
		unlink(path);
	}
	assert_int_equal(umount(dir), 0);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_6_keeps_the_pages_that_fit),
		cmocka_unit_test(version_7_keeps_the_pages_that_fit),
		cmocka_unit_test(compressed_files_keep_the_chunks_that_fit),
		cmocka_unit_test(a_few_bytes_too_little_cost_a_few_pages_only),
		cmocka_unit_test(options_that_do_not_fit_leave_the_file_as_it_was),
		cmocka_unit_test(the_message_names_the_cpu_and_the_reason),
		cmocka_unit_test(a_failed_header_or_metadata_is_reported),
		cmocka_unit_test(a_really_full_disk_keeps_the_pages_that_fit),
	};

	return cmocka_run_group_tests(tests, sources_open, sources_close);
}
