/*
 * test-out-stock.c - out, read by the distribution's trace-cmd.
 *
 * Real metadata and real pages: numbered markers written to an instance of our
 * own. Needs root, tracefs and another trace-cmd in /usr/bin; skipped without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "base/cpus.h"
#include "base/io.h"
#include "wire/cursor.h"
#include "wire/dat.h"
#include "wire/opt-timeshift.h"
#include "out-fixture.h"

#define STOCK		"/usr/bin/trace-cmd"
#define TRACING		"/sys/kernel/tracing"
#define MARKERS		2000
#define MAX_CPUS	64
#define SHIFT_NS	5000000000

static struct {
	char instance[96], dir[64], file[80];
	bool usable;
	int nr_cpus;
	struct meta meta;
	struct out_cpu cpus[MAX_CPUS];
} fix;

static int read_page_loop(int in, int out)
{
	uint8_t page[PAGE];
	ssize_t n;
	int pages = 0;

	while ((n = read(in, page, sizeof(page))) > 0) {
		assert_int_equal(write(out, page, n), n);
		pages++;
	}
	return pages;
}

/* Write the numbered markers, spread over the CPUs, and take the pages they went to. */
static void fill_and_read(void)
{
	char path[160], text[32];
	cpu_set_t old;
	int i, fd, pages = 0;

	snprintf(path, sizeof(path), "%s/trace_marker", fix.instance);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(cpus_get_affinity(0, &old), 0);
	for (i = 0; i < MARKERS; i++) {
		if (i % 500 == 0)
			cpus_pin_self(i / 500 % fix.nr_cpus, NULL);
		assert_true(snprintf(text, sizeof(text), "marker %d", i) > 0);
		assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	}
	cpus_set_affinity(0, &old);
	close(fd);
	for (i = 0; i < fix.nr_cpus; i++) {
		snprintf(path, sizeof(path), "%s/per_cpu/cpu%d/trace_pipe_raw", fix.instance, i);
		fix.cpus[i] = (struct out_cpu){ .cpu = i, .fd = memfd_create("cpu", MFD_CLOEXEC) };
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			continue;
		pages += read_page_loop(fd, fix.cpus[i].fd);
		close(fd);
	}
	assert_true(pages > 10);
}

static int fixture_make(void **state)
{
	static const char *const names[] = { "sched", "irq:irq_handler_entry" };
	const struct meta_events events = { names, 2 };

	fix.nr_cpus = cpus_configured() < MAX_CPUS ? cpus_configured() : MAX_CPUS;
	if (geteuid() || access(TRACING "/instances", W_OK) || access(STOCK, X_OK))
		return 0;
	snprintf(fix.instance, sizeof(fix.instance), TRACING "/instances/out-stock-%d", getpid());
	snprintf(fix.dir, sizeof(fix.dir), "/tmp/out-stock.XXXXXX");
	if (mkdir(fix.instance, 0700) || !mkdtemp(fix.dir))
		return 0;
	snprintf(fix.file, sizeof(fix.file), "%s/trace.dat", fix.dir);
	assert_int_equal(meta_read(&fix.meta, NULL, &events, NULL), 0);
	fill_and_read();
	fix.usable = true;
	return 0;
}

static int fixture_remove(void **state)
{
	int i;

	for (i = 0; fix.usable && i < fix.nr_cpus; i++)
		close(fix.cpus[i].fd);
	meta_release(&fix.meta);
	if (fix.instance[0])
		rmdir(fix.instance);
	if (fix.file[0])
		unlink(fix.file);
	if (fix.dir[0])
		rmdir(fix.dir);
	return 0;
}

static void need_stock(void)
{
	if (fix.usable)
		return;
	print_message("SKIP: needs root, tracefs and " STOCK "\n");
	skip();
}

/* What "trace-cmd @command @opts... -i FILE" prints to both streams; it must succeed. */
static char *stock(const char *command, const char *opt, const char *opt2)
{
	char *argv[] = { (char *)"trace-cmd", (char *)command, (char *)"-i", fix.file, (char *)opt,
			 (char *)opt2, NULL };
	char *envp[] = { (char *)"LC_ALL=C", (char *)"PATH=/usr/bin:/bin", NULL };
	posix_spawn_file_actions_t actions;
	struct buf text = BUF_INIT;
	int fd = memfd_create("out", MFD_CLOEXEC), status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, 1);
	posix_spawn_file_actions_adddup2(&actions, fd, 2);
	assert_int_equal(posix_spawn(&pid, STOCK, &actions, NULL, argv, envp), 0);
	posix_spawn_file_actions_destroy(&actions);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(io_read_rest(fd, &text), 0);
	close(fd);
	if (status)
		fail_msg("trace-cmd %s: status %x: %s", command, status, (char *)text.data);
	return buf_take_str(&text);
}

/* How often @what is in @text. */
static int count(const char *text, const char *what)
{
	int n = 0;

	for (text = strstr(text, what); text; text = strstr(text + 1, what))
		n++;
	return n;
}

static struct out_file *start(int fd, int version, const char *compression)
{
	struct out_conf conf = {.version = version,
				.zip = zip_find(compression),
				.page_size = PAGE,
				.nr_cpus = fix.nr_cpus};
	static const char clocks[] = "[local] global counter\n";
	struct out_file *o;

	assert_int_equal(out_create(fd, &conf, &o, NULL), 0);
	assert_int_equal(out_metadata(o, &fix.meta, NULL), 0);
	assert_int_equal(out_option(o, DAT_TRACECLOCK, clocks, sizeof(clocks)), 0);
	assert_int_equal(out_option(o, DAT_UNAME, "Linux test", 11), 0);
	return o;
}

static void put_buffer(struct out_file *o, const char *name)
{
	struct out_buffer b = { .name = name, .clock = "local", .page_size = PAGE, .cpus = fix.cpus,
				.nr_cpus = fix.nr_cpus };
	struct err err = { 0 };

	if (out_buffer(o, &b, &err))
		fail_msg("%s", err.text);
}

/* All markers, each once, and nothing else that is not an event. */
static void check_report(const char *text, int buffers)
{
	char line[32];
	int i;

	assert_int_equal(count(text, "marker "), MARKERS * buffers);
	for (i = 0; i < MARKERS; i += 37) {
		snprintf(line, sizeof(line), "marker %d\n", i);
		assert_int_equal(count(text, line), buffers);
	}
	assert_null(strstr(text, "rror"));
	assert_null(strstr(text, "nknown"));
	assert_null(strstr(text, "FAILED"));
}

static void write_file(int version, const char *compression, bool instance)
{
	_cleanup_close_ int fd = open(fix.file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct out_file *o;

	assert_true(fd >= 0);
	o = start(fd, version, compression);
	if (instance)
		assert_int_equal(out_announce_buffer(o, "second"), 0);
	assert_int_equal(out_options_end(o, NULL), 0);
	put_buffer(o, "");
	if (instance)
		put_buffer(o, "second");
	assert_int_equal(out_finish(o, NULL), 0);
	out_free(o);
}

static const struct {
	int version;
	const char *compression;
} kinds[] = { { 6, "none" }, { 7, "none" }, { 7, "zstd" } };

static void stock_reads_one_buffer(void **state)
{
	size_t i;

	need_stock();
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		_cleanup_free_ char *report = NULL, *summary = NULL, *strings = NULL;

		if (i == 2 && !zip_find("zstd"))
			continue;
		write_file(kinds[i].version, kinds[i].compression, false);
		report = stock("report", NULL, NULL);
		check_report(report, 1);
		summary = stock("dump", "--summary", "--options");
		assert_non_null(strstr(summary, "[Option TRACECLOCK"));
		assert_non_null(strstr(summary, "Linux test"));
		assert_null(strstr(summary, "annot"));
		strings = stock("dump", "--validate", NULL);
		assert_non_null(strstr(strings, "is a valid trace-cmd file"));
	}
}

static void stock_reads_two_buffers(void **state)
{
	size_t i;

	need_stock();
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		_cleanup_free_ char *report = NULL, *flyrecord = NULL;

		if (i == 2 && !zip_find("zstd"))
			continue;
		write_file(kinds[i].version, kinds[i].compression, true);
		report = stock("report", NULL, NULL);
		check_report(report, 2);
		assert_true(count(report, "second:") >= MARKERS);
		flyrecord = stock("dump", "--flyrecord", NULL);
		assert_non_null(flyrecord);
	}
}

static void stock_finds_every_section_and_string(void **state)
{
	_cleanup_free_ char *sections = NULL, *strings = NULL;

	need_stock();
	write_file(7, zip_find("zstd") ? "zstd" : "none", true);
	strings = stock("dump", "--strings", NULL);
	assert_non_null(strstr(strings, "\"buffer flyrecord second\""));
	assert_non_null(strstr(strings, "\"strings\""));
	sections = stock("dump", "--sections", NULL);
	/* 6 of metadata, 3 lists of options, 2 buffers, strings */
	assert_non_null(strstr(sections, "[12 sections]"));
}

/* The time of marker 0 in a report, in ns, printed with nanoseconds. */
static int64_t marker_time(const char *report)
{
	const char *at = strstr(report, "marker 0\n");
	unsigned long long sec, nsec;

	assert_non_null(at);
	while (at > report && at[-1] != '\n')
		at--;
	at = strstr(at, "] ");
	assert_non_null(at);
	/* flags of the event may be printed in between */
	at = strpbrk(at, "0123456789");
	assert_non_null(at);
	assert_int_equal(sscanf(at, "%llu.%llu:", &sec, &nsec), 2);
	return sec * 1000000000 + nsec;
}

static void add_shift(struct out_file *o)
{
	_cleanup_(timeshift_release) struct timeshift ts = { 0 };
	_cleanup_buf_ struct buf payload = BUF_INIT;
	int i;

	assert_int_equal(timeshift_init(&ts, TIMESHIFT_CURRENT, fix.nr_cpus), 0);
	for (i = 0; i < fix.nr_cpus * 2; i++) {
		struct timeshift_sample s = { 1000 + i % 2, SHIFT_NS, 1, 0 };

		assert_int_equal(timeshift_add(&ts, i / 2, &s), 0);
	}
	assert_int_equal(timeshift_put(&payload, out_order(o), &ts), 0);
	assert_int_equal(out_option(o, DAT_TIME_SHIFT, payload.data, payload.len), 0);
}

/* Metadata as an agent sends it, continued with or without a shift. */
static void write_appended(int version, const char *compression, bool shifted)
{
	_cleanup_close_ int fd = open(fix.file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct err err = { 0 };
	struct out_file *o;

	assert_true(fd >= 0);
	o = start(fd, version, compression);
	assert_int_equal(out_options_end(o, NULL), 0);
	assert_int_equal(out_finish(o, NULL), 0);
	out_free(o);
	if (out_append(fd, &o, &err))
		fail_msg("%s", err.text);
	if (shifted)
		add_shift(o);
	assert_int_equal(out_options_end(o, NULL), 0);
	put_buffer(o, "");
	assert_int_equal(out_finish(o, NULL), 0);
	out_free(o);
}

static void stock_shifts_the_times_of_a_continued_file(void **state)
{
	size_t i;

	need_stock();
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		_cleanup_free_ char *plain = NULL, *shifted = NULL, *options = NULL;

		if (i == 2 && !zip_find("zstd"))
			continue;
		write_appended(kinds[i].version, kinds[i].compression, false);
		plain = stock("report", "-t", NULL);
		check_report(plain, 1);
		write_appended(kinds[i].version, kinds[i].compression, true);
		shifted = stock("report", "-t", NULL);
		check_report(shifted, 1);
		assert_true(marker_time(shifted) - marker_time(plain) == SHIFT_NS);
		options = stock("dump", "--options", "--summary");
		assert_non_null(strstr(options, "[Option TimeShift"));
		assert_null(strstr(options, "Broken"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stock_reads_one_buffer),
		cmocka_unit_test(stock_reads_two_buffers),
		cmocka_unit_test(stock_finds_every_section_and_string),
		cmocka_unit_test(stock_shifts_the_times_of_a_continued_file),
	};

	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
