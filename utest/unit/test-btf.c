/*
 * test-btf.c - types of the kernel: made-up ones, damaged ones, those of the running kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/io.h"
#include "wire/btf.h"

/* --- a maker of blobs */

struct maker {
	enum byte_order order;
	struct buf types, strings;
	uint32_t next;		/* id */
	uint32_t first_string;
};

static struct maker maker(enum byte_order order)
{
	struct maker m = { .order = order, .next = 1 };

	buf_add(&m.strings, "", 1);
	return m;
}

static uint32_t string(struct maker *m, const char *text)
{
	uint32_t at = m->first_string + m->strings.len;

	if (!*text)
		return 0;
	buf_add_cstr(&m->strings, text);
	return at;
}

/* What each type begins with; its id. */
static uint32_t type(struct maker *m, const char *name, unsigned int kind, uint32_t count, uint32_t last)
{
	put_u32(&m->types, m->order, string(m, name));
	put_u32(&m->types, m->order, kind << 24 | count);
	put_u32(&m->types, m->order, last);
	return m->next++;
}

#define SIGNED	1
#define BOOL	4

static uint32_t integer(struct maker *m, const char *name, uint32_t bytes, unsigned int encoding)
{
	uint32_t id = type(m, name, BTF_INT, 0, bytes);

	put_u32(&m->types, m->order, encoding << 24 | bytes * 8);
	return id;
}

static void param(struct maker *m, const char *name, uint32_t id)
{
	put_u32(&m->types, m->order, string(m, name));
	put_u32(&m->types, m->order, id);
}

/* All of it as a blob; the maker is empty then. */
static struct buf finish(struct maker *m)
{
	struct buf b = BUF_INIT;

	put_u16(&b, m->order, 0xeb9f);
	put_u8(&b, 1);
	put_u8(&b, 0);
	put_u32(&b, m->order, 24);
	put_u32(&b, m->order, 0);
	put_u32(&b, m->order, m->types.len);
	put_u32(&b, m->order, m->types.len);
	put_u32(&b, m->order, m->strings.len);
	buf_add(&b, m->types.data, m->types.len);
	buf_add(&b, m->strings.data, m->strings.len);
	buf_release(&m->types);
	buf_release(&m->strings);
	return b;
}

/* A function of one parameter "x". */
static void function(struct maker *m, const char *name, uint32_t of)
{
	uint32_t proto = type(m, "", BTF_FUNC_PROTO, 1, 0);

	param(m, "x", of);
	type(m, name, BTF_FUNC, 0, proto);
}

/* What the function @name makes of @value in a register of @long_size. */
static void assert_value(const struct btf *b, const char *name, uint64_t value, unsigned int long_size,
			 const char *wanted)
{
	uint64_t args[2] = { value, 7 };
	struct buf out = BUF_INIT;
	uint32_t id = btf_find_function(b, name);

	assert_true(id);
	assert_int_equal(btf_put_args(&out, b, id, args, 2, long_size), 0);
	assert_string_equal((char *)out.data, wanted);
	buf_release(&out);
}

static void values_are_shown_by_size_and_sign(void **state)
{
	for (enum byte_order order = ORDER_LITTLE; order <= ORDER_BIG; order++) {
		struct maker m = maker(order);
		uint32_t s32 = integer(&m, "int", 4, SIGNED), u8 = integer(&m, "u8", 1, 0);
		uint32_t u64 = integer(&m, "u64", 8, 0), big = integer(&m, "__int128", 16, SIGNED);
		uint32_t flag = integer(&m, "bool", 1, BOOL), e, se, st, huge, fl;
		struct buf blob;
		struct btf b;

		function(&m, "s32", s32);
		function(&m, "u8", u8);
		function(&m, "u64", u64);
		function(&m, "s128", big);
		function(&m, "flag", flag);
		function(&m, "ptr", type(&m, "", BTF_PTR, 0, s32));
		function(&m, "def", type(&m, "", BTF_CONST, 0, type(&m, "my", BTF_TYPEDEF, 0, s32)));
		e = type(&m, "e", BTF_ENUM, 0, 4);
		function(&m, "enum", e);
		se = type(&m, "se", 0x80 | BTF_ENUM, 0, 4);
		function(&m, "senum", se);
		st = type(&m, "st", BTF_STRUCT, 0, 12);
		function(&m, "pair", st);
		huge = type(&m, "huge", BTF_STRUCT, 0, 400);
		function(&m, "huge", huge);
		fl = type(&m, "double", BTF_FLOAT, 0, 8);
		function(&m, "float", fl);
		function(&m, "empty", type(&m, "none", BTF_STRUCT, 0, 0));
		function(&m, "fwd", type(&m, "what", BTF_FWD, 0, 0));
		blob = finish(&m);
		assert_int_equal(btf_init(&b, NULL, blob.data, blob.len), 0);
		assert_value(&b, "s32", 0x12345678ffffffea, 8, "x=-22");
		assert_value(&b, "s32", 0x7fffffff, 8, "x=2147483647");
		assert_value(&b, "u8", 0xabcd, 8, "x=0xcd");
		assert_value(&b, "u64", UINT64_MAX, 8, "x=0xffffffffffffffff");
		assert_value(&b, "u64", 0x89abcdef, 4, "x=[0x89abcdef,0x7]");
		assert_value(&b, "s128", 1, 8, "x=[0x1,0x7]");
		assert_value(&b, "s128", 1, 4, "x=...");
		assert_value(&b, "flag", 0xff01, 8, "x=0x1");
		assert_value(&b, "ptr", 0xffff888000001234, 8, "x=0xffff888000001234");
		assert_value(&b, "ptr", 0xc0001234, 4, "x=0xc0001234");
		assert_value(&b, "def", UINT32_MAX, 8, "x=-1");
		assert_value(&b, "enum", 0xaa00000002, 8, "x=2");
		assert_value(&b, "enum", UINT32_MAX, 8, "x=4294967295");
		assert_value(&b, "senum", UINT32_MAX, 8, "x=-1");
		assert_value(&b, "pair", 0x10, 8, "x=[0x10,0x7]");
		assert_value(&b, "huge", 0x10, 8, "x=...");
		assert_value(&b, "float", 0x10, 8, "x=...");
		assert_value(&b, "empty", 0x10, 8, "x=[]");
		assert_value(&b, "fwd", 0x10, 8, "x=?0x10");
		btf_release(&b);
		buf_release(&blob);
	}
}

static void arguments_end_where_registers_do(void **state)
{
	static const uint64_t args[] = { 1, 2, 3 };
	struct maker m = maker(ORDER_NATIVE);
	uint32_t i32 = integer(&m, "int", 4, SIGNED), proto = type(&m, "", BTF_FUNC_PROTO, 4, i32);
	struct buf blob, out = BUF_INIT;
	struct btf b;
	uint32_t id;

	param(&m, "a", i32);
	param(&m, "", i32);
	param(&m, "c", i32);
	param(&m, "", 0);
	type(&m, "f", BTF_FUNC, 0, proto);
	blob = finish(&m);
	assert_int_equal(btf_init(&b, NULL, blob.data, blob.len), 0);
	id = btf_find_function(&b, "f");
	assert_int_equal(btf_put_args(&out, &b, id, args, 3, 8), 0);
	assert_string_equal((char *)out.data, "a=1, 2, c=3, ...");
	buf_reset(&out);
	assert_int_equal(btf_put_args(&out, &b, id, args, 2, 8), 0);
	assert_string_equal((char *)out.data, "a=1, 2, ...");
	buf_reset(&out);
	assert_int_equal(btf_put_args(&out, &b, id, args, 0, 8), 0);
	assert_string_equal((char *)out.data, "...");
	/* what is no function has no arguments */
	assert_int_equal(btf_put_args(&out, &b, i32, args, 3, 8), -EBADMSG);
	assert_int_equal(btf_put_args(&out, &b, 12345, args, 3, 8), -EBADMSG);
	assert_int_equal(btf_put_params(&out, &b, proto), -EBADMSG);
	buf_release(&out);
	btf_release(&b);
	buf_release(&blob);
}

/* A file could make each of its records a text of many MB. */
static void arguments_that_take_no_registers_end_too(void **state)
{
	static const uint64_t args[] = { 1, 2 };
	struct maker m = maker(ORDER_NATIVE);
	uint32_t none = type(&m, "nothing", BTF_STRUCT, 0, 0);
	uint32_t proto = type(&m, "", BTF_FUNC_PROTO, 65535, 0), i, id;
	struct buf blob, out = BUF_INIT;
	struct btf b;

	for (i = 0; i < 65535; i++) {
		put_u32(&m.types, m.order, 0);
		put_u32(&m.types, m.order, none);
	}
	type(&m, "f", BTF_FUNC, 0, proto);
	blob = finish(&m);
	assert_int_equal(btf_init(&b, NULL, blob.data, blob.len), 0);
	id = btf_find_function(&b, "f");
	assert_true(id);
	assert_int_equal(btf_put_args(&out, &b, id, args, 2, 8), 0);
	assert_in_range(out.len, 64, 1000);
	assert_string_equal((char *)out.data + out.len - 11, "[], [], ...");
	buf_release(&out);
	btf_release(&b);
	buf_release(&blob);
}

static void the_first_function_of_a_name_is_found(void **state)
{
	char name[16];
	struct maker m = maker(ORDER_NATIVE);
	uint32_t proto = type(&m, "", BTF_FUNC_PROTO, 0, 0), i;
	struct buf blob;
	struct btf b;

	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "f%u", i * 7919 % 500);
		assert_int_equal(type(&m, name, BTF_FUNC, 0, proto), i + 2);
	}
	blob = finish(&m);
	assert_int_equal(btf_init(&b, NULL, blob.data, blob.len), 0);
	for (i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "f%u", i * 7919 % 500);
		assert_int_equal(btf_find_function(&b, name), i + 2);
	}
	assert_int_equal(btf_find_function(&b, "f500"), 0);
	assert_int_equal(btf_find_function(&b, ""), 0);
	assert_int_equal(btf_find_function(&b, "f"), 0);
	assert_int_equal(btf_find_function(&b, "g"), 0);
	btf_release(&b);
	buf_release(&blob);
}

static void a_module_uses_the_types_of_the_kernel(void **state)
{
	struct maker m = maker(ORDER_NATIVE), more = maker(ORDER_NATIVE);
	uint32_t i32 = integer(&m, "int", 4, SIGNED);
	struct buf blob, out = BUF_INIT, module;
	struct btf b, mod;

	function(&m, "of_kernel", i32);
	more.next = m.next;
	more.first_string = m.strings.len;
	buf_reset(&more.strings);
	function(&more, "of_module", i32);
	blob = finish(&m);
	module = finish(&more);
	assert_int_equal(btf_init(&b, NULL, blob.data, blob.len), 0);
	assert_int_equal(btf_init(&mod, &b, module.data, module.len), 0);
	assert_int_equal(btf_find_function(&mod, "of_kernel"), 0);
	assert_int_equal(btf_put_params(&out, &mod, btf_find_function(&mod, "of_module")), 0);
	assert_string_equal((char *)out.data, "(int x)");
	btf_release(&mod);
	btf_release(&b);
	buf_release(&out);
	buf_release(&blob);
	buf_release(&module);
}

/* Ask all that can be asked. */
static void use(const struct btf *b)
{
	static const uint64_t args[6] = { 1, 2, 3, 4, 5, 6 };
	struct buf out = BUF_INIT;
	uint32_t id;

	for (id = 0; id < b->nr_types + 2; id++) {
		buf_reset(&out);
		btf_put_params(&out, b, id);
		btf_put_args(&out, b, id, args, 6, 8);
	}
	buf_release(&out);
}

static void blobs_that_are_cut_or_changed_do_no_harm(void **state)
{
	struct maker m = maker(ORDER_NATIVE);
	uint32_t i32 = integer(&m, "int", 4, SIGNED), array = type(&m, "", BTF_ARRAY, 0, 0);
	unsigned int good = 0;
	struct buf blob;
	struct btf b;
	size_t i;

	put_u32(&m.types, m.order, i32);
	put_u32(&m.types, m.order, i32);
	put_u32(&m.types, m.order, 3);
	function(&m, "f", type(&m, "", BTF_PTR, 0, array));
	blob = finish(&m);
	for (i = 0; i < blob.len; i++) {
		/* of just that size, so that a sanitizer sees reads behind it */
		uint8_t *copy = malloc(i + 1);

		memcpy(copy, blob.data, i);
		assert_int_not_equal(btf_init(&b, NULL, copy, i), 0);
		free(copy);
	}
	for (i = 0; i < blob.len * 256; i++) {
		uint8_t *at = &blob.data[i / 256], was = *at;

		*at = (uint8_t)i;
		if (!btf_init(&b, NULL, blob.data, blob.len)) {
			use(&b);
			btf_release(&b);
			good++;
		}
		*at = was;
	}
	assert_in_range(good, blob.len, blob.len * 256);
	buf_release(&blob);
}

static void types_of_themselves_and_endless_nesting_come_to_an_end(void **state)
{
	struct maker m = maker(ORDER_NATIVE);
	struct buf blob, out = BUF_INIT;
	uint32_t i, proto;
	struct btf b;

	/* a pointer to itself; a function whose parameters are such functions, 1000 of them */
	assert_int_equal(type(&m, "", BTF_PTR, 0, 1), 1);
	proto = type(&m, "", BTF_FUNC_PROTO, 1000, 1);
	for (i = 0; i < 1000; i++)
		param(&m, "x", proto);
	type(&m, "f", BTF_FUNC, 0, proto);
	blob = finish(&m);
	assert_int_equal(btf_init(&b, NULL, blob.data, blob.len), 0);
	assert_int_equal(btf_put_params(&out, &b, btf_find_function(&b, "f")), 0);
	assert_in_range(out.len, 100, 100000);
	use(&b);
	btf_release(&b);
	buf_release(&out);
	buf_release(&blob);
}

static void names_do_not_bring_control_characters(void **state)
{
	struct maker m = maker(ORDER_NATIVE);
	struct buf blob, out = BUF_INIT;
	uint32_t st = type(&m, "a\033[31m\n", BTF_STRUCT, 0, 8), proto = type(&m, "", BTF_FUNC_PROTO, 1, 0);
	uint64_t one = 1;
	struct btf b;

	param(&m, "b\rc", st);
	type(&m, "f", BTF_FUNC, 0, proto);
	blob = finish(&m);
	assert_int_equal(btf_init(&b, NULL, blob.data, blob.len), 0);
	assert_int_equal(btf_put_params(&out, &b, 3), 0);
	assert_string_equal((char *)out.data, "(struct a??31m? b?c)");
	buf_reset(&out);
	assert_int_equal(btf_put_args(&out, &b, 3, &one, 1, 8), 0);
	assert_string_equal((char *)out.data, "b?c=[0x1]");
	btf_release(&b);
	buf_release(&out);
	buf_release(&blob);
}

static void the_running_kernel_s_types_are_read(void **state)
{
	static const uint64_t args[] = { 0xffff888000001000, 0x7ffc00001000, 512, 0xffffc90000001000, 0, 0 };
	struct buf blob = BUF_INIT, out = BUF_INIT;
	uint32_t id;
	struct btf b;

	if (io_read_path("/sys/kernel/btf/vmlinux", &blob)) {
		buf_release(&blob);
		skip();
	}
	assert_int_equal(btf_init(&b, NULL, blob.data, blob.len), 0);
	assert_true(b.nr_funcs > 1000);
	id = btf_find_function(&b, "vfs_read");
	assert_int_equal(btf_put_params(&out, &b, id), 0);
	assert_string_equal((char *)out.data,
			    "(struct file *file, char *buf, size_t count, loff_t *pos)");
	buf_reset(&out);
	assert_int_equal(btf_put_args(&out, &b, id, args, 6, 8), 0);
	assert_string_equal((char *)out.data, "file=0xffff888000001000, buf=0x7ffc00001000, "
			    "count=0x200, pos=0xffffc90000001000");
	use(&b);
	btf_release(&b);
	buf_release(&out);
	buf_release(&blob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_shown_by_size_and_sign),
		cmocka_unit_test(arguments_end_where_registers_do),
		cmocka_unit_test(arguments_that_take_no_registers_end_too),
		cmocka_unit_test(the_first_function_of_a_name_is_found),
		cmocka_unit_test(a_module_uses_the_types_of_the_kernel),
		cmocka_unit_test(blobs_that_are_cut_or_changed_do_no_harm),
		cmocka_unit_test(types_of_themselves_and_endless_nesting_come_to_an_end),
		cmocka_unit_test(names_do_not_bring_control_characters),
		cmocka_unit_test(the_running_kernel_s_types_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
