/*
 * test-fmt-text.c - numbers, names of tasks and lines of stacks as printf() would write them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "fmt/symbols.h"
#include "fmt/text.h"

static void expect_number(uint64_t v)
{
	char wanted[64], text[64];
	unsigned int width;

	snprintf(wanted, sizeof(wanted), "%llu", (unsigned long long)v);
	*put_decimal(text, v) = '\0';
	assert_string_equal(text, wanted);
	snprintf(wanted, sizeof(wanted), "%lld", (long long)v);
	*put_signed(text, (int64_t)v) = '\0';
	assert_string_equal(text, wanted);
	for (width = 0; width < 17; width++) {
		snprintf(wanted, sizeof(wanted), "%0*lld", width, (long long)v);
		*put_zero_filled(text, (int64_t)v, width) = '\0';
		assert_string_equal(text, wanted);
	}
}

static void numbers_of_all_lengths(void **state)
{
	unsigned int i, seed = 1;
	uint64_t v;

	for (v = 0; v < 20000; v++)
		expect_number(v);
	for (v = 1, i = 0; i < 20; i++, v *= 10) {
		expect_number(v - 1);
		expect_number(v);
		expect_number(v + 1);
		expect_number(-v);
	}
	for (i = 0; i < 64; i++)
		expect_number(UINT64_MAX >> i ^ (unsigned int)rand_r(&seed));
	expect_number(1ull << 63);
}

/* Up to the first NUL, whatever is behind it; or all. */
static void names_of_tasks(void **state)
{
	static const unsigned char others[] = { 1, ' ', 'a', 0x7f, 0x80, 0x81, 0xff };
	unsigned int len, i;

	for (len = 0; len <= TEXT_COMM; len++) {
		for (i = 0; i < sizeof(others); i++) {
			char from[TEXT_COMM], to[TEXT_COMM + 1] = "";
			char *end;

			memset(from, others[i], sizeof(from));
			if (len < TEXT_COMM)
				from[len] = '\0';
			end = put_comm16(to, from);
			assert_int_equal(end - to, len);
			assert_memory_equal(to, from, len);
		}
	}
}

static void expect_frame(struct symbols *s, uint64_t address, const char *wanted)
{
	char text[SYMBOL_FRAME_MAX + 1];
	unsigned int i;

	/* made, kept, and from where it is kept */
	for (i = 0; i < 3; i++) {
		*symbols_put_frame(s, text, address) = '\0';
		assert_string_equal(text, wanted);
	}
}

static void lines_of_stacks(void **state)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct tep_handle *tep = tep_alloc();
	char name[301] = "", wanted[400];
	struct symbols s = { 0 };
	unsigned int len;

	for (len = 1; len < 300; len++) {
		name[len - 1] = 'a' + len % 26;
		assert_int_equal(tep_register_function(tep, name, 0x100000 + 0x100 * len, NULL), 0);
	}
	assert_int_equal(tep_register_function(tep, "last", 0x200000, NULL), 0);
	assert_int_equal(symbols_init(&s, tep, &lock), 0);
	for (len = 1; len < 300; len++) {
		snprintf(wanted, sizeof(wanted), "=> %.*s (%x)\n", len, name, 0x100010 + 0x100 * len);
		expect_frame(&s, 0x100010 + 0x100 * len, wanted);
	}
	expect_frame(&s, 0, "=> 0\n");
	expect_frame(&s, UINT64_MAX - 1, "=> fffffffffffffffe\n");
	expect_frame(&s, 0x100110, "=> b (100110)\n");
	symbols_release(&s);
	tep_free(tep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_all_lengths),
		cmocka_unit_test(names_of_tasks),
		cmocka_unit_test(lines_of_stacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
