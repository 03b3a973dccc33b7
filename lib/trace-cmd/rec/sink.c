/*
 * sink.c - see sink.h. Layer 3.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "rec/budget.h"
#include "rec/press.h"
#include "rec/sink.h"

void sink_init(struct sink *s)
{
	memset(s, 0, sizeof(*s));
	s->fd = s->quit_fd = s->spare_fd = -1;
	atomic_init(&s->next_fd, -1);
	atomic_init(&s->switching, false);
	atomic_init(&s->quit, false);
	atomic_init(&s->bytes, 0);
}

int sink_open(struct sink *s, int fd, bool datagrams)
{
	struct stat st;
	int flags;

	s->quit_fd = eventfd(0, EFD_CLOEXEC);
	s->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (s->quit_fd < 0 || s->fd < 0 || fstat(s->fd, &st))
		return -errno;
	flags = fcntl(s->fd, F_GETFL);
	if (flags < 0)
		return -errno;
	s->is_file = S_ISREG(st.st_mode);
	s->no_splice = datagrams;
	if (s->is_file) {
		s->start = flags & O_APPEND ? st.st_size : lseek(s->fd, 0, SEEK_CUR);
		return s->start < 0 ? -errno : 0;
	}
	return fcntl(s->fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

void sink_close(struct sink *s)
{
	int next = atomic_exchange(&s->next_fd, -1);

	if (s->press)
		press_release(s->press);
	free(s->press);
	s->press = NULL;
	fd_close(&next);
	fd_close(&s->spare_fd);
	fd_close(&s->fd);
	fd_close(&s->quit_fd);
}

int sink_alternate(struct sink *s, int fd, uint64_t full_bytes)
{
	if (!s->is_file)
		return -EINVAL;
	s->spare_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	s->full_bytes = full_bytes;
	return s->spare_fd < 0 ? -errno : 0;
}

int sink_compress(struct sink *s, const struct zip_algo *zip, uint32_t page_size)
{
	int ret;

	if (!s->is_file || s->start)
		return -EINVAL;
	s->press = malloc(sizeof(*s->press));
	if (!s->press)
		return -ENOMEM;
	ret = press_init(s->press, zip, page_size);
	if (ret) {
		free(s->press);
		s->press = NULL;
		return ret;
	}
	return press_begin(s->press, s->fd);
}

int sink_settle(struct sink *s)
{
	return s->press ? press_settle(s->press, s->fd) : 0;
}

int sink_finish(struct sink *s)
{
	return s->press ? press_finish(s->press, s->fd) : 0;
}

int sink_switch(struct sink *s, int fd)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (own < 0)
		return -errno;
	own = atomic_exchange(&s->next_fd, own);
	fd_close(&own);
	return 0;
}

bool sink_switched(const struct sink *s)
{
	return atomic_load(&s->next_fd) < 0 && !atomic_load(&s->switching);
}

/* The file is full: empty the other one and go on there. */
static int turn(struct sink *s)
{
	int fd = s->spare_fd;

	if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET))
		return -errno;
	s->spare_fd = s->fd;
	s->fd = fd;
	s->start = 0;
	s->here = 0;
	return 0;
}

/*
 * Go on with the new file. It is taken out first, as another one may come any time; what tells that
 * the old one is complete comes last, and not at all if it isn't.
 */
static int go_on_with_next(struct sink *s)
{
	_cleanup_close_ int next = -1;
	int ret;

	atomic_store(&s->switching, true);
	next = atomic_exchange(&s->next_fd, -1);
	ret = sink_finish(s);
	if (ret)
		return ret;
	fd_close(&s->fd);
	s->fd = take_fd(next);
	s->here = 0;
	s->start = lseek(s->fd, 0, SEEK_CUR);
	if (s->start < 0)
		return -errno;
	atomic_store(&s->switching, false);
	return s->press ? press_begin(s->press, s->fd) : 0;
}

int sink_ready(struct sink *s, uint64_t *ret_room)
{
	int ret = atomic_load(&s->next_fd) >= 0 ? go_on_with_next(s) : 0;

	if (ret)
		return ret;
	if (s->full_bytes && s->here >= s->full_bytes) {
		ret = turn(s);
		if (ret)
			return ret;
	}
	if (ret_room)
		*ret_room = s->full_bytes ? s->full_bytes - s->here : UINT64_MAX;
	return 0;
}

/* @n more bytes have been written. */
static void count(struct sink *s, size_t n)
{
	atomic_fetch_add(&s->bytes, n);
	s->here += n;
	if (s->budget)
		budget_use(s->budget, n);
}

void sink_give_up(struct sink *s)
{
	uint64_t one = 1;
	ssize_t n;

	atomic_store(&s->quit, true);
	/* can't fail: the counter is far from its limit */
	n = write(s->quit_fd, &one, sizeof(one));
	(void)n;
}

/* A socket or pipe takes nothing now: wait until it may, or somebody gives it up. */
static int wait_reader(struct sink *s)
{
	struct pollfd pfd[] = {
		{ .fd = s->fd, .events = POLLOUT },
		{ .fd = s->quit_fd, .events = POLLIN },
	};

	/* no deadline here: a reader may be slow for long, sink_give_up() ends this */
	if (poll(pfd, ARRAY_SIZE(pfd), -1) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

/* After a write that failed with @error: 0 try again, else the -errno to end with. */
static int after_error(struct sink *s, int error)
{
	switch (error) {
	case EINTR:
		return 0;
	case EAGAIN:
		return wait_reader(s);
	case ECONNRESET:
	case ECONNREFUSED:	/* nobody takes our datagrams any more */
		return -EPIPE;
	default:
		return -error;
	}
}

/* Write through the press. */
static int write_pressed(struct sink *s, const uint8_t *data, size_t len)
{
	while (len) {
		size_t room, part;
		uint8_t *to = press_room(s->press, &room);
		int ret;

		if (atomic_load(&s->quit))
			return -ETIMEDOUT;
		part = len < room ? len : room;
		memcpy(to, data, part);
		ret = press_add(s->press, s->fd, part);
		if (ret)
			return ret;
		count(s, part);
		data += part;
		len -= part;
	}
	return 0;
}

/* The same from a pipe. */
static int splice_pressed(struct sink *s, int pipe, size_t len)
{
	while (len) {
		size_t room, part;
		uint8_t *to = press_room(s->press, &room);
		int ret;

		if (atomic_load(&s->quit))
			return -ETIMEDOUT;
		part = len < room ? len : room;
		/* doesn't block: the bytes are in the pipe */
		ret = io_read_full(pipe, to, part, DEADLINE_NEVER);
		if (!ret)
			ret = press_add(s->press, s->fd, part);
		if (ret)
			return ret;
		count(s, part);
		len -= part;
	}
	return 0;
}

int sink_write(struct sink *s, const uint8_t *data, size_t len)
{
	if (s->press)
		return write_pressed(s, data, len);
	while (len) {
		ssize_t n;
		int ret;

		if (atomic_load(&s->quit))
			return -ETIMEDOUT;
		n = write(s->fd, data, len);
		if (n > 0) {
			data += n;
			len -= n;
			count(s, n);
			continue;
		}
		ret = n ? after_error(s, errno) : -ENOSPC;
		if (ret)
			return ret;
	}
	return 0;
}

/* Where the sink can't be spliced to. */
static int copy_from_pipe(struct sink *s, int pipe, size_t len, uint8_t *scratch, size_t size)
{
	while (len) {
		size_t part = len < size ? len : size;
		int ret;

		/* doesn't block: the bytes are in the pipe */
		ret = io_read_full(pipe, scratch, part, DEADLINE_NEVER);
		if (!ret)
			ret = sink_write(s, scratch, part);
		if (ret)
			return ret;
		len -= part;
	}
	return 0;
}

int sink_splice(struct sink *s, int pipe, size_t len, uint8_t *scratch, size_t size)
{
	unsigned int flags = SPLICE_F_MOVE | (s->is_file ? 0 : SPLICE_F_NONBLOCK);

	if (s->press)
		return splice_pressed(s, pipe, len);
	while (len && !s->no_splice) {
		ssize_t n;
		int ret;

		if (atomic_load(&s->quit))
			return -ETIMEDOUT;
		n = splice(pipe, NULL, s->fd, NULL, len, flags);
		if (n > 0) {
			len -= n;
			count(s, n);
			continue;
		}
		if (n < 0 && (errno == EINVAL || errno == ENOSYS)) {
			log_debug("the recorder's sink can't be spliced to, writing it");
			s->no_splice = true;
			break;
		}
		ret = n ? after_error(s, errno) : -EIO;
		if (ret)
			return ret;
	}
	return copy_from_pipe(s, pipe, len, scratch, size);
}

void sink_trim(struct sink *s, uint32_t unit)
{
	uint64_t whole = s->here - s->here % unit;
	struct stat st;

	if (s->press) {
		press_cut(s->press, s->fd);
		return;
	}
	if (!s->is_file || whole == s->here || fstat(s->fd, &st))
		return;
	if (st.st_size == s->start + (off_t)s->here && ftruncate(s->fd, s->start + whole))
		log_debug("the cut end of a recorder's file stays: %s", strerror(errno));
	lseek(s->fd, s->start + whole, SEEK_SET);
	atomic_fetch_sub(&s->bytes, s->here - whole);
	s->here = whole;
}
