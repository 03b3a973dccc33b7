/*
 * tasks.c - see tasks.h. Layer 5.
 *
 * A task is watched by a pidfd, which cannot mistake another task of the same number for it.
 * Where the kernel has none for it (a thread, before Linux 6.9), it is looked for
 * by its number ten times a second.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "message.h"
#include "session/tasks.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD	O_EXCL
#endif
#define LOOK_NS		100000000	/* between looks for those without a pidfd */

static bool exists(int pid)
{
	return !kill(pid, 0) || errno == EPERM;
}

int tasks_check(const struct plan *p, struct err *err)
{
	int i, k, there = 0, gone = 0;

	for (i = 0; i < p->nr_instances; i++) {
		for (k = 0; k < p->instances[i].nr_pids; k++) {
			if (exists(p->instances[i].pids[k]))
				there++;
			else
				gone = p->instances[i].pids[k];
		}
	}
	/* with -F there is the command to be traced */
	if (gone && !there && !(p->command && p->only_command))
		return err_set(err, -ESRCH, "-P: there is no task %d", gone);
	if (gone)
		cmd_warn(0, "-P: there is no task %d; going on with the others", gone);
	return 0;
}

/* A descriptor of the task, -1 without. */
static int open_task(int pid)
{
	int fd = syscall(SYS_pidfd_open, pid, PIDFD_THREAD);

	/* older kernels know only whole processes */
	if (fd < 0 && errno == EINVAL)
		fd = syscall(SYS_pidfd_open, pid, 0);
	return fd;
}

/* Watch one; @ret_looked_for is set if that takes a timer. */
static int add_task(struct tasks *t, int pid, bool *ret_looked_for)
{
	struct epoll_event e = { .events = EPOLLIN };
	int i = t->nr;

	t->pids[i] = pid;
	t->pidfds[i] = open_task(pid);
	t->nr++;
	if (t->pidfds[i] < 0) {
		*ret_looked_for = true;
		return 0;
	}
	return epoll_ctl(t->fd, EPOLL_CTL_ADD, t->pidfds[i], &e) ? -errno : 0;
}

static int add_timer(struct tasks *t)
{
	struct itimerspec every = { { 0, LOOK_NS }, { 0, 1 } };
	struct epoll_event e = { .events = EPOLLIN };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	t->pidfds[t->nr] = fd;	/* there is room for one more */
	if (timerfd_settime(fd, 0, &every, NULL) || epoll_ctl(t->fd, EPOLL_CTL_ADD, fd, &e))
		return -errno;
	return 0;
}

int tasks_open(struct tasks *t, const struct plan *p)
{
	bool looked_for = false;
	int i, k, ret = 0, nr = 0;

	*t = TASKS_NONE;
	for (i = 0; i < p->nr_instances; i++)
		nr += p->instances[i].nr_pids;
	if (!nr)
		return 0;
	t->pids = calloc(nr, sizeof(*t->pids));
	t->pidfds = malloc((nr + 1) * sizeof(*t->pidfds));
	t->fd = epoll_create1(EPOLL_CLOEXEC);
	if (!t->pids || !t->pidfds || t->fd < 0)
		return -ENOMEM;
	memset(t->pidfds, -1, (nr + 1) * sizeof(*t->pidfds));
	for (i = 0; i < p->nr_instances; i++) {
		for (k = 0; !ret && k < p->instances[i].nr_pids; k++)
			ret = add_task(t, p->instances[i].pids[k], &looked_for);
	}
	return !ret && looked_for ? add_timer(t) : ret;
}

/* Has it ended? A pidfd tells that even of a zombie. */
static bool task_ended(int pid, int pidfd)
{
	struct pollfd fd = { .fd = pidfd, .events = POLLIN };

	return pidfd >= 0 ? poll(&fd, 1, 0) > 0 : !exists(pid);
}

bool tasks_ended(struct tasks *t)
{
	bool all = t->nr > 0;
	uint64_t ticks;
	int i;

	for (i = 0; i < t->nr; i++) {
		if (t->pids[i] && task_ended(t->pids[i], t->pidfds[i])) {
			/* it would be readable for ever */
			fd_close(&t->pidfds[i]);
			t->pids[i] = 0;
		}
		all &= !t->pids[i];
	}
	if (t->nr && t->pidfds[t->nr] >= 0)
		(void)!read(t->pidfds[t->nr], &ticks, sizeof(ticks));
	return all;
}

void tasks_close(struct tasks *t)
{
	int i;

	for (i = 0; t->pidfds && i <= t->nr; i++)
		fd_close(&t->pidfds[i]);
	fd_close(&t->fd);
	free(t->pids);
	free(t->pidfds);
	*t = TASKS_NONE;
}
