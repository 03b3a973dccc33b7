/*
 * test-fmt-nest.c - the function tracer's records are printed as libtraceevent's plugin does it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "fmt/nest.h"
#include "fmt/printer.h"

#define RECORDS		20000
#define FUNCTIONS	16
#define FIRST		0xffffffff81000000ull
#define SIZE		0x100		/* of a function */
#define CHAIN		10000		/* of functions, each called by the one before it */

static const char format[] =
	"name: function\nID: 1\nformat:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
	"\tfield:unsigned long ip;\toffset:8;\tsize:8;\tsigned:0;\n"
	"\tfield:unsigned long parent_ip;\toffset:16;\tsize:8;\tsigned:0;\n\n"
	"print fmt: \" %ps <-- %ps\", (void *)REC->ip, (void *)REC->parent_ip\n";

static uint64_t seed;

static unsigned int random_below(unsigned int n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % n;
}

struct traced {
	struct tep_handle *tep;
	struct tep_plugin_list *plugins;
	struct printer *ours, *plugin;
};

/* Functions named a to o, and two named p; the last ends what is known. */
static int setup(void **state)
{
	static struct traced t;
	char name[] = "a_function";
	unsigned int i;

	seed = 1;
	t.tep = tep_alloc();
	tep_set_long_size(t.tep, 8);
	for (i = 0; i <= FUNCTIONS; i++) {
		name[0] = i < FUNCTIONS ? 'a' + i : 'p';
		assert_int_equal(tep_register_function(t.tep, name, FIRST + SIZE * i, NULL), 0);
	}
	t.plugins = tep_load_plugins(t.tep);
	assert_int_equal(tep_parse_event(t.tep, format, strlen(format), "ftrace"), 0);
	t.ours = printer_new(t.tep, 0);
	t.plugin = printer_new(t.tep, PRINTER_NO_PLANS);
	assert_true(t.ours && t.plugin);
	*state = &t;
	return 0;
}

static int teardown(void **state)
{
	struct traced *t = *state;

	printer_free(t->ours);
	printer_free(t->plugin);
	if (t->plugins)
		tep_unload_plugins(t->plugins, t->tep);
	tep_free(t->tep);
	return 0;
}

/* Whoever has no plugin needs nobody who does the same. */
static const struct traced *get_traced(void **state)
{
	const struct traced *t = *state;

	if (!tep_find_event(t->tep, 1)->handler) {
		print_message("libtraceevent has no plugin for functions\n");
		skip();
	}
	return t;
}

/* Most within a function, some of none. */
static uint64_t some_address(void)
{
	if (!random_below(10))
		return random_below(3) * 0x1234567;
	return FIRST + random_below(SIZE * FUNCTIONS);
}

/* Print a record both ways: the same. Returns how long it is. */
static size_t print(const struct traced *t, int cpu, uint64_t ip, uint64_t parent)
{
	uint64_t data[3] = { 1, ip, parent };
	struct tep_record record = { .size = sizeof(data), .data = data, .cpu = cpu };
	struct text a = { 0 }, b = { 0 };
	size_t len;

	assert_int_equal(printer_print(t->ours, NULL, &record, &a), 0);
	assert_int_equal(printer_print(t->plugin, NULL, &record, &b), 0);
	len = a.len;
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, b.len);
	text_release(&a);
	text_release(&b);
	return len;
}

/* How many records the plugin has printed. */
static unsigned long long others(const struct traced *t)
{
	unsigned long long plans, n;

	printer_counts(t->ours, &plans, &n);
	return n;
}

static void test_many_records(void **state)
{
	const struct traced *t = get_traced(state);
	unsigned int i;

	for (i = 0; i < RECORDS; i++)
		print(t, (int)random_below(5) - 1, some_address(), some_address());
	assert_true(others(t) < 8);
}

static void test_a_deep_nest(void **state)
{
	const struct traced *t = get_traced(state);
	unsigned int i;

	for (i = 1; i < FUNCTIONS; i++)
		assert_int_equal(print(t, 7, FIRST + SIZE * i, FIRST + SIZE * (i - 1) + 4),
				 strlen("a_function") + 3 * (i - 1));
	assert_int_equal(others(t), 0);
}

/* Nobody can tell what the plugin does with its options, but the plugin. */
static void test_options_of_the_plugin(void **state)
{
	const struct traced *t = get_traced(state);
	unsigned int i;

	assert_int_equal(tep_plugin_add_option("parent", "1"), 0);
	for (i = 0; i < 100; i++)
		print(t, 8, some_address(), some_address());
	assert_int_equal(others(t), 100);
}

/* A chain without end has one here: neither memory nor lines grow for ever. */
static void test_no_end(void **state)
{
	static char text[CHAIN][16];
	struct symbol_name name, caller = { 0 };
	struct nest n = { 0 };
	int i, depth, deepest = 0;

	for (i = 0; i < CHAIN; i++, caller = name) {
		snprintf(text[i], sizeof(text[i]), "f%d", i);
		name = (struct symbol_name){ .text = text[i], .len = strlen(text[i]) };
		depth = nest_depth(&n, 0, &name, i ? &caller : NULL);
		assert_true(depth >= 0);
		deepest = depth > deepest ? depth : deepest;
	}
	assert_int_equal(deepest, 4096);
	nest_release(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_many_records, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_deep_nest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_options_of_the_plugin, setup, teardown),
		cmocka_unit_test(test_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
