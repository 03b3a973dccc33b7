/*
 * target.c - see target.h. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "edit/target.h"

/* The path that is written to: a link stays a link. Heap string or NULL. */
static char *real_path(const char *path)
{
	char *real = realpath(path, NULL);

	return real || errno != ENOENT ? real : strdup(path);
}

/*
 * A file without a name in the directory of @real: nothing is left of it even if we are
 * killed. -EOPNOTSUPP and the like where the file system has no such thing.
 */
static int open_nameless(const char *real)
{
	_cleanup_free_ char *copy = strdup(real);
	int fd;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
	return fd < 0 ? -errno : fd;
}

/*
 * The new file is whose the old one is, and for whom. Where that can't be, as for a user who is not its owner, the
 * old group's rights are not given to another group.
 */
static int keep_owner(int fd, const struct stat *old)
{
	mode_t mode = old->st_mode & 0777;

	if (fchown(fd, old->st_uid, old->st_gid) && fchown(fd, (uid_t)-1, old->st_gid))
		mode &= ~(mode_t)070;
	return fchmod(fd, mode) ? -errno : 0;
}

int target_open(struct target *t, const char *path, struct err *err)
{
	_cleanup_free_ char *real = real_path(path);
	struct buf part = BUF_INIT;
	bool replaces;
	struct stat st;
	int ret;

	*t = (struct target){ .path = path, .fd = -1 };
	if (!real)
		return err_set(err, -errno, "error writing %s", path);
	replaces = !stat(real, &st);
	if (replaces && !S_ISREG(st.st_mode)) {
		/* a device: written in place */
		t->fd = open(real, O_RDWR | O_CLOEXEC);
		return t->fd < 0 ? err_set(err, -errno, "error writing %s", path) : 0;
	}
	buf_printf(&part, "%s.part%d", real, (int)getpid());
	t->part = buf_take_str(&part);
	if (!t->part)
		return err_set(err, -ENOMEM, "error writing %s", path);
	t->fd = open_nameless(real);
	t->nameless = t->fd >= 0;
	/* who opens it before it is as the old one goes on reading what is written then */
	if (t->fd < 0)
		t->fd = open(t->part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			     replaces ? 0600 : 0666);
	ret = t->fd < 0 ? -errno : replaces ? keep_owner(t->fd, &st) : 0;
	return ret ? err_set(err, ret, "error writing %s", path) : 0;
}

int target_commit(struct target *t, struct err *err)
{
	_cleanup_free_ char *real = NULL;
	char self[64];
	int ret = 0;

	if (t->part) {
		snprintf(self, sizeof(self), "/proc/self/fd/%d", t->fd);
		real = real_path(t->path);
		if (!real || (t->nameless &&
			      linkat(AT_FDCWD, self, AT_FDCWD, t->part, AT_SYMLINK_FOLLOW)))
			ret = -errno;
		t->nameless = false;
		if (!ret && rename(t->part, real))
			ret = -errno;
		if (!ret) {
			free(t->part);
			t->part = NULL;
		}
	}
	/* some file systems tell only here that something could not be written */
	if (close(t->fd) && !ret)
		ret = -errno;
	t->fd = -1;
	return ret ? err_set(err, ret, "error writing %s", t->path) : 0;
}

void target_close(struct target *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	if (t->part && !t->nameless)
		unlink(t->part);
	free(t->part);
	t->part = NULL;
}
