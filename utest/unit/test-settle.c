/*
 * test-settle.c - setup/leftover: sessions that share an instance leave it as the first one found it, in whatever
 * order they end or are killed.
 *
 * On plain files that lie as in a tracing directory; as a user whom nobody else uses, as the journals' directory
 * depends on that.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "setup/journal.h"
#include "setup/leftover.h"
#include "setup/place.h"
#include "unit/nobody.h"

#define SESSIONS	3

/* in memory: file systems on disks write what is cut at once */
static char dir[] = "/dev/shm/utest-settle-XXXXXX";

/* --- sessions, each a process that does what it is told by letters */

struct session {
	pid_t pid;
	int tell, answer;
};

struct own {
	struct journal *journal;
	int fd;
	char *path;
	uint64_t future;	/* not 0: it is so late by its clock */
};

/* Set all files of the instance @in to @value, with a file more for each value. */
static int own_begin(struct own *o, const char *in, char value)
{
	static const char *const files[] = { "set_event", "events/x/y/filter", "options/z" };
	const char text[] = { value, 0 }, each[] = { 'f', value, 0 };
	struct path base = path_of(dir, in), path;
	struct places turns = { 0 };
	int ret;

	ret = places_add(&turns, path_of(base.s, "set_event").s);
	if (!ret)
		ret = places_lock(&turns, NULL);
	journal_begin(o->journal, o->future ? o->future : leftover_latest(o->fd));
	for (size_t i = 0; !ret && i < ARRAY_SIZE(files); i++)
		ret = journal_write(o->journal, path_of(base.s, files[i]).s, text, NULL);
	path = path_of(base.s, each);
	if (!ret && !access(path.s, F_OK))
		ret = journal_write(o->journal, path.s, text, NULL);
	places_release(&turns);
	return ret;
}

/* As by a program that doesn't tell when it began yet. */
static int old_begin(struct own *o)
{
	return journal_write(o->journal, path_of(dir, "instances/i/set_event").s, "7", NULL);
}

static int obey(struct own *o, char order, char value)
{
	switch (order) {
	case 'b':
		return own_begin(o, "instances/i", value);
	case 'o':
		return old_begin(o);
	case 'p':
		journal_restore_events(o->journal);
		return 0;
	case 'F':
		o->future = (time(NULL) + 100000) * 1000000000ull;
		return 0;
	case 'j':
		return own_begin(o, "instances/j", value);
	case 'm':
		return journal_mkdir(o->journal, path_of(dir, "instances/made").s);
	case 'n':
		return journal_note(o->journal, path_of(dir, "instances/made/a").s, "0");
	case 'T':
		/* stops for who counts system calls */
		return ptrace(PTRACE_TRACEME, 0, NULL, NULL) || raise(SIGSTOP);
	case 'e':
		leftover_settle(o->journal, o->fd);
		return 0;
	default:
		leftover_end(o->fd, o->path);
		_exit(0);
	}
}

static void session_main(int tell, int answer, char value)
{
	struct own o = { .journal = journal_new(-1) };
	char order, done;

	o.fd = leftover_begin(&o.path);
	if (!o.journal || o.fd < 0)
		_exit(1);
	journal_copy_to(o.journal, o.fd);
	while (read(tell, &order, 1) == 1) {
		done = obey(&o, order, value) ? 'n' : 'y';
		if (write(answer, &done, 1) != 1)
			_exit(1);
	}
	_exit(1);
}

/* A session that sets @value, once it is told to. */
static void session_start(struct session *s, char value)
{
	int tell[2], answer[2];

	assert_int_equal(pipe2(tell, O_CLOEXEC), 0);
	assert_int_equal(pipe2(answer, O_CLOEXEC), 0);
	fflush(stdout);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (!s->pid) {
		close(tell[1]);
		close(answer[0]);
		session_main(tell[0], answer[1], value);
	}
	close(tell[0]);
	close(answer[1]);
	s->tell = tell[1];
	s->answer = answer[0];
}

static void tell(struct session *s, char order)
{
	assert_int_equal(write(s->tell, &order, 1), 1);
}

static void session_do(struct session *s, char order)
{
	char done;

	tell(s, order);
	assert_int_equal(read(s->answer, &done, 1), 1);
	assert_int_equal(done, 'y');
}

static void session_reap(struct session *s, int *ret_status)
{
	assert_int_equal(waitpid(s->pid, ret_status, 0), s->pid);
	close(s->tell);
	close(s->answer);
	s->pid = 0;
}

static void session_end(struct session *s)
{
	int status;

	session_do(s, 'e');
	tell(s, 'q');
	session_reap(s, &status);
	assert_int_equal(status, 0);
}

static void session_kill(struct session *s)
{
	int status;

	assert_int_equal(kill(s->pid, SIGKILL), 0);
	session_reap(s, &status);
	assert_true(WIFSIGNALED(status));
}

/* --- what is there */

static void put_all(const char *in)
{
	struct path base = path_of(dir, in);

	put_in(base.s, "set_event", "0\n");
	put_in(base.s, "events/x/y/filter", "0\n");
	put_in(base.s, "options/z", "0\n");
	put_in(base.s, "f1", "0\n");
	put_in(base.s, "f2", "0\n");
}

/* The first byte of @file in the instance @in. */
static char value_of(const char *in, const char *file)
{
	_cleanup_free_ char *text = text_of(path_of(path_of(dir, in).s, file).s);

	assert_non_null(text);
	return text[0];
}

static void check_all(const char *in, char want)
{
	assert_int_equal(value_of(in, "set_event"), want);
	assert_int_equal(value_of(in, "events/x/y/filter"), want);
	assert_int_equal(value_of(in, "options/z"), want);
}

static void check_as_found(const char *in)
{
	check_all(in, '0');
	assert_int_equal(value_of(in, "f1"), '0');
	assert_int_equal(value_of(in, "f2"), '0');
}

static int restore(void)
{
	struct killed killed;
	int ret = leftover_restore(&killed, NULL);

	assert_true(ret >= 0);
	return ret;
}

/* How many files there are of sessions. */
static int count_files(void)
{
	char name[64];
	struct dirent *e;
	int n = 0;
	DIR *d;

	snprintf(name, sizeof(name), "/tmp/trace-cmd-%u", geteuid());
	d = opendir(name);
	while (d && (e = readdir(d)))
		n += strstr(e->d_name, ".journal") != NULL;
	if (d)
		closedir(d);
	return n;
}

/* --- all orders */

struct state {
	int nr, begun;
	bool look;		/* other commands come by all the time */
	char steps[SESSIONS * 2 + 1];
	int nr_steps;
	bool over[SESSIONS];
	int runs;
};

/* Run the steps: 'b' begins the next, '0' to '2' end, 'A' to 'C' are killed. */
static void run(const struct state *st)
{
	struct session s[SESSIONS] = { 0 };
	int begun = 0;

	put_all("instances/i");
	for (const char *step = st->steps; *step; step++) {
		if (*step == 'b') {
			session_start(&s[begun], '1' + begun);
			session_do(&s[begun++], 'b');
		} else if (*step <= '9') {
			session_end(&s[*step - '0']);
		} else {
			session_kill(&s[*step - 'A']);
		}
		if (st->look)
			restore();
		/* who began last has what it set, whatever becomes of the others */
		if (s[begun - 1].pid)
			check_all("instances/i", '0' + begun);
	}
	restore();
	check_as_found("instances/i");
	assert_int_equal(count_files(), 0);
}

static void all_orders(struct state *st)
{
	char *step = &st->steps[st->nr_steps++];

	if (st->nr_steps > 2 * st->nr) {
		run(st);
		st->runs++;
	} else if (st->begun < st->nr) {
		*step = 'b';
		st->begun++;
		all_orders(st);
		st->begun--;
	}
	for (int i = 0; i < st->begun && st->nr_steps <= 2 * st->nr; i++) {
		if (st->over[i])
			continue;
		st->over[i] = true;
		*step = '0' + i;
		all_orders(st);
		*step = 'A' + i;
		all_orders(st);
		st->over[i] = false;
	}
	*step = 0;
	st->nr_steps--;
}

static void sessions_end_in_any_order(void **state)
{
	(void)state;
	need_nobody();
	for (int look = 0; look < 2; look++) {
		struct state two = { .nr = 2, .look = look }, three = { .nr = 3, .look = look };

		all_orders(&two);
		assert_int_equal(two.runs, 3 * 4);
		all_orders(&three);
		assert_int_equal(three.runs, 15 * 8);
	}
}

/* --- killed while it ends */

/* Have @s end, killed at its @n-th stop for system calls. False: it has ended before. */
static bool killed_at(struct session *s, int n)
{
	int status, i;

	tell(s, 'T');
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	assert_true(WIFSTOPPED(status));
	tell(s, 'e');
	tell(s, 'q');
	for (i = 0; i < n; i++) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, s->pid, NULL, NULL), 0);
		assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
		if (WIFEXITED(status))
			break;
	}
	if (i < n) {
		assert_int_equal(status, 0);
		close(s->tell);
		close(s->answer);
		s->pid = 0;
		return false;
	}
	session_kill(s);
	return true;
}

/* Three sessions, of which @victim is killed while it ends, the first one having ended before if that isn't @victim. */
static bool kill_one(int victim, int n)
{
	struct session s[SESSIONS] = { 0 };
	bool killed;

	put_all("instances/i");
	for (int i = 0; i < SESSIONS; i++) {
		session_start(&s[i], '1' + i);
		session_do(&s[i], 'b');
	}
	if (victim)
		session_end(&s[0]);
	killed = killed_at(&s[victim], n);
	if (victim < SESSIONS - 1)
		check_all("instances/i", '3');
	for (int i = 0; i < SESSIONS; i++)
		if (s[i].pid)
			session_end(&s[i]);
	restore();
	check_as_found("instances/i");
	assert_int_equal(count_files(), 0);
	return killed;
}

static void nothing_is_lost_by_a_kill_at_any_point_of_the_end(void **state)
{
	(void)state;
	need_nobody();
	for (int victim = 0; victim < SESSIONS; victim++) {
		int n = 1;

		while (kill_one(victim, n))
			n++;
		/* there were some */
		assert_true(n > 20);
	}
}

/* Its file is there yet, and says that nothing is left to do: nobody has to wait for that. */
static void who_is_killed_behind_its_end_is_in_nobodys_way(void **state)
{
	struct session s[SESSIONS];

	(void)state;
	need_nobody();
	put_all("instances/i");
	for (int i = 0; i < SESSIONS; i++) {
		session_start(&s[i], '1' + i);
		session_do(&s[i], 'b');
	}
	session_end(&s[0]);
	session_do(&s[2], 'e');
	session_kill(&s[2]);
	session_end(&s[1]);
	check_as_found("instances/i");
	assert_int_equal(count_files(), 0);
}

/* Pids come again: what waits keeps its file when its session's pid does. */
static void what_waits_outlives_the_next_one_of_that_pid(void **state)
{
	struct session a, b;
	char theirs[64], ours[64], *path = NULL;
	int fd;

	(void)state;
	need_nobody();
	put_all("instances/i");
	session_start(&a, '1');
	session_do(&a, 'b');
	snprintf(theirs, sizeof(theirs), "/tmp/trace-cmd-%u/%d.journal", geteuid(), a.pid);
	snprintf(ours, sizeof(ours), "/tmp/trace-cmd-%u/%d.journal", geteuid(), getpid());
	session_start(&b, '2');
	session_do(&b, 'b');
	session_kill(&a);
	assert_int_equal(rename(theirs, ours), 0);
	fd = leftover_begin(&path);
	assert_true(fd >= 0);
	assert_string_equal(path, ours);
	leftover_end(fd, path);
	free(path);
	session_end(&b);
	check_as_found("instances/i");
	assert_int_equal(count_files(), 0);
}

/* An older program's journal tells by its file when it began, also when it has been left for later again. */
static void journals_of_older_programs_keep_their_turn(void **state)
{
	struct session a, b;

	(void)state;
	need_nobody();
	put_all("instances/i");
	session_start(&a, '1');
	session_do(&a, 'o');
	session_start(&b, '2');
	session_do(&b, 'b');
	session_kill(&a);
	for (int i = 0; i < 3; i++) {
		restore();
		check_all("instances/i", '2');
	}
	session_end(&b);
	check_as_found("instances/i");
	assert_int_equal(count_files(), 0);
}

/* The clock may be set back while sessions live. */
static void order_is_not_the_clocks(void **state)
{
	struct session a, b, c;

	(void)state;
	need_nobody();
	put_all("instances/i");
	session_start(&a, '1');
	session_do(&a, 'F');
	session_do(&a, 'b');
	session_start(&b, '2');
	session_do(&b, 'b');
	session_start(&c, '3');
	session_do(&c, 'b');
	session_end(&a);
	check_all("instances/i", '3');
	session_end(&b);
	check_all("instances/i", '3');
	session_end(&c);
	check_as_found("instances/i");
	assert_int_equal(count_files(), 0);
}

/* Nothing is left to do for the last one when it ends, but it was in the way of another until then. */
static void who_has_put_back_all_lets_others_follow(void **state)
{
	struct session a, b;

	(void)state;
	need_nobody();
	put_all("instances/i");
	session_start(&a, '1');
	session_do(&a, 'b');
	session_start(&b, '2');
	/* only which events are on */
	session_do(&b, 'o');
	session_end(&a);
	session_do(&b, 'p');
	session_end(&b);
	check_as_found("instances/i");
	assert_int_equal(count_files(), 0);
}

/* --- what is said of killed ones */

static void who_comes_by_learns_what_becomes_of_it(void **state)
{
	struct killed killed = { 0 };
	struct session a, b;
	int pid;

	(void)state;
	need_nobody();
	put_all("instances/i");
	session_start(&a, '1');
	session_do(&a, 'b');
	pid = a.pid;
	session_start(&b, '2');
	session_do(&b, 'b');
	session_kill(&a);
	assert_int_equal(leftover_restore(&killed, NULL), 1);
	assert_int_equal(killed.pid, pid);
	assert_true(killed.waits);
	/* once is enough */
	assert_int_equal(leftover_restore(&killed, NULL), 0);
	pid = b.pid;
	session_kill(&b);
	assert_int_equal(leftover_restore(&killed, NULL), 1);
	assert_int_equal(killed.pid, pid);
	assert_false(killed.waits);
	check_as_found("instances/i");
}

/* --- not all is shared */

static void what_nobody_shares_is_put_back_at_once(void **state)
{
	struct session a, b;

	(void)state;
	need_nobody();
	put_all("instances/i");
	put_all("instances/j");
	session_start(&a, '1');
	session_do(&a, 'b');
	session_do(&a, 'j');
	session_start(&b, '2');
	session_do(&b, 'b');
	session_end(&a);
	check_as_found("instances/j");
	check_all("instances/i", '2');
	/* nor by who comes by: but it isn't said that somebody was killed */
	assert_int_equal(restore(), 0);
	check_all("instances/i", '2');
	session_end(&b);
	check_as_found("instances/i");
	assert_int_equal(count_files(), 0);
}

static void instance_stays_until_the_last_has_left_it(void **state)
{
	struct path made = path_of(dir, "instances/made");
	struct session a, b;

	(void)state;
	need_nobody();
	session_start(&a, '1');
	session_do(&a, 'b');
	session_do(&a, 'm');
	session_start(&b, '2');
	session_do(&b, 'b');
	session_do(&b, 'n');
	session_end(&a);
	assert_int_equal(access(made.s, F_OK), 0);
	session_end(&b);
	assert_int_equal(access(made.s, F_OK), -1);
}

/* Files that nobody has made that way are no reason to do anything, and keep nothing from being put back. */
static void damaged_files_do_no_harm(void **state)
{
	static const uint32_t huge[] = { 1, 1u << 31, 1u << 31 };
	char name[64];
	struct session a;
	int fd;

	(void)state;
	need_nobody();
	put_all("instances/i");
	session_start(&a, '1');
	session_do(&a, 'b');
	snprintf(name, sizeof(name), "/tmp/trace-cmd-%u", geteuid());
	put_in(name, "5.journal", "not a journal at all");
	put_in(name, "6.journal", "");
	fd = open(path_of(name, "7.journal").s, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, huge, sizeof(huge)), sizeof(huge));
	close(fd);
	assert_int_equal(mkdir(path_of(name, "8.journal").s, 0700), 0);
	assert_int_equal(symlink("/etc/passwd", path_of(name, "9.journal").s), 0);
	put_in(name, "10-x-which-is-much-too-long-for-the-name-of-a-journal-of-a-session-in-here.journal", "x");
	session_end(&a);
	check_as_found("instances/i");
	restore();
	check_as_found("instances/i");
	remove_tree(name);
}

static int begin(void **state)
{
	static const char *const dirs[] = {
		"instances", "instances/i", "instances/i/options", "instances/i/events",
		"instances/i/events/x", "instances/i/events/x/y", "instances/j",
		"instances/j/options", "instances/j/events", "instances/j/events/x",
		"instances/j/events/x/y",
	};

	(void)state;
	if (access("/dev/shm", W_OK))
		snprintf(dir, sizeof(dir), "/tmp/utest-settle-XXXXXX");
	if (!mkdtemp(dir) || chmod(dir, 0777) || nobody_begin())
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdir(path_of(dir, dirs[i]).s, 0700))
			return -1;
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (nobody_end())
		return -1;
	remove_tree(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions_end_in_any_order),
		cmocka_unit_test(nothing_is_lost_by_a_kill_at_any_point_of_the_end),
		cmocka_unit_test(who_is_killed_behind_its_end_is_in_nobodys_way),
		cmocka_unit_test(what_waits_outlives_the_next_one_of_that_pid),
		cmocka_unit_test(journals_of_older_programs_keep_their_turn),
		cmocka_unit_test(order_is_not_the_clocks),
		cmocka_unit_test(who_has_put_back_all_lets_others_follow),
		cmocka_unit_test(who_comes_by_learns_what_becomes_of_it),
		cmocka_unit_test(what_nobody_shares_is_put_back_at_once),
		cmocka_unit_test(instance_stays_until_the_last_has_left_it),
		cmocka_unit_test(damaged_files_do_no_harm),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
