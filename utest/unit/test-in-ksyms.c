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
	assert_int_equal(in_ksyms_parse(k, &b, 0, b.len), 0);
	assert_null(b.data);
}

/* "name" or "name [module]" at an address, "-": none */
static void expect(struct in_ksyms *k, uint64_t addr, const char *wanted)
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
		assert_int_equal(in_ksyms_parse(&k, &b, 0, b.len), 0);
		if (k.damaged != rows[i].damaged)
			fail_msg("row %u", i);
		in_ksyms_release(&k);
	}
}

/* The @i-th address of a list of @n: by turns of the rounds sorted, mixed, or sorted first, with several of one. */
static uint64_t address(unsigned int round, unsigned int i, unsigned int n, unsigned int *seed)
{
	switch (round % 3) {
	case 0:
		return 0x1000 + 8 * i;
	case 1:
		return 0x1000 + rand_r(seed) % 200;
	default:
		return i < n / 2 ? 0x1000 + i / 5 * 6 : 0x1000 + rand_r(seed) % 200;
	}
}

/* Sorted and unsorted, with several functions at one address: the one libtraceevent finds. */
static void as_libtraceevent_finds(void **state)
{
	unsigned int round, i, seed;

	for (round = 0; round < 500; round++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct tep_handle *tep = tep_alloc();
		unsigned int n = round % 167;
		struct in_ksyms k;

		seed = round;
		for (i = 0; i < n; i++) {
			uint64_t addr = address(round, i, n, &seed);
			char name[16];

			snprintf(name, sizeof(name), "f%u", i);
			buf_printf(&b, "%llx t %s\n", (unsigned long long)addr, name);
			assert_int_equal(tep_register_function(tep, name, addr, NULL), 0);
		}
		if (!b.data)
			buf_add_str(&b, "\n");
		assert_int_equal(in_ksyms_parse(&k, &b, 0, b.len), 0);
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

/* What has been read piece by piece is all there, in order, and found by name and address. */
static void expect_all(struct in_ksyms *k, unsigned int count)
{
	struct in_ksyms_pos pos = { 0 };
	const struct in_ksym *s, *named;
	uint64_t last = 0;
	unsigned int n = 0;

	while ((s = in_ksyms_next(k, &pos))) {
		assert_true(n++ == 0 || s->addr >= last);
		last = s->addr;
		named = in_ksyms_named(k, s->name);
		assert_non_null(named);
		assert_string_equal(named->name, s->name);
		assert_true(named->addr == s->addr);
	}
	assert_int_equal(n, count);
	assert_int_equal(k->count, count);
	assert_null(in_ksyms_named(k, "none"));
	assert_null(in_ksyms_named(k, "a_long_name_of_no_function"));
}

/* 10000 lines, of which those at the end are in another order, with one that is longer than what is read at once. */
static void make_many(struct buf *b)
{
	unsigned int i;

	for (i = 0; i < 8000; i++)
		buf_printf(b, "%016llx t function_of_a_name_that_is_rather_long_%u\n",
			   0xffffffff81000000ull + 16 * i, i);
	buf_printf(b, "ffffffff82000000 t ");
	memset(buf_extend(b, 200000), 'x', 200000);
	buf_printf(b, "\n");
	for (i = 0; i < 2000; i++)
		buf_printf(b, "%llx d v%u\t[module_%u]\n", 0xffffffff81000008ull + 16 * (i * 7 % 2000),
			   i, i % 3);
	assert_int_equal(b->error, 0);
}

static void pieces_of_a_long_list(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const struct in_ksym *s;
	struct in_ksyms k;

	make_many(&b);
	assert_int_equal(in_ksyms_parse(&k, &b, 0, b.len), 0);
	assert_false(k.damaged);
	expect_all(&k, 10001);
	s = in_ksyms_find(&k, 0xffffffff81000000ull + 16 * 7999);
	assert_string_equal(s->name, "function_of_a_name_that_is_rather_long_7999");
	expect(&k, 0xffffffff81000008ull + 16 * 7, "v1 [module_1]");
	expect(&k, 0xffffffff8100000full + 16 * 14, "v2 [module_2]");
	expect(&k, 0xffffffff82000001ull, "-");
	in_ksyms_release(&k);
}

/* Lines that begin with NULs are none, and take nothing from others. */
static void lines_of_nuls(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct in_ksyms k;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		buf_add(&b, "\0\0\0\0\0\0\0\0", 8);
		buf_add_str(&b, "00000ff0 T none\n");
		buf_add_str(&b, i ? "x000000000001040 T none_either\n" : "0000000000001000 T first\n");
	}
	buf_add(&b, "\0\0\0\0\0\0\0\0", 8);
	buf_add_str(&b, "00001030 T none\n0000000000001010 T last\n");
	assert_int_equal(in_ksyms_parse(&k, &b, 0, b.len), 0);
	assert_true(k.damaged);
	assert_int_equal(k.count, 2);
	expect(&k, 0x1008, "first");
	expect(&k, 0x1010, "last");
	expect_all(&k, 2);
	in_ksyms_release(&k);
}

/* The first by address; of several at one the last line, as libtraceevent has them. */
static void of_one_name(void **state)
{
	struct in_ksyms k;

	parse(&k, "0000000000001000 t other\n"
		  "0000000000001010 t twice\n"
		  "0000000000001020 t twice\n"
		  "0000000000001020 t twice_x\n"
		  "0000000000000ff0 t thrice\n"
		  "0000000000001010 t twice [m]\n"
		  "0000000000000fe0 t twice_x\n");
	assert_int_equal(k.count, 7);
	assert_string_equal(in_ksyms_named(&k, "twice")->module, "m");
	assert_int_equal(in_ksyms_named(&k, "twice_x")->addr, 0xfe0);
	assert_int_equal(in_ksyms_named(&k, "thrice")->addr, 0xff0);
	assert_null(in_ksyms_named(&k, "twic"));
	in_ksyms_release(&k);
}

/* As they are in a file, and when it has been cut since: no more than that. */
static void those_of_a_file_are_read_when_needed(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	int fd = memfd_create("sample", MFD_CLOEXEC);
	struct in_file *f;
	struct in_ksyms k;
	struct sample s;
	size_t len;

	make_many(&b);
	sample_init(&s, 6, ORDER_NATIVE, 8, NULL);
	sample_write(&s);
	len = s.file.len;
	assert_int_equal(buf_add(&s.file, b.data, b.len), 0);
	assert_int_equal(io_write_full(fd, s.file.data, s.file.len, DEADLINE_NEVER), 0);
	assert_int_equal(in_file_open_fd(fd, &f, NULL), 0);
	assert_int_equal(in_ksyms_open(&k, f, len, b.len), 0);
	in_file_unref(f);
	expect_all(&k, 10001);
	in_ksyms_release(&k);

	fd = memfd_create("sample", MFD_CLOEXEC);
	assert_int_equal(io_write_full(fd, s.file.data, s.file.len, DEADLINE_NEVER), 0);
	assert_int_equal(in_file_open_fd(fd, &f, NULL), 0);
	assert_int_equal(in_ksyms_open(&k, f, len, b.len), 0);
	assert_int_equal(ftruncate(fd, len + 3000), 0);
	assert_string_equal(in_ksyms_find(&k, 0xffffffff81000001)->name,
			    "function_of_a_name_that_is_rather_long_0");
	assert_null(in_ksyms_find(&k, 0xffffffff81001000));
	assert_null(in_ksyms_named(&k, "v1"));
	in_ksyms_release(&k);
	in_file_unref(f);
	sample_release(&s);
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
		cmocka_unit_test(pieces_of_a_long_list),
		cmocka_unit_test(lines_of_nuls),
		cmocka_unit_test(of_one_name),
		cmocka_unit_test(those_of_a_file_are_read_when_needed),
		cmocka_unit_test(a_parser_that_outlives_its_file_knows_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
