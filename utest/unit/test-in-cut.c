/*
 * test-in-cut.c - hostile files: cut off at each byte, and with bytes changed at random.
 *
 * Sanitizers see what goes out of bounds; the tests see that errors are clean and
 * that nothing is missing without being told.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "gen/sample.h"
#include "in/file.h"
#include "in/stream.h"
#include "trace-cmd.h"

#define TOTAL		(3 * SAMPLE_EVENTS)	/* events of all buffers */
/* a sanitizer makes each of them some fifty times dearer */
#ifdef __SANITIZE_ADDRESS__
#define MUTATIONS	1000
#else
#define MUTATIONS	20000
#endif

static int count_event(struct tracecmd_input *h, struct tep_record *rec, int cpu, void *data)
{
	unsigned int *count = data;

	assert_true(rec->size >= 0 && rec->record_size > rec->size);
	++*count;
	return 0;
}

/* Read everything there is through the public functions. The number of events. */
static unsigned int read_all(struct tracecmd_input *h)
{
	unsigned int count = 0, again = 0;
	char text[64];
	int i;

	assert_int_equal(tracecmd_iterate_events(h, NULL, 0, count_event, &count), 0);
	assert_int_equal(tracecmd_iterate_events_reverse(h, NULL, 0, count_event, &again, false), 0);
	assert_int_equal(again, count);
	for (i = 0; i < tracecmd_buffer_instances(h); i++) {
		struct tracecmd_input *b = tracecmd_buffer_instance_handle(h, i);

		assert_non_null(b);
		assert_int_equal(tracecmd_iterate_events(b, NULL, 0, count_event, &count), 0);
		tracecmd_close(b);
	}
	while (tracecmd_is_latency(h) && tracecmd_read_latency(h, text, sizeof(text)) > 0)
		;
	tracecmd_get_first_ts(h);
	return count;
}

/* Open the first @len bytes of @b. */
static struct tracecmd_input *open_part(const struct buf *b, size_t len, char *err, size_t errsize)
{
	int fd = memfd_create("cut", 0);
	struct tracecmd_input *h;

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, b->data, len, 0), len);
	errno = 0;
	h = tracecmd_open_fd_err(fd, TRACECMD_FL_LOAD_NO_PLUGINS, err, errsize);
	if (!h) {
		assert_true(errno == ENODATA || errno == EINVAL || errno == EBADMSG);
		close(fd);
	}
	return h;
}

static void cut_everywhere(unsigned int shape)
{
	unsigned int before = 0;
	char text[256];
	struct sample s;
	size_t cut;

	sample_of_shape(&s, shape);
	sample_write(&s);
	for (cut = 0; cut <= s.file.len; cut++) {
		struct tracecmd_input *h = open_part(&s.file, cut, text, sizeof(text));
		unsigned int count;

		if (!h) {
			assert_true(text[0] && cut < s.g.meta_end);
			continue;
		}
		assert_string_equal(text, "");
		count = read_all(h);
		/* a version 6 file may end before its options or its data: only then nothing is missed */
		if (count < TOTAL && tracecmd_get_error(h, text, sizeof(text)) != ENODATA) {
			assert_int_equal(s.g.version, 6);
			assert_true(cut == s.g.first_options - DAT_TAG_LEN || cut == s.g.meta_end);
		}
		/* more of the file never means fewer events */
		assert_true(count >= before);
		before = count;
		tracecmd_close(h);
	}
	assert_int_equal(before, TOTAL);
	sample_release(&s);
}

static void test_version_6_cut_at_each_byte(void **state)
{
	cut_everywhere(0);
	cut_everywhere(3);
}

static void test_version_7_cut_at_each_byte(void **state)
{
	cut_everywhere(4);
	cut_everywhere(7);
}

static void test_compressed_file_cut_at_each_byte(void **state)
{
	cut_everywhere(8);
	if (sample_shape_ok(12))
		cut_everywhere(12);
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Change a few bytes, most often in the upper part where the options and tables are. */
static void mutate(uint8_t *data, size_t len, uint64_t *seed)
{
	static const uint32_t nasty[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff8 };
	unsigned int i, n = 1 + next_random(seed) % 4;

	for (i = 0; i < n; i++) {
		size_t at = next_random(seed) % (len - 8);
		uint64_t r = next_random(seed);

		if (r & 3)
			data[at] = (uint8_t)(r >> 8);
		else
			memcpy(data + at, &nasty[(r >> 8) % ARRAY_SIZE(nasty)], 4);
	}
}

/* All that the layers below the public functions can be made to read. */
static void read_layers(struct in_file *f)
{
	_cleanup_free_ struct in_section *list = NULL;
	_cleanup_buf_ struct buf strings = BUF_INIT;
	unsigned int i, cpu, n;

	in_file_sections(f, &list, &n, NULL);
	in_file_strings(f, &strings, NULL);
	for (i = 0; i < IN_PART_COUNT; i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;

		in_file_load(f, i, &b, NULL);
	}
	for (i = 0; i < f->nr_buffers; i++) {
		struct in_data *d;

		if (f->buffers[i].text || in_data_open(f, &f->buffers[i], &d))
			continue;
		for (cpu = 0; cpu < d->nr_cpus; cpu++) {
			unsigned int there = 0, back = 0;
			struct in_stream s;

			in_stream_init(&s, d, cpu);
			while (in_stream_next(&s))
				there++;
			while (in_stream_prev(&s))
				back++;
			assert_int_equal(there, back);
			in_stream_release(&s);
		}
		in_data_close(d);
	}
}

static void test_files_with_random_changes_do_no_harm(void **state)
{
	uint64_t seed = 0x9e3779b97f4a7c15ull;
	unsigned int i, opened = 0;
	struct sample s[SAMPLE_SHAPES];

	for (i = 0; i < SAMPLE_SHAPES; i++) {
		sample_of_shape(&s[i], sample_shape_ok(i) ? i : 0);
		sample_write(&s[i]);
	}
	for (i = 0; i < MUTATIONS; i++) {
		const struct buf *b = &s[i % SAMPLE_SHAPES].file;
		_cleanup_free_ uint8_t *data = malloc(b->len);
		struct err err = { 0 };
		struct in_file *f;
		int ret;

		memcpy(data, b->data, b->len);
		mutate(data, b->len, &seed);
		ret = in_file_open_memory(data, b->len, &f, &err);
		if (ret) {
			assert_true(err.code == ret && err.text[0]);
			continue;
		}
		opened++;
		read_layers(f);
		in_file_unref(f);
	}
	assert_true(opened > MUTATIONS / 2);
	for (i = 0; i < SAMPLE_SHAPES; i++)
		sample_release(&s[i]);
}

/* The same through the public functions; not in the formats, which are libtraceevent's to parse. */
static void test_random_changes_behind_the_metadata_do_no_harm(void **state)
{
	uint64_t seed = 0x2545f4914f6cdd1dull;
	unsigned int i;

	for (i = 0; i < MUTATIONS / 10; i++) {
		struct tracecmd_input *h;
		struct sample s;
		char text[64];

		if (!sample_shape_ok(i % SAMPLE_SHAPES))
			continue;
		sample_of_shape(&s, i % SAMPLE_SHAPES);
		sample_write(&s);
		mutate(s.file.data + s.g.first_options, s.file.len - s.g.first_options, &seed);
		h = open_part(&s.file, s.file.len, text, sizeof(text));
		if (h)
			read_all(h);
		tracecmd_close(h);
		sample_release(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version_6_cut_at_each_byte),
		cmocka_unit_test(test_version_7_cut_at_each_byte),
		cmocka_unit_test(test_compressed_file_cut_at_each_byte),
		cmocka_unit_test(test_files_with_random_changes_do_no_harm),
		cmocka_unit_test(test_random_changes_behind_the_metadata_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
