/*
 * test-range.c - out/range: bytes from file to file, whichever way they take.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "out/range.h"

#define MB (1u << 20)
#define SIZE (5 * MB + 12345)

/* A server that copies, however much: what it was asked for at once at most. */
static bool server;
static size_t most;

ssize_t copy_file_range(int in, off_t *off_in, int out, off_t *off_out, size_t len, unsigned int flags)
{
	if (!server)
		return syscall(SYS_copy_file_range, in, off_in, out, off_out, len, flags);
	most = len > most ? len : most;
	return len;
}

int fstatfs(int fd, struct statfs *fs)
{
	if (!server)
		return syscall(SYS_fstatfs, fd, fs);
	*fs = (struct statfs){ .f_type = 0x6969 };
	return 0;
}

/* Two kinds of file systems: where files are shared or not, and that of memory. */
static int new_file(bool memory)
{
	char name[] = "./test-range.XXXXXX";
	int fd = memory ? memfd_create("range", MFD_CLOEXEC) : mkstemp(name);

	assert_true(fd >= 0);
	if (!memory)
		unlink(name);
	return fd;
}

/* Bytes that tell where they are. */
static uint8_t byte_at(uint64_t at)
{
	return (at * 2654435761u) >> 13;
}

static int filled_file(bool memory, uint64_t size)
{
	_cleanup_free_ uint8_t *data = malloc(size);
	int fd = new_file(memory);
	uint64_t i;

	for (i = 0; i < size; i++)
		data[i] = byte_at(i);
	assert_int_equal(io_pwrite_full(fd, data, size, 0), 0);
	return fd;
}

static void check_bytes(int fd, uint64_t pos, uint64_t from, uint64_t len)
{
	_cleanup_free_ uint8_t *data = malloc(len + 1);
	uint64_t i;

	assert_int_equal(io_pread_full(fd, data, len, pos), 0);
	for (i = 0; i < len && data[i] == byte_at(from + i); i++)
		;
	assert_int_equal(i, len);
}

static void what_is_copied_arrives_where_it_shall(void **state)
{
	static const struct { uint64_t from, pos, len, done; } cases[] = {
		{ 0, 0, 0, 0 }, { 0, 0, 1, 0 }, { 7, 4096, 100, 30 }, { 0, 8192, MB, 0 },
		{ 0, 0, SIZE, 0 }, { 4096, 3 * MB, 4 * MB, 4096 }, { 11, 77, 3 * MB + 1, MB + 5 },
		{ 11, 77, MB, MB },
	};
	unsigned int i, kinds;

	for (kinds = 0; kinds < 4; kinds++) {
		_cleanup_close_ int in = filled_file(kinds & 1, SIZE);

		for (i = 0; i < ARRAY_SIZE(cases); i++) {
			_cleanup_close_ int out = new_file(kinds & 2);
			uint64_t done = cases[i].done, at = cases[i].done;

			assert_int_equal(out_copy_range(in, cases[i].from, out, cases[i].pos,
							cases[i].len, &done), 0);
			assert_int_equal(done, cases[i].len);
			check_bytes(out, cases[i].pos + at, cases[i].from + at, cases[i].len - at);
			/* the descriptors' own positions are others' business */
			assert_int_equal(lseek(in, 0, SEEK_CUR), 0);
			assert_int_equal(lseek(out, 0, SEEK_CUR), 0);
		}
	}
}

static void a_source_that_is_too_short_is_an_error(void **state)
{
	_cleanup_close_ int in = filled_file(false, 2 * MB + 5), out = new_file(false);
	uint64_t done = 0;

	assert_int_equal(out_copy_range(in, 0, out, 0, 3 * MB, &done), -ENODATA);
	assert_true(done <= 2 * MB + 5);
	check_bytes(out, 0, 0, done);
}

static void what_a_full_disk_still_takes_is_counted(void **state)
{
	struct rlimit old, limit;
	unsigned int kinds;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	for (kinds = 0; kinds < 2; kinds++) {
		_cleanup_close_ int in = filled_file(false, SIZE), out = new_file(kinds);
		uint64_t done = 0;
		int ret;

		limit = old;
		limit.rlim_cur = 2 * MB + 8192;
		setrlimit(RLIMIT_FSIZE, &limit);
		ret = out_copy_range(in, 0, out, 4096, 5 * MB, &done);
		setrlimit(RLIMIT_FSIZE, &old);
		assert_int_equal(ret, -EFBIG);
		assert_int_equal(done, 2 * MB + 4096);
		check_bytes(out, 4096, 0, done);
	}
}

static void a_server_is_asked_for_little_at_a_time(void **state)
{
	const uint64_t size = (uint64_t)1000 * MB;
	_cleanup_close_ int in = new_file(false), out = new_file(false);
	uint64_t done = 0;

	server = true;
	assert_int_equal(out_copy_range(in, 0, out, 0, size, &done), 0);
	server = false;
	assert_int_equal(done, size);
	assert_in_range(most, 1, 100 * MB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_copied_arrives_where_it_shall),
		cmocka_unit_test(a_source_that_is_too_short_is_an_error),
		cmocka_unit_test(a_server_is_asked_for_little_at_a_time),
		cmocka_unit_test(what_a_full_disk_still_takes_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
