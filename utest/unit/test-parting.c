/*
 * test-parting.c - setup/parting: a process that empties a list, and whether it may be left alone.
 *
 * A FIFO that nobody reads stands for a kernel that doesn't let go of who opens it.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "setup/journal.h"
#include "setup/parting.h"
#include "unit/tracefs-util.h"
#include "unit/used-instance.h"

#define PATIENCE_MS 30000

static char dir[] = "/tmp/utest-parting-XXXXXX";

struct job {
	struct parting p;	/* first: all that others see of it */
	struct path path;
	pthread_t thread;
	int ret;
};

static void *job_thread(void *arg)
{
	struct job *job = arg;

	job->ret = parting_empty(&job->p, job->path.s);
	return NULL;
}

static void job_start(struct job *job, struct path path)
{
	sigset_t all, old;

	job->path = path;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	assert_int_equal(pthread_create(&job->thread, NULL, job_thread, job), 0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void pause_ms(int ms)
{
	struct timespec ts = { .tv_nsec = ms * 1000000L };

	nanosleep(&ts, NULL);
}

/* Wait until the process of @p sleeps. */
static void wait_asleep(struct parting *p)
{
	struct deadline d = deadline_in_ms(PATIENCE_MS);

	for (;;) {
		char path[64];
		_cleanup_free_ char *text = NULL;

		snprintf(path, sizeof(path), "/proc/%d/stat", atomic_load(&p->pid));
		text = atomic_load(&p->pid) ? text_of(path) : NULL;
		if (text && strstr(text, ") S "))
			return;
		assert_false(deadline_passed(d));
		pause_ms(1);
	}
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path_of(dir, "list").s);
	unlink(path_of(dir, "fifo").s);
	unlink(path_of(dir, "locked").s);
	return rmdir(dir);
}

static void list_is_emptied(void **state)
{
	struct job job = { 0 };

	(void)state;
	put_in(dir, "list", "1\n2\n");
	job_start(&job, path_of(dir, "list"));
	pthread_join(job.thread, NULL);
	assert_int_equal(job.ret, 0);
	check_text(dir, "list", "");
	assert_false(parting_is_left(&job.p));
}

static void failure_is_told(void **state)
{
	struct job job = { 0 };

	(void)state;
	job_start(&job, path_of(dir, "missing"));
	pthread_join(job.thread, NULL);
	assert_true(job.ret < 0);
	assert_false(parting_is_left(&job.p));
}

static void other_waits_are_waited_for(void **state)
{
	struct job job = { 0 };
	int fd;

	(void)state;
	assert_int_equal(mkfifo(path_of(dir, "fifo").s, 0600), 0);
	job_start(&job, path_of(dir, "fifo"));
	wait_asleep(&job.p);
	assert_false(parting_is_left(&job.p));
	fd = open(path_of(dir, "fifo").s, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	pthread_join(job.thread, NULL);
	assert_int_equal(job.ret, 0);
	close(fd);
	unlink(path_of(dir, "fifo").s);
}

static void killed_process_is_a_failure(void **state)
{
	struct job job = { 0 };

	(void)state;
	assert_int_equal(mkfifo(path_of(dir, "fifo").s, 0600), 0);
	job_start(&job, path_of(dir, "fifo"));
	wait_asleep(&job.p);
	kill(atomic_load(&job.p.pid), SIGKILL);
	pthread_join(job.thread, NULL);
	assert_true(job.ret < 0);
	assert_false(parting_is_left(&job.p));
	unlink(path_of(dir, "fifo").s);
}

/* As record: a lock is held, the thread begins, and the others end. */
static void leave(struct job *job)
{
	int fd = open(path_of(dir, "locked").s, O_RDWR | O_CREAT, 0600);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB))
		_exit(1);
	job_start(job, path_of(dir, "fifo"));
	wait_asleep(&job->p);
	_exit(7);
}

static void parent_ends_without_it_and_takes_its_locks_along(void **state)
{
	struct job *job = mmap(NULL, sizeof(*job), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status, fd, lock;
	pid_t pid, left;

	(void)state;
	assert_true(job != MAP_FAILED);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	assert_int_equal(mkfifo(path_of(dir, "fifo").s, 0600), 0);
	pid = fork();
	if (!pid)
		leave(job);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	left = atomic_load(&job->p.pid);
	assert_int_equal(waitpid(left, NULL, WNOHANG), 0);
	lock = open(path_of(dir, "locked").s, O_RDWR);
	assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
	close(lock);
	fd = open(path_of(dir, "fifo").s, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	assert_int_equal(waitpid(left, &status, 0), left);
	assert_int_equal(status, 0);
	close(fd);
	munmap(job, sizeof(*job));
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static void kernel_list_is_empty_for_all_from_when_it_is_left(void **state)
{
	struct path inst = instance();
	int i, left = 0;

	(void)state;
	need_tracefs();
	assert_int_equal(mkdir(inst.s, 0700), 0);
	for (i = 0; i < 5; i++) {
		struct deadline d = deadline_in_ms(PATIENCE_MS);
		struct job job = { 0 };
		bool joined = false;
		char pid[16];

		snprintf(pid, sizeof(pid), "%d\n", getpid());
		assert_int_equal(put_in(inst.s, "set_event_notrace_pid", pid), 0);
		check_text(inst.s, "set_event_notrace_pid", pid);
		job_start(&job, path_of(inst.s, "set_event_notrace_pid"));
		while (!parting_is_left(&job.p) && !joined) {
			assert_false(deadline_passed(d));
			joined = !pthread_tryjoin_np(job.thread, NULL);
		}
		left += !joined;
		check_text(inst.s, "set_event_notrace_pid", "");
		if (!joined)
			pthread_join(job.thread, NULL);
		assert_int_equal(job.ret, 0);
	}
	print_message("left %d times of %d\n", left, i);
	assert_int_equal(rmdir(inst.s), 0);
}

/* A journal of a session that has one value, events, and words in a list. */
static struct journal *session(void)
{
	struct journal *j = journal_new(-1);

	put_in(dir, "tracing_on", "1\n");
	put_in(dir, "set_event", "sched:sched_switch\n");
	put_in(dir, "set_event_notrace_pid", "");
	assert_int_equal(journal_write(j, path_of(dir, "tracing_on").s, "0", NULL), 0);
	assert_int_equal(journal_note(j, path_of(dir, "set_event").s, ""), 0);
	assert_int_equal(journal_append(j, path_of(dir, "set_event_notrace_pid").s, "77 78", NULL), 0);
	return j;
}

static int remove_session(void **state)
{
	(void)state;
	unlink(path_of(dir, "tracing_on").s);
	unlink(path_of(dir, "set_event").s);
	unlink(path_of(dir, "set_event_notrace_pid").s);
	unlink(path_of(dir, "trigger").s);
	return 0;
}

static void journal_puts_back_events_and_lists_early(void **state)
{
	struct parting p = { 0 };

	(void)state;
	for (int by_process = 0; by_process < 2; by_process++) {
		struct journal *j = session();

		journal_restore_events(j);
		journal_restore_early(j, by_process ? &p : NULL);
		check_text(dir, "set_event", "");
		check_text(dir, "set_event_notrace_pid", "");
		check_text(dir, "tracing_on", "0");
		assert_int_equal(!!atomic_load(&p.pid), by_process);
		assert_int_equal(journal_restore(j), 0);
		check_text(dir, "tracing_on", "1");
		journal_free(j);
	}
}

static void words_of_others_stay_and_need_no_process(void **state)
{
	struct journal *j = session();
	struct parting p = { 0 };

	(void)state;
	put_in(dir, "set_event_notrace_pid", "77\n99\n78\n");
	journal_restore_events(j);
	journal_restore_early(j, &p);
	check_text(dir, "set_event_notrace_pid", "99");
	assert_int_equal(atomic_load(&p.pid), 0);
	journal_free(j);
}

/* What others write there from then on is theirs. */
static void list_that_was_left_is_not_touched_again(void **state)
{
	struct journal *j = session();
	struct parting p = { 0 };

	(void)state;
	journal_restore_events(j);
	journal_restore_early(j, &p);
	journal_parted(j);
	put_in(dir, "set_event_notrace_pid", "77\n");
	assert_int_equal(journal_restore(j), 0);
	check_text(dir, "set_event_notrace_pid", "77\n");
	check_text(dir, "tracing_on", "1");
	journal_free(j);
}

/* One may keep an event on for another: they go first. */
static void events_with_triggers_wait_for_the_rest(void **state)
{
	struct journal *j = session();

	(void)state;
	put_in(dir, "trigger", "# Available triggers:\n");
	assert_int_equal(journal_triggers(j, path_of(dir, "trigger").s), 0);
	journal_restore_events(j);
	journal_restore_early(j, NULL);
	check_text(dir, "set_event", "sched:sched_switch\n");
	check_text(dir, "set_event_notrace_pid", "");
	journal_restore(j);
	check_text(dir, "set_event", "");
	journal_free(j);
}

/* Others may set them meanwhile, and put them back. */
static void events_wait_for_others(void **state)
{
	struct journal *j = session();

	(void)state;
	journal_restore_early(j, NULL);
	check_text(dir, "set_event", "sched:sched_switch\n");
	check_text(dir, "set_event_notrace_pid", "");
	journal_restore(j);
	check_text(dir, "set_event", "");
	journal_free(j);
}

#define on_session(test) cmocka_unit_test_teardown(test, remove_session)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_is_emptied),
		cmocka_unit_test(failure_is_told),
		cmocka_unit_test(other_waits_are_waited_for),
		cmocka_unit_test(killed_process_is_a_failure),
		cmocka_unit_test(parent_ends_without_it_and_takes_its_locks_along),
		on_session(journal_puts_back_events_and_lists_early),
		on_session(words_of_others_stay_and_need_no_process),
		on_session(list_that_was_left_is_not_touched_again),
		on_session(events_with_triggers_wait_for_the_rest),
		on_session(events_wait_for_others),
		on_instance(kernel_list_is_empty_for_all_from_when_it_is_left),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
