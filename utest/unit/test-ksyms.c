/*
 * test-ksyms.c - the kernel's symbols that an agent keeps: they are what would be read now, or are not used.
 */
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
		cmocka_unit_test(other_times_and_other_compressions_need_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
