/*
 * test-in-page.c - the walker of ring-buffer pages, on good and on hostile ones.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "gen/page.h"
#include "in/page.h"

#define PAGE 512

static const struct {
	enum byte_order order;
	unsigned int long_size;
} shapes[] = {
	{ ORDER_LITTLE, 8 }, { ORDER_LITTLE, 4 }, { ORDER_BIG, 8 }, { ORDER_BIG, 4 },
};

static struct in_page_format format_of(unsigned int i)
{
	return (struct in_page_format){
		.order = shapes[i].order, .long_size = shapes[i].long_size, .page_size = PAGE,
	};
}

static struct gen_page gen_of(unsigned int i, struct buf *out)
{
	return (struct gen_page){
		.order = shapes[i].order, .long_size = shapes[i].long_size, .page_size = PAGE,
		.out = out,
	};
}

/* A page at time 1000 with nothing in it yet. */
static struct gen_page start(unsigned int shape, struct buf *out)
{
	struct gen_page p = gen_of(shape, out);

	gen_page_begin(&p, 1000);
	return p;
}

/* An exact copy on the heap, so that a step too far is seen by sanitizers. */
static uint8_t *exact(const struct buf *b)
{
	uint8_t *copy = malloc(b->len);

	memcpy(copy, b->data, b->len);
	return copy;
}

/* Walk to the end. The number of events, or the error. */
static int walk(unsigned int shape, const struct buf *b, bool old, struct in_event *last)
{
	struct in_page_format format = format_of(shape);
	_cleanup_free_ uint8_t *data = exact(b);
	struct in_event ev;
	struct in_page p;
	int ret, n = 0;

	format.old = old;
	ret = in_page_init(&p, &format, data, b->len);
	if (ret) {
		assert_non_null(p.error);
		return ret;
	}
	while ((ret = in_page_next(&p, &ev)) > 0) {
		assert_in_range(ev.data - data, 8 + format.long_size, b->len);
		assert_true(ev.size <= (size_t)(data + b->len - ev.data));
		assert_int_equal(ev.data - data + (int)ev.size <= (int)p.end, 1);
		*last = ev;
		n++;
		assert_true(n < PAGE);
	}
	if (ret)
		assert_non_null(p.error);
	assert_int_equal(in_page_next(&p, &ev), 0);
	return ret ? ret : n;
}

static void test_events_have_times_sizes_and_positions(void **state)
{
	unsigned int s;

	for (s = 0; s < ARRAY_SIZE(shapes); s++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct gen_page p = start(s, &b);
		struct in_page_format format = format_of(s);
		struct in_event ev;
		struct in_page page;
		uint32_t base = 8 + format.long_size;

		gen_page_event(&p, &(struct gen_event){ 1000, 7, 1, 2 });
		gen_page_event(&p, &(struct gen_event){ 1005, 8, 1, 2 });
		gen_page_event(&p, &(struct gen_event){ 1005 + (5ull << 40), 9, 1, 2 });
		gen_page_end(&p, 0, 0);
		assert_int_equal(in_page_init(&page, &format, b.data, b.len), 0);
		assert_int_equal(in_page_next(&page, &ev), 1);
		assert_int_equal(ev.time.count, 1000);
		assert_int_equal(ev.pos, base);
		assert_int_equal(ev.size, GEN_EVENT_SIZE);
		assert_int_equal(ev.length, GEN_EVENT_SIZE + 4);
		assert_ptr_equal(ev.data, b.data + base + 4);
		assert_int_equal(in_page_next(&page, &ev), 1);
		assert_int_equal(ev.time.count, 1005);
		assert_int_equal(in_page_next(&page, &ev), 1);
		assert_int_equal(ev.time.count, 1005 + (5ull << 40));
		/* the time extend in front is not part of the event */
		assert_int_equal(ev.pos, base + 2 * (GEN_EVENT_SIZE + 4) + 8);
		assert_int_equal(ev.missed, 0);
		assert_int_equal(in_page_next(&page, &ev), 0);
	}
}

static void test_long_events_count_themselves_and_are_rounded_up(void **state)
{
	unsigned int s;

	for (s = 0; s < ARRAY_SIZE(shapes); s++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct gen_page p = start(s, &b);
		struct in_event ev = { 0 };

		gen_head(&p, 0, 3);
		put_u32(&b, p.order, 4 + 117);	/* rounded up to 124 */
		buf_extend(&b, 120);
		gen_page_end(&p, 0, 0);
		assert_int_equal(walk(s, &b, false, &ev), 1);
		assert_int_equal(ev.size, 117);
		assert_int_equal(ev.length, 4 + 124);
		assert_int_equal(ev.time.count, 1003);
	}
}

static void test_absolute_time_replaces_all_but_the_highest_bits(void **state)
{
	unsigned int s;

	for (s = 0; s < ARRAY_SIZE(shapes); s++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct gen_page p = gen_of(s, &b);
		struct in_event ev = { 0 };
		uint64_t high = 3ull << 59;

		gen_page_begin(&p, high + 77);
		gen_head(&p, 31, 5);
		put_u32(&b, p.order, 9);
		gen_head(&p, 1, 2);
		put_u32(&b, p.order, 0);
		gen_page_end(&p, 0, 0);
		assert_int_equal(walk(s, &b, false, &ev), 1);
		assert_int_equal(ev.time.count, high + (9ull << 27) + 5 + 2);
	}
}

static void test_discarded_events_are_skipped_and_padding_ends_the_page(void **state)
{
	unsigned int s;

	for (s = 0; s < ARRAY_SIZE(shapes); s++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct gen_page p = start(s, &b);
		struct in_event ev = { 0 };

		gen_head(&p, 29, 4);		/* discarded: its delta counts */
		put_u32(&b, p.order, 8);
		put_u32(&b, p.order, 0);
		gen_head(&p, 1, 1);
		put_u32(&b, p.order, 0);
		gen_head(&p, 29, 0);		/* the rest, whatever its length says */
		put_u32(&b, p.order, 0xfffffffc);
		gen_head(&p, 1, 1);
		put_u32(&b, p.order, 0);
		gen_page_end(&p, 0, 0);
		assert_int_equal(walk(s, &b, false, &ev), 1);
		assert_int_equal(ev.time.count, 1005);
	}
}

static void test_padding_of_one_word_may_end_the_page(void **state)
{
	unsigned int s;

	for (s = 0; s < ARRAY_SIZE(shapes); s++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct gen_page p = start(s, &b);
		struct in_event ev;

		gen_page_event(&p, &(struct gen_event){ 1000, 7, 1, 2 });
		gen_head(&p, 29, 0);
		gen_page_end(&p, 0, 0);
		assert_int_equal(walk(s, &b, false, &ev), 1);
	}
}

static void test_lost_events_are_told_with_the_first_event(void **state)
{
	static const struct {
		uint32_t flags;
		uint64_t stored;
		bool extend;
		int64_t missed;
	} rows[] = {
		{ 0, 0, false, 0 },
		{ GEN_LOST, 0, false, -1 },
		{ GEN_LOST | GEN_LOST_STORED, 97, false, 97 },
		{ GEN_LOST | GEN_LOST_STORED, 97, true, 97 },
		{ GEN_LOST | GEN_LOST_STORED, 0, false, -1 },
		{ GEN_LOST_STORED, 97, false, 0 },
	};
	unsigned int s, i;

	for (s = 0; s < ARRAY_SIZE(shapes); s++)
		for (i = 0; i < ARRAY_SIZE(rows); i++) {
			_cleanup_buf_ struct buf b = BUF_INIT;
			struct gen_page p = start(s, &b);
			struct in_page_format format = format_of(s);
			struct in_event ev;
			struct in_page page;

			if (rows[i].extend)
				gen_extend(&p, 1ull << 30);
			gen_head(&p, 1, 0);
			put_u32(&b, p.order, 0);
			gen_head(&p, 1, 0);
			put_u32(&b, p.order, 0);
			gen_page_end(&p, rows[i].flags, rows[i].stored);
			assert_int_equal(in_page_init(&page, &format, b.data, b.len), 0);
			assert_int_equal(in_page_next(&page, &ev), 1);
			assert_int_equal(ev.missed, rows[i].missed);
			assert_int_equal(in_page_next(&page, &ev), 1);
			assert_int_equal(ev.missed, 0);
		}
}

static void test_lost_count_that_does_not_fit_is_unknown(void **state)
{
	unsigned int s;

	for (s = 0; s < ARRAY_SIZE(shapes); s++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct gen_page p = start(s, &b);
		struct in_page_format format = format_of(s);
		_cleanup_free_ uint8_t *data = NULL;
		struct in_event ev;
		struct in_page page;
		uint64_t commit;

		while (gen_page_used(&p) < PAGE)
			put_u32(&b, p.order, p.order == ORDER_BIG ? 28u << 27 : 28);
		commit = (PAGE - 8 - p.long_size) | GEN_LOST | GEN_LOST_STORED;
		if (p.long_size == 8)
			store_u64(b.data + 8, p.order, commit);
		else
			store_u32(b.data + 8, p.order, (uint32_t)commit);
		data = exact(&b);
		assert_int_equal(in_page_init(&page, &format, data, b.len), 0);
		assert_int_equal(in_page_next(&page, &ev), 1);
		assert_int_equal(ev.missed, -1);
	}
}

static void set_commit(struct buf *b, unsigned int s, uint64_t commit)
{
	if (shapes[s].long_size == 8)
		store_u64(b->data + 8, shapes[s].order, commit);
	else
		store_u32(b->data + 8, shapes[s].order, (uint32_t)commit);
}

static void test_commit_beyond_the_page_is_refused(void **state)
{
	static const uint32_t commits[] = { 0x7ffffff, PAGE, PAGE - 8, 0xc7ffffff, 0x7fffff0 };
	unsigned int s, i;

	for (s = 0; s < ARRAY_SIZE(shapes); s++)
		for (i = 0; i < ARRAY_SIZE(commits); i++) {
			_cleanup_buf_ struct buf b = BUF_INIT;
			struct gen_page p = start(s, &b);
			struct in_event ev;

			gen_page_end(&p, 0, 0);
			set_commit(&b, s, commits[i]);
			assert_int_equal(walk(s, &b, false, &ev), -EBADMSG);
		}
}

static void test_only_the_size_and_lost_bits_of_the_commit_word_count(void **state)
{
	unsigned int s;

	for (s = 0; s < ARRAY_SIZE(shapes); s++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct gen_page p = start(s, &b);
		struct in_event ev;

		gen_page_event(&p, &(struct gen_event){ 1000, 7, 1, 2 });
		gen_page_end(&p, 0, 0);
		set_commit(&b, s, 0xabcdef0038000000ull | (GEN_EVENT_SIZE + 4));
		assert_int_equal(walk(s, &b, false, &ev), 1);
	}
}

/* Two words at the end of the data: what they may not say. */
static void test_impossible_lengths_are_refused(void **state)
{
	static const struct {
		uint32_t type, delta, word;
	} rows[] = {
		{ 3, 0, 0 },			/* an event that leaves the data */
		{ 28, 0, 0 },
		{ 0, 0, 12 },			/* a long one that does */
		{ 0, 0, 0 },			/* does not even count itself */
		{ 0, 0, 3 },
		{ 0, 0, 0x80000000 },		/* negative as int */
		{ 0, 0, 0xfffffffc },
		{ 0, 0, 0xffffffff },
		{ 29, 1, 0xfffffffc },		/* paddings likewise */
		{ 29, 1, 0xffffffff },
		{ 29, 1, 0 },
		{ 29, 1, 8 },
	};
	unsigned int s, i;

	for (s = 0; s < ARRAY_SIZE(shapes); s++)
		for (i = 0; i < ARRAY_SIZE(rows); i++) {
			_cleanup_buf_ struct buf b = BUF_INIT;
			struct gen_page p = start(s, &b);
			struct in_event ev;

			gen_page_event(&p, &(struct gen_event){ 1000, 7, 1, 2 });
			gen_head(&p, rows[i].type, rows[i].delta);
			put_u32(&b, p.order, rows[i].word);
			gen_page_end(&p, 0, 0);
			assert_int_equal(walk(s, &b, false, &ev), -EBADMSG);
		}
}

static void test_entry_cut_off_by_the_commit_is_refused(void **state)
{
	unsigned int s, cut;

	for (s = 0; s < ARRAY_SIZE(shapes); s++)
		for (cut = 1; cut < 8; cut++) {
			_cleanup_buf_ struct buf b = BUF_INIT;
			struct gen_page p = start(s, &b);
			struct in_event ev;

			gen_head(&p, 30, 1);
			put_u32(&b, p.order, 1);
			gen_page_end(&p, 0, 0);
			set_commit(&b, s, cut);
			assert_int_equal(walk(s, &b, false, &ev), -EBADMSG);
		}
}

static void test_page_cut_off_by_the_file_gives_its_whole_events(void **state)
{
	unsigned int s;
	size_t cut;

	for (s = 0; s < ARRAY_SIZE(shapes); s++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct gen_page p = start(s, &b);
		size_t base = 8 + p.long_size;
		unsigned int i;

		for (i = 0; i < 4; i++)
			gen_page_event(&p, &(struct gen_event){ 1000 + i, 7, 1, 2 });
		gen_page_end(&p, 0, 0);
		for (cut = 0; cut < 100; cut++) {
			struct buf part = { .data = b.data, .len = cut };
			size_t whole = cut < base ? 0 : (cut - base) / (GEN_EVENT_SIZE + 4);
			struct in_event ev;

			assert_int_equal(walk(s, &part, false, &ev), whole < 4 ? whole : 4);
		}
	}
}

static void test_any_page_is_walked_within_its_bounds(void **state)
{
	uint64_t seed = 88172645463325252ull;
	unsigned int s, round, i;

	for (round = 0; round < 20000; round++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct in_event ev;

		s = round % ARRAY_SIZE(shapes);
		buf_extend(&b, PAGE);
		for (i = 0; i < PAGE; i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			/* mostly small lengths */
			b.data[i] = seed & 0xf00 ? (seed >> 20) & (seed & 0x1000 ? 0x1f : 0xff) : 0;
		}
		set_commit(&b, s, (seed >> 8) % (PAGE - 8 - shapes[s].long_size + 1));
		walk(s, &b, round & 4, &ev);
	}
}

static void test_pages_of_the_old_format(void **state)
{
	unsigned int s;

	for (s = 0; s < ARRAY_SIZE(shapes); s++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct gen_page p = start(s, &b);
		bool big = p.order == ORDER_BIG;
		struct in_event ev = { 0 };
		/* 2 bits of type, 3 of length in words, 27 of delta */
		#define OLD(type, len) (big ? (type) << 3 | (len) : (type) | (len) << 2)

		gen_head(&p, OLD(1, 0), 5);		/* time extend */
		put_u32(&b, p.order, 2);
		gen_head(&p, OLD(3, 2), 1);		/* two words of data */
		put_u64(&b, p.order, 0);
		gen_head(&p, OLD(3, 0), 1);		/* long data: 4 + 40 */
		put_u32(&b, p.order, 44);
		buf_extend(&b, 40);
		gen_head(&p, OLD(0, 0), 0);		/* padding */
		gen_page_end(&p, 0, 0);
		assert_int_equal(walk(s, &b, true, &ev), 2);
		assert_int_equal(ev.size, 40);
		assert_int_equal(ev.time.count, 1000 + (2ull << 27) + 5 + 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_have_times_sizes_and_positions),
		cmocka_unit_test(test_long_events_count_themselves_and_are_rounded_up),
		cmocka_unit_test(test_absolute_time_replaces_all_but_the_highest_bits),
		cmocka_unit_test(test_discarded_events_are_skipped_and_padding_ends_the_page),
		cmocka_unit_test(test_padding_of_one_word_may_end_the_page),
		cmocka_unit_test(test_lost_events_are_told_with_the_first_event),
		cmocka_unit_test(test_lost_count_that_does_not_fit_is_unknown),
		cmocka_unit_test(test_commit_beyond_the_page_is_refused),
		cmocka_unit_test(test_only_the_size_and_lost_bits_of_the_commit_word_count),
		cmocka_unit_test(test_impossible_lengths_are_refused),
		cmocka_unit_test(test_entry_cut_off_by_the_commit_is_refused),
		cmocka_unit_test(test_page_cut_off_by_the_file_gives_its_whole_events),
		cmocka_unit_test(test_any_page_is_walked_within_its_bounds),
		cmocka_unit_test(test_pages_of_the_old_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
