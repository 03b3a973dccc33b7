/*
 * pidfile.c - see pidfile.h. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "session/pidfile.h"

/* The pid in @path, 0: none. */
static pid_t read_pid(const char *path)
{
	_cleanup_buf_ struct buf b = { .cap = 64 };

	if (io_read_path(path, &b) || !b.len)
		return 0;
	return strtol((char *)b.data, NULL, 10);
}

pid_t pidfile_alive(const char *path)
{
	pid_t pid = read_pid(path);

	return pid > 0 && !kill(pid, 0) ? pid : 0;
}

int pidfile_write(const char *path, pid_t pid, struct err *err)
{
	_cleanup_free_ char *new = NULL;
	_cleanup_close_ int fd = -1;
	char text[32];
	int len = snprintf(text, sizeof(text), "%d\n", pid), ret;

	/* a file of our own: others may be about to name themselves */
	if (asprintf(&new, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(new, O_CLOEXEC);
	ret = fd < 0 ? -errno : io_write_full(fd, text, len, DEADLINE_NEVER);
	if (!ret && (fchmod(fd, 0644) || rename(new, path)))
		ret = -errno;
	if (ret && fd >= 0)
		unlink(new);
	return ret ? err_set(err, ret, "cannot write '%s': %s", path, strerror(-ret)) : 0;
}

void pidfile_remove(const char *path, pid_t pid)
{
	if (read_pid(path) == pid)
		unlink(path);
}
