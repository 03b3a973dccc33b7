/*
 * test-ptp.c - payloads of the ptp protocol: recorded bytes both ways, hostile bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "wire/cursor.h"
#include "wire/ptp.h"

static void recorded_payloads_decode_and_encode_to_the_same_bytes(void **state)
{
	static const uint8_t start[] = { 0, 0, 0, 1, 0, 0, 0, 3 };
	static const uint8_t probe[] = { 0, 0, 0, 1 };
	static const uint8_t offset[] = {
		0x00, 0x00, 0x01, 0xc7, 0x9b, 0x4f, 0x45, 0x60,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3c,
	};
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct ptp_offset o;
	struct ptp_start s;
	uint32_t number;

	assert_int_equal(ptp_start_parse(start, sizeof(start), &s), 0);
	assert_int_equal(s.series, 1);
	assert_int_equal(s.flags, PTP_FLAG_FASTEST_RESPONSE | PTP_FLAG_USE_MARKER);
	ptp_start_put(&b, &s);
	assert_int_equal(b.len, sizeof(start));
	assert_memory_equal(b.data, start, sizeof(start));

	buf_reset(&b);
	assert_int_equal(ptp_probe_parse(probe, sizeof(probe), &number), 0);
	assert_int_equal(number, 1);
	ptp_probe_put(&b, number);
	assert_int_equal(b.len, sizeof(probe));
	assert_memory_equal(b.data, probe, sizeof(probe));

	buf_reset(&b);
	assert_int_equal(ptp_offset_parse(offset, sizeof(offset), &o), 0);
	assert_true(o.time == 0x1c79b4f4560);
	assert_true(o.offset == -196);
	ptp_offset_put(&b, &o);
	assert_int_equal(b.len, sizeof(offset));
	assert_memory_equal(b.data, offset, sizeof(offset));
}

static void only_payloads_of_the_defined_length_are_taken(void **state)
{
	size_t len;

	for (len = 0; len < 32; len++) {
		_cleanup_free_ uint8_t *data = calloc(1, len + 1);
		struct ptp_offset o;
		struct ptp_start s;
		uint32_t number;

		if (len >= 4)
			data[3] = 1;
		assert_int_equal(ptp_start_parse(data, len, &s), len == 8 ? 0 : -EBADMSG);
		assert_int_equal(ptp_probe_parse(data, len, &number), len == 4 ? 0 : -EBADMSG);
		assert_int_equal(ptp_offset_parse(data, len, &o), len == 16 ? 0 : -EBADMSG);
	}
}

static void probe_numbers_are_1_to_339(void **state)
{
	static const struct {
		uint32_t number;
		int want;
	} table[] = {
		{ 0, -EBADMSG }, { 1, 0 }, { 339, 0 }, { 340, -EBADMSG }, { 0x7fffffff, -EBADMSG },
		{ 0x80000000, -EBADMSG }, { 0xffffffff, -EBADMSG },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		uint32_t number = 77;

		ptp_probe_put(&b, table[i].number);
		assert_int_equal(ptp_probe_parse(b.data, b.len, &number), table[i].want);
		assert_int_equal(number, table[i].want ? 77 : table[i].number);
	}
}

static struct ptp_list *new_list(uint32_t count)
{
	struct ptp_list *l = calloc(1, sizeof(*l));
	uint32_t i;

	l->series = 5;
	l->count = count;
	for (i = 0; i < count && i < PTP_SLOTS; i++)
		l->slot[i] = (struct ptp_stamp){ -1000 + i, i % PTP_PROBES + 1 };
	return l;
}

static void a_list_is_always_8144_bytes_and_survives(void **state)
{
	static const uint32_t counts[] = { 0, 1, PTP_PROBES, PTP_SLOTS };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		_cleanup_free_ struct ptp_list *l = new_list(counts[i]);
		_cleanup_free_ struct ptp_list *back = malloc(sizeof(*back));
		_cleanup_buf_ struct buf b = BUF_INIT;

		memset(back, 0xff, sizeof(*back));
		ptp_list_put(&b, l);
		assert_int_equal(b.len, 8144);
		assert_int_equal(ptp_list_parse(b.data, b.len, back), 0);
		assert_int_equal(back->series, 5);
		assert_int_equal(back->count, counts[i]);
		assert_memory_equal(back->slot, l->slot, sizeof(l->slot));
	}
}

static void unused_slots_leave_as_zeros(void **state)
{
	_cleanup_free_ struct ptp_list *l = new_list(PTP_SLOTS);
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t i;

	/* what stands in the slots beyond count is nobody's business */
	l->count = 3;
	ptp_list_put(&b, l);
	assert_int_equal(b.len, 8144);
	for (i = 8 + 3 * 12; i < b.len; i++)
		assert_int_equal(b.data[i], 0);
}

static void a_list_with_exactly_count_slots_is_taken(void **state)
{
	_cleanup_free_ struct ptp_list *l = new_list(PTP_PROBES);
	_cleanup_free_ struct ptp_list *back = calloc(1, sizeof(*back));
	_cleanup_free_ uint8_t *cut = malloc(8 + PTP_PROBES * 12);
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t len;

	ptp_list_put(&b, l);
	memcpy(cut, b.data, 8 + PTP_PROBES * 12);
	assert_int_equal(ptp_list_parse(cut, 8 + PTP_PROBES * 12, back), 0);
	assert_int_equal(back->slot[PTP_PROBES - 1].probe, PTP_PROBES);
	for (len = 0; len < 8 + PTP_PROBES * 12; len++)
		assert_int_equal(ptp_list_parse(cut, len, back), -EBADMSG);
}

static void a_count_beyond_the_slots_is_refused(void **state)
{
	static const uint32_t counts[] = {
		PTP_SLOTS + 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x15555556,
	};
	_cleanup_free_ struct ptp_list *l = new_list(1);
	_cleanup_free_ struct ptp_list *back = calloc(1, sizeof(*back));
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t i;

	ptp_list_put(&b, l);
	/* as long as a message can be: one slot more would fit */
	buf_extend(&b, 12);
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		store_u32(b.data + 4, ORDER_BIG, counts[i]);
		assert_int_equal(ptp_list_parse(b.data, b.len, back), -EBADMSG);
	}
}

static void garbage_in_a_slot_reads_as_an_empty_slot(void **state)
{
	static const uint32_t garbage[] = { 0, 340, 0x80000000, 0xffffffff };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(garbage); i++) {
		_cleanup_free_ struct ptp_list *l = new_list(3);
		_cleanup_free_ struct ptp_list *back = calloc(1, sizeof(*back));
		_cleanup_buf_ struct buf b = BUF_INIT;

		l->slot[1].probe = garbage[i];
		ptp_list_put(&b, l);
		assert_int_equal(ptp_list_parse(b.data, b.len, back), 0);
		assert_int_equal(back->slot[0].probe, 1);
		assert_int_equal(back->slot[1].probe, 0);
		assert_int_equal(back->slot[1].time, 0);
		assert_int_equal(back->slot[2].probe, 3);
	}
}

static void a_full_buffer_keeps_its_error(void **state)
{
	_cleanup_free_ struct ptp_list *l = new_list(1);
	_cleanup_buf_ struct buf b;

	buf_init(&b, 100);
	ptp_list_put(&b, l);
	assert_int_equal(b.error, -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_payloads_decode_and_encode_to_the_same_bytes),
		cmocka_unit_test(only_payloads_of_the_defined_length_are_taken),
		cmocka_unit_test(probe_numbers_are_1_to_339),
		cmocka_unit_test(a_list_is_always_8144_bytes_and_survives),
		cmocka_unit_test(unused_slots_leave_as_zeros),
		cmocka_unit_test(a_list_with_exactly_count_slots_is_taken),
		cmocka_unit_test(a_count_beyond_the_slots_is_refused),
		cmocka_unit_test(garbage_in_a_slot_reads_as_an_empty_slot),
		cmocka_unit_test(a_full_buffer_keeps_its_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
