/*
 * test-recorder.c - rec/recorder: sub-buffers from a source to a file or socket.
 *
 * The first half plays the kernel with a pipe; the second records markers in an
 * instance of its own (root and tracefs needed) and counts them.
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/cpus.h"
#include "rec/recorder.h"
#include "unit/tracefs-util.h"

#define PAGE 4096
#define JOIN_MS 60000

static char dir[] = "/tmp/utest-recorder-XXXXXX";

static int temp_file(void)
{
	struct path p = path_of(dir, "out");
	int fd = open(p.s, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	unlink(p.s);
	return fd;
}

/* The n-th played sub-buffer: header, then its number all over. */
static void fill_page(uint8_t *page, unsigned int n)
{
	unsigned long commit = PAGE - 16;

	memset(page, n % 251 + 1, PAGE);
	memcpy(page + 8, &commit, sizeof(commit));
}

static void put_pages(int fd, unsigned int first, unsigned int count)
{
	uint8_t page[PAGE];

	for (unsigned int i = first; i < first + count; i++) {
		fill_page(page, i);
		assert_int_equal(io_write_full(fd, page, PAGE, deadline_in_ms(JOIN_MS)), 0);
	}
}

static void check_pages(int fd, unsigned int count)
{
	uint8_t want[PAGE], page[PAGE];

	for (unsigned int i = 0; i < count; i++) {
		fill_page(want, i);
		assert_int_equal(io_read_full(fd, page, PAGE, deadline_in_ms(JOIN_MS)), 0);
		assert_memory_equal(page, want, PAGE);
	}
}

/* A recorder that reads from a pipe; *@feed is where the test puts pages in. */
static struct recorder *play(int sink, bool no_splice, int *feed)
{
	struct recorder_conf conf = {
		.sink_fd = sink, .page_size = PAGE, .no_splice = no_splice,
		.sleep_us = 5000,
	};
	struct err err = { 0 };
	struct recorder *r = NULL;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	conf.raw_fd = fds[0];
	*feed = fds[1];
	assert_int_equal(recorder_start(&conf, &r, &err), 0);
	return r;
}

static bool fires(int fd, int ms)
{
	return io_wait(fd, POLLIN, deadline_in_ms(ms)) == 0;
}

static void wait_bytes(const struct recorder *r, uint64_t bytes)
{
	struct deadline d = deadline_in_ms(JOIN_MS);

	while (recorder_bytes(r) < bytes && !deadline_passed(d))
		usleep(500);
	assert_int_equal(recorder_bytes(r), bytes);
}

static void file_gets_every_page_in_order(void **state)
{
	for (int no_splice = 0; no_splice < 2; no_splice++) {
		_cleanup_close_ int file = temp_file();
		_cleanup_close_ int feed = -1;
		uint64_t bytes = 0;
		struct recorder *r = play(file, no_splice, &feed);

		put_pages(feed, 0, 100);
		assert_int_equal(recorder_join(r, JOIN_MS, &bytes), 0);
		assert_int_equal(bytes, 100 * PAGE);
		assert_int_equal(lseek(file, 0, SEEK_END), 100 * PAGE);
		lseek(file, 0, SEEK_SET);
		check_pages(file, 100);
	}
}

static void append_only_file_is_written_where_splice_refuses(void **state)
{
	_cleanup_close_ int file = temp_file();
	_cleanup_close_ int feed = -1;
	struct recorder *r;
	uint64_t bytes = 0;

	fcntl(file, F_SETFL, O_APPEND);
	r = play(file, false, &feed);
	put_pages(feed, 0, 40);
	assert_int_equal(recorder_join(r, JOIN_MS, &bytes), 0);
	assert_int_equal(bytes, 40 * PAGE);
	lseek(file, 0, SEEK_SET);
	check_pages(file, 40);
}

static void socket_gets_every_page_in_order(void **state)
{
	for (int no_splice = 0; no_splice < 2; no_splice++) {
		_cleanup_close_ int feed = -1;
		struct recorder *r;
		uint64_t bytes = 0;
		int sv[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
		r = play(sv[0], no_splice, &feed);
		put_pages(feed, 0, 10);
		check_pages(sv[1], 10);
		assert_int_equal(recorder_join(r, JOIN_MS, &bytes), 0);
		assert_int_equal(bytes, 10 * PAGE);
		close(sv[0]);
		close(sv[1]);
	}
}

static void file_is_written_from_its_position_on(void **state)
{
	_cleanup_close_ int file = temp_file();
	_cleanup_close_ int feed = -1;
	struct recorder *r;

	assert_int_equal(write(file, "head", 4), 4);
	r = play(file, false, &feed);
	put_pages(feed, 0, 3);
	assert_int_equal(recorder_join(r, JOIN_MS, NULL), 0);
	assert_int_equal(lseek(file, 0, SEEK_END), 4 + 3 * PAGE);
	lseek(file, 4, SEEK_SET);
	check_pages(file, 3);
}

static void pages_move_while_recording(void **state)
{
	_cleanup_close_ int file = temp_file();
	_cleanup_close_ int feed = -1;
	struct recorder *r = play(file, false, &feed);

	put_pages(feed, 0, 5);
	wait_bytes(r, 5 * PAGE);
	put_pages(feed, 5, 2);
	wait_bytes(r, 7 * PAGE);
	assert_int_equal(recorder_join(r, JOIN_MS, NULL), 0);
}

static void stop_does_not_wait_for_the_next_look(void **state)
{
	_cleanup_close_ int file = temp_file();
	struct recorder_conf conf = { .sink_fd = file, .page_size = PAGE, .sleep_us = 60000000 };
	struct recorder *r = NULL;
	int fds[2];
	int64_t start;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	conf.raw_fd = fds[0];
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	assert_int_equal(recorder_start(&conf, &r, NULL), 0);
	start = mono_now_ns();
	recorder_stop(r);
	assert_int_equal(recorder_join(r, 30000, NULL), 0);
	/* far below the 60 s look; leaves room for a busy machine */
	assert_true(mono_now_ns() - start < 25000000000LL);
	close(fds[1]);
}

static void blocked_socket_is_given_up_in_time(void **state)
{
	for (int no_splice = 0; no_splice < 2; no_splice++) {
		_cleanup_close_ int feed = -1;
		struct recorder *r;
		uint64_t bytes = 0;
		int64_t start;
		int sv[2], size = 4096;

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
		setsockopt(sv[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
		r = play(sv[0], no_splice, &feed);
		fcntl(feed, F_SETPIPE_SZ, 1 << 20);
		put_pages(feed, 0, 200);
		start = mono_now_ns();
		assert_int_equal(recorder_join(r, 200, &bytes), -ETIMEDOUT);
		assert_true(bytes < 200 * PAGE);
		assert_true(mono_now_ns() - start > 190000000LL);
		assert_true(mono_now_ns() - start < 25000000000LL);
		close(sv[0]);
		close(sv[1]);
	}
}

static void slow_reader_is_not_given_up(void **state)
{
	_cleanup_close_ int feed = -1;
	struct recorder *r;
	uint64_t bytes = 0;
	int sv[2], size = 4096;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	setsockopt(sv[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	r = play(sv[0], false, &feed);
	fcntl(feed, F_SETPIPE_SZ, 1 << 20);
	put_pages(feed, 0, 100);
	recorder_stop(r);
	check_pages(sv[1], 100);
	assert_int_equal(recorder_join(r, JOIN_MS, &bytes), 0);
	assert_int_equal(bytes, 100 * PAGE);
	close(sv[0]);
	close(sv[1]);
}

static void gone_reader_ends_it_with_epipe(void **state)
{
	for (int no_splice = 0; no_splice < 2; no_splice++) {
		_cleanup_close_ int feed = -1;
		struct recorder *r;
		int sv[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
		r = play(sv[0], no_splice, &feed);
		assert_false(fires(recorder_failed_fd(r), 0));
		close(sv[1]);
		put_pages(feed, 0, 4);
		assert_true(fires(recorder_failed_fd(r), JOIN_MS));
		assert_int_equal(recorder_join(r, JOIN_MS, NULL), -EPIPE);
		close(sv[0]);
	}
}

static void full_disk_ends_it_with_enospc(void **state)
{
	_cleanup_close_ int full = open("/dev/full", O_RDWR | O_CLOEXEC);
	_cleanup_close_ int feed = -1;
	struct recorder *r;
	uint64_t bytes = 1;

	assert_true(full >= 0);
	r = play(full, true, &feed);
	put_pages(feed, 0, 2);
	assert_true(fires(recorder_failed_fd(r), JOIN_MS));
	assert_int_equal(recorder_join(r, JOIN_MS, &bytes), -ENOSPC);
	assert_int_equal(bytes, 0);
}

/* With a file size limit in the middle of the third page, as a full disk would be. */
static void cut_page_is_taken_off_the_file(void **state)
{
	struct rlimit old, limit;

	getrlimit(RLIMIT_FSIZE, &old);
	for (int no_splice = 0; no_splice < 2; no_splice++) {
		_cleanup_close_ int file = temp_file();
		_cleanup_close_ int feed = -1;
		uint64_t bytes = 0;
		struct recorder *r;
		bool failed;
		int ret;

		limit = old;
		limit.rlim_cur = 2 * PAGE + 100;
		setrlimit(RLIMIT_FSIZE, &limit);
		r = play(file, no_splice, &feed);
		put_pages(feed, 0, 5);
		failed = fires(recorder_failed_fd(r), JOIN_MS);
		ret = recorder_join(r, JOIN_MS, &bytes);
		setrlimit(RLIMIT_FSIZE, &old);
		assert_true(failed);
		assert_int_equal(ret, -EFBIG);
		assert_int_equal(bytes, 2 * PAGE);
		assert_int_equal(lseek(file, 0, SEEK_END), 2 * PAGE);
		lseek(file, 0, SEEK_SET);
		check_pages(file, 2);
	}
}

static void nonsense_is_refused_and_the_source_closed(void **state)
{
	static const struct recorder_conf bad[] = {
		{ .page_size = 0, .sink_fd = 1 },
		{ .page_size = 8, .sink_fd = 1 },
		{ .page_size = 1u << 30, .sink_fd = 1 },
		{ .page_size = PAGE, .sink_fd = -1 },
		{ .page_size = PAGE, .sink_fd = 1, .sleep_us = -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct recorder_conf conf = bad[i];
		struct recorder *r = NULL;
		struct err err = { 0 };

		conf.raw_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_true(recorder_start(&conf, &r, &err) < 0);
		assert_null(r);
		assert_non_null(strstr(err.text, "recorder of CPU 0"));
		assert_int_equal(fcntl(conf.raw_fd, F_GETFD), -1);
	}
}

/* --- on the real kernel */

#define MARK "mark-%07u."
#define MARK_LEN 13

static struct path instance(void)
{
	struct path p;

	snprintf(p.s, sizeof(p.s), TRACEFS "/instances/utest-recorder-%d", getpid());
	return p;
}

struct rig {
	struct path dir;
	cpu_set_t old_cpus;
	struct recorder *r;
	uint32_t page_size;
};

/* An instance whose only events are our markers on CPU 0, and a recorder on it. */
static void rig_start(struct rig *rig, int sink, bool no_splice, int subbuf_kb)
{
	struct recorder_conf conf = { .sink_fd = sink, .no_splice = no_splice };
	struct err err = { 0 };
	char kb[16];

	rig->dir = instance();
	assert_int_equal(mkdir(rig->dir.s, 0750), 0);
	snprintf(kb, sizeof(kb), "%d", subbuf_kb);
	if (subbuf_kb != 4)
		assert_int_equal(put_in(rig->dir.s, "buffer_subbuf_size_kb", kb), 0);
	rig->page_size = conf.page_size = subbuf_kb * 1024;
	assert_int_equal(cpus_pin_self(0, &rig->old_cpus), 0);
	conf.raw_fd = open(path_of(rig->dir.s, "per_cpu/cpu0/trace_pipe_raw").s,
			   O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(conf.raw_fd >= 0);
	assert_int_equal(recorder_start(&conf, &rig->r, &err), 0);
	/* the recorder must not wait for us on this CPU */
	cpus_set_affinity(0, &rig->old_cpus);
	cpus_pin_self(0, NULL);
}

static void rig_mark(struct rig *rig, unsigned int first, unsigned int count)
{
	_cleanup_close_ int fd = open(path_of(rig->dir.s, "trace_marker").s, O_WRONLY);
	char text[64];

	assert_true(fd >= 0);
	for (unsigned int i = first; i < first + count; i++) {
		snprintf(text, sizeof(text), MARK, i);
		assert_int_equal(write(fd, text, MARK_LEN), MARK_LEN);
	}
}

static uint64_t rig_stop(struct rig *rig)
{
	uint64_t bytes = 0;

	put_in(rig->dir.s, "tracing_on", "0");
	assert_int_equal(recorder_join(rig->r, JOIN_MS, &bytes), 0);
	assert_int_equal(bytes % rig->page_size, 0);
	return bytes;
}

static void rig_end(struct rig *rig)
{
	cpus_set_affinity(0, &rig->old_cpus);
	assert_int_equal(rmdir(rig->dir.s), 0);
}

static int remove_instance(void **state)
{
	rmdir(instance().s);
	return 0;
}

/* All markers are there, each once, in order. */
static void check_marks(const uint8_t *data, size_t len, unsigned int count)
{
	const uint8_t *at = data, *end = data + len;
	char text[64];

	for (unsigned int i = 0; i < count; i++) {
		snprintf(text, sizeof(text), MARK, i);
		at = memmem(at, end - at, text, MARK_LEN);
		if (!at)
			fail_msg("marker %u is missing", i);
		at += MARK_LEN;
	}
	assert_null(memmem(at, end - at, "mark-", 5));
}

static void check_marks_file(int fd, uint64_t bytes, unsigned int count)
{
	uint8_t *data = malloc(bytes + 1);

	assert_non_null(data);
	assert_int_equal(lseek(fd, 0, SEEK_END), bytes);
	assert_int_equal(io_pread_full(fd, data, bytes, 0), 0);
	check_marks(data, bytes, count);
	free(data);
}

static void kernel_markers_all_arrive_in_a_file(void **state)
{
	static const struct { unsigned int count; bool no_splice; int subbuf_kb; } cases[] = {
		{ 0, false, 4 }, { 1, false, 4 }, { 1, true, 4 }, { 100, false, 4 },
		{ 20000, false, 4 }, { 20000, true, 4 }, { 5000, false, 16 },
	};

	need_tracefs();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_close_ int file = temp_file();
		struct rig rig;
		uint64_t bytes;

		if (cases[i].subbuf_kb != 4 && access(TRACEFS "/buffer_subbuf_size_kb", W_OK))
			continue;
		rig_start(&rig, file, cases[i].no_splice, cases[i].subbuf_kb);
		rig_mark(&rig, 0, cases[i].count);
		bytes = rig_stop(&rig);
		check_marks_file(file, bytes, cases[i].count);
		rig_end(&rig);
	}
}

struct drain {
	int fd;
	struct buf data;
};

static void *drain_socket(void *arg)
{
	struct drain *d = arg;

	io_read_rest(d->fd, &d->data);
	return NULL;
}

static void kernel_markers_all_arrive_at_a_socket(void **state)
{
	struct drain d = { .data = BUF_INIT };
	pthread_t reader;
	struct rig rig;
	uint64_t bytes;
	int sv[2];

	need_tracefs();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	d.fd = sv[1];
	rig_start(&rig, sv[0], false, 4);
	pthread_create(&reader, NULL, drain_socket, &d);
	rig_mark(&rig, 0, 20000);
	bytes = rig_stop(&rig);
	close(sv[0]);
	pthread_join(reader, NULL);
	assert_int_equal(d.data.len, bytes);
	check_marks(d.data.data, bytes, 20000);
	buf_release(&d.data);
	close(sv[1]);
	rig_end(&rig);
}

static void kernel_full_pages_move_before_the_end(void **state)
{
	_cleanup_close_ int file = temp_file();
	struct rig rig;
	uint64_t bytes;

	need_tracefs();
	rig_start(&rig, file, false, 4);
	rig_mark(&rig, 0, 1000);
	for (struct deadline d = deadline_in_ms(JOIN_MS);
	     recorder_bytes(rig.r) < 4 * PAGE && !deadline_passed(d);)
		usleep(1000);
	assert_true(recorder_bytes(rig.r) >= 4 * PAGE);
	bytes = rig_stop(&rig);
	check_marks_file(file, bytes, 1000);
	rig_end(&rig);
}

static void kernel_tracing_that_goes_on_does_not_keep_it(void **state)
{
	_cleanup_close_ int file = temp_file();
	struct rig rig;

	need_tracefs();
	rig_start(&rig, file, false, 4);
	/* the recorder's own reads and writes are events then */
	if (put_in(rig.dir.s, "events/raw_syscalls/enable", "1"))
		put_in(rig.dir.s, "events/sched/enable", "1");
	rig_mark(&rig, 0, 10);
	assert_int_equal(recorder_join(rig.r, JOIN_MS, NULL), 0);
	put_in(rig.dir.s, "tracing_on", "0");
	rig_end(&rig);
}

static int64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* Not a benchmark: a guard against a recorder that spins or wakes for every event. */
static void kernel_flood_costs_few_ms_per_mb(void **state)
{
	_cleanup_close_ int file = temp_file();
	int64_t cpu, marking, all;
	struct timespec ts;
	struct rig rig;
	uint64_t bytes;

	need_tracefs();
	rig_start(&rig, file, false, 4);
	cpu = cpu_ns();
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	marking = -(ts.tv_sec * 1000000000LL + ts.tv_nsec);
	rig_mark(&rig, 0, 500000);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	marking += ts.tv_sec * 1000000000LL + ts.tv_nsec;
	bytes = rig_stop(&rig);
	all = cpu_ns() - cpu;
	print_message("recorder: %.1f MB at %.2f ms CPU per MB\n", bytes / 1e6,
		      (all - marking) / (bytes / 1e6) / 1e6);
	assert_true((all - marking) / (bytes / 1e6) < 50e6);
	rig_end(&rig);
}

static int make_dir(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_gets_every_page_in_order),
		cmocka_unit_test(append_only_file_is_written_where_splice_refuses),
		cmocka_unit_test(socket_gets_every_page_in_order),
		cmocka_unit_test(file_is_written_from_its_position_on),
		cmocka_unit_test(pages_move_while_recording),
		cmocka_unit_test(stop_does_not_wait_for_the_next_look),
		cmocka_unit_test(blocked_socket_is_given_up_in_time),
		cmocka_unit_test(slow_reader_is_not_given_up),
		cmocka_unit_test(gone_reader_ends_it_with_epipe),
		cmocka_unit_test(full_disk_ends_it_with_enospc),
		cmocka_unit_test(cut_page_is_taken_off_the_file),
		cmocka_unit_test(nonsense_is_refused_and_the_source_closed),
		cmocka_unit_test_teardown(kernel_markers_all_arrive_in_a_file, remove_instance),
		cmocka_unit_test_teardown(kernel_markers_all_arrive_at_a_socket, remove_instance),
		cmocka_unit_test_teardown(kernel_full_pages_move_before_the_end, remove_instance),
		cmocka_unit_test_teardown(kernel_tracing_that_goes_on_does_not_keep_it,
					  remove_instance),
		cmocka_unit_test_teardown(kernel_flood_costs_few_ms_per_mb, remove_instance),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
