/*
 * inuse.c - see inuse.h. Layer 3.
 *
 * The lock is one of the instance's directory: it needs no file elsewhere, ends with its owner, and
 * is the same by whatever name the directory is reached.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "setup/inuse.h"

/* Who holds the lock of @fd? 0: it can't be told; it may be in another container. */
static pid_t find_owner(int fd)
{
	_cleanup_buf_ struct buf locks = BUF_INIT;
	char *rest, *line;
	struct stat st;

	if (fstat(fd, &st) || io_read_path("/proc/locks", &locks) || !locks.len)
		return 0;
	for (rest = (char *)locks.data; (line = strsep(&rest, "\n"));) {
		unsigned int maj, min;
		unsigned long ino;
		int pid;

		/* "7: FLOCK  ADVISORY  WRITE 1234 00:0c:1 0 EOF" */
		if (sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%lu", &pid, &maj, &min, &ino) == 4 &&
		    maj == major(st.st_dev) && min == minor(st.st_dev) && ino == st.st_ino)
			return pid > 0 ? pid : 0;
	}
	return 0;
}

int inuse_claim(const char *dir, int *ret_fd, pid_t *ret_pid)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	int ret = 0;

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
		*ret_pid = find_owner(fd);
		ret = -EBUSY;
	}
	*ret_fd = take_fd(fd);
	return ret;
}

const char *inuse_who(pid_t pid, char *text, size_t size)
{
	if (pid)
		snprintf(text, size, "another trace-cmd (process %d)", pid);
	else
		snprintf(text, size, "another trace-cmd");
	return text;
}
