/*
 * recorder.c - see recorder.h. Layer 3.
 *
 * While tracing runs only full sub-buffers are moved, many at a time: the
 * kernel wakes us when the buffer is buffer_percent full, and we look ourselves
 * now and then. What is left when tracing has stopped includes a sub-buffer
 * that isn't full; splice never gives that one, read() does.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "rec/budget.h"
#include "rec/raw.h"
#include "rec/recorder.h"
#include "rec/sink.h"

#define LOOK_MS		250		/* default pause between looks */
#define HOLD_MS		10		/* pause when poll() says "readable" of less than a page */
#define ROUND_BYTES	(16 * 1024 * 1024)	/* moved between looks whether to stop */
#define QUIT_MS		500		/* time an abandoned thread gets to notice */
#define SETTLE_NS	100000000LL
#define FIRST_NICE	(-20)
#define MAX_PAGE_SIZE	(16 * 1024 * 1024)

struct recorder {
	struct recorder_conf conf;
	struct sink sink;
	struct raw raw;
	int64_t settled_ns;		/* CLOCK_MONOTONIC */

	int wake_fd, failed_fd;
	atomic_bool stop;
	atomic_int refs;		/* the caller's and the thread's */

	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool done;			/* under lock, as is: */
	int result;
};

static void recorder_unref(struct recorder *r)
{
	if (atomic_fetch_sub(&r->refs, 1) != 1)
		return;
	raw_release(&r->raw);
	sink_close(&r->sink);
	budget_free(r->conf.budget);
	fd_close(&r->wake_fd);
	fd_close(&r->failed_fd);
	pthread_cond_destroy(&r->ended);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static void fire(int event_fd)
{
	uint64_t one = 1;
	ssize_t n;

	/* can't fail: the counter is far from its limit */
	n = write(event_fd, &one, sizeof(one));
	(void)n;
}

/* Sleep until data is there (-> true), somebody wakes us, or @ns (< 0: any time) have passed. */
static bool wait_raw(struct recorder *r, bool watch_raw, int64_t ns)
{
	struct timespec ts = { ns / 1000000000, ns % 1000000000 };
	struct pollfd pfd[] = {
		{ .fd = r->wake_fd, .events = POLLIN },
		{ .fd = r->raw.fd, .events = POLLIN },
	};
	uint64_t times;

	if (ppoll(pfd, watch_raw ? 2 : 1, ns < 0 ? NULL : &ts, NULL) <= 0)
		return false;
	if (pfd[0].revents)
		(void)!read(r->wake_fd, &times, sizeof(times));
	return pfd[1].revents;
}

/* Longest sleep between looks, ns; < 0: until the kernel calls. */
static int64_t look_ns(const struct recorder *r)
{
	if (r->conf.block)
		return -1;
	return r->conf.sleep_us ? r->conf.sleep_us * 1000LL : LOOK_MS * 1000000LL;
}

/*
 * Before we sleep: shall all that came be in the file? A chunk that isn't full is compressed again
 * when it is, so this costs something, and while much comes it is done now and then.
 */
static bool settle_is_due(struct recorder *r)
{
	int64_t now_ns = mono_now_ns();

	if (!r->conf.zip || (!r->conf.block && now_ns - r->settled_ns < SETTLE_NS))
		return false;
	r->settled_ns = now_ns;
	return true;
}

/* Move what there is; without @ready, no page that is still being filled. Bytes or -errno. */
static int64_t move_some(struct recorder *r, bool ready)
{
	int ret = sink_ready(&r->sink, NULL);
	int64_t moved = 0;

	if (ret)
		return ret;
	if (r->raw.splice_in)
		moved = raw_move_full(&r->raw, ROUND_BYTES);
	else if (ready)
		moved = raw_move_everything(&r->raw, RAW_CAUGHT_UP_LIVE, ROUND_BYTES);
	if (moved >= 0 && settle_is_due(r))
		ret = sink_settle(&r->sink);
	return ret ? ret : moved;
}

static int recorder_run(struct recorder *r)
{
	int64_t hold_ns = HOLD_MS * 1000000LL, moved;

	if (look_ns(r) >= 0 && look_ns(r) < hold_ns)
		hold_ns = look_ns(r);
	while (!atomic_load(&r->stop)) {
		bool ready = r->conf.poll || wait_raw(r, true, look_ns(r));

		moved = move_some(r, ready);
		if (moved < 0)
			return moved;
		/* kernels that know no buffer_percent call any event readable */
		if (ready && !r->conf.poll && moved <= (r->raw.splice_in ? 0 : r->conf.page_size))
			wait_raw(r, false, hold_ns);
	}
	moved = sink_ready(&r->sink, NULL);
	if (moved < 0)
		return moved;
	moved = raw_move_everything(&r->raw, RAW_CAUGHT_UP_DRAIN, raw_capacity(&r->raw));
	if (r->raw.page_fill)
		log_debug("cpu %d: %zu bytes of a cut sub-buffer dropped", r->conf.cpu,
			  r->raw.page_fill);
	return moved < 0 ? (int)moved : sink_finish(&r->sink);
}

/* --- the thread */

/*
 * Events get lost when a recorder has to wait for a CPU, not because it is slow: it goes first,
 * where that is allowed.
 */
static void be_important(struct recorder *r)
{
	struct sched_param param = { .sched_priority = r->conf.fifo_priority };
	int ret;

	if (!param.sched_priority && r->conf.poll)
		return;		/* nobody else would ever run */
	if (!param.sched_priority) {
		if (setpriority(PRIO_PROCESS, gettid(), FIRST_NICE))
			log_debug("cpu %d: no better priority: %s", r->conf.cpu, strerror(errno));
		return;
	}
	ret = pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
	if (ret)
		log_debug("cpu %d: no real-time priority: %s", r->conf.cpu, strerror(ret));
}

static void *recorder_thread(void *arg)
{
	struct recorder *r = arg;
	char name[16];
	int ret;

	snprintf(name, sizeof(name), "recorder/%d", r->conf.cpu);
	pthread_setname_np(pthread_self(), name);
	be_important(r);

	ret = recorder_run(r);
	if (ret)
		sink_trim(&r->sink, r->conf.page_size);
	if (ret && !atomic_load(&r->sink.quit))
		fire(r->failed_fd);

	pthread_mutex_lock(&r->lock);
	r->done = true;
	r->result = ret;
	pthread_cond_signal(&r->ended);
	pthread_mutex_unlock(&r->lock);
	recorder_unref(r);
	return NULL;
}

/* --- start, stop, join */

static int open_events(struct recorder *r)
{
	r->wake_fd = eventfd(0, EFD_CLOEXEC);
	r->failed_fd = eventfd(0, EFD_CLOEXEC);
	return r->wake_fd < 0 || r->failed_fd < 0 ? -errno : 0;
}

static struct recorder *recorder_alloc(const struct recorder_conf *conf)
{
	struct recorder *r = calloc(1, sizeof(*r));
	pthread_condattr_t attr;

	if (!r)
		return NULL;
	r->conf = *conf;
	/* a thread that is abandoned may count what it has written when the caller is gone */
	r->conf.budget = budget_ref(conf->budget);
	r->raw = (struct raw){
		.fd = conf->raw_fd, .cpu = conf->cpu, .page_size = conf->page_size,
		.pipe = { -1, -1 },
	};
	r->wake_fd = r->failed_fd = -1;
	sink_init(&r->sink);
	atomic_init(&r->refs, 1);
	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->ended, &attr);
	pthread_condattr_destroy(&attr);
	return r;
}

/* The thread itself, with all signals blocked: they are for the command's main thread. */
static int start_thread(struct recorder *r)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	atomic_fetch_add(&r->refs, 1);
	ret = pthread_create(&r->thread, NULL, recorder_thread, r);
	if (ret)
		atomic_fetch_sub(&r->refs, 1);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -ret;
}

int recorder_start(const struct recorder_conf *conf, struct recorder **ret, struct err *err)
{
	struct recorder *r = recorder_alloc(conf);
	int error = 0, raw_fd = conf->raw_fd;

	if (!r) {
		fd_close(&raw_fd);
		return err_set(err, -ENOMEM, "cannot start the recorder of CPU %d: no memory",
			       conf->cpu);
	}
	if (conf->page_size <= RAW_HEADER_BYTES || conf->page_size > MAX_PAGE_SIZE ||
	    conf->sleep_us < 0 || conf->full_bytes % conf->page_size)
		error = -EINVAL;
	if (!error)
		error = open_events(r);
	if (!error)
		error = sink_open(&r->sink, conf->sink_fd, conf->datagrams);
	r->sink.budget = conf->budget;
	if (!error && conf->full_bytes)
		error = sink_alternate(&r->sink, conf->spare_fd, conf->full_bytes);
	if (!error && conf->zip)
		error = sink_compress(&r->sink, conf->zip, conf->page_size);
	if (!error)
		error = raw_open(&r->raw, &r->sink, conf->no_splice);
	if (!error)
		error = start_thread(r);
	if (error) {
		recorder_unref(r);
		return err_set(err, error, "cannot start the recorder of CPU %d: %s", conf->cpu,
			       strerror(-error));
	}
	*ret = r;
	return 0;
}

void recorder_stop(struct recorder *r)
{
	if (!atomic_exchange(&r->stop, true))
		fire(r->wake_fd);
}

int recorder_switch(struct recorder *r, int fd)
{
	int ret = sink_switch(&r->sink, fd);

	if (!ret)
		fire(r->wake_fd);
	return ret;
}

bool recorder_switched(struct recorder *r)
{
	bool done;

	pthread_mutex_lock(&r->lock);
	done = r->done;
	pthread_mutex_unlock(&r->lock);
	return done || sink_switched(&r->sink);
}

uint64_t recorder_bytes(const struct recorder *r)
{
	return atomic_load(&r->sink.bytes);
}

int recorder_failed_fd(const struct recorder *r)
{
	return r->failed_fd;
}

/* Wait for the thread's end until @d; under the lock. */
static bool wait_done(struct recorder *r, struct deadline d)
{
	struct timespec ts = { d.at_ns / 1000000000, d.at_ns % 1000000000 };

	while (!r->done)
		if (pthread_cond_timedwait(&r->ended, &r->lock, &ts) == ETIMEDOUT)
			break;
	return r->done;
}

int recorder_join(struct recorder *r, int timeout_ms, uint64_t *ret_bytes)
{
	uint64_t before, now = recorder_bytes(r);
	bool done;
	int ret;

	recorder_stop(r);
	pthread_mutex_lock(&r->lock);
	do {
		before = now;
		done = wait_done(r, deadline_in_ms(timeout_ms));
		now = recorder_bytes(r);
	} while (!done && now != before);
	if (!done) {
		sink_give_up(&r->sink);
		done = wait_done(r, deadline_in_ms(QUIT_MS));
	}
	ret = done ? r->result : -ETIMEDOUT;
	pthread_mutex_unlock(&r->lock);

	if (done)
		pthread_join(r->thread, NULL);
	else
		pthread_detach(r->thread);
	if (ret_bytes)
		*ret_bytes = recorder_bytes(r);
	recorder_unref(r);
	return ret;
}
