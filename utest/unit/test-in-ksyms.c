/*
 * test-in-ksyms.c - functions by address: what libtraceevent would find, of any text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "event-parse.h"
#include "gen/sample.h"
#include "in/ksyms.h"
#include "trace-cmd.h"

static void parse(struct in_ksyms *k, const char *text)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_add_str(&b, text);
	assert_int_equal(in_ksyms_parse(k, &b), 0);
	assert_null(b.data);
}

/* "name" or "name [module]" at an address, "-": none */
static void expect(const struct in_ksyms *k, uint64_t addr, const char *wanted)
{
	const struct in_ksym *s = in_ksyms_find(k, addr);
	char text[64] = "-";

	if (s)
		snprintf(text, sizeof(text), "%s%s%s%s", s->name, s->module ? " [" : "",
			 s->module ? s->module : "", s->module ? "]" : "");
	assert_string_equal(text, wanted);
}

static void lines_of_all_kinds(void **state)
{
	struct in_ksyms k;

	parse(&k, "ffffffff81000000 T first\n"
		  "ffffffff81000010 t second\n"
		  "ffffffff81000020 t loaded\t[module]\n"
		  "0000000000000000 A absolute\n"
		  "0000000000001000 a other_absolute\n"
		  "ffffffff81000014 t $x\n"
		  "nonsense\n"
		  "ffffffff81000016\n"
		  "ffffffff81000016 T\n"
		  "ffffffff81000016 T \n"
		  "ffffffff8100001600000000 T long\n"
		  "\n"
		  "FFFFFFFF81000030 D last");
	assert_int_equal(k.count, 4);
	expect(&k, 0, "-");
	expect(&k, 0xffffffff80ffffff, "-");
	expect(&k, 0xffffffff81000000, "first");
	expect(&k, 0xffffffff8100000f, "first");
	expect(&k, 0xffffffff81000018, "second");
	expect(&k, 0xffffffff81000020, "loaded [module]");
	expect(&k, 0xffffffff8100002f, "loaded [module]");
	expect(&k, 0xffffffff81000030, "last");
	/* nobody knows where the last one ends */
	expect(&k, 0xffffffff81000031, "-");
	in_ksyms_release(&k);
}

static void no_lines_no_functions(void **state)
{
	static const char *const texts[] = { "", "\n", "x", "\n\n\n" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		struct in_ksyms k;

		parse(&k, texts[i]);
		assert_int_equal(k.count, 0);
		expect(&k, 0, "-");
		expect(&k, UINT64_MAX, "-");
		in_ksyms_release(&k);
	}
}

#define TEXT(s)	s, sizeof(s) - 1

static void what_is_no_line_is_damage(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		bool damaged;
	} rows[] = {
		{ TEXT(""), false },
		{ TEXT("ff T a\n"), false },
		{ TEXT("ff T a\n\n10 t b\t[m]\n12 A c"), false },
		{ TEXT("ff T a\nnonsense\n"), true },
		{ TEXT("ff T a\n10 tb"), true },
		{ TEXT("12345678901234567 t a\n"), true },
		{ TEXT("ff T a\n10 t \n"), true },
		{ TEXT("ff T a\0b\n"), true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct in_ksyms k;

		assert_int_equal(buf_add(&b, rows[i].text, rows[i].len), 0);
		assert_int_equal(in_ksyms_parse(&k, &b), 0);
		if (k.damaged != rows[i].damaged)
			fail_msg("row %u", i);
		in_ksyms_release(&k);
	}
}

/* Sorted and unsorted, with several functions at one address: the one libtraceevent finds. */
static void as_libtraceevent_finds(void **state)
{
	unsigned int round, i, seed;

	for (round = 0; round < 200; round++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct tep_handle *tep = tep_alloc();
		unsigned int n = round % 67;
		struct in_ksyms k;

		seed = round;
		for (i = 0; i < n; i++) {
			uint64_t addr = 0x1000 + (round & 1 ? 8 * i : rand_r(&seed) % 200);
			char name[16];

			snprintf(name, sizeof(name), "f%u", i);
			buf_printf(&b, "%llx t %s\n", (unsigned long long)addr, name);
			assert_int_equal(tep_register_function(tep, name, addr, NULL), 0);
		}
		if (!b.data)
			buf_add_str(&b, "\n");
		assert_int_equal(in_ksyms_parse(&k, &b), 0);
		for (i = 0xff0; n && i < 0x1400; i++) {
			const struct in_ksym *s = in_ksyms_find(&k, i);
			const char *name = tep_find_function(tep, i);

			if (!s != !name || (s && strcmp(s->name, name)) ||
			    (s && s->addr != tep_find_function_address(tep, i)))
				fail_msg("round %u, address %x: %s instead of %s", round, i,
					 s ? s->name : "none", name ? name : "none");
		}
		in_ksyms_release(&k);
		tep_free(tep);
	}
}

/* Whoever keeps the parser longer than the file can still ask it, and gets no answer. */
static void a_parser_that_outlives_its_file_knows_none(void **state)
{
	int fd = memfd_create("sample", MFD_CLOEXEC);
	struct tracecmd_input *h;
	struct tep_handle *tep;
	struct sample s;

	sample_init(&s, 7, ORDER_NATIVE, 8, NULL);
	s.g.kallsyms = "ffffffff81000000 T first\nffffffff81001000 T second\n";
	sample_write(&s);
	assert_int_equal(io_write_full(fd, s.file.data, s.file.len, DEADLINE_NEVER), 0);
	h = tracecmd_open_fd(fd, TRACECMD_FL_LOAD_NO_PLUGINS);
	assert_non_null(h);
	tep = tracecmd_get_tep(h);
	tep_ref(tep);
	assert_string_equal(tep_find_function(tep, 0xffffffff81000010), "first");
	tracecmd_close(h);
	assert_null(tep_find_function(tep, 0xffffffff81000010));
	tep_unref(tep);
	sample_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_all_kinds),
		cmocka_unit_test(no_lines_no_functions),
		cmocka_unit_test(what_is_no_line_is_damage),
		cmocka_unit_test(as_libtraceevent_finds),
		cmocka_unit_test(a_parser_that_outlives_its_file_knows_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
