/*
 * test-sink.c - rec/sink, rec/budget: one file after another, two in turn, and who counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "rec/budget.h"
#include "rec/recorder.h"
#include "rec/sink.h"

#define PAGE 4096

static int temp_file(void)
{
	char name[] = "/tmp/utest-sink-XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC);

	assert_true(fd >= 0);
	unlink(name);
	return fd;
}

/* Write page @n, which is full of it. */
static void put(struct sink *s, uint8_t n)
{
	uint8_t page[PAGE];

	memset(page, n, sizeof(page));
	assert_int_equal(sink_ready(s, NULL), 0);
	assert_int_equal(sink_write(s, page, sizeof(page)), 0);
}

/* @fd has the pages @first to @last. */
static void has(int fd, int first, int last)
{
	uint8_t page[PAGE];
	struct stat st;
	int n;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, (last - first + 1) * PAGE);
	for (n = first; n <= last; n++) {
		assert_int_equal(io_pread_full(fd, page, PAGE, (n - first) * PAGE), 0);
		assert_int_equal(page[0], n);
		assert_int_equal(page[PAGE - 1], n);
	}
}

static void two_files_take_turns_and_the_older_one_is_emptied(void **state)
{
	_cleanup_close_ int a = temp_file();
	_cleanup_close_ int b = temp_file();
	uint64_t room;
	struct sink s;
	int n;

	sink_init(&s);
	assert_int_equal(sink_open(&s, a, false), 0);
	assert_int_equal(sink_alternate(&s, b, 3 * PAGE), 0);
	for (n = 1; n <= 8; n++) {
		put(&s, n);
		assert_int_equal(sink_ready(&s, &room), 0);
		/* at the end of a file there is room in the other one again */
		assert_int_equal(room, (3 - n % 3) * PAGE);
	}
	has(a, 7, 8);
	has(b, 4, 6);
	put(&s, 9);
	put(&s, 10);
	has(a, 7, 9);
	has(b, 10, 10);
	assert_int_equal(atomic_load(&s.bytes), 10 * PAGE);
	sink_close(&s);
}

static void a_switched_sink_goes_on_in_the_new_file_at_the_next_page(void **state)
{
	_cleanup_close_ int a = temp_file();
	_cleanup_close_ int b = temp_file();
	struct sink s;

	sink_init(&s);
	assert_int_equal(sink_open(&s, a, false), 0);
	assert_true(sink_switched(&s));
	put(&s, 1);
	put(&s, 2);
	assert_int_equal(sink_switch(&s, b), 0);
	assert_false(sink_switched(&s));
	put(&s, 3);
	assert_true(sink_switched(&s));
	put(&s, 4);
	has(a, 1, 2);
	has(b, 3, 4);
	sink_close(&s);
}

/* The number of descriptors that are open. */
static int count_fds(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 1000; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

struct writing {
	struct sink sink;
	atomic_bool stop;
	atomic_int error;
	uint64_t pages;
};

static void *write_on(void *arg)
{
	struct writing *w = arg;
	uint8_t page[PAGE] = { 0 };
	int ret = 0;

	while (!ret && !atomic_load(&w->stop)) {
		ret = sink_ready(&w->sink, NULL);
		if (!ret)
			ret = sink_write(&w->sink, page, 8);
		w->pages++;
	}
	atomic_store(&w->error, ret);
	return NULL;
}

static void files_that_are_given_faster_than_taken_are_passed_over(void **state)
{
	_cleanup_close_ int a = temp_file();
	_cleanup_close_ int b = temp_file();
	struct writing w = { 0 };
	int i, before = count_fds();
	struct stat in_a, in_b;
	pthread_t thread;

	sink_init(&w.sink);
	assert_int_equal(sink_open(&w.sink, a, false), 0);
	assert_int_equal(pthread_create(&thread, NULL, write_on, &w), 0);
	for (i = 0; i < 400000 && !atomic_load(&w.error); i++)
		assert_int_equal(sink_switch(&w.sink, i & 1 ? a : b), 0);
	atomic_store(&w.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(atomic_load(&w.error), 0);
	/* the last one counts */
	assert_int_equal(sink_ready(&w.sink, NULL), 0);
	assert_true(sink_switched(&w.sink));
	assert_int_equal(fstat(w.sink.fd, &in_b), 0);
	assert_int_equal(fstat(a, &in_a), 0);
	assert_int_equal(in_b.st_ino, in_a.st_ino);
	fstat(b, &in_b);
	assert_int_equal(in_a.st_size + in_b.st_size, 8 * w.pages);
	sink_close(&w.sink);
	assert_int_equal(count_fds(), before);
}

static void a_cut_page_is_taken_off_the_file_in_use(void **state)
{
	_cleanup_close_ int a = temp_file();
	_cleanup_close_ int b = temp_file();
	struct sink s;

	sink_init(&s);
	assert_int_equal(sink_open(&s, a, false), 0);
	put(&s, 1);
	assert_int_equal(sink_switch(&s, b), 0);
	put(&s, 2);
	assert_int_equal(sink_write(&s, (const uint8_t *)"cut", 3), 0);
	sink_trim(&s, PAGE);
	has(a, 1, 1);
	has(b, 2, 2);
	assert_int_equal(atomic_load(&s.bytes), 2 * PAGE);
	sink_close(&s);
}

static bool fires(const struct budget *b)
{
	return io_wait(budget_fd(b), POLLIN, deadline_in_ms(0)) == 0;
}

static void a_budget_tells_when_it_is_spent_and_again_when_more_was_granted(void **state)
{
	_cleanup_close_ int a = temp_file();
	struct budget *b = budget_new(2 * PAGE);
	struct sink s;

	assert_non_null(b);
	sink_init(&s);
	assert_int_equal(sink_open(&s, a, false), 0);
	s.budget = b;
	put(&s, 1);
	assert_false(budget_spent(b));
	assert_false(fires(b));
	put(&s, 2);
	assert_true(budget_spent(b));
	assert_true(fires(b));
	assert_int_equal(budget_used(b), 2 * PAGE);
	budget_set(b, 4 * PAGE);
	assert_false(budget_spent(b));
	assert_false(fires(b));
	put(&s, 3);
	put(&s, 4);
	put(&s, 5);
	assert_true(fires(b));
	/* too little from the start */
	budget_set(b, PAGE);
	assert_true(fires(b));
	sink_close(&s);
	budget_free(b);
}

/* Pages that a recorder takes from a pipe while its file is switched again and again: none is lost. */
static void a_recorder_loses_nothing_between_files(void **state)
{
	enum { FILES = 20, PAGES = 12 };
	struct recorder_conf conf = { .page_size = PAGE, .sleep_us = 1000 };
	int file[FILES], fds[2], i, n = 0;
	uint8_t page[PAGE];
	struct recorder *r;

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	for (i = 0; i < FILES; i++)
		file[i] = temp_file();
	conf.raw_fd = fds[0];
	conf.sink_fd = file[0];
	assert_int_equal(recorder_start(&conf, &r, NULL), 0);
	for (i = 0; i < FILES; i++) {
		struct deadline d = deadline_in_ms(10000);

		if (i)
			assert_int_equal(recorder_switch(r, file[i]), 0);
		for (int k = 0; k < PAGES; k++) {
			memset(page, n++, PAGE);
			assert_int_equal(io_write_full(fds[1], page, PAGE, d), 0);
		}
		while (!recorder_switched(r) && !deadline_passed(d))
			usleep(200);
		assert_true(recorder_switched(r));
	}
	assert_int_equal(recorder_join(r, 10000, NULL), 0);
	for (i = 0, n = 0; i < FILES; i++) {
		off_t size = lseek(file[i], 0, SEEK_END), at;

		for (at = 0; at < size; at += PAGE) {
			assert_int_equal(io_pread_full(file[i], page, PAGE, at), 0);
			assert_int_equal(page[0], n++);
		}
		close(file[i]);
	}
	assert_int_equal(n, FILES * PAGES);
	close(fds[1]);
}

/* Its write returns when nobody waits for it any more: seen by the address sanitizer. */
static void an_abandoned_recorder_may_still_count(void **state)
{
	struct recorder_conf conf = { .page_size = PAGE, .sleep_us = 1000, .no_splice = true };
	struct deadline d = deadline_in_ms(10000);
	uint8_t page[PAGE] = { 0 };
	int source[2], to[2], i;
	struct recorder *r;
	ssize_t n;

	assert_int_equal(pipe2(source, O_CLOEXEC | O_NONBLOCK), 0);
	assert_true(fcntl(source[1], F_SETPIPE_SZ, 1 << 20) > 0);
	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(fcntl(to[1], F_SETPIPE_SZ, 4096), 4096);
	conf.raw_fd = source[0];
	conf.sink_fd = to[1];
	conf.budget = budget_new(1);
	assert_non_null(conf.budget);
	assert_int_equal(recorder_start(&conf, &r, NULL), 0);
	/* block all the same, as a file on a disk that hangs does */
	assert_int_equal(fcntl(to[1], F_SETFL, 0), 0);
	for (i = 0; i < 100; i++)
		assert_int_equal(io_write_full(source[1], page, PAGE, d), 0);
	assert_int_equal(recorder_join(r, 200, NULL), -ETIMEDOUT);
	budget_free(conf.budget);
	close(to[1]);
	/* up to its end */
	while ((n = read(to[0], page, sizeof(page))) > 0)
		;
	assert_int_equal(n, 0);
	close(to[0]);
	close(source[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_files_take_turns_and_the_older_one_is_emptied),
		cmocka_unit_test(a_switched_sink_goes_on_in_the_new_file_at_the_next_page),
		cmocka_unit_test(files_that_are_given_faster_than_taken_are_passed_over),
		cmocka_unit_test(a_cut_page_is_taken_off_the_file_in_use),
		cmocka_unit_test(a_budget_tells_when_it_is_spent_and_again_when_more_was_granted),
		cmocka_unit_test(a_recorder_loses_nothing_between_files),
		cmocka_unit_test(an_abandoned_recorder_may_still_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
