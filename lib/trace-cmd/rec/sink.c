/*
 * sink.c - see sink.h. Layer 3.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "rec/sink.h"

void sink_init(struct sink *s)
{
	memset(s, 0, sizeof(*s));
	s->fd = s->quit_fd = -1;
	atomic_init(&s->quit, false);
	atomic_init(&s->bytes, 0);
}

int sink_open(struct sink *s, int fd)
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
	if (s->is_file) {
		s->start = flags & O_APPEND ? st.st_size : lseek(s->fd, 0, SEEK_CUR);
		return s->start < 0 ? -errno : 0;
	}
	return fcntl(s->fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

void sink_close(struct sink *s)
{
	fd_close(&s->fd);
	fd_close(&s->quit_fd);
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
		return -EPIPE;
	default:
		return -error;
	}
}

int sink_write(struct sink *s, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n;
		int ret;

		if (atomic_load(&s->quit))
			return -ETIMEDOUT;
		n = write(s->fd, data, len);
		if (n > 0) {
			data += n;
			len -= n;
			atomic_fetch_add(&s->bytes, n);
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

	while (len && !s->no_splice) {
		ssize_t n;
		int ret;

		if (atomic_load(&s->quit))
			return -ETIMEDOUT;
		n = splice(pipe, NULL, s->fd, NULL, len, flags);
		if (n > 0) {
			len -= n;
			atomic_fetch_add(&s->bytes, n);
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
	uint64_t bytes = atomic_load(&s->bytes);
	uint64_t whole = bytes - bytes % unit;
	struct stat st;

	if (!s->is_file || whole == bytes || fstat(s->fd, &st))
		return;
	if (st.st_size == s->start + (off_t)bytes && ftruncate(s->fd, s->start + whole))
		log_debug("the cut end of a recorder's file stays: %s", strerror(errno));
	lseek(s->fd, s->start + whole, SEEK_SET);
	atomic_store(&s->bytes, whole);
}
