/*
 * test-io.c - base/io: whole transfers, or an error in time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"

#define SHORT_MS 50
#define LONG_MS	20000

/* Descriptors that are read at [0] and written at [1]. */
static void make_pair(int fds[2], bool sockets)
{
	if (sockets)
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	else
		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
}

static void close_pair(int fds[2])
{
	fd_close(&fds[0]);
	fd_close(&fds[1]);
}

static void deadlines_pass_and_never_does_not(void **state)
{
	struct deadline d = deadline_in_ms(1000000);

	assert_true(deadline_left_ms(d) > 990000 && deadline_left_ms(d) <= 1000000);
	assert_false(deadline_passed(d));
	assert_int_equal(deadline_left_ms(deadline_in_ms(-1)), -1);
	assert_false(deadline_passed(DEADLINE_NEVER));
	d = deadline_in_ms(0);
	assert_true(deadline_passed(d));
	assert_int_equal(deadline_left_ms(d), 0);
}

static void a_silent_peer_times_out(void **state)
{
	int kind, fds[2];
	char c;

	for (kind = 0; kind < 2; kind++) {
		int64_t before = mono_now_ns();

		make_pair(fds, kind);
		assert_int_equal(io_read_full(fds[0], &c, 1, deadline_in_ms(SHORT_MS)), -ETIMEDOUT);
		assert_int_equal(io_wait(fds[0], POLLIN, deadline_in_ms(0)), -ETIMEDOUT);
		assert_true(mono_now_ns() - before >= SHORT_MS * 1000000ll);
		close_pair(fds);
	}
}

static void a_wait_can_be_stopped(void **state)
{
	struct deadline d, soon = deadline_in_ms(10), late = deadline_in_ms(20000);
	int fds[2], stop[2];
	char byte;

	make_pair(fds, true);
	make_pair(stop, false);
	d = deadline_or_stop(DEADLINE_NEVER, stop[0]);
	/* not yet, and not for who has no such descriptor */
	assert_int_equal(io_wait(fds[0], POLLIN, deadline_min(d, soon)), -ETIMEDOUT);
	assert_int_equal(write(stop[1], "x", 1), 1);
	assert_int_equal(io_wait(fds[0], POLLIN, d), -ECANCELED);
	assert_int_equal(io_read_full(fds[0], &byte, 1, d), -ECANCELED);
	assert_int_equal(io_wait(fds[0], POLLIN, deadline_min(late, d)), -ECANCELED);
	assert_int_equal(io_wait(fds[0], POLLIN, deadline_or_stop(soon, -1)), -ETIMEDOUT);
	close_pair(fds);
	close_pair(stop);
}

static void a_peer_that_does_not_read_times_out_even_on_blocking_descriptors(void **state)
{
	size_t len = 8 << 20;
	_cleanup_free_ char *data = calloc(len, 1);
	int kind, fds[2];

	for (kind = 0; kind < 2; kind++) {
		make_pair(fds, kind);
		assert_int_equal(io_write_full(fds[1], data, len, deadline_in_ms(SHORT_MS)),
				 -ETIMEDOUT);
		close_pair(fds);
	}
}

static void the_end_of_a_stream_before_and_amid_the_bytes_is_told_apart(void **state)
{
	int kind, fds[2];
	char two[2];

	for (kind = 0; kind < 2; kind++) {
		make_pair(fds, kind);
		assert_int_equal(write(fds[1], "x", 1), 1);
		fd_close(&fds[1]);
		assert_int_equal(io_read_full(fds[0], two, 2, deadline_in_ms(LONG_MS)), -EPIPE);
		assert_int_equal(io_read_full(fds[0], two, 2, deadline_in_ms(LONG_MS)), -ENODATA);
		assert_int_equal(io_read_full(fds[0], two, 2, DEADLINE_NEVER), -ENODATA);
		assert_int_equal(io_read_full(fds[0], two, 0, DEADLINE_NEVER), 0);
		close_pair(fds);
	}
}

static void a_gone_reader_is_an_error_without_a_signal_on_sockets(void **state)
{
	int fds[2];

	make_pair(fds, true);
	fd_close(&fds[0]);
	/* SIGPIPE would end the test */
	assert_int_equal(io_write_full(fds[1], "x", 1, DEADLINE_NEVER), -EPIPE);
	close_pair(fds);
}

struct stream {
	int fd;
	const uint8_t *data;
	size_t len;
	struct deadline deadline;
	int ret;
};

static void *stream_write(void *data)
{
	struct stream *s = data;

	s->ret = io_write_full(s->fd, s->data, s->len, s->deadline);
	return NULL;
}

static void more_than_fits_at_once_arrives_whole(void **state)
{
	static const int flags[] = { 0, O_NONBLOCK };
	size_t len = 3 << 20, i, k;
	_cleanup_free_ uint8_t *data = malloc(len), *got = malloc(len);
	int fds[2];

	for (i = 0; i < len; i++)
		data[i] = i * 7 >> 3;
	for (k = 0; k < 8; k++) {
		struct stream s = { .data = data, .len = len,
				    .deadline = k & 4 ? DEADLINE_NEVER : deadline_in_ms(LONG_MS) };
		pthread_t thread;

		make_pair(fds, k & 1);
		s.fd = fds[1];
		assert_int_equal(fcntl(fds[0], F_SETFL, flags[k >> 1 & 1]), 0);
		assert_int_equal(fcntl(fds[1], F_SETFL, flags[k >> 1 & 1]), 0);
		assert_int_equal(pthread_create(&thread, NULL, stream_write, &s), 0);
		memset(got, 0, len);
		assert_int_equal(io_read_full(fds[0], got, len, deadline_in_ms(LONG_MS)), 0);
		pthread_join(thread, NULL);
		assert_int_equal(s.ret, 0);
		assert_memory_equal(got, data, len);
		close_pair(fds);
	}
}

static void positional_transfers_are_whole_or_an_error(void **state)
{
	_cleanup_close_ int fd = memfd_create("io", MFD_CLOEXEC);
	char got[6] = "";

	assert_int_equal(io_pwrite_full(fd, "hello", 5, 100), 0);
	assert_int_equal(io_pread_full(fd, got, 5, 100), 0);
	assert_string_equal(got, "hello");
	assert_int_equal(io_pread_full(fd, got, 6, 100), -ENODATA);
	assert_int_equal(io_pread_full(fd, got, 1, UINT64_MAX), -EINVAL);
	assert_int_equal(io_pread_full(fd, got, 0, 1000), 0);
	assert_int_equal(io_pread_full(-1, got, 1, 0), -EBADF);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
}

static void the_rest_is_read_whatever_the_sizes(void **state)
{
	static const size_t lens[] = { 0, 1, 4096, 65535, 65536, 65537, 300000 };
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		_cleanup_close_ int fd = memfd_create("io", MFD_CLOEXEC);
		_cleanup_buf_ struct buf b = BUF_INIT;

		for (k = 0; k < lens[i]; k++)
			if (!(k % 1000))
				assert_int_equal(io_pwrite_full(fd, "y", 1, k), 0);
		assert_int_equal(ftruncate(fd, lens[i]), 0);
		buf_add_str(&b, "pre");
		assert_int_equal(io_read_rest(fd, &b), 0);
		assert_int_equal(b.len, lens[i] + 3);
		assert_memory_equal(b.data, "pre", 3);
		assert_int_equal(b.data[b.len], 0);
		for (k = 0; k < lens[i]; k += 1000)
			assert_int_equal(b.data[k + 3], 'y');
	}
}

static void a_cap_may_be_filled_exactly(void **state)
{
	static const struct {
		size_t cap;
		int want;
	} rows[] = { { 99999, -E2BIG }, { 100000, 0 }, { 100001, 0 }, { 10, -E2BIG } };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_close_ int fd = memfd_create("io", MFD_CLOEXEC);
		_cleanup_buf_ struct buf b;

		buf_init(&b, rows[i].cap);
		assert_int_equal(ftruncate(fd, 100000), 0);
		assert_int_equal(io_read_rest(fd, &b), rows[i].want);
		assert_int_equal(b.error, rows[i].want);
		if (!rows[i].want)
			assert_int_equal(b.len, 100000);
	}
}

static void files_that_have_no_size_are_read_whole(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	assert_int_equal(io_read_path("/proc/self/status", &b), 0);
	assert_non_null(strstr((char *)b.data, "Pid:"));
	assert_int_equal(strlen((char *)b.data), b.len);
	assert_int_equal(io_read_path("/proc/self/no-such-file", &b), -ENOENT);
	/* a directory can be opened, but not read */
	assert_int_equal(io_read_path("/proc", &b), -EISDIR);
}

static void copying_takes_what_was_asked_or_all(void **state)
{
	_cleanup_close_ int in = memfd_create("in", MFD_CLOEXEC),
			    out = memfd_create("out", MFD_CLOEXEC);

	assert_int_equal(ftruncate(in, 200000), 0);
	assert_int_equal(io_pwrite_full(in, "end", 3, 199997), 0);
	assert_int_equal(io_copy(in, out, 70000), 70000);
	assert_int_equal(lseek(in, 0, SEEK_CUR), 70000);
	assert_int_equal(io_copy(in, out, UINT64_MAX), 130000);
	assert_int_equal(io_copy(in, out, UINT64_MAX), 0);
	assert_int_equal(lseek(out, 0, SEEK_END), 200000);
	assert_int_equal(io_copy(-1, out, 1), -EBADF);
	assert_int_equal(lseek(in, 0, SEEK_SET), 0);
	assert_int_equal(io_copy(in, -1, 1), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deadlines_pass_and_never_does_not),
		cmocka_unit_test(a_silent_peer_times_out),
		cmocka_unit_test(a_wait_can_be_stopped),
		cmocka_unit_test(a_peer_that_does_not_read_times_out_even_on_blocking_descriptors),
		cmocka_unit_test(the_end_of_a_stream_before_and_amid_the_bytes_is_told_apart),
		cmocka_unit_test(a_gone_reader_is_an_error_without_a_signal_on_sockets),
		cmocka_unit_test(more_than_fits_at_once_arrives_whole),
		cmocka_unit_test(positional_transfers_are_whole_or_an_error),
		cmocka_unit_test(the_rest_is_read_whatever_the_sizes),
		cmocka_unit_test(a_cap_may_be_filled_exactly),
		cmocka_unit_test(files_that_have_no_size_are_read_whole),
		cmocka_unit_test(copying_takes_what_was_asked_or_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
