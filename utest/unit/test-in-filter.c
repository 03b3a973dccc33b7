/*
 * test-in-filter.c - in/filter, in/filter-plan, in/names: compiled filters decide as libtraceevent
 * does, and no event is left out that one is about.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

#include "in/filter-try.h"
#include "in/filter.h"
#include "in/names.h"

#define ID	77
#define SIZE	48

static const char format[] =
	"name: ev\nID: 77\nformat:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
	"\tfield:s8 s1;\toffset:8;\tsize:1;\tsigned:1;\n"
	"\tfield:u8 u1;\toffset:9;\tsize:1;\tsigned:0;\n"
	"\tfield:s16 s2;\toffset:10;\tsize:2;\tsigned:1;\n"
	"\tfield:u16 u2;\toffset:12;\tsize:2;\tsigned:0;\n"
	"\tfield:s32 s4;\toffset:16;\tsize:4;\tsigned:1;\n"
	"\tfield:u32 u4;\toffset:20;\tsize:4;\tsigned:0;\n"
	"\tfield:s64 s8;\toffset:24;\tsize:8;\tsigned:1;\n"
	"\tfield:u64 u8;\toffset:32;\tsize:8;\tsigned:0;\n"
	"\tfield:char c[8];\toffset:40;\tsize:8;\tsigned:1;\n\n"
	"print fmt: \"%d\", REC->s1\n";

static uint32_t noise(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

/* A record of small numbers of either sign, and some large ones. */
static void record_fill(uint8_t *data, uint32_t *seed)
{
	const unsigned int offset[] = { 8, 9, 10, 12, 16, 20, 24, 32 }, size[] = { 1, 1, 2, 2, 4, 4, 8, 8 };
	uint16_t id = ID;
	unsigned int i;

	memset(data, 0, SIZE);
	memcpy(data, &id, sizeof(id));
	for (i = 0; i < 8; i++) {
		uint64_t v = noise(seed) % 7 - 3ull;

		if (noise(seed) % 8 == 0)
			v ^= 1ull << noise(seed) % 64;
		memcpy(data + offset[i], &v, size[i]);
	}
	snprintf((char *)data + 40, 8, "c%u", noise(seed) % 3);
}

static struct tep_handle *parser(void)
{
	struct tep_handle *tep = tep_alloc();

	assert_non_null(tep);
	assert_int_equal(tep_parse_event(tep, format, sizeof(format) - 1, "sys"), 0);
	return tep;
}

/* libtraceevent 1.7.1 loses two bytes of each "!": that is not ours to be told of. */
static enum tep_errno add_text(struct tep_event_filter *filter, const char *text)
{
	enum tep_errno ret;

#if defined(__SANITIZE_ADDRESS__)
	__lsan_disable();
#endif
	ret = tep_filter_add_filter_str(filter, text);
#if defined(__SANITIZE_ADDRESS__)
	__lsan_enable();
#endif
	return ret;
}

/* @ret: of adding the filter to a plan. */
static void check_plan(struct tep_handle *tep, const char *text, int ret)
{
	struct tep_event_filter *filter = tep_filter_alloc(tep);
	struct in_filter_plan *p = in_filter_plan_new(false);
	uint32_t seed = 7;
	uint8_t data[SIZE];
	unsigned int i, shown = 0;

	if (add_text(filter, text))
		fail_msg("%s: refused", text);
	if (in_filter_plan_add(p, filter, ID, false) != ret)
		fail_msg("%s: not compiled as expected", text);
	assert_int_equal(in_filter_plan_add(p, filter, ID + 1, false), 0);
	for (i = 0; !ret && i < 2000; i++) {
		struct tep_record rec = { .data = data, .size = SIZE };
		bool show;

		record_fill(data, &seed);
		show = tep_filter_match(filter, &rec) == TEP_ERRNO__FILTER_MATCH;
		if (in_filter_plan_shows(p, data) != show)
			fail_msg("%s: %d instead of %d", text, !show, show);
		shown += show;
	}
	/* the records tell something, if the numbers aren't all on one side */
	if (!ret && strstr(text, "==1") && !strstr(text, "nothing"))
		assert_in_range(shown, 1, 1999);
	in_filter_plan_free(p);
	tep_filter_free(filter);
}

static void plans_decide_as_libtraceevent(void **state)
{
	static const char *const fields[] = { "s1", "u1", "s2", "u2", "s4", "u4", "s8", "u8" };
	static const char *const ops[] = { "==", "!=", ">", "<", ">=", "<=" };
	static const char *const values[] = { "1", "2", "0xffffffffffffffff", "0xfffffffe" };
	struct tep_handle *tep = parser();
	unsigned int f, o, v;
	char text[200];

	for (f = 0; f < 8; f++) {
		for (o = 0; o < 6; o++) {
			for (v = 0; v < 4; v++) {
				snprintf(text, sizeof(text), "ev:%s%s%s", fields[f], ops[o], values[v]);
				check_plan(tep, text, 0);
			}
		}
	}
	check_plan(tep, "ev:s4>1&&u4<3", 0);
	check_plan(tep, "ev:s4==1||(u4==2&&!(s1==0))", 0);
	check_plan(tep, "ev:!(u8>0)", 0);
	check_plan(tep, "ev:nothing==1", 0);
	check_plan(tep, "ev:u4&1", -EOPNOTSUPP);
	check_plan(tep, "ev:c==\"c1\"", -EOPNOTSUPP);
	check_plan(tep, "ev:CPU==0", -EOPNOTSUPP);
	tep_free(tep);
}

static void filters_of_a_buffer_are_judged_in_their_order(void **state)
{
	struct tep_handle *tep = parser();
	struct in_filters fs = { 0 };
	struct tracecmd_filter *f;
	uint32_t seed = 3;
	uint8_t data[SIZE];
	unsigned int i, hidden = 0;

	assert_int_equal(in_filters_add(&fs, tep, 1, "ev:s4>=1", false, &f), 0);
	assert_int_equal(in_filters_add(&fs, tep, 1, "ev:u2==2", true, &f), 0);
	assert_int_equal(in_filters_add(&fs, tep, 1, "sys:u1==1", false, &f), 0);
	assert_int_equal(in_filters_add(&fs, tep, 1, "nobody", false, &f), -EINVAL);
	for (i = 0; i < 3000; i++) {
		struct tep_record rec = { .data = data, .size = SIZE, .cpu = 0 };
		uint32_t s4;
		int32_t sign;
		uint16_t u2;
		bool show;

		record_fill(data, &seed);
		memcpy(&s4, data + 16, 4);
		memcpy(&u2, data + 12, 2);
		sign = (int32_t)s4;
		/* compared without signs */
		show = ((uint64_t)(int64_t)sign >= 1 || data[9] == 1) && u2 != 2;
		/* cut short: what isn't there is 0 */
		if (i % 10 == 9) {
			rec.size = 10;
			show = data[9] == 1;
		}
		if (in_filters_hide(&fs, data, rec.size, 0)) {
			assert_false(show);
			hidden++;
			continue;
		}
		assert_int_equal(in_filters_show(&fs, tep, &rec), show);
	}
	assert_true(hidden);
	/* one that no filter is about */
	memcpy(data, &(uint16_t){ ID + 1 }, 2);
	assert_false(in_filters_show(&fs, tep, &(struct tep_record){ .data = data, .size = SIZE }));
	assert_true(in_filters_hide(&fs, data, SIZE, 0));
	assert_false(in_filters_hide(&fs, data, SIZE, 1));
	in_filters_release(&fs);
	tep_free(tep);
}

/* An event that is about two tasks, one with an array by such a name, and one that has none. */
static struct tep_handle *parser_of_tasks(bool swapped)
{
	static const char *const fields[] = {
		"\tfield:pid_t pid;\toffset:8;\tsize:4;\tsigned:1;\n"
		"\tfield:u16 next_pid;\toffset:12;\tsize:2;\tsigned:0;\n",
		"\tfield:int pid[2];\toffset:8;\tsize:8;\tsigned:1;\n",
		"\tfield:u64 prev_pid;\toffset:8;\tsize:8;\tsigned:0;\n",
	};
	struct tep_handle *tep = tep_alloc();
	char text[1000];
	int i;

	assert_non_null(tep);
	if (swapped)
		tep_set_file_bigendian(tep, tep_is_local_bigendian(tep) ? TEP_LITTLE_ENDIAN : TEP_BIG_ENDIAN);
	for (i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "name: e%d\nID: %d\nformat:\n%.*s%s\nprint fmt: \"%%d\", REC->common_type\n",
			 i, ID + i, (int)(strstr(format, "\tfield:s8 s1") - strstr(format, "\tfield")),
			 strstr(format, "\tfield"), fields[i]);
		assert_int_equal(tep_parse_event(tep, text, strlen(text), "sys"), 0);
	}
	return tep;
}

static void store(uint8_t *at, uint32_t v, unsigned int size, bool swapped)
{
	unsigned int i;

	for (i = 0; i < size; i++)
		at[i] = v >> 8 * (tep_is_bigendian() != swapped ? size - 1 - i : i);
}

static void check_tasks(bool swapped)
{
	static const int pids[] = { 7, 0, 65535, 7, 3 };
	struct tep_handle *tep = parser_of_tasks(swapped);
	struct in_filters fs = { 0 }, text = { 0 };
	unsigned int i, shown = 0, hidden = 0;
	struct tracecmd_filter *f;
	uint32_t seed = 5;

	assert_int_equal(in_filters_add_tasks(&fs, tep, 1, pids, 5, false, &f), 0);
	assert_int_equal(in_filters_add_tasks(&fs, tep, 1, pids + 4, 1, true, &f), 0);
	assert_int_equal(in_filters_add(&text, tep, 1, ".*:common_pid==7||pid==7||next_pid==7||common_pid==0||pid==0||next_pid==0||"
					"common_pid==65535||pid==65535||next_pid==65535||common_pid==3||pid==3||next_pid==3",
					false, &f), 0);
	assert_int_equal(in_filters_add(&text, tep, 1, ".*:common_pid==3||pid==3||next_pid==3", true, &f), 0);
	for (i = 0; i < 4000; i++) {
		uint8_t data[16] = { 0 };
		struct tep_record rec = { .data = data, .size = i % 10 == 9 ? 10 : sizeof(data) };
		uint16_t id = ID + noise(&seed) % 4;
		bool show;

		store(data, id, 2, swapped);
		store(data + 4, noise(&seed) % 12, 4, swapped);
		store(data + 8, noise(&seed) % 5 ? noise(&seed) % 24 + 1 : (uint32_t)-1, 4, swapped);
		store(data + 12, noise(&seed) % 5 ? noise(&seed) % 24 + 1 : 65535, 2, swapped);
		show = in_filters_show(&text, tep, &rec);
		if (in_filters_hide(&fs, data, rec.size, 0)) {
			if (show)
				fail_msg("record %u of event %d is hidden", i, id);
			hidden++;
			continue;
		}
		if (in_filters_show(&fs, tep, &rec) != show)
			fail_msg("record %u of event %d: %d instead of %d", i, id, !show, show);
		shown += show;
	}
	assert_in_range(shown, 500, 3500);
	assert_int_equal(hidden > 0, !swapped);
	in_filters_release(&fs);
	in_filters_release(&text);
	tep_free(tep);
}

static void tasks_are_found_as_by_the_text_of_all_their_numbers(void **state)
{
	check_tasks(false);
	check_tasks(true);
}

static void an_event_is_needed_before_it_is_judged_by_tasks(void **state)
{
	struct tep_handle *tep = parser();
	struct in_filters fs = { 0 };
	struct tracecmd_filter *f;
	uint8_t data[SIZE] = { ID };
	struct tep_record rec = { .data = data, .size = SIZE };

	assert_int_equal(in_filters_add(&fs, tep, 1, "ev:s4==1", true, &f), 0);
	assert_int_equal(in_filters_needs(&fs, tep, &rec), -1);
	assert_int_equal(in_filters_add_tasks(&fs, tep, 1, (int[]){ 0 }, 1, false, &f), 0);
	assert_int_equal(in_filters_needs(&fs, tep, &rec), ID);
	assert_true(in_filters_show(&fs, tep, &rec));
	assert_int_equal(in_filters_needs(&fs, tep, &rec), -1);
	rec.size = 1;
	assert_int_equal(in_filters_needs(&fs, tep, &rec), -1);
	in_filters_release(&fs);
	tep_free(tep);
}

static void texts_that_libtraceevent_does_not_survive_are_refused(void **state)
{
	static const char *const bad[] = {
		"ev:s4==1 &&", "ev:s4==", "ev:(s4==1)||", "ev:c=~\"x\" ||", "ev:s4==1&&s2", "ev:s4&1&&s2", "ev:(s4+1)==2",
		"ev:s2==1||s4+1==2",
		/* parsed, but comparing goes wrong */
		"ev:CPU==\"0\"", "ev:s4==1||(CPU=~\"0\")",
	};
	static const char *const good[] = {
		"ev:c=~\"c.*\"", "ev:COMM==\"x\"", "ev:CPU==0&&COMM!=\"x\"", "ev:s4==1&&(u4&2)",
	};
	struct tep_handle *tep = parser();
	struct in_filters fs = { 0 };
	struct tracecmd_filter *f;
	uint8_t data[SIZE] = { ID };
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (in_filters_add(&fs, tep, 1, bad[i], false, &f) != -EINVAL)
			fail_msg("%s: taken", bad[i]);
	}
	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		if (in_filters_add(&fs, tep, 1, good[i], true, &f))
			fail_msg("%s: refused", good[i]);
	}
	assert_true(in_filters_show(&fs, tep, &(struct tep_record){ .data = data, .size = SIZE, .cpu = 1 }));
	in_filters_release(&fs);
	tep_free(tep);
}

static void only_texts_of_a_simple_form_are_not_tried(void **state)
{
	static const char *const plain[] = {
		"ev", "sys/ev,e.*", "ev:a==1", "ev: a_b2 >= 0xfF && ( !(c<2)||d != \"x y\" ) ", ".*:common_pid==12||pid==12||next_pid==12",
	};
	static const char *const other[] = {
		"ev:", "ev:a", "ev:a==", "ev:a==b", "ev:a==-1", "ev:a==1&&", "ev:a==1 b==2", "ev:(a==1", "ev:a==1)", "ev:a+1==2",
		"ev:a&1", "ev:a<<1", "ev:a=~\"x\"", "ev:a>\"x\"", "ev:a==\"x", "ev:a==\"\\\"\"", "ev:a==1x", "ev:a==0x", "ev:!a==1",
		"ev:a===1", "ev:()", "ev:1==a",
	};
	unsigned int i;

	for (i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		if (!filter_is_plain(plain[i]))
			fail_msg("%s", plain[i]);
	}
	for (i = 0; i < sizeof(other) / sizeof(*other); i++) {
		if (filter_is_plain(other[i]))
			fail_msg("%s", other[i]);
	}
}

static bool named(const char *filter, const char *system, const char *name)
{
	struct in_names *names;
	bool ret;

	assert_int_equal(in_names_parse(&names, filter), 0);
	ret = in_names_match(names, system, name);
	in_names_free(names);
	return ret;
}

static void names_are_found_in_filters(void **state)
{
	struct in_names *names;

	assert_true(named("kmalloc:bytes>1", "kmem", "kmalloc"));
	assert_false(named("kmalloc:bytes>1", "kmem", "kmalloc_node"));
	assert_true(named("kmem", "kmem", "kmalloc"));
	assert_true(named("kmem/kmalloc", "kmem", "kmalloc"));
	assert_true(named(" KMEM / kmalloc :a/b,c==1", "kmem", "kmalloc"));
	assert_false(named(" KMEM / kmalloc :a/b,c==1", "c", "c"));
	assert_false(named("sched/kmalloc", "kmem", "kmalloc"));
	assert_true(named("sched_switch,k.*c", "kmem", "kmalloc"));
	assert_true(named(".*:common_pid==1", "kmem", "kmalloc"));
	assert_int_equal(in_names_parse(&names, "[:a==1"), -EINVAL);
	assert_int_equal(in_names_parse(&names, "a,:a==1"), -EINVAL);
	assert_int_equal(in_names_parse(&names, "a/b/c"), -EINVAL);
	assert_int_equal(in_names_parse(&names, "/b"), -EINVAL);
	assert_int_equal(in_names_parse(&names, ""), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_decide_as_libtraceevent),
		cmocka_unit_test(filters_of_a_buffer_are_judged_in_their_order),
		cmocka_unit_test(tasks_are_found_as_by_the_text_of_all_their_numbers),
		cmocka_unit_test(an_event_is_needed_before_it_is_judged_by_tasks),
		cmocka_unit_test(texts_that_libtraceevent_does_not_survive_are_refused),
		cmocka_unit_test(only_texts_of_a_simple_form_are_not_tried),
		cmocka_unit_test(names_are_found_in_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
