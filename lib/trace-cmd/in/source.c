/*
 * source.c - see source.h. Layer 2.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "in/source.h"

/* The size of what @fd is open on. Block devices have theirs at the end. */
static int fd_size(int fd, uint64_t *ret_size)
{
	struct stat st;
	off_t end;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (S_ISREG(st.st_mode)) {
		*ret_size = st.st_size;
		return 0;
	}
	end = lseek(fd, 0, SEEK_END);
	if (end < 0)
		return -errno;
	*ret_size = end;
	return 0;
}

int in_source_open_fd(struct in_source *s, int fd, struct err *err)
{
	char name[32];
	uint64_t size;
	int ret = fd_size(fd, &size);

	snprintf(name, sizeof(name), "file descriptor %d", fd);
	*s = (struct in_source){ .fd = -1 };
	if (ret)
		return err_set(err, ret, "cannot read %s: %s", name, strerror(-ret));
	s->name = strdup(name);
	if (!s->name)
		return err_set(err, -ENOMEM, "out of memory");
	s->fd = fd;
	s->size = size;
	return 0;
}

int in_source_open(struct in_source *s, const char *path, struct err *err)
{
	_cleanup_close_ int fd = -1;
	uint64_t size;
	int ret;

	*s = (struct in_source){ .fd = -1 };
	/* a FIFO that nobody writes to is not waited for: it is none of the files that can be read here */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	/* but a file server that has been promised to be asked first is */
	if (fd < 0 && errno == EWOULDBLOCK)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "cannot open '%s': %s", path, strerror(errno));
	ret = fd_size(fd, &size);
	if (ret)
		return err_set(err, ret, "cannot read '%s': %s", path, strerror(-ret));
	s->name = strdup(path);
	s->path = strdup(path);
	if (!s->name || !s->path) {
		in_source_close(s);
		return err_set(err, -ENOMEM, "out of memory");
	}
	s->fd = take_fd(fd);
	s->size = size;
	return 0;
}

int in_source_open_memory(struct in_source *s, const void *data, size_t size)
{
	*s = (struct in_source){ .fd = -1, .mem = data, .size = size };
	s->name = strdup("memory");
	return s->name ? 0 : -ENOMEM;
}

void in_source_close(struct in_source *s)
{
	fd_close(&s->fd);
	free(s->name);
	free(s->path);
	*s = (struct in_source){ .fd = -1 };
}

int in_source_read(const struct in_source *s, void *data, size_t len, uint64_t offset)
{
	if (!in_source_has(s, offset, len))
		return -ENODATA;
	if (s->fd >= 0)
		return io_pread_full(s->fd, data, len, offset);
	if (len)
		memcpy(data, s->mem + offset, len);
	return 0;
}

void in_source_data(const struct in_source *s, uint64_t offset, uint64_t *ret_start,
		    uint64_t *ret_end)
{
	off_t start = s->fd >= 0 ? lseek(s->fd, (off_t)offset, SEEK_DATA) : -1;
	bool none = s->fd >= 0 && start < 0 && errno == ENXIO;
	off_t end = start >= 0 ? lseek(s->fd, start, SEEK_HOLE) : -1;

	*ret_start = none ? s->size : start >= 0 ? (uint64_t)start : offset;
	*ret_end = end >= 0 && (uint64_t)end < s->size ? (uint64_t)end : s->size;
}
