/*
 * raw.c - see raw.h. Layer 3.
 *
 * Splice gives full sub-buffers only, many at a time; read() gives one, full or not.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "rec/raw.h"
#include "rec/sink.h"

#define PIPE_BYTES	(1024 * 1024)	/* pages moved at once; the limit without privileges */

/* In a sub-buffer's header: the bytes of its events, below the flags for lost ones. */
#define COMMIT_OFFSET	8
#define COMMIT_MASK	0x3ffffffful

/* A pipe of which one slot per page, whatever the page's size, is what splice needs. */
static int open_pipe(struct raw *w)
{
	long slots, size = PIPE_BYTES;

	if (pipe2(w->pipe, O_CLOEXEC))
		return -errno;
	while (size > 65536 && fcntl(w->pipe[1], F_SETPIPE_SZ, size) < 0)
		size /= 2;
	slots = fcntl(w->pipe[1], F_GETPIPE_SZ) / sysconf(_SC_PAGESIZE);
	w->pipe_bytes = (slots > 0 ? slots : 1) * (size_t)w->page_size;
	return 0;
}

int raw_open(struct raw *w, struct sink *sink, bool no_splice)
{
	int ret = open_pipe(w);

	if (ret)
		return ret;
	w->sink = sink;
	w->splice_in = !no_splice;
	w->page = calloc(1, w->page_size);
	return w->page ? 0 : -ENOMEM;
}

void raw_release(struct raw *w)
{
	fd_close(&w->fd);
	fd_close(&w->pipe[0]);
	fd_close(&w->pipe[1]);
	free(w->page);
	w->page = NULL;
}

int64_t raw_move_full(struct raw *w, int64_t limit)
{
	int64_t moved = 0;

	while (w->splice_in && moved < limit) {
		uint64_t room;
		ssize_t n;
		int ret = sink_ready(w->sink, &room);

		if (ret)
			return ret;
		n = splice(w->fd, NULL, w->pipe[1], NULL,
			   room < w->pipe_bytes ? room : w->pipe_bytes,
			   SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
		if (n > 0) {
			ret = sink_splice(w->sink, w->pipe[0], n, w->page, w->page_size);
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
		log_debug("cpu %d: the buffer can't be spliced, reading it", w->cpu);
		w->splice_in = false;
	}
	return moved;
}

/* Move one sub-buffer, full or not. 1; 0 if there is nothing now; -errno. */
static int move_any_page(struct raw *w)
{
	size_t size = w->page_size;
	int ret;

	while (w->page_fill < size) {
		ssize_t n = read(w->fd, w->page + w->page_fill, size - w->page_fill);

		if (n == 0 || (n < 0 && errno == EAGAIN))
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			w->page_fill += n;
	}
	w->page_fill = 0;
	ret = sink_ready(w->sink, NULL);
	if (!ret)
		ret = sink_write(w->sink, w->page, size);
	return ret ? ret : 1;
}

/* Does the sub-buffer read last hold few events? */
static bool page_is_sparse(const struct raw *w)
{
	unsigned long commit;

	memcpy(&commit, w->page + COMMIT_OFFSET, sizeof(commit));
	return (commit & COMMIT_MASK) < w->page_size / 4;
}

int64_t raw_move_everything(struct raw *w, int caught_up, int64_t limit)
{
	int64_t moved = 0;
	int sparse = 0;

	while (sparse < caught_up && moved < limit) {
		int64_t full = raw_move_full(w, limit - moved);
		int ret;

		if (full < 0)
			return full;
		ret = move_any_page(w);
		if (ret < 0)
			return ret;
		if (ret == 0)
			return moved + full;
		sparse = !full && page_is_sparse(w) ? sparse + 1 : 0;
		moved += full + w->page_size;
	}
	return moved;
}

int64_t raw_capacity(const struct raw *w)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char link[64], path[PATH_MAX];
	unsigned long long kb;
	char *slash;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", w->fd);
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
	return (kb * 1024 / (w->page_size - RAW_HEADER_BYTES) + 3) * w->page_size;
}
