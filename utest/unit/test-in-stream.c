/*
 * test-in-stream.c - the events of a CPU over pages and chunks: forwards, backwards,
 * by key, around damage; and the merge of CPUs.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "gen/sample.h"
#include "in/merge.h"
#include "in/text.h"

struct opened {
	struct sample s;
	struct in_file *f;
	struct in_data *d;
};

static void open_sample(struct opened *o)
{
	struct err err = { 0 };

	sample_write(&o->s);
	if (in_file_open_memory(o->s.file.data, o->s.file.len, &o->f, &err))
		fail_msg("%s", err.text);
	assert_int_equal(in_data_open(o->f, &o->f->buffers[0], &o->d), 0);
}

static void close_sample(struct opened *o)
{
	in_data_close(o->d);
	in_file_unref(o->f);
	sample_release(&o->s);
}

/* The event is the n-th of the CPU. */
static void check_event(const struct opened *o, const struct in_event *ev, unsigned int cpu,
			unsigned int n)
{
	struct cursor c;

	assert_non_null(ev);
	assert_int_equal(ev->time.count, sample_ts(cpu, n));
	assert_int_equal(ev->size, GEN_EVENT_SIZE);
	c = cursor_over(ev->data, ev->size, o->s.g.order);
	assert_int_equal(cursor_u16(&c), n & 1 ? GEN_TOCK : GEN_TICK);
	c.pos = 8;
	assert_int_equal(cursor_u32(&c), 1000 * cpu + n);
}

static void test_forwards_backwards_and_from_the_middle_in_all_shapes(void **state)
{
	unsigned int i, n, cpu;

	for (i = 0; i < SAMPLE_SHAPES; i++) {
		struct opened o;

		if (!sample_shape_ok(i))
			continue;
		sample_of_shape(&o.s, i);
		open_sample(&o);
		for (cpu = 0; cpu < 2; cpu++) {
			struct in_stream s;

			in_stream_init(&s, o.d, cpu);
			assert_null(in_stream_prev(&s));
			for (n = 0; n < SAMPLE_EVENTS; n++) {
				check_event(&o, in_stream_peek(&s), cpu, n);
				check_event(&o, in_stream_next(&s), cpu, n);
				/* a step back, and again */
				check_event(&o, in_stream_prev(&s), cpu, n);
				check_event(&o, in_stream_next(&s), cpu, n);
			}
			assert_null(in_stream_peek(&s));
			assert_null(in_stream_next(&s));
			for (n = SAMPLE_EVENTS; n--;)
				check_event(&o, in_stream_prev(&s), cpu, n);
			assert_null(in_stream_prev(&s));
			check_event(&o, in_stream_next(&s), cpu, 0);
			in_stream_to_end(&s);
			check_event(&o, in_stream_prev(&s), cpu, SAMPLE_EVENTS - 1);
			in_stream_rewind(&s);
			check_event(&o, in_stream_next(&s), cpu, 0);
			/* looking ahead does not change what comes before */
			in_stream_peek(&s);
			check_event(&o, in_stream_prev(&s), cpu, 0);
			in_stream_release(&s);
		}
		assert_int_equal(in_file_damage(o.f), 0);
		close_sample(&o);
	}
}

static void test_keys_increase_are_unique_and_find_their_event(void **state)
{
	unsigned int i, n, cpu;

	for (i = 0; i < SAMPLE_SHAPES; i++) {
		uint64_t keys[2][SAMPLE_EVENTS], last = 0;
		struct in_stream s;
		struct opened o;

		if (!sample_shape_ok(i))
			continue;
		sample_of_shape(&o.s, i);
		open_sample(&o);
		for (cpu = 0; cpu < 2; cpu++) {
			in_stream_init(&s, o.d, cpu);
			for (n = 0; n < SAMPLE_EVENTS; n++) {
				keys[cpu][n] = in_stream_next(&s)->key;
				assert_true(keys[cpu][n] > last && keys[cpu][n] < 1ull << 63);
				last = keys[cpu][n];
			}
			in_stream_release(&s);
		}
		for (cpu = 0; cpu < 2; cpu++) {
			in_stream_init(&s, o.d, cpu);
			/* in an order that jumps */
			for (n = 0; n < SAMPLE_EVENTS; n++) {
				unsigned int at = n * 7 % SAMPLE_EVENTS;
				unsigned int found;
				uint64_t page;

				check_event(&o, in_stream_seek(&s, keys[cpu][at]), cpu, at);
				assert_int_equal(in_data_find(o.d, keys[cpu][at], &found, &page), 0);
				assert_int_equal(found, cpu);
				assert_null(in_stream_seek(&s, keys[cpu][at] + 1));
				assert_null(in_stream_seek(&s, keys[!cpu][at]));
			}
			in_stream_release(&s);
		}
		close_sample(&o);
	}
}

static void test_compressed_data_begins_where_other_readers_say(void **state)
{
	struct in_stream s;
	struct opened o;

	sample_init(&o.s, 7, ORDER_LITTLE, 8, "zlib");
	open_sample(&o);
	in_stream_init(&s, o.d, 0);
	assert_int_equal(in_stream_next(&s)->key, 512 + 16);
	in_stream_release(&s);
	close_sample(&o);
}

static void test_sizes_that_forget_the_chunk_count_are_understood(void **state)
{
	struct in_stream s;
	struct opened o;
	unsigned int n = 0;

	sample_init(&o.s, 7, ORDER_LITTLE, 8, "zlib");
	o.s.g.short_sizes = true;
	open_sample(&o);
	in_stream_init(&s, o.d, 1);
	while (in_stream_next(&s))
		n++;
	assert_int_equal(n, SAMPLE_EVENTS);
	assert_int_equal(in_file_damage(o.f), 0);
	in_stream_release(&s);
	close_sample(&o);
}

static void test_pages_have_the_size_of_their_buffer(void **state)
{
	struct gen_page p = { .order = ORDER_LITTLE, .long_size = 8, .page_size = 65536 };
	_cleanup_buf_ struct buf pages = BUF_INIT;
	struct gen_event ev[9000];
	struct in_stream s;
	struct opened o;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ev); i++)
		ev[i] = (struct gen_event){ .ts = 100 + i, .id = GEN_TICK, .value = (int32_t)i };
	p.out = &pages;
	gen_pages(&p, ev, ARRAY_SIZE(ev), 0);
	assert_int_equal(pages.len, 3 * 65536);
	sample_init(&o.s, 7, ORDER_LITTLE, 8, "zlib");
	o.s.g.buffers[0].page_size = 65536;
	o.s.g.buffers[0].cpus[0].data = pages.data;
	o.s.g.buffers[0].cpus[0].len = pages.len;
	open_sample(&o);
	in_stream_init(&s, o.d, 0);
	for (i = 0; i < ARRAY_SIZE(ev); i++)
		assert_int_equal(in_stream_next(&s)->time.count, 100 + i);
	assert_null(in_stream_next(&s));
	for (; i--;)
		assert_int_equal(in_stream_prev(&s)->time.count, 100 + i);
	in_stream_release(&s);
	close_sample(&o);
}

static void test_empty_pages_pass_on_what_they_lost(void **state)
{
	struct gen_page p = { .order = ORDER_LITTLE, .long_size = 8, .page_size = 512 };
	_cleanup_buf_ struct buf pages = BUF_INIT;
	const struct in_event *ev;
	struct in_stream s;
	struct opened o;

	p.out = &pages;
	gen_page_begin(&p, 10);
	gen_page_end(&p, GEN_LOST | GEN_LOST_STORED, 5);
	gen_page_begin(&p, 20);
	gen_page_event(&p, &(struct gen_event){ 20, GEN_TICK, 1, 1 });
	gen_page_event(&p, &(struct gen_event){ 21, GEN_TICK, 1, 1 });
	gen_page_end(&p, GEN_LOST | GEN_LOST_STORED, 2);
	gen_page_begin(&p, 30);
	gen_page_end(&p, GEN_LOST, 0);
	gen_page_begin(&p, 40);
	gen_page_event(&p, &(struct gen_event){ 40, GEN_TICK, 1, 1 });
	gen_page_end(&p, 0, 0);
	sample_init(&o.s, 6, ORDER_LITTLE, 8, NULL);
	o.s.g.buffers[0].cpus[0].data = pages.data;
	o.s.g.buffers[0].cpus[0].len = pages.len;
	open_sample(&o);
	in_stream_init(&s, o.d, 0);
	ev = in_stream_next(&s);
	assert_int_equal(ev->missed, 7);
	ev = in_stream_next(&s);
	assert_int_equal(ev->missed, 0);
	ev = in_stream_next(&s);
	assert_int_equal(ev->time.count, 40);
	assert_int_equal(ev->missed, -1);
	in_stream_release(&s);
	close_sample(&o);
}

static void test_damaged_page_is_noted_and_left_out(void **state)
{
	struct in_stream s;
	struct opened o;
	unsigned int n;

	sample_init(&o.s, 6, ORDER_LITTLE, 8, NULL);
	/* the second page's commit word */
	store_u64(o.s.data[0].data + 512 + 8, ORDER_LITTLE, 5000);
	open_sample(&o);
	in_stream_init(&s, o.d, 0);
	for (n = 0; n < 5; n++)
		check_event(&o, in_stream_next(&s), 0, n);
	assert_int_equal(in_file_damage(o.f), 0);
	for (n = 10; n < SAMPLE_EVENTS; n++) {
		const struct in_event *ev = in_stream_next(&s);

		check_event(&o, ev, 0, n);
		assert_int_equal(ev->missed, n == 10 ? -1 : 0);
	}
	assert_null(in_stream_next(&s));
	assert_int_equal(in_file_damage(o.f), -EBADMSG);
	assert_non_null(strstr(o.f->damage.text, "damaged page of CPU 0 at offset"));
	for (n = SAMPLE_EVENTS; n-- > 10;)
		check_event(&o, in_stream_prev(&s), 0, n);
	check_event(&o, in_stream_prev(&s), 0, 4);
	in_stream_release(&s);
	close_sample(&o);
}

/* Offset in the file of CPU 0's first chunk's head. */
static size_t first_chunk(const struct opened *o)
{
	return in_buffer_cpu(&o->f->buffers[0], 0)->offset + 4;
}

static void test_damaged_chunk_is_noted_and_left_out(void **state)
{
	struct in_stream s;
	struct opened o;

	sample_init(&o.s, 7, ORDER_LITTLE, 8, "zlib");
	open_sample(&o);
	/* chunks are of two pages here, pages of five events */
	o.s.file.data[first_chunk(&o) + 8 + 4] ^= 0xff;
	in_stream_init(&s, o.d, 0);
	check_event(&o, in_stream_next(&s), 0, 10);
	assert_int_equal(s.ev.missed, -1);
	check_event(&o, in_stream_next(&s), 0, 11);
	assert_null(in_stream_next(&s));
	assert_non_null(strstr(o.f->damage.text, "cannot uncompress the data of CPU 0"));
	in_stream_release(&s);
	close_sample(&o);
}

static void test_chunks_that_lie_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
	} rows[] = {
		{ 0, 0 }, { 0, UINT32_MAX }, { 0, 100000 },	/* compressed size */
		{ 4, 0 }, { 4, UINT32_MAX }, { 4, 513 },		/* unpacked size */
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct in_data *again = NULL;
		struct opened o;

		sample_init(&o.s, 7, ORDER_BIG, 4, "zlib");
		open_sample(&o);
		store_u32(o.s.file.data + first_chunk(&o) + rows[i].at, ORDER_BIG, rows[i].value);
		assert_int_equal(in_data_open(o.f, &o.f->buffers[0], &again), 0);
		assert_int_equal(again->cpus[0].nr_pages, 0);
		assert_int_equal(again->cpus[1].nr_pages, 3);
		assert_int_equal(in_file_damage(o.f), -EBADMSG);
		in_data_close(again);
		close_sample(&o);
	}
}

static void test_chunk_count_that_lies_leaves_the_good_ones(void **state)
{
	struct in_data *again = NULL;
	struct opened o;

	sample_init(&o.s, 7, ORDER_LITTLE, 8, "zlib");
	open_sample(&o);
	store_u32(o.s.file.data + first_chunk(&o) - 4, ORDER_LITTLE, UINT32_MAX);
	assert_int_equal(in_data_open(o.f, &o.f->buffers[0], &again), 0);
	assert_true(again->cpus[0].nr_pages >= 3);
	assert_int_equal(in_file_damage(o.f), -EBADMSG);
	in_data_close(again);
	close_sample(&o);
}

/* The n-th event of the sample's top buffer in the order of time. */
static void check_merged(const struct opened *o, struct in_merge *m, unsigned int n)
{
	struct in_merged x;

	assert_true(in_merge_next(m, &x));
	check_event(o, &x.ev, n % 2, n / 2);
	assert_ptr_equal(x.source, &m->source[n % 2]);
	assert_int_equal(x.time.ns, x.ev.time.count);
}

static void test_merge_goes_both_ways_and_goes_on_where_it_stopped(void **state)
{
	struct in_timeline t = { 0 };
	struct in_stream s[2];
	struct in_merge m;
	struct opened o;
	unsigned int i, n = 0;
	int round;

	sample_init(&o.s, 7, ORDER_LITTLE, 8, NULL);
	open_sample(&o);
	for (i = 0; i < 2; i++)
		in_stream_init(&s[i], o.d, i);
	/* some forwards, fewer backwards, until the end */
	for (round = 0; n < 2 * SAMPLE_EVENTS; round++) {
		bool back = round & 1;

		in_merge_init(&m, back);
		for (i = 0; i < 2; i++)
			assert_int_equal(in_merge_add(&m, &s[i], &t, NULL), 0);
		assert_int_equal(in_merge_start(&m), 0);
		for (i = 0; i < (back ? 3 : 5) && n < 2 * SAMPLE_EVENTS; i++)
			check_merged(&o, &m, back ? --n : n++);
		in_merge_release(&m);
	}
	for (i = 0; i < 2; i++)
		in_stream_release(&s[i]);
	close_sample(&o);
}

static void test_equal_times_are_in_the_order_of_streams(void **state)
{
	/* makes CPU 1, 10 later, equal to CPU 0 */
	struct in_timeline t[2] = { { .offset_ns = 10 }, { 0 } };
	bool reverse[] = { false, true };
	struct in_stream s[2];
	struct in_merged x;
	unsigned int i, r;
	struct in_merge m;
	struct opened o;

	sample_init(&o.s, 6, ORDER_LITTLE, 8, NULL);
	open_sample(&o);
	for (i = 0; i < 2; i++)
		in_stream_init(&s[i], o.d, i);
	for (r = 0; r < 2; r++) {
		in_merge_init(&m, reverse[r]);
		for (i = 0; i < 2; i++)
			assert_int_equal(in_merge_add(&m, &s[i], &t[i], NULL), 0);
		assert_int_equal(in_merge_start(&m), 0);
		for (i = 0; i < 2 * SAMPLE_EVENTS; i++) {
			assert_true(in_merge_next(&m, &x));
			assert_ptr_equal(x.source, &m.source[reverse[r] ? !(i % 2) : i % 2]);
		}
		assert_false(in_merge_next(&m, &x));
		assert_false(in_merge_next(&m, &x));
		in_merge_release(&m);
	}
	for (i = 0; i < 2; i++)
		in_stream_release(&s[i]);
	close_sample(&o);
}

static void test_text_is_read_in_pieces(void **state)
{
	static const char text[] =
		"# tracer: wakeup\n# a text that takes more than one chunk of forty bytes\nend\n";
	static const char *const zips[] = { NULL, "zlib" };
	unsigned int z, version;

	for (version = 6; version <= 7; version++)
		for (z = 0; z < (version == 7 ? 2 : 1); z++) {
			char got[sizeof(text)] = "";
			struct err err = { 0 };
			struct in_text t;
			struct in_file *f;
			struct sample s;
			size_t len = 0;
			ssize_t n;

			sample_init(&s, (int)version, ORDER_BIG, 8, zips[z]);
			s.g.nr_buffers = 1;
			s.g.buffers[0].text = text;
			sample_write(&s);
			assert_int_equal(in_file_open_memory(s.file.data, s.file.len, &f, &err), 0);
			assert_int_equal(in_text_open(&t, f, &f->buffers[0]), 0);
			while ((n = in_text_read(&t, got + len, 7)) > 0)
				len += (size_t)n;
			assert_int_equal(n, 0);
			assert_int_equal(len, strlen(text));
			assert_string_equal(got, text);
			in_text_close(&t);
			in_file_unref(f);
			sample_release(&s);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forwards_backwards_and_from_the_middle_in_all_shapes),
		cmocka_unit_test(test_keys_increase_are_unique_and_find_their_event),
		cmocka_unit_test(test_compressed_data_begins_where_other_readers_say),
		cmocka_unit_test(test_sizes_that_forget_the_chunk_count_are_understood),
		cmocka_unit_test(test_pages_have_the_size_of_their_buffer),
		cmocka_unit_test(test_empty_pages_pass_on_what_they_lost),
		cmocka_unit_test(test_damaged_page_is_noted_and_left_out),
		cmocka_unit_test(test_damaged_chunk_is_noted_and_left_out),
		cmocka_unit_test(test_chunks_that_lie_are_refused),
		cmocka_unit_test(test_chunk_count_that_lies_leaves_the_good_ones),
		cmocka_unit_test(test_merge_goes_both_ways_and_goes_on_where_it_stopped),
		cmocka_unit_test(test_equal_times_are_in_the_order_of_streams),
		cmocka_unit_test(test_text_is_read_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
