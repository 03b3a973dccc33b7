/*
 * leftover.c - see leftover.h. Layer 3.
 *
 * A lock tells better than a pid whether the writer lives: it goes with the last process
 * that has the file open, and no other process can be mistaken for it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "setup/journal.h"
#include "setup/leftover.h"

#define SUFFIX ".journal"
#define RESTORE_MS 30000	/* how long somebody else may take to put tracing back */
#define LOOK_MS 20

static char *dir_name(void)
{
	char *name;

	if (!geteuid())
		return strdup("/run/trace-cmd");
	return asprintf(&name, "/tmp/trace-cmd-%u", geteuid()) < 0 ? NULL : name;
}

/* The directory, if nobody but us can write there: journals say what to write, as root. fd; -errno. */
static int open_dir(const char *name)
{
	_cleanup_close_ int fd = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	return st.st_uid == geteuid() && !(st.st_mode & 022) ? take_fd(fd) : -EPERM;
}

/* A new file in @dir that is locked before it can be found under the name @path. fd; -errno. */
static int make_file(int dir, const char *path)
{
	_cleanup_close_ int fd = -1;
	char hidden[32];

	snprintf(hidden, sizeof(hidden), ".%d", getpid());
	unlinkat(dir, hidden, 0);	/* of a dead one that had our pid */
	fd = openat(dir, hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) || renameat(dir, hidden, AT_FDCWD, path)) {
		int ret = -errno;

		unlinkat(dir, hidden, 0);
		return ret;
	}
	return take_fd(fd);
}

int leftover_begin(char **ret_path)
{
	_cleanup_free_ char *name = dir_name();
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int dir = -1;
	int fd;

	if (!name || asprintf(&path, "%s/%d" SUFFIX, name, getpid()) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	if (mkdir(name, 0700) && errno != EEXIST)
		return -errno;
	dir = open_dir(name);
	if (dir < 0)
		return dir;
	fd = make_file(dir, path);
	if (fd >= 0)
		*ret_path = take_ptr(path);
	return fd;
}

void leftover_end(int fd, const char *path)
{
	if (fd < 0)
		return;
	unlink(path);
	close(fd);
}

/* Put back what the file @name tells, unless its owner lives. True if there was something. */
static bool restore_file(int dir, const char *name)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct journal *j = NULL;
	bool finished = false;
	struct stat st;

	/* one that was removed meanwhile has been taken care of */
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) || fstat(fd, &st) || !st.st_nlink ||
	    !S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return false;
	if (journal_receive(fd, &j, &finished))
		return false;
	if (!finished && journal_restore(j))
		log_debug("%s: not all could be put back", name);
	journal_free(j);
	unlinkat(dir, name, 0);
	return !finished && st.st_size;
}

/* Only one at a time puts back: lock the directory @fd. 0; -ETIMEDOUT. */
static int lock_dir(int fd)
{
	struct deadline d = deadline_in_ms(RESTORE_MS);

	while (flock(fd, LOCK_EX | LOCK_NB) && (errno == EWOULDBLOCK || errno == EINTR)) {
		if (deadline_passed(d))
			return -ETIMEDOUT;
		poll(NULL, 0, LOOK_MS);
	}
	return 0;
}

/* A file that was found. */
struct found {
	struct statx_timestamp born;
	long pid;
};

/* When was the file @name made? Where that can't be told, when it was read last: nobody does before it is put back. */
static struct statx_timestamp birth_of(int dir, const char *name)
{
	struct statx st = { 0 };

	statx(dir, name, AT_SYMLINK_NOFOLLOW, STATX_BTIME | STATX_ATIME, &st);
	return st.stx_mask & STATX_BTIME ? st.stx_btime : st.stx_atime;
}

static int by_birth_latest_first(const void *a, const void *b)
{
	const struct statx_timestamp *x = &((const struct found *)a)->born;
	const struct statx_timestamp *y = &((const struct found *)b)->born;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? 1 : -1;
	return (x->tv_nsec < y->tv_nsec) - (x->tv_nsec > y->tv_nsec);
}

/* All journals in @dir, the latest first. Their number; -ENOMEM. */
static int find_files(DIR *dir, struct found **ret)
{
	struct found *found = NULL, *more;
	struct dirent *d;
	int n = 0;

	while ((d = readdir(dir))) {
		char *end;
		long pid = strtol(d->d_name, &end, 10);

		if (end == d->d_name || strcmp(end, SUFFIX))
			continue;
		more = reallocarray(found, n + 1, sizeof(*found));
		if (!more) {
			free(found);
			return -ENOMEM;
		}
		found = more;
		found[n++] = (struct found){ .born = birth_of(dirfd(dir), d->d_name), .pid = pid };
	}
	if (n)
		qsort(found, n, sizeof(*found), by_birth_latest_first);
	*ret = found;
	return n;
}

int leftover_restore(int *ret_pid, struct err *err)
{
	_cleanup_free_ char *name = dir_name();
	_cleanup_free_ struct found *found = NULL;
	_cleanup_closedir_ DIR *dir = NULL;
	int fd = name ? open_dir(name) : -ENOMEM, count = 0, i, n;

	if (fd < 0)
		return 0;
	if (lock_dir(fd)) {
		close(fd);
		return err_set(err, -ETIMEDOUT,
			       "another trace-cmd is putting back what a killed recording has left, and does not end\n"
			       "It holds a lock of %s", name);
	}
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return 0;
	}
	n = find_files(dir, &found);
	/* who began while another one recorded has noted what that one had set */
	for (i = 0; i < n; i++) {
		char file[32];

		snprintf(file, sizeof(file), "%ld" SUFFIX, found[i].pid);
		if (!restore_file(fd, file))
			continue;
		*ret_pid = found[i].pid;
		count++;
	}
	return count;
}
