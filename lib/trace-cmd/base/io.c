/*
 * io.c - see io.h. Layer 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

#define READ_STEP 65536		/* bytes */

int64_t mono_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

struct deadline deadline_in_ms(int ms)
{
	if (ms < 0)
		return DEADLINE_NEVER;
	return (struct deadline){ .at_ns = mono_now_ns() + ms * 1000000LL };
}

struct deadline deadline_or_stop(struct deadline d, int stop_fd)
{
	d.stop = stop_fd + 1;
	return d;
}

struct deadline deadline_min(struct deadline a, struct deadline b)
{
	struct deadline d = a.at_ns < b.at_ns ? a : b;

	d.stop = a.stop ? a.stop : b.stop;
	return d;
}

int deadline_left_ms(struct deadline d)
{
	int64_t left;

	if (d.at_ns == INT64_MAX)
		return -1;
	left = d.at_ns - mono_now_ns();
	if (left <= 0)
		return 0;
	/* rounded up, so that a wait for the rest is not over too early */
	left = (left + 999999) / 1000000;
	return left > 1000000000 ? 1000000000 : (int)left;
}

bool deadline_passed(struct deadline d)
{
	return d.at_ns != INT64_MAX && mono_now_ns() >= d.at_ns;
}

int io_wait(int fd, short events, struct deadline d)
{
	struct pollfd pfd[2] = {
		{ .fd = fd, .events = events }, { .fd = d.stop - 1, .events = POLLIN },
	};

	for (;;) {
		int left = deadline_left_ms(d);
		int n = poll(pfd, d.stop ? 2 : 1, left);

		if (n > 0)
			return d.stop && pfd[1].revents ? -ECANCELED : 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (left >= 0 && deadline_passed(d))
			return -ETIMEDOUT;
	}
}

/* May something end the wait before the descriptor is ready? */
static bool is_timed(struct deadline d)
{
	return d.at_ns != INT64_MAX || d.stop;
}

/* What to do after a short read or write: 0 try again, else -errno. */
static int io_again(int fd, short events, struct deadline d)
{
	if (errno == EINTR)
		return 0;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return io_wait(fd, events, d);
	return -errno;
}

int io_read_full(int fd, void *data, size_t len, struct deadline d)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n;
		int ret = 0;

		/* a blocking descriptor must not make us miss the deadline */
		if (is_timed(d))
			ret = io_wait(fd, POLLIN, d);
		if (ret)
			return ret;
		n = read(fd, (char *)data + done, len - done);
		if (n > 0) {
			done += n;
			continue;
		}
		if (n == 0)
			return done ? -EPIPE : -ENODATA;
		ret = io_again(fd, POLLIN, d);
		if (ret)
			return ret;
	}
	return 0;
}

/* write(), but without SIGPIPE on a socket, and (@timed) without blocking after poll(). */
static ssize_t write_quiet(int fd, const void *data, size_t len, bool *socket, bool timed)
{
	ssize_t n;

	if (*socket) {
		/* all that fits, even if the socket is a blocking one */
		n = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0 || errno != ENOTSOCK)
			return n;
		*socket = false;
	}
	/* a pipe that poll() calls writable takes this much without blocking, not more */
	if (timed && len > PIPE_BUF)
		len = PIPE_BUF;
	return write(fd, data, len);
}

int io_write_full(int fd, const void *data, size_t len, struct deadline d)
{
	bool socket = true;
	size_t done = 0;

	while (done < len) {
		ssize_t n;
		int ret;

		if (is_timed(d)) {
			ret = io_wait(fd, POLLOUT, d);
			if (ret)
				return ret;
		}
		n = write_quiet(fd, (const char *)data + done, len - done, &socket,
				is_timed(d));
		if (n >= 0) {
			done += n;
			continue;
		}
		ret = io_again(fd, POLLOUT, d);
		if (ret)
			return ret;
	}
	return 0;
}

int io_pread_full(int fd, void *data, size_t len, uint64_t offset)
{
	size_t done = 0;

	if (offset > INT64_MAX - len)
		return -EINVAL;
	while (done < len) {
		ssize_t n = pread(fd, (char *)data + done, len - done, offset + done);

		if (n == 0)
			return -ENODATA;
		if (n > 0)
			done += n;
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int io_pwrite_full(int fd, const void *data, size_t len, uint64_t offset)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pwrite(fd, (const char *)data + done, len - done, offset + done);

		if (n >= 0)
			done += n;
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

/* Read until @size bytes are there or the file ends. 1: there may be more; 0 at the end; -errno. */
static int read_some(int fd, uint8_t *data, size_t size, size_t *ret_len)
{
	*ret_len = 0;
	while (*ret_len < size) {
		ssize_t n = read(fd, data + *ret_len, size - *ret_len);

		if (n == 0)
			return 0;
		if (n > 0)
			*ret_len += n;
		else if (errno != EINTR)
			return -errno;
	}
	return 1;
}

int io_read_rest(int fd, struct buf *b)
{
	size_t cap = b->cap ? b->cap : BUF_NO_CAP, n;
	int ret = b->error;

	while (!ret) {
		size_t at = b->len, step = cap - at < READ_STEP ? cap - at : READ_STEP;
		uint8_t beyond;

		if (!step) {
			/* full: fine if the file ends here */
			ret = read_some(fd, &beyond, 1, &n);
			return ret > 0 ? (b->error = -E2BIG) : ret;
		}
		if (!buf_extend_raw(b, step))
			return b->error;
		/* proc and tracefs give a page at a time, so that one step takes many reads */
		ret = read_some(fd, b->data + at, step, &n);
		b->len = at + n;
		b->data[b->len] = 0;
		if (ret <= 0)
			return ret;
		ret = 0;
	}
	return ret;
}

int io_read_path(const char *path, struct buf *b)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return io_read_rest(fd, b);
}

int64_t io_copy(int in, int out, uint64_t len)
{
	_cleanup_free_ char *block = malloc(65536);
	uint64_t done = 0;

	if (!block)
		return -ENOMEM;
	while (done < len) {
		size_t want = len - done < 65536 ? len - done : 65536;
		ssize_t n = read(in, block, want);
		int ret;

		if (n == 0)
			break;
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		ret = io_write_full(out, block, n, DEADLINE_NEVER);
		if (ret)
			return ret;
		done += n;
	}
	return done;
}

void io_allow_descriptors(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}
