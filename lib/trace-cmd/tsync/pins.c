/*
 * pins.c - see pins.h. Layer 4.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cpus.h"
#include "base/log.h"
#include "base/reap.h"
#include "tsync/pins.h"

#define GUARD_POLL_MS	500	/* how soon the guard sees that we died */

/* An order to the guard. */
struct order {
	pid_t tid;		/* restore this thread when we die; 0: nothing to do */
	cpu_set_t mask;
};

void pins_init(struct pins *p)
{
	memset(p, 0, sizeof(*p));
	p->guard_fd = -1;
}

/*
 * The guard's life. Others forked from our parent may hold the other end, too, so that an
 * end of file is not all there is to watch. Only async-signal-safe calls:
 * the parent had threads.
 */
static void guard(int fd, pid_t parent)
{
	struct order order = { 0 }, next;

	for (;;) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (poll(&pfd, 1, GUARD_POLL_MS) <= 0) {
			if (getppid() != parent)
				break;
			continue;
		}
		n = recv(fd, &next, sizeof(next), 0);
		if (n != sizeof(next))
			break;
		order = next;
	}
	if (order.tid > 0)
		sched_setaffinity(order.tid, sizeof(order.mask), &order.mask);
	_exit(0);
}

int pins_guard_start(struct pins *p)
{
	int fd[2];
	pid_t parent = getpid(), pid;
	sigset_t all, old;

	/* keeps the borders of messages */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd))
		return -errno;
	/* nothing that is meant to end us may end the guard first */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (!pid) {
		dup2(fd[1], 0);
		close_range(1, ~0U, 0);
		guard(0, parent);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	close(fd[1]);
	if (pid < 0) {
		close(fd[0]);
		return -EAGAIN;
	}
	p->guard = pid;
	p->guard_fd = fd[0];
	return 0;
}

static void tell_guard(struct pins *p, pid_t tid)
{
	struct order order = { .tid = tid, .mask = p->vcpu_mask };

	/* who has stopped the guard shall not stop us */
	if (p->guard_fd >= 0 && send(p->guard_fd, &order, sizeof(order), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("tsync: the guard of CPU affinities does not listen");
}

int pins_set(struct pins *p, pid_t tid, int host_cpu)
{
	cpu_set_t mask;
	int ret = cpus_get_affinity(tid, &p->vcpu_mask);

	if (ret)
		return ret;
	ret = cpus_pin_self(host_cpu, &p->own_mask);
	if (ret)
		return ret;
	p->tid = tid;
	p->pinned = true;
	tell_guard(p, tid);
	CPU_ZERO(&mask);
	CPU_SET(host_cpu, &mask);
	ret = cpus_set_affinity(tid, &mask);
	if (ret)
		pins_restore(p);
	return ret;
}

static void restore_vcpu(struct pins *p)
{
	int ret = cpus_set_affinity(p->tid, &p->vcpu_mask);

	if (ret)
		log_debug("tsync: affinity of thread %d: %s", (int)p->tid, strerror(-ret));
	tell_guard(p, 0);
	p->pinned = false;
}

void pins_restore(struct pins *p)
{
	if (!p->pinned)
		return;
	restore_vcpu(p);
	cpus_set_affinity(0, &p->own_mask);
}

void pins_release(struct pins *p)
{
	if (p->pinned)
		restore_vcpu(p);
	/* nothing is left for it to do */
	if (p->guard && reap_killed(p->guard, NULL) == -ETIMEDOUT)
		log_debug("tsync: the guard of CPU affinities does not end");
	fd_close(&p->guard_fd);
	p->guard = 0;
}
