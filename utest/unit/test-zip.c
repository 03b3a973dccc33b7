/*
 * test-zip.c - zip: what was compressed comes back; what was damaged is refused.
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
#include "zip/zip.h"

static void algorithms_are_found_by_the_files_name(void **state)
{
	const struct zip_algo *a;
	unsigned int i;

	assert_non_null(zip_find("zlib"));
	assert_null(zip_find("none"));
	assert_null(zip_find(""));
	assert_null(zip_find("zl"));
	assert_ptr_equal(zip_best(), zip_at(0));
	for (i = 0; (a = zip_at(i)); i++) {
		assert_ptr_equal(zip_find(a->name), a);
		assert_true(strlen(a->version()) > 0 && strlen(a->version()) < 32);
	}
	assert_int_equal(i, zip_find("zstd") ? 2 : 1);
}

/* Half noise, half text. */
static void fill(uint8_t *data, size_t len)
{
	uint32_t x = 1;
	size_t i;

	for (i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = i & 64 ? "trace-cmd"[i % 9] : x >> 24;
	}
}

static void pieces_come_back_behind_what_leads_them(void **state)
{
	static const size_t lens[] = { 0, 1, 5000, 300000, 3000000 }, pieces[] = { 700, 131072, 5000000 };
	static const char lead[] = "four";
	const struct zip_algo *a;
	unsigned int i, k, m;

	for (i = 0; (a = zip_at(i)); i++) {
		for (k = 0; a->stream_add && k < ARRAY_SIZE(lens) * ARRAY_SIZE(pieces); k++) {
			size_t len = lens[k % ARRAY_SIZE(lens)], at, step = pieces[k / ARRAY_SIZE(lens)];
			_cleanup_free_ uint8_t *in = malloc(len + 4), *out = malloc(len + 4);
			_cleanup_buf_ struct buf b = BUF_INIT;
			void *tables = a->tables_new();

			memcpy(in, lead, 4);
			fill(in + 4, len);
			buf_add_str(&b, "before");
			for (at = 0; at < len; at += step) {
				size_t n = len - at < step ? len - at : step;

				assert_int_equal(a->stream_add(tables, in + 4 + at, n, false, &b), 0);
			}
			assert_int_equal(a->stream_add(tables, NULL, 0, true, &b), 0);
			a->tables_free(tables);
			assert_int_equal(a->stream_lead(&b, 6, lead, 4), 0);
			assert_memory_equal(b.data, "before", 6);
			assert_int_equal(a->decompress(b.data + 6, b.len - 6, out, len + 4), 0);
			assert_memory_equal(in, out, len + 4);
		}
		for (m = 0; a->stream_add && m < 2; m++) {
			_cleanup_buf_ struct buf b = BUF_INIT;

			/* too short; a head with more in it */
			buf_add(&b, "\x28\xb5\x2f\xfd\x20\x40\x01\x00\x00", m ? 9 : 5);
			assert_int_equal(a->stream_lead(&b, 0, lead, 4), -EIO);
		}
	}
}

static void any_length_comes_back(void **state)
{
	static const size_t lens[] = { 0, 1, 7, 4096, 40960, 300000 };
	const struct zip_algo *a;
	unsigned int i;
	size_t k, n;

	for (i = 0; (a = zip_at(i)); i++) {
		for (k = 0; k < ARRAY_SIZE(lens); k++) {
			size_t len = lens[k], size = a->bound(len);
			_cleanup_free_ uint8_t *in = malloc(len + 1), *out = malloc(len + 1);
			_cleanup_free_ uint8_t *packed = malloc(size);

			fill(in, len);
			assert_int_equal(a->compress(in, len, packed, size, &n), 0);
			assert_true(n <= size);
			if (len > 1000)
				assert_true(n < len);
			assert_int_equal(a->decompress(packed, n, out, len), 0);
			assert_memory_equal(in, out, len);
			/* the length must be right */
			assert_int_equal(a->decompress(packed, n, out, len + 1), -EBADMSG);
			if (len)
				assert_int_equal(a->decompress(packed, n, out, len - 1), -EBADMSG);
		}
	}
}

static void cut_off_or_changed_bytes_are_refused_or_harmless(void **state)
{
	const struct zip_algo *a;
	unsigned int i;

	for (i = 0; (a = zip_at(i)); i++) {
		size_t len = 500, size = a->bound(len), n, cut;
		_cleanup_free_ uint8_t *in = malloc(len), *out = malloc(len),
				       *packed = malloc(size);

		fill(in, len);
		assert_int_equal(a->compress(in, len, packed, size, &n), 0);
		for (cut = 0; cut < n; cut++) {
			uint8_t *copy = malloc(cut ? cut : 1);

			memcpy(copy, packed, cut);
			assert_int_equal(a->decompress(copy, cut, out, len), -EBADMSG);
			free(copy);
			packed[cut] ^= 0x55;
			a->decompress(packed, n, out, len);
			packed[cut] ^= 0x55;
		}
	}
}

static void too_little_room_is_enospc(void **state)
{
	const struct zip_algo *a;
	uint8_t in[4096], out[100];
	unsigned int i;
	size_t n;

	fill(in, sizeof(in));
	for (i = 0; (a = zip_at(i)); i++)
		assert_int_equal(a->compress(in, sizeof(in), out, sizeof(out), &n), -ENOSPC);
}

static void zstd_frames_carry_no_content_size(void **state)
{
	static const uint8_t want[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00 };
	const struct zip_algo *a = zip_find("zstd");
	static const size_t lens[] = { 10, 40960 };
	size_t i, n;

	if (!a) {
		print_message("zstd is not built in\n");
		skip();
	}
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		size_t size = a->bound(lens[i]);
		_cleanup_free_ uint8_t *in = malloc(lens[i]), *out = malloc(size);

		fill(in, lens[i]);
		assert_int_equal(a->compress(in, lens[i], out, size, &n), 0);
		assert_memory_equal(out, want, sizeof(want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(algorithms_are_found_by_the_files_name),
		cmocka_unit_test(any_length_comes_back),
		cmocka_unit_test(pieces_come_back_behind_what_leads_them),
		cmocka_unit_test(cut_off_or_changed_bytes_are_refused_or_harmless),
		cmocka_unit_test(too_little_room_is_enospc),
		cmocka_unit_test(zstd_frames_carry_no_content_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
