/*
 * test-out-append.c - out_append: continuing metadata that came from elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <cmocka.h>

#include "dat-walk.h"
#include "base/io.h"
#include "wire/dat.h"
#include "out-fixture.h"

/* Continue the file with a shift and the pages of two CPUs. */
static void continue_file(int fd, struct err *err)
{
	struct out_cpu cpus[] = {
		{ .cpu = 0, .fd = fixture_cpu_file(0, 12 * PAGE) },
		{ .cpu = 2, .fd = fixture_cpu_file(2, PAGE) },
	};
	struct out_buffer b = {
		.name = "", .clock = "local", .page_size = PAGE, .cpus = cpus, .nr_cpus = 2};
	struct out_file *o;

	assert_int_equal(out_append(fd, &o, err), 0);
	assert_int_equal(out_option(o, 12, "shift", 5), 0);
	assert_int_equal(out_options_end(o, err), 0);
	assert_int_equal(out_buffer(o, &b, err), 0);
	assert_int_equal(out_finish(o, err), 0);
	out_free(o);
	close(cpus[0].fd);
	close(cpus[1].fd);
}

/* The continued file's options and pages. */
static void check_continued(const struct walk *w)
{
	static const uint64_t want[META_CPUS] = { 12 * PAGE, 0, PAGE };
	unsigned int cpu;
	uint64_t len;

	assert_string_equal(walk_str(w, walk_option(w, 5, 0)->at), "uname");
	assert_memory_equal(w->data + walk_option(w, 12, 0)->at, "shift", 5);
	for (cpu = 0; cpu < META_CPUS; cpu++) {
		uint8_t *data = w->version < 7 ? walk_v6_cpu(w, w->body, META_CPUS, cpu, &len)
					       : walk_cpu(w, 0, cpu, &len);

		assert_int_equal(len, want[cpu]);
		fixture_check(cpu, data, len);
		free(data);
	}
}

static void our_own_metadata_is_continued(void **state)
{
	const struct zip_algo *zip = NULL;
	unsigned int i;

	for (i = 0; i < 2 || (zip = zip_at(i - 2)); i++) {
		_cleanup_close_ int fd = fixture_metadata_file(i ? 7 : 6, zip);
		struct err err = { 0 };
		struct walk w;

		continue_file(fd, &err);
		assert_int_equal(err.code, 0);
		walk_file(&w, fd);
		assert_ptr_equal(w.zip, zip);
		check_continued(&w);
		/* the descriptions of both parts are found by their ids */
		if (i) {
			const struct walk_section *s =
				walk_section_at(&w, walk_int(&w, walk_option(&w, 3, 0)->at, 8));

			assert_string_equal((char *)w.strings + s->description,
					    "buffer flyrecord ");
			s = walk_section_at(&w, walk_int(&w, walk_option(&w, 21, 0)->at, 8));
			assert_string_equal((char *)w.strings + s->description, "command lines");
			assert_int_equal(w.section[w.nr_sections - 1].id, 15);
		}
		walk_release(&w);
	}
}

static void version_6_without_an_option_list_gets_one(void **state)
{
	_cleanup_close_ int fd = fixture_metadata_file(6, NULL);
	struct err err = { 0 };
	struct out_file *o;
	struct walk w;

	/* tag, option with uname, end */
	assert_int_equal(ftruncate(fd, lseek(fd, 0, SEEK_END) - 10 - 12 - 2), 0);
	assert_int_equal(out_append(fd, &o, &err), 0);
	assert_int_equal(out_option(o, 12, "shift", 5), 0);
	assert_int_equal(out_finish(o, &err), 0);
	out_free(o);
	walk_file(&w, fd);
	assert_int_equal(w.nr_options, 1);
	walk_release(&w);
}

static void descriptions_that_did_not_come_are_none(void **state)
{
	_cleanup_close_ int fd = fixture_metadata_file(7, NULL);
	struct err err = { 0 };
	unsigned int i, ours = 0;
	struct walk w;

	walk_file(&w, fd);
	assert_int_equal(w.section[w.nr_sections - 1].id, DAT_STRINGS);
	assert_int_equal(ftruncate(fd, w.section[w.nr_sections - 1].at - DAT_SECTION_HEADER_LEN), 0);
	walk_release(&w);
	continue_file(fd, &err);
	assert_int_equal(err.code, 0);
	walk_file(&w, fd);
	for (i = 0; i < w.nr_sections; i++)
		ours += w.section[i].description != -1;
	/* what came later: data, two lists of options, the strings themselves */
	assert_in_range(ours, 1, 4);
	assert_int_equal(w.section[0].description, -1);
	check_continued(&w);
	walk_release(&w);
}

static void bare_metadata_of_protocol_1_is_completed(void **state)
{
	_cleanup_close_ int fd = fixture_metadata_file(6, NULL);
	struct err err = { 0 };
	struct out_file *o;
	struct walk w;
	uint64_t len;
	int full = lseek(fd, 0, SEEK_END);

	assert_int_equal(out_bare_len(fd, &len, &err), 0);
	assert_in_range(len, 100, full - 12 - 1);
	/* what is complete stays so */
	assert_int_equal(out_bare_complete(fd, 7, &err), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), full);
	assert_int_equal(ftruncate(fd, len), 0);
	assert_int_equal(out_append(fd, &o, NULL), -EBADMSG);
	assert_int_equal(out_bare_complete(fd, META_CPUS, &err), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), len + 8 + 4);
	assert_int_equal(out_append(fd, &o, &err), 0);
	assert_int_equal(out_option(o, 12, "shift", 5), 0);
	assert_int_equal(out_finish(o, &err), 0);
	out_free(o);
	walk_file(&w, fd);
	assert_int_equal(w.nr_options, 1);
	walk_release(&w);
	/* and nothing is put behind a beginning of it */
	assert_int_equal(ftruncate(fd, len - 1), 0);
	assert_int_equal(out_bare_complete(fd, META_CPUS, NULL), -EBADMSG);
	assert_int_equal(lseek(fd, 0, SEEK_END), len - 1);
}

static void version_7_is_never_bare(void **state)
{
	_cleanup_close_ int fd = fixture_metadata_file(7, NULL);
	uint64_t len;

	assert_int_equal(out_bare_len(fd, &len, NULL), -ENOTSUP);
	assert_int_equal(out_bare_complete(fd, META_CPUS, NULL), -ENOTSUP);
}

static void the_clock_in_the_options_is_known(void **state)
{
	static const struct { const char *text, *clock; } cases[] = {
		{ "local [mono_raw] boot", "mono_raw" }, { "local", "" }, { "[]", "" }, { "[mono", "" },
		{ "[a\tb]", "" }, { "[0123456789012345678901234567890]", "0123456789012345678901234567890" },
		{ "[01234567890123456789012345678901]", "" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_close_ int fd = fixture_metadata_file(7, NULL);
		struct out_file *o;

		assert_int_equal(out_append(fd, &o, NULL), 0);
		assert_string_equal(out_clock(o), "");
		out_option_text(o, DAT_TRACECLOCK, cases[i].text);
		assert_int_equal(out_finish(o, NULL), 0);
		out_free(o);
		assert_int_equal(out_append(fd, &o, NULL), 0);
		assert_string_equal(out_clock(o), cases[i].clock);
		out_free(o);
	}
}

/* --- a foreign machine ---------------------------------------------------- */

/* One section with @payload; the place of its header. */
static uint64_t put_section(struct buf *b, enum byte_order order, unsigned int id,
			    const struct buf *payload)
{
	struct dat_section s = { .id = id, .description = -1, .size = payload->len };
	uint64_t at = b->len;

	dat_section_put(b, order, &s);
	buf_add(b, payload->data, payload->len);
	return at;
}

/*
 * The smallest version 7 metadata in @order: kallsyms and strings, two lists of
 * options. Places of the first list's section, and of its end's pointer.
 */
static void put_v7(struct buf *b, enum byte_order order, uint64_t *ret_list, uint64_t *ret_next)
{
	struct dat_header h = { .version = 7, .order = order, .long_size = 4, .page_size = PAGE,
				.compression = "none" };
	_cleanup_buf_ struct buf sym = BUF_INIT, text = BUF_INIT, one = BUF_INIT, two = BUF_INIT;
	uint64_t second;
	size_t pos;

	dat_header_put(b, &h, &pos);
	put_u32(&sym, order, 0);
	put_section(b, order, DAT_KALLSYMS, &sym);
	buf_add_cstr(&text, "abc");
	put_section(b, order, DAT_STRINGS, &text);
	put_u16(&one, order, 5);
	put_u32(&one, order, 6);
	buf_add_cstr(&one, "uname");
	put_u16(&one, order, 0);
	put_u32(&one, order, 8);
	put_u64(&one, order, 0);
	*ret_list = put_section(b, order, DAT_OPTIONS, &one);
	*ret_next = b->len - 8;
	put_u16(&two, order, 8);
	put_u32(&two, order, 4);
	put_u32(&two, order, META_CPUS);
	put_u16(&two, order, 0);
	put_u32(&two, order, 8);
	put_u64(&two, order, 0);
	second = put_section(b, order, DAT_OPTIONS, &two);
	assert_int_equal(b->error, 0);
	store_u64(b->data + pos, order, *ret_list);
	store_u64(b->data + *ret_next, order, second);
}

static void another_byte_order_is_kept(void **state)
{
	enum byte_order order;

	for (order = ORDER_LITTLE; order <= ORDER_BIG; order++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		_cleanup_close_ int fd = -1;
		struct err err = { 0 };
		uint64_t list, next;
		struct out_file *o;
		struct walk w;

		put_v7(&b, order, &list, &next);
		fd = fixture_file_of(b.data, b.len);
		assert_int_equal(out_append(fd, &o, &err), 0);
		assert_int_equal(out_order(o), order);
		assert_int_equal(out_version(o), 7);
		out_free(o);
		continue_file(fd, &err);
		walk_file(&w, fd);
		assert_int_equal(w.big, order == ORDER_BIG);
		check_continued(&w);
		walk_release(&w);
	}
}

static void version_6_of_another_byte_order_is_kept(void **state)
{
	struct dat_header h = {.version = 6, .order = ORDER_BIG, .long_size = 8, .page_size = PAGE};
	_cleanup_buf_ struct buf b = BUF_INIT;
	_cleanup_close_ int fd = -1;
	struct err err = { 0 };
	struct walk w;
	int i;

	dat_header_put(&b, &h, NULL);
	buf_add_cstr(&b, "header_page");
	put_u64(&b, ORDER_BIG, 0);
	buf_add_cstr(&b, "header_event");
	put_u64(&b, ORDER_BIG, 0);
	put_u32(&b, ORDER_BIG, 1);
	put_u64(&b, ORDER_BIG, 2);
	buf_add(&b, "xx", 2);
	put_u32(&b, ORDER_BIG, 1);
	buf_add_cstr(&b, "sys");
	for (i = 0; i < 3; i++)
		put_u32(&b, ORDER_BIG, 0);
	put_u64(&b, ORDER_BIG, 0);
	put_u32(&b, ORDER_BIG, META_CPUS);
	buf_add(&b, DAT_TAG_OPTIONS, DAT_TAG_LEN);
	put_u16(&b, ORDER_BIG, 5);
	put_u32(&b, ORDER_BIG, 6);
	buf_add_cstr(&b, "uname");
	put_u16(&b, ORDER_BIG, 0);
	fd = fixture_file_of(b.data, b.len);
	continue_file(fd, &err);
	walk_file(&w, fd);
	assert_true(w.big);
	check_continued(&w);
	walk_release(&w);
}

static void symbols_whose_size_was_not_counted_are_put_right(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	_cleanup_close_ int fd = -1;
	struct err err = { 0 };
	uint64_t list, next;
	struct walk w;

	put_v7(&b, ORDER_LITTLE, &list, &next);
	/* the first section's size, which is 4 */
	assert_int_equal(b.data[0x20 + 8], 4);
	b.data[0x20 + 8] = 0;
	fd = fixture_file_of(b.data, b.len);
	continue_file(fd, &err);
	walk_file(&w, fd);
	check_continued(&w);
	walk_release(&w);
}

static void an_unknown_compression_leaves_our_parts_uncompressed(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	_cleanup_close_ int fd = -1;
	struct err err = { 0 };
	uint64_t list, next;
	struct walk w;

	put_v7(&b, ORDER_LITTLE, &list, &next);
	memcpy(b.data + 18, "lz77", 4);
	fd = fixture_file_of(b.data, b.len);
	continue_file(fd, &err);
	walk_file(&w, fd);
	check_continued(&w);
	walk_release(&w);
}

/* --- hostile files -------------------------------------------------------- */

static void refused(const struct buf *b, const char *text)
{
	_cleanup_close_ int fd = fixture_file_of(b->data, b->len);
	struct err err = { 0 };
	struct out_file *o;

	assert_int_equal(out_append(fd, &o, &err), -EBADMSG);
	if (!strstr(err.text, text) || !strstr(err.text, "offset"))
		fail_msg("\"%s\" lacks \"%s\"", err.text, text);
}

static void loops_and_lies_in_version_7_are_refused(void **state)
{
	static const struct {
		int from_list;		/* the place counts from the first list, not its pointer */
		int at;
		uint64_t value;
		unsigned int len;
		const char *text;
	} rows[] = {
		{ 1, 0, 9, 2, "that are none" },		/* other id */
		{ 1, 2, 1, 2, "compressed" },
		{ 1, 8, 1 << 20, 8, "beyond the end" },
		{ 1, 8, 10, 8, "" },
		{ 1, 16, 3, 2, "trace data" },			/* a BUFFER */
		{ 1, 16, 22, 2, "trace data" },
		{ 1, 18, 0xffffffff, 4, "impossible size" },
		{ 0, 0, 0x20, 8, "back" },
		{ 0, 0, 1 << 20, 8, "beyond the end" },
		{ 0, -4, 7, 4, "impossible size" },		/* of the end */
		{ 0, 8 + 16 + 6, 0, 4, "number of CPUs" },
		{ 0, 8 + 16 + 6, 65537, 4, "number of CPUs" },
	};
	uint64_t list, next;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		uint8_t bytes[8];

		put_v7(&b, ORDER_LITTLE, &list, &next);
		store_u64(bytes, ORDER_LITTLE, rows[i].value);
		memcpy(b.data + (rows[i].from_list ? list : next) + rows[i].at, bytes, rows[i].len);
		refused(&b, rows[i].text);
	}
	for (i = 0; i < 2; i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;

		/* options that follow themselves; no options */
		put_v7(&b, ORDER_LITTLE, &list, &next);
		store_u64(b.data + (i ? 0x18 : next), ORDER_LITTLE, i ? 0 : list);
		refused(&b, i ? "no options" : "back");
	}
}

/* What a proxy has sent when the recording begins: the rest of the options is to come. */
static void options_that_are_announced_but_have_not_come_are_none(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct out_file *o = NULL;
	struct err err = { 0 };
	uint64_t list, next;
	uint8_t pointer[8];
	int fd;

	put_v7(&b, ORDER_LITTLE, &list, &next);
	fd = fixture_file_of(b.data, next + 8);
	/* to see whether it can be continued must not change it: the rest may come */
	assert_int_equal(out_appendable(fd, &err), 0);
	assert_int_equal(pread(fd, pointer, 8, next), 8);
	assert_memory_equal(pointer, b.data + next, 8);
	assert_int_equal(out_append(fd, &o, &err), 0);
	assert_int_equal(out_options_end(o, &err), 0);
	assert_int_equal(out_finish(o, &err), 0);
	out_free(o);
	assert_int_equal(pread(fd, pointer, 8, next), 8);
	assert_memory_equal(pointer, ((uint8_t[8]){ 0 }), 8);
	close(fd);
	/* a byte more is something else */
	fd = fixture_file_of(b.data, next + 9);
	assert_int_not_equal(out_appendable(fd, &err), 0);
	close(fd);
}

static void too_many_descriptions_are_refused(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	uint64_t list, next, at = 0x20 + 16 + 4;

	put_v7(&b, ORDER_LITTLE, &list, &next);
	assert_int_equal(b.data[at], DAT_STRINGS);
	/* compressed, but too short to say how much; its "size" would be the following header */
	b.data[at + 2] = 1;
	refused(&b, "impossible size");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_metadata_is_continued),
		cmocka_unit_test(version_6_without_an_option_list_gets_one),
		cmocka_unit_test(descriptions_that_did_not_come_are_none),
		cmocka_unit_test(bare_metadata_of_protocol_1_is_completed),
		cmocka_unit_test(version_7_is_never_bare),
		cmocka_unit_test(the_clock_in_the_options_is_known),
		cmocka_unit_test(another_byte_order_is_kept),
		cmocka_unit_test(version_6_of_another_byte_order_is_kept),
		cmocka_unit_test(symbols_whose_size_was_not_counted_are_put_right),
		cmocka_unit_test(an_unknown_compression_leaves_our_parts_uncompressed),
		cmocka_unit_test(loops_and_lies_in_version_7_are_refused),
		cmocka_unit_test(options_that_are_announced_but_have_not_come_are_none),
		cmocka_unit_test(too_many_descriptions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
