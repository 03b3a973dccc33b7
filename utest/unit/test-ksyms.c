/*
 * test-ksyms.c - the kernel's symbols that an agent keeps: they are what would be read now, or are not used.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "out/out.h"
#include "session/ksyms.h"
#include "session/symbols.h"

static void what_has_just_been_read_holds(void **state)
{
	struct ksyms s = { 0 };

	if (access("/proc/kallsyms", R_OK))
		skip();
	assert_int_equal(ksyms_read(&s, zip_best()), 0);
	assert_true(s.part.len > 1000);
	assert_true(ksyms_hold(&s, zip_best()));
	ksyms_release(&s);
}

static void they_are_what_a_file_would_get(void **state)
{
	_cleanup_buf_ struct buf now = BUF_INIT;
	struct ksyms s = { 0 };
	struct meta m = { 0 };
	int tries;

	/* programs may come and go meanwhile */
	for (tries = 0; tries < 10; tries++) {
		assert_int_equal(ksyms_read(&s, zip_best()), 0);
		assert_int_equal(meta_read_kallsyms(&m), 0);
		buf_reset(&now);
		assert_int_equal(out_pack_part(zip_best(), &m.kallsyms, &now), 0);
		if (ksyms_hold(&s, zip_best()))
			break;
	}
	assert_int_equal(now.len, s.part.len);
	assert_memory_equal(now.data, s.part.data, now.len);
	meta_release(&m);
	ksyms_release(&s);
}

static void *read_thread(void *symbols)
{
	return (void *)(intptr_t)symbols_read(symbols);
}

/* Up to those of modules and the like, which may come and go. */
static size_t core_len(const uint8_t *text, size_t len)
{
	const uint8_t *end = memchr(text, '[', len);

	return end ? (size_t)(end - text) : len;
}

static void read_by_one_thread_and_compressed_by_another_they_are_the_same(void **state)
{
	struct symbols *s = symbols_new(zip_best());
	_cleanup_buf_ struct buf part = BUF_INIT;
	_cleanup_free_ uint8_t *text = NULL;
	struct meta m = { 0 };
	uint32_t len, size, packed;
	pthread_t thread;
	void *ret;

	if (!s || access("/proc/kallsyms", R_OK))
		skip();
	assert_int_equal(pthread_create(&thread, NULL, read_thread, s), 0);
	assert_int_equal(symbols_press(s, &part), 0);
	pthread_join(thread, &ret);
	assert_null(ret);
	symbols_free(s);
	memcpy(&packed, part.data, 4);
	memcpy(&len, part.data + 4, 4);
	assert_int_equal(packed, part.len - 8);
	text = malloc(len);
	assert_int_equal(zip_best()->decompress(part.data + 8, packed, text, len), 0);
	memcpy(&size, text, 4);
	assert_int_equal(size, len - 4);
	assert_int_equal(meta_read_kallsyms(&m), 0);
	/* behind the size */
	assert_int_equal(core_len(text + 4, len - 4), core_len(m.kallsyms.data + 4, m.kallsyms.len - 4));
	assert_memory_equal(text + 4, m.kallsyms.data + 4, core_len(text + 4, len - 4));
	meta_release(&m);
}

static void other_times_and_other_compressions_need_others(void **state)
{
	struct ksyms s = { 0 };
	unsigned int i;

	assert_false(ksyms_hold(NULL, zip_best()));
	assert_false(ksyms_hold(&s, zip_best()));
	assert_int_equal(ksyms_read(&s, zip_best()), 0);
	assert_false(ksyms_hold(&s, NULL));
	for (i = 0; zip_at(i); i++)
		assert_true(zip_at(i) == zip_best() || !ksyms_hold(&s, zip_at(i)));
	/* as if a program, or a module, had come or gone since */
	assert_int_equal(buf_add(&s.stamp, "more", 4), 0);
	assert_false(ksyms_hold(&s, zip_best()));
	s.stamp.len -= 4;
	assert_true(ksyms_hold(&s, zip_best()));
	s.stamp.data[s.stamp.len / 2] ^= 1;
	assert_false(ksyms_hold(&s, zip_best()));
	ksyms_release(&s);
	assert_false(ksyms_hold(&s, zip_best()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_just_been_read_holds),
		cmocka_unit_test(they_are_what_a_file_would_get),
		cmocka_unit_test(read_by_one_thread_and_compressed_by_another_they_are_the_same),
		cmocka_unit_test(other_times_and_other_compressions_need_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
