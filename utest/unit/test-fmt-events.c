/*
 * test-fmt-events.c - compiled print formats say what libtraceevent says: for every event
 * of the running kernel, over random records.
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "fmt/printer.h"

#define RECORDS		60		/* of each event */
#define RECORD_MAX	4096
#define EVENTS_DIR	"/sys/kernel/tracing/events"

#ifdef __SANITIZE_ADDRESS__
/* libtraceevent 1.7.1 loses some bytes of a format that it can't parse. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:tep_parse_event\n";
}
#endif

static uint64_t seed = 0x9e3779b97f4a7c15ull;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Numbers as they occur: small, all bits, bits alone, addresses of functions. */
static uint64_t some_number(void)
{
	switch (next_random() % 8) {
	case 0:
		return 0;
	case 1:
		return ~0ull;
	case 2:
		return 1ull << next_random() % 64;
	case 3:
		return 0xffffffff81000000ull + next_random() % 0x4000;
	case 4:
		return next_random();
	case 5:
		return -(next_random() % 200);
	default:
		return next_random() % 300;
	}
}

static void add_functions(struct tep_handle *tep)
{
	char name[] = "function_a";
	unsigned int i;

	for (i = 0; i < 16; i++) {
		name[9] = 'a' + i;
		tep_register_function(tep, name, 0xffffffff81000000ull + 0x400 * i, NULL);
	}
}

/* Bytes of a text at @at, with its NUL. */
static unsigned int put_some_text(uint8_t *at)
{
	unsigned int i, n = next_random() % 20;

	for (i = 0; i < n; i++)
		at[i] = 'a' + next_random() % 26;
	at[n] = 0;
	return n + 1;
}

static void fill_field(uint8_t *data, const struct tep_format_field *f, unsigned int *end)
{
	uint64_t v = some_number();
	unsigned int len;
	uint32_t where;
	int i;

	if (f->flags & TEP_FIELD_IS_DYNAMIC) {
		len = put_some_text(data + *end);
		where = *end - (f->flags & TEP_FIELD_IS_RELATIVE ? f->offset + 4 : 0);
		where |= len << 16;
		memcpy(data + f->offset, &where, 4);
		*end += len;
	} else if (f->flags & TEP_FIELD_IS_STRING && f->size > 0) {
		for (i = 0; i < f->size - 1 && i < (int)(v % 18); i++)
			data[f->offset + i] = 'A' + i;
	} else if (f->size > 0 && f->size <= 8) {
		memcpy(data + f->offset, &v, f->size);
	} else {
		for (i = 0; i < f->size; i++)
			data[f->offset + i] = next_random() >> 8;
	}
}

static struct tep_record some_record(const struct tep_event *event, uint8_t *data)
{
	const struct tep_format_field *f;
	unsigned int end = 8;
	uint16_t id = event->id;

	memset(data, 0, RECORD_MAX);
	for (f = event->format.fields; f; f = f->next)
		if (f->offset + f->size > (int)end)
			end = f->offset + f->size;
	assert_true(end < RECORD_MAX / 2);
	for (f = event->format.fields; f; f = f->next)
		fill_field(data, f, &end);
	memcpy(data, &id, 2);
	data[4] = next_random() % 100;
	if (!event->format.fields || !event->format.fields->size)
		end += put_some_text(data + end);
	return (struct tep_record){ .data = data, .size = (end + 3) & ~3u, .record_size = end };
}

struct counts {
	unsigned int events, planned, wrong;
};

/* Print records of @event both ways. */
static void compare(struct printer *plans, struct printer *other, struct tep_event *event,
		    struct counts *c)
{
	struct text a = { 0 }, b = { 0 };
	uint8_t data[RECORD_MAX];
	unsigned int i;

	c->events++;
	if (!printer_has_plan(plans, event)) {
		if (getenv("VERBOSE"))
			print_message("no plan: %s/%s %s\n", event->system, event->name,
				      event->print_fmt.format);
		return;
	}
	c->planned++;
	for (i = 0; i < RECORDS; i++) {
		struct tep_record record = some_record(event, data);

		a.len = b.len = 0;
		assert_int_equal(printer_print(other, event, &record, &b), 0);
		assert_int_equal(printer_print(plans, event, &record, &a), 0);
		if (a.len != b.len || (a.len && memcmp(a.data, b.data, a.len))) {
			print_message("%s/%s (%s):\n  plan '%.*s'\n  not  '%.*s'\n", event->system,
				      event->name, event->print_fmt.format, (int)a.len, a.data,
				      (int)b.len, b.data);
			c->wrong++;
			break;
		}
	}
	text_release(&a);
	text_release(&b);
}

static int add_event(struct tep_handle *tep, const char *system, const char *name)
{
	char path[512], text[65536];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), EVENTS_DIR "/%s/%s/format", system, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text));
	close(fd);
	return n > 0 && !tep_parse_event(tep, text, n, system) ? 0 : -1;
}

/* All events below the directory. How many. */
static unsigned int add_events(struct tep_handle *tep)
{
	DIR *top = opendir(EVENTS_DIR);
	unsigned int n = 0;
	struct dirent *s, *e;

	while (top && (s = readdir(top))) {
		char path[300];
		DIR *sub;

		snprintf(path, sizeof(path), EVENTS_DIR "/%s", s->d_name);
		sub = s->d_name[0] == '.' ? NULL : opendir(path);
		while (sub && (e = readdir(sub)))
			if (e->d_name[0] != '.' && !add_event(tep, s->d_name, e->d_name))
				n++;
		if (sub)
			closedir(sub);
	}
	if (top)
		closedir(top);
	return n;
}

static struct tep_handle *new_tep(void)
{
	struct tep_handle *tep = tep_alloc();

	assert_non_null(tep);
	tep_set_long_size(tep, 8);
	tep_set_file_bigendian(tep, TEP_LITTLE_ENDIAN);
	tep_set_local_bigendian(tep, TEP_LITTLE_ENDIAN);
	tep_set_loglevel(TEP_LOG_NONE);
	add_functions(tep);
	return tep;
}

static void compare_all(bool plugins)
{
	struct tep_handle *tep = new_tep();
	struct tep_plugin_list *list = plugins ? tep_load_plugins(tep) : NULL;
	struct counts c = { 0 };
	struct printer *plans, *other;
	unsigned int i, n = add_events(tep);

	if (!n) {
		tep_free(tep);
		print_message("no events to be read in " EVENTS_DIR "\n");
		skip();
	}
	plans = printer_new(tep, PRINTER_NO_CHECKS);
	other = printer_new(tep, PRINTER_NO_PLANS);
	assert_true(plans && other);
	for (i = 0; i < n; i++)
		if (tep_get_event(tep, i))
			compare(plans, other, tep_get_event(tep, i), &c);
	print_message("%u events, %u with a plan\n", c.events, c.planned);
	assert_int_equal(c.wrong, 0);
	/* most, or plans would be good for nothing */
	assert_true(c.planned * 10 >= c.events * 7);
	printer_free(plans);
	printer_free(other);
	if (list)
		tep_unload_plugins(list, tep);
	tep_free(tep);
}

static void test_plans_of_all_events_print_what_libtraceevent_prints(void **state)
{
	compare_all(false);
}

static void test_plans_beside_plugins_print_what_the_plugins_print(void **state)
{
	compare_all(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plans_of_all_events_print_what_libtraceevent_prints),
		cmocka_unit_test(test_plans_beside_plugins_print_what_the_plugins_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
