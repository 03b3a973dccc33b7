/*
 * test-dat.c - wire/dat: the header of a file, headers of sections, the table of ids.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "wire/dat.h"

static const uint8_t v7_none[] = {
	0x17, 0x08, 0x44, 't', 'r', 'a', 'c', 'i', 'n', 'g', '7', 0, 0, 8,
	0x00, 0x10, 0, 0, 'n', 'o', 'n', 'e', 0, 0, 0x42, 0xf9, 0x52, 0, 0, 0, 0, 0,
};

static void the_documented_v7_header_is_read(void **state)
{
	struct dat_header h;
	size_t len;

	assert_int_equal(dat_header_parse(v7_none, sizeof(v7_none), &h, &len), 0);
	assert_int_equal(len, 0x20);
	assert_int_equal(h.version, 7);
	assert_int_equal(h.order, ORDER_LITTLE);
	assert_int_equal(h.long_size, 8);
	assert_int_equal(h.page_size, 4096);
	assert_string_equal(h.compression, "none");
	assert_string_equal(h.compression_version, "");
	assert_true(h.options_offset == 0x52f942);
}

/* version, order, long, page, compression, its version; the header's length, the offset's place */
static const struct {
	struct dat_header h;
	size_t len, options_pos;
} headers[] = {
	{ { 6, ORDER_LITTLE, 8, 4096, "none", "", 0 }, 0x12, 0 },
	{ { 6, ORDER_BIG, 4, 65536, "none", "", 0 }, 0x12, 0 },
	{ { 7, ORDER_LITTLE, 8, 4096, "none", "", 0x20 }, 0x20, 0x18 },
	{ { 7, ORDER_LITTLE, 8, 16384, "zlib", "1.2.13", 0x1234567 }, 0x26, 0x1e },
	{ { 7, ORDER_BIG, 4, 4096, "zstd", "1.5.4", 0x1122334455667788 }, 0x25, 0x1d },
};

static void headers_survive_writing_and_reading(void **state)
{
	size_t i, cut;

	for (i = 0; i < ARRAY_SIZE(headers); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT, again = BUF_INIT;
		size_t len = 0, pos = 0;
		struct dat_header h;

		assert_int_equal(dat_header_put(&b, &headers[i].h, &pos), 0);
		assert_int_equal(b.len, headers[i].len);
		assert_int_equal(pos, headers[i].options_pos);
		assert_true(b.len <= DAT_HEADER_MAX);
		assert_int_equal(dat_header_parse(b.data, b.len, &h, &len), 0);
		assert_int_equal(len, b.len);
		assert_int_equal(dat_header_put(&again, &h, NULL), 0);
		assert_int_equal(again.len, b.len);
		assert_memory_equal(again.data, b.data, b.len);
		for (cut = 0; cut < b.len; cut++)
			assert_int_equal(dat_header_parse(b.data, cut, &h, &len), -ENODATA);
	}
}

static void impossible_headers_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		int want;
	} rows[] = {
		{0, 0x18, -EINVAL},   {9, 'G', -EINVAL},    {10, '5', -ENOTSUP},
		{10, '8', -ENOTSUP},  {10, 'x', -EBADMSG},  {10, 0, -EBADMSG},
		{12, 2, -EBADMSG},                                             /* byte order */
		{13, 5, -EBADMSG},    {13, 0, -EBADMSG},    {15, 0, -EBADMSG}, /* page size 0 */
		{15, 0x30, -EBADMSG},                                          /* no power of two */
		{14, 1, -EBADMSG},    {17, 0x40, -EBADMSG},                    /* 1 GiB */
	};
	struct dat_header h;
	uint8_t data[sizeof(v7_none)];
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		memcpy(data, v7_none, sizeof(data));
		data[rows[i].at] = rows[i].value;
		assert_int_equal(dat_header_parse(data, sizeof(data), &h, &len), rows[i].want);
	}
}

static void endless_strings_are_refused_within_the_limit(void **state)
{
	uint8_t data[DAT_HEADER_MAX];
	struct dat_header h;
	size_t len;

	memset(data, 'z', sizeof(data));
	memcpy(data, v7_none, 18);
	assert_int_equal(dat_header_parse(data, sizeof(data), &h, &len), -EBADMSG);
	memset(data, '7', sizeof(data));
	memcpy(data, v7_none, DAT_MAGIC_LEN);
	assert_int_equal(dat_header_parse(data, sizeof(data), &h, &len), -EBADMSG);
}

static void section_headers_survive_writing_and_reading(void **state)
{
	static const uint8_t want[] = { 0, 0, 0, 0, 0x5c, 0, 0, 0, 0x2b, 0, 0, 0, 0, 0, 0, 0 };
	static const struct dat_section rows[] = {
		{ 0, 0, 92, 43 }, { 16, 1, 0, 0x123456789abcdef0 }, { 3, 0, -1, 0 },
	};
	enum byte_order order;
	size_t i;

	for (order = ORDER_LITTLE; order <= ORDER_BIG; order++) {
		for (i = 0; i < ARRAY_SIZE(rows); i++) {
			_cleanup_buf_ struct buf b = BUF_INIT;
			struct dat_section s;

			dat_section_put(&b, order, &rows[i]);
			assert_int_equal(b.len, DAT_SECTION_HEADER_LEN);
			if (!i && order == ORDER_LITTLE)
				assert_memory_equal(b.data, want, sizeof(want));
			dat_section_parse(b.data, order, &s);
			assert_int_equal(s.id, rows[i].id);
			assert_int_equal(s.flags, rows[i].flags);
			assert_int_equal(s.description, rows[i].description);
			assert_true(s.size == rows[i].size);
		}
	}
}

static void the_table_of_ids_is_indexed_by_id(void **state)
{
	static const struct {
		unsigned int id;
		const char *option, *section;
	} rows[] = {
		{DAT_DONE, "DONE", "options"},
		{DAT_TIME_SHIFT, "TimeShift", NULL},
		{DAT_BUFFER, "BUFFER", "buffer flyrecord"},
		{DAT_STRINGS, "STRINGS", "strings"},
		{DAT_HEADER_INFO, "HEADERS", "headers"},
		{DAT_EVENT_FORMATS, "EVENT FORMATS", "events format"},
		{DAT_CMDLINES, "CMDLINES", "command lines"},
		{DAT_BTF_FILE, "BTF_FILE", "BTF"},
		{DAT_MODULES_FILE, "MODULES_FILE", "modules"},
	};
	unsigned int i;

	for (i = 0; i <= 25; i++) {
		const struct dat_id_info *info = dat_id_find(i);

		assert_non_null(info);
		assert_int_equal(info->id, i);
		assert_non_null(info->option);
	}
	assert_null(dat_id_find(26));
	assert_string_equal(dat_id_find(DAT_TSYNC)->option, "TSYNC");
	assert_null(dat_id_find(DAT_TSYNC)->section);
	assert_null(dat_id_find(DAT_TSYNC + 1));
	assert_null(dat_id_find(UINT32_MAX));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct dat_id_info *info = dat_id_find(rows[i].id);

		assert_string_equal(info->option, rows[i].option);
		if (rows[i].section)
			assert_string_equal(info->section, rows[i].section);
		else
			assert_null(info->section);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_documented_v7_header_is_read),
		cmocka_unit_test(headers_survive_writing_and_reading),
		cmocka_unit_test(impossible_headers_are_refused),
		cmocka_unit_test(endless_strings_are_refused_within_the_limit),
		cmocka_unit_test(section_headers_survive_writing_and_reading),
		cmocka_unit_test(the_table_of_ids_is_indexed_by_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
