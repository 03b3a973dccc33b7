/*
 * spin.c - see spin.h. Layer 4.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cpus.h"
#include "tsync/spin.h"

#define SPIN_NS		500000	/* then this wait sleeps */
#define LOOKS		32	/* between two looks at the clock, some microseconds */
#define SHARED_NS	5000	/* offering the CPU took this long: somebody else was there */
#define MISSES_NORMAL	2
#define MOVES_MAX	3

static void normal_on(struct spin *s)
{
	struct sched_param none = { 0 };

	s->policy = sched_getscheduler(0);
	s->normal = (s->policy == SCHED_FIFO || s->policy == SCHED_RR) &&
		    !sched_getparam(0, &s->param) && !sched_setscheduler(0, SCHED_OTHER, &none);
}

static void normal_off(struct spin *s)
{
	if (s->normal)
		sched_setscheduler(0, s->policy, &s->param);
	s->normal = false;
}

/* CPUs that both ends and what is in between need at the same time. */
static int cpus_needed(const struct channel *ch, bool host)
{
	int family = 0;
	socklen_t len = sizeof(family);

	if (!host || getsockopt(ch->fd, SOL_SOCKET, SO_DOMAIN, &family, &len) ||
	    family != AF_VSOCK)
		return 2;
	/* us, the guest's thread that spins, another one for its interrupts, and vhost's worker */
	return 4;
}

void spin_begin(struct spin *s, struct channel *ch, bool may_spin, bool host)
{
	*s = (struct spin){ .ch = ch, .level = SPIN_SLEEP };
	if (!may_spin || sysconf(_SC_NPROCESSORS_ONLN) < cpus_needed(ch, host))
		return;
	s->may_move = host && !cpus_get_affinity(0, &s->mask);
	s->level = SPIN_REALTIME;
}

void spin_end(struct spin *s)
{
	normal_off(s);
	if (s->moved)
		cpus_set_affinity(0, &s->mask);
	s->moved = false;
}

/* The peer's thread may be waiting for this very CPU: leave it. */
static void leave_cpu(struct spin *s)
{
	int cpu = sched_getcpu();
	cpu_set_t mask = s->mask;

	if (!s->may_move || s->moves >= MOVES_MAX || cpu < 0 || cpu >= CPU_SETSIZE)
		return;
	CPU_CLR(cpu, &mask);
	if (!CPU_COUNT(&mask) || cpus_set_affinity(0, &mask))
		return;
	s->moved = true;
	s->moves++;
}

static void missed(struct spin *s)
{
	s->misses++;
	leave_cpu(s);
	if (s->misses >= MISSES_NORMAL && s->level == SPIN_REALTIME) {
		normal_on(s);
		s->level = SPIN_NORMAL;
	}
	if (s->misses >= SPIN_USELESS)
		s->level = SPIN_SLEEP;
}

/*
 * Whether something is there, or the end is. Other than a recv() that finds nothing, this takes no lock of a TCP
 * socket: one who delivers a packet meanwhile need not wait for us, nor fetch the lock from our CPU's cache.
 */
static bool is_there(const struct spin *s)
{
	struct pollfd pfd = { .fd = s->ch->fd, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0;
}

static int sleep_for(struct spin *s, struct deadline d)
{
	struct pollfd pfd[] = {
		{ .fd = s->ch->fd, .events = POLLIN },
		{ .fd = s->ch->stop_fd, .events = POLLIN },
	};

	s->slept++;
	for (;;) {
		int ready;

		if (is_there(s))
			return 0;
		ready = poll(pfd, ARRAY_SIZE(pfd), deadline_left_ms(d));
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (ready > 0 && pfd[1].revents)
			return -ECANCELED;
		if (ready <= 0 && deadline_passed(d))
			return -ETIMEDOUT;
	}
}

/* Offer the CPU; if somebody took it, go elsewhere for the next time. */
static void offer_cpu(struct spin *s, int64_t now_ns)
{
	sched_yield();
	if (mono_now_ns() - now_ns > SHARED_NS)
		leave_cpu(s);
}

int spin_wait(struct spin *s, struct deadline d)
{
	int64_t start_ns = 0, now_ns;
	unsigned int looks;

	if (s->level == SPIN_SLEEP)
		return sleep_for(s, d);
	for (looks = 1; ; looks++) {
		if (is_there(s)) {
			s->misses = 0;
			return 0;
		}
		if (looks % LOOKS)
			continue;
		now_ns = mono_now_ns();
		if (!start_ns)
			start_ns = now_ns;
		if (now_ns - start_ns > SPIN_NS || now_ns >= d.at_ns)
			break;
		offer_cpu(s, now_ns);
	}
	missed(s);
	return sleep_for(s, d);
}

ssize_t spin_take(struct spin *s, void *data, size_t len)
{
	ssize_t n = recv(s->ch->fd, data, len, MSG_DONTWAIT);

	if (n > 0)
		return n;
	if (!n)
		return -EPIPE;
	return errno == ECONNRESET ? -EPIPE : -errno;
}
