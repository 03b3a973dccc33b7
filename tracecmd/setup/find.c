/*
 * find.c - where the kernel's tracing directory is. See setup.h. Layer 3.
 */
#include <errno.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <tracefs.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "setup/setup.h"

#define TRACEFS_DIR	"/sys/kernel/tracing"
#define DEBUGFS_DIR	"/sys/kernel/debug/tracing"

static bool is_tracefs(const char *dir)
{
	struct statfs st;

	return statfs(dir, &st) == 0 && st.f_type == TRACEFS_MAGIC;
}

/* Is tracefs mounted where nobody expects it? Fills @dir. */
static bool find_mount(char *dir, size_t size)
{
	FILE *mounts = setmntent("/proc/mounts", "re");
	struct mntent *m;
	bool found = false;

	if (!mounts)
		return false;
	while (!found && (m = getmntent(mounts))) {
		found = strcmp(m->mnt_type, "tracefs") == 0;
		if (found)
			snprintf(dir, size, "%s", m->mnt_dir);
	}
	endmntent(mounts);
	return found;
}

static bool kernel_has_tracefs(void)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	/* if it can't be told, let mount() say */
	return io_read_path("/proc/filesystems", &b) || strstr((char *)b.data, "tracefs");
}

static int mount_tracefs(struct err *err)
{
	int ret;

	if (!kernel_has_tracefs())
		return err_set(err, -ENODEV,
			       "this kernel has no tracefs: it was built without tracing");
	if (geteuid())
		return err_set(err, -EPERM,
			       "tracefs is not mounted: run as root, or mount it first:\n"
			       "mount -t tracefs tracefs " TRACEFS_DIR);
	if (mount("tracefs", TRACEFS_DIR, "tracefs", 0, NULL) == 0)
		return 0;
	ret = -errno;
	return err_set(err, ret, "cannot mount tracefs at " TRACEFS_DIR ": %s%s", strerror(-ret),
		       ret == -EPERM ? " (in a container? it must be mounted from outside)" : "");
}

/* May we use it at all? */
static int check_access(const char *dir, struct err *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int ret;

	buf_printf(&path, "%s/events", dir);
	if (path.error)
		return path.error;
	if (access((char *)path.data, R_OK | X_OK) == 0)
		return 0;
	ret = -errno;
	if (geteuid() && (ret == -EACCES || ret == -EPERM))
		return err_set(err, ret,
			       "no access to %s: run as root, "
			       "or as a member of the group that owns %s", dir, dir);
	return err_set(err, ret, "cannot use %s: %s", dir, strerror(-ret));
}

int setup_find_tracing(const char **ret_dir, struct err *err)
{
	const char *known;
	char dir[256];
	int ret;

	snprintf(dir, sizeof(dir), TRACEFS_DIR);
	if (!is_tracefs(dir) && is_tracefs(DEBUGFS_DIR))
		snprintf(dir, sizeof(dir), DEBUGFS_DIR);
	if (!is_tracefs(dir) && !find_mount(dir, sizeof(dir))) {
		ret = mount_tracefs(err);
		if (ret)
			return ret;
	}
	ret = check_access(dir, err);
	if (ret)
		return ret;
	/*
	 * So that libtracefs agrees; it keeps a copy. If it does already it must not be told again:
	 * that would free what earlier calls have given out.
	 */
	known = tracefs_tracing_dir();
	if (!known || strcmp(known, dir)) {
		if (tracefs_set_tracing_dir(dir))
			return err_set(err, -ENOMEM, "cannot use %s: no memory", dir);
		known = tracefs_tracing_dir();
	}
	*ret_dir = known;
	return 0;
}
