/*
 * test-in-seek.c - going to a time: the next event of a CPU is the first that isn't earlier.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "gen/sample.h"
#include "trace-cmd.h"

/* A handle of the file in @b. */
static struct tracecmd_input *open_handle(const struct buf *b)
{
	int fd = memfd_create("sample", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(io_write_full(fd, b->data, b->len, DEADLINE_NEVER), 0);
	return tracecmd_open_fd(fd, TRACECMD_FL_LOAD_NO_PLUGINS);
}

/* The time of the next record of @cpu, 0 if there is none. */
static unsigned long long next_ts(struct tracecmd_input *h, int cpu)
{
	struct tep_record *rec = tracecmd_read_data(h, cpu);
	unsigned long long ts = rec ? rec->ts : 0;

	tracecmd_free_record(rec);
	return ts;
}

/* From any position, to every event's time, just before and just behind it. */
static void every_time_is_found(struct tracecmd_input *h)
{
	unsigned int n;
	int d;

	for (n = 0; n < SAMPLE_EVENTS; n++) {
		for (d = -1; d <= 1; d++) {
			unsigned long long want = d <= 0 ? sample_ts(1, n) :
						  n + 1 < SAMPLE_EVENTS ? sample_ts(1, n + 1) : 0;

			assert_int_equal(tracecmd_set_cpu_to_timestamp(h, 1, sample_ts(1, n) + d), 0);
			assert_int_equal(next_ts(h, 1), want);
		}
	}
	assert_int_equal(tracecmd_set_cpu_to_timestamp(h, 1, 0), 0);
	assert_int_equal(next_ts(h, 1), sample_ts(1, 0));
	assert_int_equal(tracecmd_set_cpu_to_timestamp(h, 1, UINT64_MAX), 0);
	assert_int_equal(next_ts(h, 1), 0);
}

static void files_of_all_shapes(void **state)
{
	unsigned int i;

	for (i = 0; i < SAMPLE_SHAPES; i++) {
		struct tracecmd_input *h;
		struct sample s;

		if (!sample_shape_ok(i))
			continue;
		sample_of_shape(&s, i);
		sample_write(&s);
		h = open_handle(&s.file);
		assert_non_null(h);
		every_time_is_found(h);
		tracecmd_close(h);
		sample_release(&s);
	}
}

/* Corrections count: the times are those of records. */
static void times_are_corrected_ones(void **state)
{
	struct tracecmd_input *h;
	struct sample s;

	sample_init(&s, 7, ORDER_NATIVE, 8, NULL);
	sample_write(&s);
	h = open_handle(&s.file);
	assert_non_null(h);
	tracecmd_add_ts_offset(h, 5000);
	assert_int_equal(tracecmd_set_all_cpus_to_timestamp(h, sample_ts(0, 7) + 5000), 0);
	assert_int_equal(next_ts(h, 0), sample_ts(0, 7) + 5000);
	assert_int_equal(next_ts(h, 1), sample_ts(1, 7) + 5000);
	tracecmd_close(h);
	sample_release(&s);
}

/* A page that is damaged does not lead elsewhere. */
static void damaged_pages_are_passed_over(void **state)
{
	struct tracecmd_input *h;
	struct sample s;

	sample_init(&s, 6, ORDER_NATIVE, 8, NULL);
	/* events 5 to 9 of CPU 0: more data than a page has room for */
	store_u64(s.data[0].data + 512 + 8, ORDER_NATIVE, 100000);
	sample_write(&s);
	h = open_handle(&s.file);
	assert_non_null(h);
	assert_int_equal(tracecmd_set_cpu_to_timestamp(h, 0, sample_ts(0, 3)), 0);
	assert_int_equal(next_ts(h, 0), sample_ts(0, 3));
	assert_int_equal(tracecmd_set_cpu_to_timestamp(h, 0, sample_ts(0, 6)), 0);
	assert_int_equal(next_ts(h, 0), sample_ts(0, 10));
	assert_int_equal(tracecmd_set_cpu_to_timestamp(h, 0, sample_ts(0, 11)), 0);
	assert_int_equal(next_ts(h, 0), sample_ts(0, 11));
	tracecmd_close(h);
	sample_release(&s);
}

/* A large chunk that unpacks to more than it tells: for each of its pages that would take minutes. */
static void a_damaged_chunk_is_tried_a_few_times_only(void **state)
{
	const uint32_t len = 32805 * 512;
	struct tracecmd_input *h;
	uint8_t size[4], *head;
	struct sample s;

	if (!zip_find("zstd"))
		skip();
	sample_init(&s, 7, ORDER_NATIVE, 8, "zstd");
	assert_non_null(buf_extend(&s.data[0], len - s.data[0].len));
	s.g.buffers[0].cpus[0].data = s.data[0].data;
	s.g.buffers[0].cpus[0].len = len;
	s.g.chunk_pages = len / 512;
	sample_write(&s);
	store_u32(size, ORDER_NATIVE, len);
	head = memmem(s.file.data, s.file.len, size, sizeof(size));
	assert_non_null(head);
	store_u32(head, ORDER_NATIVE, len - 512);
	h = open_handle(&s.file);
	assert_non_null(h);
	alarm(20);
	assert_int_equal(tracecmd_set_cpu_to_timestamp(h, 0, sample_ts(0, 3)), 0);
	alarm(0);
	assert_int_equal(next_ts(h, 0), 0);
	tracecmd_close(h);
	sample_release(&s);
}

static void bad_arguments(void **state)
{
	struct tracecmd_input *h;
	struct sample s;

	sample_init(&s, 7, ORDER_NATIVE, 8, NULL);
	sample_write(&s);
	h = open_handle(&s.file);
	errno = 0;
	assert_int_equal(tracecmd_set_cpu_to_timestamp(h, 2, 1), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(tracecmd_set_cpu_to_timestamp(h, -1, 1), -1);
	assert_int_equal(tracecmd_set_cpu_to_timestamp(NULL, 0, 1), -1);
	assert_int_equal(tracecmd_set_all_cpus_to_timestamp(NULL, 1), -1);
	tracecmd_close(h);
	sample_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_all_shapes),
		cmocka_unit_test(times_are_corrected_ones),
		cmocka_unit_test(damaged_pages_are_passed_over),
		cmocka_unit_test(a_damaged_chunk_is_tried_a_few_times_only),
		cmocka_unit_test(bad_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
