/*
 * guests.c - see guests.h. Layer 5.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cpus.h"
#include "session/guests.h"

#define LOOK_MS	100	/* between looks whether it shall end */

/* --- turns ---------------------------------------------------------------------- */

int turns_take(struct turns *t, struct stop *stop)
{
	for (;;) {
		struct pollfd fds[2] = {
			{ .fd = t->fd, .events = POLLIN }, { .fd = stop->fd, .events = POLLIN },
		};
		uint64_t one;

		if (stop_wanted(stop))
			return -ECANCELED;
		if (read(t->fd, &one, sizeof(one)) == sizeof(one))
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		poll(fds, 2, LOOK_MS);
	}
}

void turns_give(struct turns *t)
{
	eventfd_write(t->fd, 1);
}

/* --- threads ---------------------------------------------------------------------- */

/* What all guests are to do. */
struct job {
	int (*run)(struct guest *g, struct err *err);
	bool (*ends)(struct stop *s);	/* what of the user's makes all give up */
	bool together;			/* one failure makes the others give up, too */
	struct turns *turns;
	int done_fd;			/* each adds one in the end */
	int abort_fd;			/* readable: all shall give up */
};

/* One guest's part of it. */
struct call {
	const struct job *job;
	struct guest *guest;
	struct stop stop;		/* reads abort_fd */
	pthread_t thread;
	struct guest_end end;
};

static void *call_main(void *arg)
{
	struct call *c = arg;
	int ret = c->job->run(c->guest, &c->end.err);

	__atomic_store_n(&c->end.code, ret, __ATOMIC_RELEASE);
	eventfd_write(c->job->done_fd, 1);
	return NULL;
}

static int call_start(struct call *c, const struct job *job, struct guest *g)
{
	sigset_t all, old;
	int ret;

	*c = (struct call){
		.job = job, .guest = g, .stop = { .fd = job->abort_fd, .relay = true },
	};
	g->stop = &c->stop;
	g->turns = job->turns;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = -pthread_create(&c->thread, NULL, call_main, c);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ret;
}

/* Has any of them failed so far, in a way that concerns the others? */
static bool any_failed(struct call *calls, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		if (__atomic_load_n(&calls[i].end.code, __ATOMIC_ACQUIRE) && !calls[i].guest->broke)
			return true;
	}
	return false;
}

/* Until all are done. */
static void wait_all(const struct job *job, struct call *calls, int n, struct stop *stop)
{
	bool aborted = false;
	int left = n;

	while (left > 0) {
		struct pollfd fds[2] = {
			{ .fd = job->done_fd, .events = POLLIN },
			{ .fd = aborted ? -1 : stop->fd, .events = POLLIN },
		};
		uint64_t done;

		/* first of all: the signal may have been read before */
		if (!aborted && (job->ends(stop) || (job->together && any_failed(calls, n)))) {
			aborted = true;
			eventfd_write(job->abort_fd, 1);
			continue;
		}
		poll(fds, 2, -1);
		if (read(job->done_fd, &done, sizeof(done)) == sizeof(done))
			left -= done;
	}
}

/* Start as many as there can be threads for: their number; *@ret_error: why there are no more. */
static int start_all(struct job *job, struct call *calls, struct guest *guests, int n,
		     int *ret_error)
{
	int started = 0;

	*ret_error = !calls ? -ENOMEM : job->done_fd < 0 || job->abort_fd < 0 ? -EMFILE : 0;
	while (!*ret_error && started < n) {
		*ret_error = call_start(&calls[started], job, &guests[started]);
		started += !*ret_error;
	}
	return started;
}

/*
 * 0 if all have had their turn and have ended, however; -errno: there were too few threads for @job->together. Else
 * who has no thread comes when the others are through: each costs time then, but nobody is cut short.
 */
static int do_all(struct job *job, struct guest *guests, int n, struct guest_end *ends,
		  struct stop *stop)
{
	_cleanup_free_ struct call *calls = calloc(n + 1, sizeof(*calls));
	_cleanup_close_ int done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	_cleanup_close_ int abort_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int i, started, ret;

	job->done_fd = done_fd;
	job->abort_fd = abort_fd;
	started = start_all(job, calls, guests, n, &ret);
	if (ret && started && job->together)
		eventfd_write(abort_fd, 1);
	wait_all(job, calls, started, stop);
	for (i = 0; i < started; i++) {
		pthread_join(calls[i].thread, NULL);
		ends[i] = calls[i].end;
	}
	for (i = 0; i < n; i++) {
		guests[i].stop = stop;
		guests[i].turns = NULL;
	}
	for (i = started; i < n && !job->together; i++)
		ends[i].code = job->run(&guests[i], &ends[i].err);
	return job->together ? ret : 0;
}

/* --- connecting ------------------------------------------------------------------- */

/* Two guests of one name would write one file. */
static int check_name(const struct guest *guests, int i, struct err *err)
{
	int j;

	for (j = 0; j < i; j++) {
		if (!strcmp(guests[i].own->name, guests[j].own->name))
			return err_set(err, -EEXIST,
				       "two guests are called '%s'; tell them apart with --name",
				       guests[i].own->name);
	}
	return 0;
}

static int connect_one(struct guest *g, struct err *err)
{
	int ret = guest_connect(g, err);

	return ret ? ret : guest_receive(g, err);
}

/* The first failure that is not because of another one's and concerns the others. */
static int first_failure(const struct guest *guests, const struct guest_end *ends, int n,
			 struct err *err)
{
	int i, ret = 0;

	for (i = 0; i < n; i++) {
		if (!ends[i].code || guests[i].broke)
			continue;
		ret = ends[i].code;
		if (ret == -ECANCELED)
			continue;
		if (err)
			*err = ends[i].err;
		return ret;
	}
	return ret;
}

int guests_connect(struct guest *guests, int n, struct stop *stop, struct guest_end *ends,
		   struct err *err)
{
	/* either side of a comparison runs on a CPU, if both are of this machine */
	int places = cpus_configured() / 2, i, ret = 0;
	_cleanup_close_ int fd = eventfd(places > 1 ? places : 1,
					 EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	struct turns turns = { .fd = fd };
	struct job job = {
		.run = connect_one, .ends = stop_wanted, .together = true, .turns = &turns,
	};

	if (fd < 0)
		return -errno;
	for (i = 0; !ret && i < n; i++) {
		ret = guest_find(&guests[i], err);
		if (!ret)
			ret = check_name(guests, i, err);
	}
	if (ret)
		return ret;
	ret = do_all(&job, guests, n, ends, stop);
	ret = ret ? err_set(err, ret, "cannot connect to the guests: %s", strerror(-ret)) :
		    first_failure(guests, ends, n, err);
	/* what failed may have failed because all shall end */
	return ret && stop_wanted(stop) ? -ECANCELED : ret;
}

/* --- the end ---------------------------------------------------------------------- */

static int close_one(struct guest *g, struct err *err)
{
	return g->connected ? guest_wait_close(g, err) : 0;
}

void guests_wait_close(struct guest *guests, int n, struct stop *stop, struct guest_end *ends)
{
	struct job job = { .run = close_one, .ends = stop_urgent };

	do_all(&job, guests, n, ends, stop);
}
