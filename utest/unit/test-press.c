/*
 * test-press.c - rec/press and out/cpudata: what a recorder compresses is what a trace file gets,
 * wherever a crash has cut it off.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "out/cpudata.h"
#include "rec/press.h"
#include "rec/recorder.h"
#include "wire/chunked.h"

#define PAGE 4096

static int temp_file(void)
{
	char name[] = "/tmp/utest-press-XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC);

	assert_true(fd >= 0);
	unlink(name);
	return fd;
}

/* Page @n: half of it can't be compressed, all of it says which one it is. */
static void make_page(uint8_t *page, unsigned int n)
{
	unsigned int seed = n * 2654435761u + 1;

	memset(page, n % 251, PAGE);
	memcpy(page, &n, sizeof(n));
	for (int i = sizeof(n); i < PAGE / 2; i++)
		page[i] = (seed = seed * 1103515245u + 12345) >> 16;
}

static void add_page(struct press *p, int fd, unsigned int n)
{
	uint8_t page[PAGE];
	size_t room, done, part;

	make_page(page, n);
	for (done = 0; done < PAGE; done += part) {
		uint8_t *to = press_room(p, &room);

		part = PAGE - done < room ? PAGE - done : room;
		memcpy(to, page + done, part);
		assert_int_equal(press_add(p, fd, part), 0);
	}
}

/* All that @fd holds by way of a file compressed by @zip (NULL: not); the number of its pages. */
static unsigned int pages_of(int fd, const struct zip_algo *zip)
{
	struct out_conf conf = { .version = 7, .zip = zip, .page_size = PAGE, .nr_cpus = 1 };
	_cleanup_close_ int to = temp_file();
	struct out_range range;
	struct out_cpu cpu = { .fd = -1 };
	struct out_file *o = NULL;
	struct cpudata *d = NULL;
	unsigned int n = 0;
	ssize_t len;

	assert_int_equal(out_create(to, &conf, &o, NULL), 0);
	assert_int_equal(cpudata_open(fd, o, PAGE, false, &cpu, &d), 0);
	if (!d) {
		out_free(o);
		return 0;
	}
	assert_int_equal(cpu.fd, -1);
	for (;;) {
		uint8_t got[PAGE * 3], want[PAGE];

		range = (struct out_range){ 0 };
		len = cpu.source->next(cpu.source, got, sizeof(got), &range);
		assert_true(len >= 0);
		if (!len && !range.size)
			break;
		assert_int_equal(len % PAGE, 0);
		for (ssize_t at = 0; at < len; at += PAGE, n++) {
			make_page(want, n);
			assert_memory_equal(got + at, want, PAGE);
		}
		n += range.raw_size / PAGE;
		assert_int_equal(range.raw_size % PAGE, 0);
	}
	cpudata_free(d);
	out_free(o);
	return n;
}

static const struct zip_algo *others(int i)
{
	return i < 2 ? zip_at(i) : NULL;
}

static void pages_come_back_whatever_the_trace_file_is_compressed_by(void **state)
{
	static const unsigned int counts[] = { 0, 1, 31, 32, 33, 100 };

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		_cleanup_close_ int fd = temp_file();
		struct press p;

		assert_int_equal(press_init(&p, zip_best(), PAGE), 0);
		assert_int_equal(press_begin(&p, fd), 0);
		for (unsigned int n = 0; n < counts[i]; n++)
			add_page(&p, fd, n);
		assert_int_equal(press_finish(&p, fd), 0);
		for (int k = 0; k < 3; k++)
			assert_int_equal(pages_of(fd, others(k)), counts[i]);
		press_release(&p);
	}
}

static void what_was_settled_is_in_the_file_and_is_not_there_twice(void **state)
{
	_cleanup_close_ int fd = temp_file();
	struct stat settled, once;
	struct press p;
	unsigned int n;

	assert_int_equal(press_init(&p, zip_best(), PAGE), 0);
	assert_int_equal(press_begin(&p, fd), 0);
	for (n = 0; n < 90; n++) {
		add_page(&p, fd, n);
		if (n % 7)
			continue;
		assert_int_equal(press_settle(&p, fd), 0);
		assert_int_equal(pages_of(fd, NULL), n + 1);
	}
	assert_int_equal(press_finish(&p, fd), 0);
	assert_int_equal(pages_of(fd, NULL), 90);
	fstat(fd, &settled);
	assert_int_equal(press_begin(&p, fd), 0);
	assert_int_equal(ftruncate(fd, CHUNKED_HEAD_LEN), 0);
	for (n = 0; n < 90; n++)
		add_page(&p, fd, n);
	assert_int_equal(press_finish(&p, fd), 0);
	fstat(fd, &once);
	assert_int_equal(settled.st_size, once.st_size);
	press_release(&p);
}

/* Cut anywhere, or with zeros from anywhere on: whole chunks are left, and nothing else. */
static void a_crash_costs_the_last_chunk_at_most(void **state)
{
	_cleanup_close_ int fd = temp_file();
	_cleanup_close_ int cut = temp_file();
	_cleanup_free_ uint8_t *all = NULL;
	struct press p;
	struct stat st;
	unsigned int n, last = 0;

	assert_int_equal(press_init(&p, zip_best(), PAGE), 0);
	assert_int_equal(press_begin(&p, fd), 0);
	for (n = 0; n < 70; n++)
		add_page(&p, fd, n);
	assert_int_equal(press_finish(&p, fd), 0);
	press_release(&p);
	assert_int_equal(fstat(fd, &st), 0);
	all = malloc(st.st_size);
	assert_non_null(all);
	assert_int_equal(io_pread_full(fd, all, st.st_size, 0), 0);
	for (off_t len = 0; len <= st.st_size; len += len < 100 ? 1 : 997) {
		assert_int_equal(ftruncate(cut, 0), 0);
		assert_int_equal(io_pwrite_full(cut, all, len, 0), 0);
		n = pages_of(cut, NULL);
		assert_true(n == 0 || n == 32 || n == 64 || n == 70);
		assert_true(n >= last);
		last = n;
		if (len < CHUNKED_HEAD_LEN)
			continue;	/* written before anything is recorded */
		/* the place was set aside, the bytes never came */
		assert_int_equal(ftruncate(cut, st.st_size), 0);
		n = pages_of(cut, NULL);
		assert_true(n == 0 || n == 32 || n == 64 || n == 70);
	}
	assert_int_equal(last, 64);
}

static void plain_data_is_not_taken_for_compressed(void **state)
{
	uint8_t head[CHUNKED_HEAD_LEN], page[PAGE] = { 0 };
	_cleanup_close_ int fd = temp_file();
	char name[CHUNKED_HEAD_LEN];

	make_page(page, 3);
	assert_int_equal(io_pwrite_full(fd, page, PAGE, 0), 0);
	assert_int_equal(pages_of(fd, NULL), 0);
	chunked_head_put(head, "zstd");
	assert_true(chunked_head_is(head, name));
	assert_string_equal(name, "zstd");
	/* no sub-buffer has that many bytes in use */
	uint64_t commit;
	memcpy(&commit, head + 8, sizeof(commit));
	assert_true((commit & 0x3fffffff) > 16 << 20);
	head[3] ^= 1;
	assert_false(chunked_head_is(head, name));
}

static void unknown_compression_is_refused(void **state)
{
	struct out_conf conf = { .version = 7, .page_size = PAGE, .nr_cpus = 1 };
	_cleanup_close_ int fd = temp_file();
	_cleanup_close_ int to = temp_file();
	uint8_t head[CHUNKED_HEAD_LEN];
	struct out_cpu cpu = { .fd = -1 };
	struct out_file *o = NULL;
	struct cpudata *d = NULL;

	chunked_head_put(head, "brotli");
	assert_int_equal(io_pwrite_full(fd, head, sizeof(head), 0), 0);
	assert_int_equal(out_create(to, &conf, &o, NULL), 0);
	assert_int_equal(cpudata_open(fd, o, PAGE, false, &cpu, &d), -EBADMSG);
	out_free(o);
}

/* The other end goes without having read all: a source that fails behind its last page. */
static void what_came_before_the_source_failed_is_in_the_compressed_file(void **state)
{
	_cleanup_close_ int file = temp_file();
	struct recorder_conf conf = {
		.sink_fd = file, .page_size = PAGE, .no_splice = true, .sleep_us = 5000,
		.zip = zip_best(),
	};
	struct deadline d = deadline_in_ms(10000);
	struct err err = { 0 };
	struct recorder *r = NULL;
	uint8_t page[PAGE];
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(write(sv[0], "", 1), 1);
	fcntl(sv[0], F_SETFL, O_NONBLOCK);
	conf.raw_fd = sv[0];
	assert_int_equal(recorder_start(&conf, &r, &err), 0);
	for (unsigned int n = 0; n < 5; n++) {
		make_page(page, n);
		assert_int_equal(io_write_full(sv[1], page, PAGE, d), 0);
	}
	while (recorder_bytes(r) < 5 * PAGE && !deadline_passed(d))
		usleep(500);
	close(sv[1]);
	assert_int_equal(io_wait(recorder_failed_fd(r), POLLIN, d), 0);
	assert_int_equal(recorder_join(r, 10000, NULL), -ECONNRESET);
	assert_int_equal(pages_of(file, NULL), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_come_back_whatever_the_trace_file_is_compressed_by),
		cmocka_unit_test(what_was_settled_is_in_the_file_and_is_not_there_twice),
		cmocka_unit_test(a_crash_costs_the_last_chunk_at_most),
		cmocka_unit_test(plain_data_is_not_taken_for_compressed),
		cmocka_unit_test(unknown_compression_is_refused),
		cmocka_unit_test(what_came_before_the_source_failed_is_in_the_compressed_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
