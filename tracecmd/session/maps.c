/*
 * maps.c - see maps.h: what is noted, and the worker's side. The watcher is in
 * maps-watch.c. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/reap.h"
#include "message.h"
#include "session/maps-watch.h"
#include "wire/dat.h"

/* How long the watcher may take to begin, and to end. */
#define WATCH_MS	5000
#define MAPS_MAX	(256 << 20)	/* bytes of all maps together */

int maps_file(const struct plan *p)
{
	int i;

	for (i = 0; i < p->nr_instances; i++) {
		if (p->instances[i].proc_map)
			return memfd_create("trace-cmd-maps", MFD_CLOEXEC);
	}
	return -1;
}

/* --- the text ------------------------------------------------------------------ */

/* Append a name, which may hold no blanks in the file: as /proc/mounts writes them. */
static void add_name(struct buf *b, const char *name, size_t len)
{
	static const char deleted[] = " (deleted)";
	size_t i;

	if (len >= sizeof(deleted) && !memcmp(name + len - (sizeof(deleted) - 1), deleted,
					      sizeof(deleted) - 1))
		len -= sizeof(deleted) - 1;
	for (i = 0; i < len; i++) {
		unsigned char c = name[i];

		if (c <= ' ')
			buf_printf(b, "\\%03o", c);
		else
			buf_add(b, &c, 1);
	}
}

/* One line of /proc/PID/maps, if it is of something with a name. True if so. */
static bool add_line(struct buf *b, const char *line, size_t len)
{
	unsigned long long start, end;
	int at = 0;

	/* start-end perms offset major:minor inode    name */
	if (sscanf(line, "%llx-%llx %*s %*s %*s %*s %n", &start, &end, &at) != 2 || !at ||
	    (size_t)at >= len)
		return false;
	buf_printf(b, "%llx %llx ", start, end);
	add_name(b, line + at, len - at);
	buf_add(b, "\n", 1);
	return true;
}

int maps_text(struct buf *b, pid_t pid)
{
	_cleanup_buf_ struct buf maps = BUF_INIT, lines = BUF_INIT;
	char path[64], exe[4096];
	unsigned int count = 0;
	ssize_t len;
	char *at;
	int ret;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	ret = io_read_path(path, &maps);
	if (!ret && !maps.len)
		ret = -ESRCH;
	if (ret)
		return ret;
	for (at = (char *)maps.data; *at;) {
		size_t line = strcspn(at, "\n");
		bool more = at[line] == '\n';

		at[line] = 0;	/* sscanf() would go on to the next one */
		count += add_line(&lines, at, line);
		at += line + more;
	}
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	len = readlink(path, exe, sizeof(exe));
	buf_printf(b, "%x %x ", pid, count);
	if (len > 0)
		add_name(b, exe, len);
	else
		buf_add_str(b, "?");
	buf_add(b, "\n", 1);
	buf_add(b, lines.data, lines.len);
	buf_add(b, "", 1);
	return lines.error ? lines.error : b->error;
}

int maps_put(struct out_file *o, const struct note *note)
{
	_cleanup_buf_ struct buf all = { .cap = MAPS_MAX };
	const char *at, *end;
	int ret;

	/* the watcher's position in it is at its end */
	if (note->maps_fd < 0 || lseek(note->maps_fd, 0, SEEK_SET))
		return 0;
	ret = io_read_rest(note->maps_fd, &all);
	at = (const char *)all.data;
	end = at + all.len;
	while (!ret && at < end && memchr(at, 0, end - at)) {
		ret = out_option_text(o, DAT_PROCMAPS, at);
		at += strlen(at) + 1;
	}
	return ret;
}

/* --- the watcher, from outside ----------------------------------------------------- */

static int add_pid(struct watch *w, pid_t pid, bool follow)
{
	struct watched *more = reallocarray(w->task, w->nr + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	w->task = more;
	w->task[w->nr++] = (struct watched){ .tid = pid, .follow = follow };
	return 0;
}

/* Whom to watch. */
static int choose(struct watch *w, const struct plan *p, pid_t command)
{
	bool taken = false;
	int i, k, ret = 0;

	for (i = 0; !ret && i < p->nr_instances; i++) {
		const struct setup_conf *c = &p->instances[i];

		if (!c->proc_map)
			continue;
		if (!command && !c->nr_pids) {
			cmd_warn(0, "--proc-map is ignored for %s%s, no command or filtered PIDs are specified.",
				 i ? "instance " : "top instance", i ? c->name : "");
			continue;
		}
		if (command && !taken)
			ret = add_pid(w, command, c->follow);
		taken = true;
		for (k = 0; !ret && k < c->nr_pids; k++)
			ret = add_pid(w, c->pids[k], c->follow);
	}
	return ret;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/*
 * In the new process: but for standard ones, and the @n in @keep, descriptors are the recording's. The other side of a
 * connection, or of a tunnel, would not learn that it was closed as long as we had it, too.
 */
static void close_others(int *keep, int n)
{
	unsigned int from = STDERR_FILENO + 1;
	int i;

	qsort(keep, n, sizeof(*keep), by_number);
	for (i = 0; i < n; i++) {
		if ((unsigned int)keep[i] > from)
			close_range(from, keep[i] - 1, 0);
		if ((unsigned int)keep[i] >= from)
			from = keep[i] + 1;
	}
	close_range(from, ~0U, 0);
}

int maps_start(struct maps *m, const struct plan *p, const struct note *note, pid_t command)
{
	int end[2] = { -1, -1 }, ready[2] = { -1, -1 };
	struct watch w = { .out_fd = note->maps_fd };
	int ret;
	char c;

	*m = MAPS_NONE;
	if (note->maps_fd < 0)
		return 0;
	ret = choose(&w, p, command);
	if (!ret && w.nr && (pipe2(end, O_CLOEXEC) || pipe2(ready, O_CLOEXEC)))
		ret = -errno;
	if (!ret && w.nr) {
		fflush(stdout);
		m->pid = fork();
		if (m->pid < 0)
			ret = -errno;
		if (!m->pid) {
			close_others((int []){ w.out_fd, end[0], ready[1] }, 3);
			w.end_fd = end[0];
			_exit(watch_run(&w, ready[1]));
		}
		m->end_fd = take_fd(end[1]);
		fd_close(&ready[1]);
		/* the command must not be let go before it is watched */
		if (!ret && io_read_full(ready[0], &c, 1, deadline_in_ms(WATCH_MS)))
			cmd_warn(0, "nobody watches processes yet, address maps may be missing");
	}
	fd_close(&end[0]);
	fd_close(&end[1]);
	fd_close(&ready[0]);
	fd_close(&ready[1]);
	free(w.task);
	return ret;
}

void maps_stop(struct maps *m)
{
	fd_close(&m->end_fd);
	if (m->pid > 0 && reap_within(m->pid, NULL, WATCH_MS) == -ETIMEDOUT)
		reap_killed(m->pid, NULL);
	m->pid = 0;
}
