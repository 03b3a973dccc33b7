/*
 * stop.c - see stop.h. Layer 5.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "session/stop.h"

/* Have the signals in @set read instead of delivered. A descriptor; -errno. */
static int read_signals(const sigset_t *set)
{
	int fd;

	if (sigprocmask(SIG_BLOCK, set, NULL))
		return -errno;
	fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int stop_open(struct stop *s)
{
	sigset_t set;
	int fd;

	*s = STOP_NONE;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	fd = read_signals(&set);
	if (fd < 0)
		return fd;
	s->fd = fd;
	return 0;
}

int stop_open_children(struct stop *s, int *ret_child_fd)
{
	int fd, ret = stop_open(s);
	sigset_t set;

	if (ret)
		return ret;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	fd = read_signals(&set);
	if (fd < 0)
		return fd;
	signal(SIGXFSZ, SIG_IGN);
	*ret_child_fd = fd;
	return 0;
}

void stop_close(struct stop *s)
{
	fd_close(&s->fd);
}

/* Take in what has come. */
static void look(struct stop *s)
{
	struct pollfd relay = { .fd = s->fd, .events = POLLIN };
	struct signalfd_siginfo si;

	if (s->relay) {
		if (!s->first_ns && poll(&relay, 1, 0) > 0) {
			s->first_ns = mono_now_ns();
			s->urgent = true;
		}
		return;
	}
	while (s->fd >= 0 && read(s->fd, &si, sizeof(si)) == sizeof(si)) {
		int64_t now_ns = mono_now_ns();

		if (!s->first_ns)
			s->first_ns = now_ns;
		else if (now_ns - s->first_ns > STOP_SAME_WISH_NS)
			s->urgent = true;
	}
}

bool stop_wanted(struct stop *s)
{
	look(s);
	return s->first_ns;
}

bool stop_urgent(struct stop *s)
{
	if (!s)
		return false;
	look(s);
	return s->urgent;
}
