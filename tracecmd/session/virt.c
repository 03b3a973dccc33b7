/*
 * virt.c - see virt.h. Layer 5.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "session/virt.h"

#define VIRT_DIR	"/var/lib/trace-cmd/virt"
#define PORT_DIR	"/dev/virtio-ports"
#define QUIET_MS	50	/* without anything: no more is left of an earlier session */
#define SETTLE_MS	3000	/* for that, at most */
#define STALE_MAX	(64 << 20)	/* bytes of an earlier session: more is somebody who writes */

/* For tests: where these directories are instead. */
static const char *dir_of(const char *variable, const char *dir)
{
	const char *other = secure_getenv(variable);

	return other && *other == '/' ? other : dir;
}

static const char *virt_dir(void)
{
	return dir_of("TRACE_CMD_VIRT_DIR", VIRT_DIR);
}

bool virt_name_ok(const char *name)
{
	const char *c;

	for (c = name; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("_.-", *c))
			return false;
	}
	return *name && *name != '.' && strlen(name) <= 64;
}

char *virt_path(const char *name, int cpu)
{
	char *path;

	return asprintf(&path, "%s/%s/trace-pipe-cpu%d", virt_dir(), name, cpu) < 0 ? NULL : path;
}

/* --- creating --------------------------------------------------------------------- */

/* All directories on the way to @path, which ends without a slash. 0; -errno. */
static int make_parents(const char *path)
{
	_cleanup_free_ char *copy = strdup(path);
	char *slash;

	if (!copy)
		return -ENOMEM;
	for (slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		/* the machine's monitor, which is not root, must get through */
		if (mkdir(copy, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

/* Mode and group of what is there, which must be of @type. 0; -errno. */
static int set_access(const char *path, mode_t type, mode_t mode, gid_t gid)
{
	/* neither waits for a writer nor needs one: it is only about the file */
	_cleanup_close_ int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char self[64];
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if ((st.st_mode & S_IFMT) != type)
		return -EEXIST;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (gid != (gid_t)-1 && fchownat(fd, "", (uid_t)-1, gid, AT_EMPTY_PATH))
		return -errno;
	return chmod(self, mode) ? -errno : 0;
}

/* One FIFO. @ret_made: it was not there before. */
static int make_fifo(const char *path, mode_t mode, gid_t gid, bool *ret_made)
{
	*ret_made = !mkfifo(path, 0600);
	if (!*ret_made && errno != EEXIST)
		return -errno;
	return set_access(path, S_IFIFO, mode, gid);
}

static int each_fifo(const char *name, int nr_cpus, mode_t mode, gid_t gid, bool *made)
{
	static const char *const ends[] = { "in", "out" };
	int i, ret = 0;

	for (i = 0; !ret && i < 2 * nr_cpus; i++) {
		_cleanup_free_ char *base = virt_path(name, i / 2), *path = NULL;

		if (!base || asprintf(&path, "%s.%s", base, ends[i % 2]) < 0)
			return -ENOMEM;
		ret = make_fifo(path, mode, gid, &made[i]);
	}
	return ret;
}

static void remove_made(const char *name, int nr_cpus, const bool *made)
{
	int i;

	for (i = 0; i < 2 * nr_cpus; i++) {
		_cleanup_free_ char *base = virt_path(name, i / 2), *path = NULL;

		if (made[i] && base && asprintf(&path, "%s.%s", base, i % 2 ? "out" : "in") >= 0)
			unlink(path);
	}
}

int virt_create(const char *name, int nr_cpus, mode_t mode, gid_t gid, struct err *err)
{
	_cleanup_free_ bool *made = calloc(2 * nr_cpus + 1, sizeof(*made));
	_cleanup_free_ char *dir = NULL;
	bool new_dir;
	int ret;

	if (!made || asprintf(&dir, "%s/%s", virt_dir(), name) < 0)
		return -ENOMEM;
	ret = make_parents(dir);
	if (ret)
		return err_set(err, ret, "failed to create FIFOs for %s: %s", name, dir);
	new_dir = !mkdir(dir, 0750);
	ret = new_dir || errno == EEXIST ? set_access(dir, S_IFDIR, 0750, gid) : -errno;
	if (!ret)
		ret = each_fifo(name, nr_cpus, mode, gid, made);
	if (!ret)
		return 0;
	remove_made(name, nr_cpus, made);
	if (new_dir)
		rmdir(dir);
	return err_set(err, ret, "failed to create FIFOs for %s: %s", name, dir);
}

/* --- the host ---------------------------------------------------------------------- */

/* What an earlier session has left. 0; -EBUSY: there is no end of it. */
static int empty(int fd)
{
	char block[65536];
	ssize_t n;
	size_t got = 0;

	while ((n = read(fd, block, sizeof(block))) > 0) {
		got += n;
		if (got > STALE_MAX)
			return -EBUSY;
	}
	return 0;
}

int virt_open(const char *name, int *fds, int max)
{
	int n;

	if (!virt_name_ok(name))
		return 0;
	for (n = 0; n < max; n++) {
		_cleanup_free_ char *base = virt_path(name, n), *path = NULL;
		_cleanup_close_ int fd = -1;
		struct stat st;

		if (!base || asprintf(&path, "%s.out", base) < 0)
			break;
		fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) || !S_ISFIFO(st.st_mode))
			break;
		if (empty(fd)) {
			log_debug("%s: somebody keeps writing to it", path);
			break;
		}
		fds[n] = take_fd(fd);
	}
	return n;
}

/* Empty all that have something. True if any had. */
static bool empty_some(const int *fds, struct pollfd *ready, int n)
{
	int i, any = 0;

	for (i = 0; i < n; i++) {
		if (!(ready[i].revents & POLLIN))
			continue;
		any++;
		/* one that is without end would be so for ever */
		if (empty(fds[i]))
			ready[i].fd = -1;
	}
	return any;
}

void virt_settle(const int *fds, int n)
{
	_cleanup_free_ struct pollfd *ready = calloc(n + 1, sizeof(*ready));
	struct deadline quiet = deadline_in_ms(QUIET_MS), end = deadline_in_ms(SETTLE_MS);
	int i;

	for (i = 0; ready && i < n; i++)
		ready[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	while (ready && !deadline_passed(quiet) && !deadline_passed(end)) {
		if (poll(ready, n, deadline_left_ms(deadline_min(quiet, end))) <= 0)
			continue;
		if (empty_some(fds, ready, n)) {
			quiet = deadline_in_ms(QUIET_MS);
			continue;
		}
		/* nobody has the other end: hanging up is told all the time */
		for (i = 0; i < n; i++)
			ready[i].fd = ready[i].revents ? -1 : ready[i].fd;
	}
}

/* --- the guest ---------------------------------------------------------------------- */

int virt_open_ports(int *fds, int nr_cpus)
{
	int cpu, ret = 0;

	for (cpu = 0; cpu < nr_cpus; cpu++)
		fds[cpu] = -1;
	for (cpu = 0; !ret && cpu < nr_cpus; cpu++) {
		_cleanup_free_ char *path = NULL;

		if (asprintf(&path, "%s/trace-pipe-cpu%d",
			     dir_of("TRACE_CMD_VIRTIO_PORTS", PORT_DIR), cpu) < 0)
			return -ENOMEM;
		fds[cpu] = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		if (fds[cpu] < 0) {
			ret = -errno;
			log_debug("%s: %s", path, strerror(errno));
		}
	}
	for (cpu = 0; ret && cpu < nr_cpus; cpu++)
		fd_close(&fds[cpu]);
	return ret;
}
