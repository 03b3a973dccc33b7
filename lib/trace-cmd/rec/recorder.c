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
#include "rec/recorder.h"
#include "rec/sink.h"

#define LOOK_MS		250		/* default pause between looks */
#define HOLD_MS		10		/* pause when poll() says "readable" of less than a page */
#define PIPE_BYTES	(1024 * 1024)	/* pages moved at once; the limit without privileges */
#define ROUND_BYTES	(16 * 1024 * 1024)	/* moved between looks whether to stop */
#define QUIT_MS		500		/* time an abandoned thread gets to notice */
#define SETTLE_NS	100000000LL
#define FIRST_NICE	(-20)
#define MAX_PAGE_SIZE	(16 * 1024 * 1024)

/* In a sub-buffer's header: the bytes of its events, below the flags for lost ones. */
#define COMMIT_OFFSET	8
#define COMMIT_MASK	0x3ffffffful
#define HEADER_BYTES	(COMMIT_OFFSET + sizeof(unsigned long))

/*
 * Sub-buffers of which less than a quarter is used, in a row, that mean that we
 * read faster than events come in. Closed sub-buffers can't do that: an event that
 * fits the next one would have fitted there.
 */
#define CAUGHT_UP_DRAIN	4
#define CAUGHT_UP_LIVE	1

struct recorder {
	struct recorder_conf conf;
	struct sink sink;
	int pipe[2];
	size_t pipe_bytes;		/* most that one splice may bring */
	bool splice_in;
	uint8_t *page;			/* one sub-buffer, for read() */
	size_t page_fill;
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
	fd_close(&r->conf.raw_fd);
	sink_close(&r->sink);
	budget_free(r->conf.budget);
	fd_close(&r->pipe[0]);
	fd_close(&r->pipe[1]);
	fd_close(&r->wake_fd);
	fd_close(&r->failed_fd);
	pthread_cond_destroy(&r->ended);
	pthread_mutex_destroy(&r->lock);
	free(r->page);
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

/* --- the source's side */

/* Move all full sub-buffers there are, to about @limit bytes. Returns the bytes moved or -errno. */
static int64_t move_full_pages(struct recorder *r, int64_t limit)
{
	int64_t moved = 0;

	while (r->splice_in && moved < limit) {
		uint64_t room;
		ssize_t n;
		int ret = sink_ready(&r->sink, &room);

		if (ret)
			return ret;
		n = splice(r->conf.raw_fd, NULL, r->pipe[1], NULL,
			   room < r->pipe_bytes ? room : r->pipe_bytes,
			   SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
		if (n > 0) {
			ret = sink_splice(&r->sink, r->pipe[0], n, r->page, r->conf.page_size);
			if (ret)
				return ret;
			moved += n;
			continue;
		}
		if (n == 0 || errno == EAGAIN)
			break;
		if (errno == EINTR)
			continue;
		if (errno != EINVAL && errno != ENOSYS)
			return -errno;
		log_debug("cpu %d: the buffer can't be spliced, reading it", r->conf.cpu);
		r->splice_in = false;
	}
	return moved;
}

/* Move one sub-buffer, full or not. 1; 0 if there is nothing now; -errno. */
static int move_any_page(struct recorder *r)
{
	size_t size = r->conf.page_size;
	int ret;

	while (r->page_fill < size) {
		ssize_t n = read(r->conf.raw_fd, r->page + r->page_fill, size - r->page_fill);

		if (n == 0 || (n < 0 && errno == EAGAIN))
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			r->page_fill += n;
	}
	r->page_fill = 0;
	ret = sink_ready(&r->sink, NULL);
	if (!ret)
		ret = sink_write(&r->sink, r->page, size);
	return ret ? ret : 1;
}

/* Does the sub-buffer read last hold few events? */
static bool page_is_sparse(const struct recorder *r)
{
	unsigned long commit;

	memcpy(&commit, r->page + COMMIT_OFFSET, sizeof(commit));
	return (commit & COMMIT_MASK) < r->conf.page_size / 4;
}

/*
 * Move everything, the last sub-buffer with its few events too, until there is nothing, or
 * @caught_up sparse ones came in a row (events of a running trace, ours among them), or about
 * @limit bytes have been moved. Returns the bytes moved or -errno.
 */
static int64_t move_everything(struct recorder *r, int caught_up, int64_t limit)
{
	int64_t moved = 0;
	int sparse = 0;

	while (sparse < caught_up && moved < limit) {
		int64_t full = move_full_pages(r, limit - moved);
		int ret;

		if (full < 0)
			return full;
		ret = move_any_page(r);
		if (ret < 0)
			return ret;
		if (ret == 0)
			return moved + full;
		sparse = !full && page_is_sparse(r) ? sparse + 1 : 0;
		moved += full + r->conf.page_size;
	}
	return moved;
}

/*
 * The bytes that this CPU's buffer can hold, sub-buffer headers included. Who has moved as much
 * since the stop has all that was recorded before it, even if tracing was switched on again by
 * others and our own moving is traced. INT64_MAX if it can't be told.
 */
static int64_t buffer_capacity(const struct recorder *r)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char link[64], path[PATH_MAX];
	unsigned long long kb;
	char *slash;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", r->conf.raw_fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return INT64_MAX;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return INT64_MAX;
	snprintf(slash, path + sizeof(path) - slash, "/buffer_size_kb");
	/* "1410", or "7 (expanded: 1408)" */
	if (io_read_path(path, &b) || !b.len)
		return INT64_MAX;
	kb = strtoull((char *)b.data, NULL, 10);
	if (!kb || kb > 1ull << 40)
		return INT64_MAX;
	/* the size is that of the events; a page on each side may be partly used */
	return (kb * 1024 / (r->conf.page_size - HEADER_BYTES) + 3) * r->conf.page_size;
}

/* Sleep until data is there (-> true), somebody wakes us, or @ns (< 0: any time) have passed. */
static bool wait_raw(struct recorder *r, bool watch_raw, int64_t ns)
{
	struct timespec ts = { ns / 1000000000, ns % 1000000000 };
	struct pollfd pfd[] = {
		{ .fd = r->wake_fd, .events = POLLIN },
		{ .fd = r->conf.raw_fd, .events = POLLIN },
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
	if (r->splice_in)
		moved = move_full_pages(r, ROUND_BYTES);
	else if (ready)
		moved = move_everything(r, CAUGHT_UP_LIVE, ROUND_BYTES);
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
		if (ready && !r->conf.poll && moved <= (r->splice_in ? 0 : r->conf.page_size))
			wait_raw(r, false, hold_ns);
	}
	moved = sink_ready(&r->sink, NULL);
	if (moved < 0)
		return moved;
	moved = move_everything(r, CAUGHT_UP_DRAIN, buffer_capacity(r));
	if (r->page_fill)
		log_debug("cpu %d: %zu bytes of a cut sub-buffer dropped", r->conf.cpu,
			  r->page_fill);
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

/* A pipe of which one slot per page, whatever the page's size, is what splice needs. */
static int open_pipe(struct recorder *r)
{
	long slots, size = PIPE_BYTES;

	if (pipe2(r->pipe, O_CLOEXEC))
		return -errno;
	while (size > 65536 && fcntl(r->pipe[1], F_SETPIPE_SZ, size) < 0)
		size /= 2;
	slots = fcntl(r->pipe[1], F_GETPIPE_SZ) / sysconf(_SC_PAGESIZE);
	r->pipe_bytes = (slots > 0 ? slots : 1) * (size_t)r->conf.page_size;
	return 0;
}

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
	r->pipe[0] = r->pipe[1] = r->wake_fd = r->failed_fd = -1;
	sink_init(&r->sink);
	r->splice_in = !conf->no_splice;
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
	if (conf->page_size <= HEADER_BYTES || conf->page_size > MAX_PAGE_SIZE ||
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
		error = open_pipe(r);
	if (!error && !(r->page = calloc(1, conf->page_size)))
		error = -ENOMEM;
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
