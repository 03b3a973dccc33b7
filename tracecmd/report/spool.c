/*
 * spool.c - see spool.h. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "report/spool.h"

#define BLOCK (256u << 10)

/* An empty file without a name in @dir. fd; -errno. */
static int nameless_file(const char *dir)
{
	_cleanup_free_ char *path = NULL;
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd >= 0 ? fd : -errno;
	/* a file system that can't do that */
	if (asprintf(&path, "%s/trace-cmd.XXXXXX", dir) < 0)
		return -ENOMEM;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

static int copy_all(int from, int to)
{
	_cleanup_free_ char *block = malloc(BLOCK);
	ssize_t n;
	int ret;

	if (!block)
		return -ENOMEM;
	for (;;) {
		n = read(from, block, BLOCK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		ret = io_write_full(to, block, n, DEADLINE_NEVER);
		if (ret)
			return ret;
	}
}

int spool_stdin(struct err *err)
{
	const char *dir = getenv("TMPDIR");
	_cleanup_close_ int fd = -1;
	struct stat st;
	int ret;

	if (isatty(STDIN_FILENO))
		return err_set(err, -EINVAL, "the standard input is a terminal, not a trace");
	if (!fstat(STDIN_FILENO, &st) && S_ISREG(st.st_mode)) {
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : take_fd(fd);
	}
	if (!dir || !*dir)
		dir = "/var/tmp";
	fd = nameless_file(dir);
	if (fd < 0)
		return err_set(err, fd, "cannot keep what the standard input has in %s; name another directory in TMPDIR",
			       dir);
	ret = copy_all(STDIN_FILENO, fd);
	if (ret)
		return err_set(err, ret, "cannot copy the standard input to a file in %s", dir);
	return take_fd(fd);
}
