/*
 * test-opts.c - wire/opts: GUEST, TSC2NSEC and BUFFER, written, read and cut off.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "wire/dat.h"
#include "wire/opts.h"

static void same_bytes(const struct buf *a, const struct buf *b)
{
	assert_int_equal(a->error, 0);
	assert_int_equal(b->error, 0);
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->data, b->data, a->len);
}

/* A heap copy of exactly @len bytes, so that a sanitizer sees the first byte too far. */
static uint8_t *exact_copy(const struct buf *b, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	memcpy(copy, b->data, len);
	return copy;
}

static void guests_survive_writing_and_reading(void **state)
{
	struct opt_guest_cpu cpus[] = { { 0, 4711 }, { 1, -1 }, { 2, 4713 } };
	struct opt_guest in = { (char *)"vm-1", 0x1122334455667788, 3, cpus };
	enum byte_order order;

	for (order = ORDER_LITTLE; order <= ORDER_BIG; order++) {
		_cleanup_buf_ struct buf b = BUF_INIT, again = BUF_INIT;
		struct opt_guest out;
		size_t cut;

		assert_int_equal(opt_guest_put(&b, order, &in), 0);
		assert_int_equal(b.len, 5 + 8 + 4 + 3 * 8);
		assert_int_equal(opt_guest_parse(b.data, b.len, order, &out), 0);
		assert_string_equal(out.name, "vm-1");
		assert_int_equal(out.cpus[1].host_pid, -1);
		opt_guest_put(&again, order, &out);
		same_bytes(&b, &again);
		opt_guest_release(&out);
		for (cut = 0; cut < b.len; cut++) {
			_cleanup_free_ uint8_t *copy = exact_copy(&b, cut);

			assert_int_equal(opt_guest_parse(copy, cut, order, &out), -EBADMSG);
		}
		put_u8(&b, 0);
		assert_int_equal(opt_guest_parse(b.data, b.len, order, &out), -EBADMSG);
	}
}

static void a_guest_may_lack_name_and_cpus_but_no_vcpu_is_beyond_the_count(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct opt_guest_cpu bad = { 1, 5 };
	struct opt_guest in = { NULL, 1, 0, NULL }, out;

	opt_guest_put(&b, ORDER_LITTLE, &in);
	assert_int_equal(opt_guest_parse(b.data, b.len, ORDER_LITTLE, &out), 0);
	assert_string_equal(out.name, "");
	assert_int_equal(out.nr_cpus, 0);
	opt_guest_release(&out);
	buf_reset(&b);
	in = (struct opt_guest){ (char *)"x", 1, 1, &bad };
	opt_guest_put(&b, ORDER_LITTLE, &in);
	assert_int_equal(opt_guest_parse(b.data, b.len, ORDER_LITTLE, &out), -EBADMSG);
}

static void tsc2nsec_survives_and_its_shift_is_bounded(void **state)
{
	struct opt_tsc2nsec in = { 0xf1234567, 32, 7 }, out;
	_cleanup_buf_ struct buf b = BUF_INIT, again = BUF_INIT;
	size_t cut;

	opt_tsc2nsec_put(&b, ORDER_BIG, &in);
	assert_int_equal(b.len, 16);
	assert_int_equal(opt_tsc2nsec_parse(b.data, b.len, ORDER_BIG, &out), 0);
	assert_true(out.mult == 0xf1234567);
	opt_tsc2nsec_put(&again, ORDER_BIG, &out);
	same_bytes(&b, &again);
	for (cut = 0; cut < b.len; cut++)
		assert_int_equal(opt_tsc2nsec_parse(b.data, cut, ORDER_BIG, &out), -EBADMSG);
	b.data[7] = 33;
	assert_int_equal(opt_tsc2nsec_parse(b.data, b.len, ORDER_BIG, &out), -EBADMSG);
}

static void the_documented_empty_buffer_is_written_byte_for_byte(void **state)
{
	static const uint8_t want[] = {
		0xfe, 0xf5, 0x52, 0, 0,    0, 0, 0, 0, 'l', 'o', 'c',
		'a',  'l',  0,    0, 0x10, 0, 0, 0, 0, 0,   0,
	};
	struct opt_buffer in = {
		.offset = 0x52f5fe, .name = (char *)"", .clock = (char *)"local", .page_size = 4096,
	}, out;
	_cleanup_buf_ struct buf b = BUF_INIT;

	assert_int_equal(opt_buffer_put(&b, ORDER_LITTLE, 7, false, &in), 0);
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(b.data, want, sizeof(want));
	assert_int_equal(opt_buffer_parse(want, sizeof(want), ORDER_LITTLE, 7, false, &out), 0);
	assert_int_equal(out.nr_cpus, 0);
	assert_int_equal(out.page_size, 4096);
	opt_buffer_release(&out);
}

static void buffers_survive_writing_and_reading(void **state)
{
	static const struct {
		int version;
		bool text;
		size_t len;
	} rows[] = {
		{ 6, false, 8 + 5 }, { 7, false, 8 + 5 + 9 + 8 + 40 }, { 7, true, 8 + 5 + 9 },
	};
	struct opt_buffer_cpu cpus[] = { { 0, 4096, 8192 }, { 7, 0x123456789000, 44 } };
	struct opt_buffer in = { 77, (char *)"inst", (char *)"tsc2nsec", 4096, 2, cpus };
	enum byte_order order;
	size_t i, cut;

	for (order = ORDER_LITTLE; order <= ORDER_BIG; order++) {
		for (i = 0; i < ARRAY_SIZE(rows); i++) {
			_cleanup_buf_ struct buf b = BUF_INIT, again = BUF_INIT;
			int version = rows[i].version;
			struct opt_buffer out;

			opt_buffer_put(&b, order, version, rows[i].text, &in);
			assert_int_equal(b.len, rows[i].len);
			assert_int_equal(
				opt_buffer_parse(b.data, b.len, order, version, rows[i].text, &out),
				0);
			opt_buffer_put(&again, order, version, rows[i].text, &out);
			same_bytes(&b, &again);
			opt_buffer_release(&out);
			for (cut = 0; cut < b.len; cut++) {
				_cleanup_free_ uint8_t *copy = exact_copy(&b, cut);

				assert_int_equal(opt_buffer_parse(copy, cut, order, version,
								  rows[i].text, &out), -EBADMSG);
			}
		}
	}
}

static void cpus_of_a_buffer_are_unique_and_bounded(void **state)
{
	static const struct {
		uint32_t first, second, page_size;
		int want;
	} rows[] = {
		{ 0, 1, 4096, 0 }, { 5, 2, 4096, 0 }, { DAT_CPU_LIMIT - 1, 0, 4096, 0 },
		{ 3, 3, 4096, -EBADMSG }, { 0, DAT_CPU_LIMIT, 4096, -EBADMSG },
		{ 0, UINT32_MAX, 4096, -EBADMSG }, { 0, 1, 0, -EBADMSG }, { 0, 1, 5000, -EBADMSG },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct opt_buffer_cpu cpus[] = {{rows[i].first, 0, 0}, {rows[i].second, 0, 0}};
		struct opt_buffer in = {1, (char *)"", (char *)"", rows[i].page_size, 2, cpus}, out;
		_cleanup_buf_ struct buf b = BUF_INIT;
		int ret;

		opt_buffer_put(&b, ORDER_LITTLE, 7, false, &in);
		ret = opt_buffer_parse(b.data, b.len, ORDER_LITTLE, 7, false, &out);
		assert_int_equal(ret, rows[i].want);
		if (!ret)
			opt_buffer_release(&out);
	}
}

static void a_huge_cpu_count_allocates_nothing(void **state)
{
	struct opt_buffer in = { 1, (char *)"", (char *)"", 4096, 0, NULL }, out;
	_cleanup_buf_ struct buf b = BUF_INIT;

	opt_buffer_put(&b, ORDER_LITTLE, 7, false, &in);
	store_u32(b.data + b.len - 4, ORDER_LITTLE, UINT32_MAX);
	assert_int_equal(opt_buffer_parse(b.data, b.len, ORDER_LITTLE, 7, false, &out), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guests_survive_writing_and_reading),
		cmocka_unit_test(a_guest_may_lack_name_and_cpus_but_no_vcpu_is_beyond_the_count),
		cmocka_unit_test(tsc2nsec_survives_and_its_shift_is_bounded),
		cmocka_unit_test(the_documented_empty_buffer_is_written_byte_for_byte),
		cmocka_unit_test(buffers_survive_writing_and_reading),
		cmocka_unit_test(cpus_of_a_buffer_are_unique_and_bounded),
		cmocka_unit_test(a_huge_cpu_count_allocates_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
