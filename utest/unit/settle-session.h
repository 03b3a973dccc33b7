/*
 * settle-session.h - sessions that share an instance, each a process that does what it is told by letters, on plain files.
 */
#ifndef UNIT_SETTLE_SESSION_H
#define UNIT_SETTLE_SESSION_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

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

/* Set one file, and don't tell when that was: older programs didn't. */
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
	case 'x':
		journal_begin(o->journal, leftover_latest(o->fd));
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

/* One that has set @value. */
static void session_begin(struct session *s, char value)
{
	session_start(s, value);
	session_do(s, 'b');
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

/* Nobody is left, nor is anything of them. */
static void check_all_over(void)
{
	check_as_found("instances/i");
	assert_int_equal(count_files(), 0);
}

#endif
