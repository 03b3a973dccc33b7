/*
 * test-journal.c - setup/journal: what was changed comes back, also after a kill.
 *
 * On plain files in a temporary directory; no root needed.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "setup/journal.h"
#include "unit/tracefs-util.h"

static char dir[] = "/tmp/utest-journal-XXXXXX";

static struct path in_dir(const char *file)
{
	return path_of(dir, file);
}

static void put(const char *file, const char *text)
{
	assert_int_equal(put_in(dir, file, text), 0);
}

static void check(const char *file, const char *want)
{
	_cleanup_free_ char *text = text_of(in_dir(file).s);

	assert_non_null(text);
	assert_string_equal(text, want);
}

static void change(struct journal *j, const char *file, const char *value)
{
	struct err err = { 0 };

	if (journal_write(j, in_dir(file).s, value, &err))
		fail_msg("%s", err.text);
}

static void what_is_written_back_undoes_the_change(void **state)
{
	static const struct {
		const char *file, *before, *write, *during, *after;
	} cases[] = {
		{ "tracing_on", "1\n", "0", "0", "1" },
		{ "current_tracer", "nop\n", "function", "function", "nop" },
		{ "trace_clock", "local [global] mono\n", "mono", "mono", "global" },
		{ "trace_clock", "[local] global mono\n", "mono", "mono", "local" },
		{ "buffer_size_kb", "1408\n", "100", "100", "1408" },
		{ "buffer_size_kb", "7 (expanded: 1408)\n", "100", "100", "1408" },
		{ "buffer_size_kb", "7 (expanded: 1408)\n", "1408", "1408", "1408" },
		{ "filter", "none\n", "pid==1", "pid==1", "0" },
		{ "filter", "pid==2\n", "pid==1", "pid==1", "pid==2" },
		{ "filter", "### global filter ###\n# text\n", "pid==1", "pid==1", "0" },
		{ "filter", "foo<3\n^\nparse_error: Field not found\n", "pid==1", "pid==1", "0" },
		{ "enable", "0*\n", "1", "1", "0" },
		{ "set_event_pid", "1\n2\n3\n", "", "", "1\n2\n3" },
		{ "set_event_pid", "", "1", "1", "" },
		{ "set_ftrace_pid", "no pid\n", "5", "5", "" },
		{ "tracing_cpumask", "3\n", "1", "1", "3" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct journal *j = journal_new(-1);

		put(cases[i].file, cases[i].before);
		change(j, cases[i].file, cases[i].write);
		check(cases[i].file, cases[i].during);
		assert_int_equal(journal_restore(j), 0);
		check(cases[i].file, cases[i].after);
		unlink(in_dir(cases[i].file).s);
		journal_free(j);
	}
}

static void value_that_is_there_already_is_not_written(void **state)
{
	struct journal *j = journal_new(-1);

	put("trace_clock", "[local] mono\n");
	change(j, "trace_clock", "local");
	check("trace_clock", "[local] mono\n");
	/* but it is remembered: it may change in other ways */
	put("trace_clock", "local [mono]\n");
	assert_int_equal(journal_restore(j), 0);
	check("trace_clock", "local");
	journal_free(j);
}

static void first_value_of_several_comes_back(void **state)
{
	struct journal *j = journal_new(-1);

	put("a", "1\n");
	change(j, "a", "2");
	change(j, "a", "3");
	assert_int_equal(journal_note(j, in_dir("a").s, "4"), 0);
	assert_int_equal(journal_restore(j), 0);
	check("a", "1");
	journal_free(j);
}

static void words_added_to_a_list_are_taken_out_alone(void **state)
{
	struct journal *j = journal_new(-1);
	struct journal *other = journal_new(-1);

	put("pids", "1\n2\n");
	assert_int_equal(journal_append(j, in_dir("pids").s, "3 4 ", NULL), 0);
	check("pids", "1\n2\n3 4 ");
	assert_int_equal(journal_append(other, in_dir("pids").s, "33 5", NULL), 0);
	assert_int_equal(journal_restore(j), 0);
	check("pids", "1\n2\n33\n5");
	assert_int_equal(journal_restore(other), 0);
	check("pids", "1\n2");
	journal_free(j);
	journal_free(other);
}

/* Sessions that end at the same time lose nothing of each other's. */
static void lists_are_cleaned_by_many_at_once(void **state)
{
	int i, status;
	pid_t pids[8];

	put("pids", "1\n");
	for (i = 0; i < 8; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			int k, ret = 0;

			for (k = 0; k < 20 && !ret; k++) {
				struct journal *j = journal_new(-1);
				char words[64];

				snprintf(words, sizeof(words), "\n%d %d\n", 100 + i, 200 + i);
				ret = journal_append(j, in_dir("pids").s, words, NULL);
				if (!ret)
					ret = journal_restore(j);
				journal_free(j);
			}
			_exit(ret ? 1 : 0);
		}
	}
	for (i = 0; i < 8; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	check("pids", "1");
}

static void last_change_comes_back_first(void **state)
{
	struct journal *j = journal_new(-1);

	/* both names are one file, so the order can be seen */
	put("a", "1\n");
	assert_int_equal(link(in_dir("a").s, in_dir("b").s), 0);
	change(j, "a", "2");
	change(j, "b", "3");
	assert_int_equal(journal_restore(j), 0);
	check("a", "1");
	unlink(in_dir("b").s);
	journal_free(j);
}

static void missing_file_is_an_error_that_names_it(void **state)
{
	struct journal *j = journal_new(-1);
	struct err err = { 0 };

	assert_int_equal(journal_write(j, in_dir("no-such").s, "1", &err), -ENOENT);
	assert_non_null(strstr(err.text, "no-such"));
	assert_int_equal(access(in_dir("no-such").s, F_OK), -1);
	assert_int_equal(journal_restore(j), 0);
	journal_free(j);
}

static void restore_goes_on_after_a_failure(void **state)
{
	struct journal *j = journal_new(-1);

	put("a", "1\n");
	put("b", "1\n");
	change(j, "a", "2");
	change(j, "b", "2");
	unlink(in_dir("b").s);
	assert_int_equal(journal_restore(j), -ENOENT);
	check("a", "1");
	journal_free(j);
}

static void restore_works_once(void **state)
{
	struct journal *j = journal_new(-1);

	put("a", "1\n");
	change(j, "a", "2");
	assert_int_equal(journal_restore(j), 0);
	put("a", "5");
	assert_int_equal(journal_restore(j), 0);
	check("a", "5");
	journal_free(j);
}

static void forgotten_changes_stay(void **state)
{
	struct journal *j = journal_new(-1);

	put("a", "1\n");
	change(j, "a", "2");
	journal_forget(j);
	assert_int_equal(journal_restore(j), 0);
	check("a", "2");
	journal_free(j);
}

static void instance_that_was_made_is_removed(void **state)
{
	struct journal *j = journal_new(-1);

	assert_int_equal(journal_mkdir(j, in_dir("inst").s), 0);
	assert_int_equal(journal_restore(j), 0);
	assert_int_equal(access(in_dir("inst").s, F_OK), -1);
	journal_free(j);
}

static void instance_of_others_is_kept(void **state)
{
	struct journal *j = journal_new(-1);

	assert_int_equal(mkdir(in_dir("inst").s, 0700), 0);
	assert_int_equal(journal_mkdir(j, in_dir("inst").s), -EEXIST);
	assert_int_equal(journal_restore(j), 0);
	assert_int_equal(rmdir(in_dir("inst").s), 0);
	journal_free(j);
}

/* In tracefs files vanish with their directory; here it can't be removed, so they are restored. */
static void instance_that_cannot_go_is_restored(void **state)
{
	struct journal *j = journal_new(-1);

	assert_int_equal(journal_mkdir(j, in_dir("inst").s), 0);
	put("inst/a", "1\n");
	change(j, "inst/a", "2");
	assert_int_equal(journal_restore(j), -ENOTEMPTY);
	check("inst/a", "1");
	unlink(in_dir("inst/a").s);
	rmdir(in_dir("inst").s);
	journal_free(j);
}

static void kernels_complaint_is_quoted(void **state)
{
	static const char old[] = "[ 1.0] event filter parse error: error: Field not found\n"
				  "  Command: foo<3\n           ^\n";
	static const char new[] = "[ 2.0] event filter parse error: error: Too many '('\n"
				  "  Command: ((\n            ^\n";
	struct journal *j = journal_new(-1);
	struct err err = { 0 };
	struct buf log = BUF_INIT;

	buf_printf(&log, "%s%s", old, new);
	put("error_log", (char *)log.data);
	buf_release(&log);
	mkdir(in_dir("events").s, 0700);
	/* can be neither read nor written */
	mkdir(in_dir("events/filter").s, 0700);
	assert_true(journal_write(j, in_dir("events/filter").s, "((", &err) < 0);
	assert_non_null(strstr(err.text, "Too many '('\n  Command: ((\n            ^"));
	assert_null(strstr(err.text, "Field not found"));
	/* an entry about something else is none about this */
	err_clear(&err);
	assert_true(journal_write(j, in_dir("events/filter").s, "x==1", &err) < 0);
	assert_null(strstr(err.text, "Too many"));
	journal_restore(j);
	journal_free(j);
	rmdir(in_dir("events/filter").s);
	rmdir(in_dir("events").s);
	unlink(in_dir("error_log").s);
}

/* --- the guardian */

enum end { END_KILLED, END_RESTORED, END_FORGOTTEN, END_FREED };

/* A child changes things, tells a pipe, and ends like @end. Returns the pipe to read from. */
static int run_owner(enum end end)
{
	struct journal *j;
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid) {
		close(fds[1]);
		return fds[0];
	}
	close(fds[0]);
	j = journal_new(fds[1]);
	if (!j || journal_mkdir(j, in_dir("inst").s) ||
	    journal_mkdir(j, in_dir("others").s) != -EEXIST ||
	    journal_write(j, in_dir("a").s, "2", NULL) ||
	    journal_note(j, in_dir("b").s, "x\ny") || put_text(in_dir("b").s, "changed"))
		_exit(1);
	if (end == END_KILLED)
		kill(getpid(), SIGKILL);
	if (end == END_RESTORED)
		journal_restore(j);
	if (end == END_FORGOTTEN)
		journal_forget(j);
	journal_free(j);
	_exit(0);
}

static void guardian_restores_unless_the_owner_did(void **state)
{
	static const struct {
		enum end end;
		bool finished;
		const char *a, *b;
	} cases[] = {
		{ END_KILLED, false, "1", "x\ny" },
		{ END_RESTORED, true, "1", "x\ny" },
		{ END_FORGOTTEN, true, "2", "changed" },
		{ END_FREED, false, "1", "x\ny" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_close_ int fd = -1;
		struct journal *j = NULL;
		bool finished = false;
		int status;

		mkdir(in_dir("others").s, 0700);
		put("a", "1\n");
		put("b", "0\n");
		fd = run_owner(cases[i].end);
		assert_int_equal(journal_receive(fd, &j, &finished), 0);
		assert_true(wait(&status) > 0);
		if (cases[i].end == END_KILLED)
			assert_int_equal(WTERMSIG(status), SIGKILL);
		else
			assert_int_equal(status, 0);
		assert_int_equal(finished, cases[i].finished);
		assert_int_equal(journal_restore(j), 0);
		check("a", cases[i].a);
		check("b", cases[i].b);
		assert_int_equal(access(in_dir("inst").s, F_OK),
				 cases[i].end == END_FORGOTTEN ? 0 : -1);
		assert_int_equal(access(in_dir("others").s, F_OK), 0);
		rmdir(in_dir("inst").s);
		journal_free(j);
	}
	rmdir(in_dir("others").s);
}

/* All frames that a journal of two entries writes. */
static size_t record_frames(uint8_t *frames, size_t size)
{
	struct journal *j;
	ssize_t n;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	j = journal_new(fds[1]);
	journal_note(j, in_dir("a").s, "1");
	journal_note(j, in_dir("b").s, "1");
	journal_free(j);
	close(fds[1]);
	n = read(fds[0], frames, size);
	close(fds[0]);
	assert_true(n > 0);
	return n;
}

static void receive_bytes(const uint8_t *data, size_t len)
{
	struct journal *j = NULL;
	bool finished = true;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], data, len), len);
	close(fds[1]);
	assert_int_equal(journal_receive(fds[0], &j, &finished), 0);
	assert_false(finished);
	close(fds[0]);
	put("a", "0");
	put("b", "0");
	assert_int_equal(journal_restore(j), 0);
	journal_free(j);
}

static void frames_cut_anywhere_count_if_they_are_whole(void **state)
{
	uint8_t frames[2048];
	size_t len = record_frames(frames, sizeof(frames));

	for (size_t cut = 1; cut <= len; cut++) {
		receive_bytes(frames, cut);
		check("a", cut < len / 2 ? "0" : "1");
		check("b", cut < len ? "0" : "1");
	}
}

static void garbage_ends_the_frames(void **state)
{
	static const uint32_t bad[][3] = {
		{ 99, 1, 1 }, { 0, 0, 0 }, { 1, UINT32_MAX, 0 }, { 1, 0, UINT32_MAX },
		{ 1, 5000, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint8_t frames[2048] = { 0 };
		size_t len = record_frames(frames, 1024);

		memcpy(frames + len, bad[i], sizeof(bad[i]));
		receive_bytes(frames, len + sizeof(bad[i]) + 2);
		check("b", "1");
	}
}

static void gone_guardian_does_no_harm(void **state)
{
	struct journal *j;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	close(fds[0]);
	j = journal_new(fds[1]);
	put("a", "1\n");
	/* SIGPIPE would kill this test */
	change(j, "a", "2");
	assert_int_equal(journal_restore(j), 0);
	check("a", "1");
	journal_free(j);
	close(fds[1]);
}

static int make_dir(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const files[] = {
		"a", "b", "pids", "trace_clock",
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		unlink(in_dir(files[i]).s);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_back_undoes_the_change),
		cmocka_unit_test(value_that_is_there_already_is_not_written),
		cmocka_unit_test(first_value_of_several_comes_back),
		cmocka_unit_test(words_added_to_a_list_are_taken_out_alone),
		cmocka_unit_test(lists_are_cleaned_by_many_at_once),
		cmocka_unit_test(last_change_comes_back_first),
		cmocka_unit_test(missing_file_is_an_error_that_names_it),
		cmocka_unit_test(restore_goes_on_after_a_failure),
		cmocka_unit_test(restore_works_once),
		cmocka_unit_test(forgotten_changes_stay),
		cmocka_unit_test(instance_that_was_made_is_removed),
		cmocka_unit_test(instance_of_others_is_kept),
		cmocka_unit_test(instance_that_cannot_go_is_restored),
		cmocka_unit_test(kernels_complaint_is_quoted),
		cmocka_unit_test(guardian_restores_unless_the_owner_did),
		cmocka_unit_test(frames_cut_anywhere_count_if_they_are_whole),
		cmocka_unit_test(garbage_ends_the_frames),
		cmocka_unit_test(gone_guardian_does_no_harm),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
