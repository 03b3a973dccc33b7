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

#include <cmocka.h>

#include "base/cleanup.h"
#include "setup/journal.h"
#include "setup/leftover.h"
#include "setup/place.h"
#include "unit/nobody.h"
#include "unit/settle-session.h"

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
	check_all_over();
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
		session_begin(&s[i], '1' + i);
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
	check_all_over();
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
		session_begin(&s[i], '1' + i);
	}
	session_end(&s[0]);
	session_do(&s[2], 'e');
	session_kill(&s[2]);
	session_end(&s[1]);
	check_all_over();
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
	session_begin(&a, '1');
	snprintf(theirs, sizeof(theirs), "/tmp/trace-cmd-%u/%d.journal", geteuid(), a.pid);
	snprintf(ours, sizeof(ours), "/tmp/trace-cmd-%u/%d.journal", geteuid(), getpid());
	session_begin(&b, '2');
	session_kill(&a);
	assert_int_equal(rename(theirs, ours), 0);
	fd = leftover_begin(&path);
	assert_true(fd >= 0);
	assert_string_equal(path, ours);
	leftover_end(fd, path);
	free(path);
	session_end(&b);
	check_all_over();
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
	session_begin(&b, '2');
	session_kill(&a);
	for (int i = 0; i < 3; i++) {
		restore();
		check_all("instances/i", '2');
	}
	session_end(&b);
	check_all_over();
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
	session_begin(&b, '2');
	session_begin(&c, '3');
	session_end(&a);
	check_all("instances/i", '3');
	session_end(&b);
	check_all("instances/i", '3');
	session_end(&c);
	check_all_over();
}

/* Nothing is left to do for the last one when it ends, but it was in the way of another until then. */
static void who_has_put_back_all_lets_others_follow(void **state)
{
	struct session a, b;

	(void)state;
	need_nobody();
	put_all("instances/i");
	session_begin(&a, '1');
	session_start(&b, '2');
	/* only which events are on */
	session_do(&b, 'x');
	session_end(&a);
	session_do(&b, 'p');
	session_end(&b);
	check_all_over();
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
	session_begin(&a, '1');
	pid = a.pid;
	session_begin(&b, '2');
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
	session_begin(&a, '1');
	session_do(&a, 'j');
	session_begin(&b, '2');
	session_end(&a);
	check_as_found("instances/j");
	check_all("instances/i", '2');
	/* nor by who comes by: but it isn't said that somebody was killed */
	assert_int_equal(restore(), 0);
	check_all("instances/i", '2');
	session_end(&b);
	check_all_over();
}

static void instance_stays_until_the_last_has_left_it(void **state)
{
	struct path made = path_of(dir, "instances/made");
	struct session a, b;

	(void)state;
	need_nobody();
	session_begin(&a, '1');
	session_do(&a, 'm');
	session_begin(&b, '2');
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
	session_begin(&a, '1');
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
	return nobody_end(dir);
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
