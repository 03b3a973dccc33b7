/*
 * range.c - see range.h. Layer 2.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "out/range.h"

#define COPY_BLOCK_BYTES	(256 << 10)
#define PIPE_BYTES		(1 << 20)	/* the limit without privileges */
#define PIPE_WORTH_BYTES	PIPE_BYTES	/* from here on it is worth a pipe */
#define SHARE_BYTES		(64 << 20)	/* at a time, or a server at work looks like one that is stuck */

int out_write_range(int fd, const char *data, size_t len, uint64_t pos, uint64_t *done)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, pos + *done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		data += n;
		len -= n;
		*done += n;
	}
	return 0;
}

/* Copy by read and write. */
static int copy_by_hand(int in, uint64_t from, int out, uint64_t pos, uint64_t len, uint64_t *done)
{
	_cleanup_free_ char *block = malloc(COPY_BLOCK_BYTES);

	if (!block)
		return -ENOMEM;
	while (*done < len) {
		uint64_t left = len - *done;
		size_t want = left < COPY_BLOCK_BYTES ? left : COPY_BLOCK_BYTES;
		int ret = io_pread_full(in, block, want, from + *done);

		if (!ret)
			ret = out_write_range(out, block, want, pos, done);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * May copy_file_range() copy by reference in @fd's file system, or have a server do it? Where
 * it certainly can't it moves 64 KB at a time, and we do better.
 */
static bool may_share(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) ||
	       (fs.f_type != EXT4_SUPER_MAGIC && fs.f_type != TMPFS_MAGIC);
}

/* An error of copying that others would have, too? */
static bool is_final(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EFBIG || error == EIO;
}

/* Take @n bytes out of @pipe. 0; -errno. */
static int take_from_pipe(int pipe, size_t n, int out, uint64_t pos, uint64_t *done)
{
	while (n) {
		loff_t at = pos + *done;
		ssize_t taken = splice(pipe, NULL, out, &at, n, SPLICE_F_MOVE);

		if (taken < 0 && errno == EINTR)
			continue;
		if (taken <= 0)
			return taken ? -errno : -EIO;
		n -= taken;
		*done += taken;
	}
	return 0;
}

/* Copy through a pipe, in steps that make the file system's work cheap. As far as that goes. */
static int copy_by_pipe(int in, uint64_t from, int out, uint64_t pos, uint64_t len, uint64_t *done)
{
	_cleanup_close_ int to = -1, pipe = -1;
	int ret = 0, ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return 0;
	pipe = ends[0];
	to = ends[1];
	fcntl(to, F_SETPIPE_SZ, PIPE_BYTES);
	while (!ret && *done < len) {
		loff_t at = from + *done;
		uint64_t left = len - *done;
		ssize_t n = splice(in, &at, to, NULL, left < PIPE_BYTES ? left : PIPE_BYTES, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		ret = take_from_pipe(pipe, n, out, pos, done);
	}
	return is_final(-ret) ? ret : 0;
}

/* Let the kernel copy, or share, as far as that goes. */
static int copy_by_kernel(int in, uint64_t from, int out, uint64_t pos, uint64_t len,
			  uint64_t *done)
{
	while (*done < len) {
		off_t off_in = from + *done, off_out = pos + *done;
		uint64_t left = len - *done;
		ssize_t n = copy_file_range(in, &off_in, out, &off_out,
					    left < SHARE_BYTES ? left : SHARE_BYTES, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n && is_final(errno) ? -errno : 0;
		*done += n;
	}
	return 0;
}

int out_copy_range(int in, uint64_t from, int out, uint64_t pos, uint64_t len, uint64_t *done)
{
	int ret;

	if (*done >= len)
		return 0;
	ret = len - *done >= PIPE_WORTH_BYTES && !may_share(out) ?
	      copy_by_pipe(in, from, out, pos, len, done) :
	      copy_by_kernel(in, from, out, pos, len, done);
	/* all else, an early end of file as well, may be the file systems' inability */
	return ret ? ret : copy_by_hand(in, from, out, pos, len, done);
}
