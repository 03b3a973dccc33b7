/*
 * instance-dir.c - see instance-dir.h. Layer 4.
 *
 * The directory is made with mkdir(2), which is atomic. A session that was killed leaves it behind; the next
 * tsync_pick_id() tells such a one by its age and our mark on it, or its odd buffer size.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <tracefs.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/cpus.h"
#include "base/io.h"
#include "base/log.h"
#include "tsync/instance-dir.h"
#include "tsync/instance.h"
#include "tsync/tsync.h"

/* Room for three times the 36 bytes of each marker of a round, on one CPU. */
#define BUFFER_KB	64
/* What the kernel may round that to. */
#define BUFFER_KB_MAX	(BUFFER_KB + 8)
/* With more CPUs than these the kernel's default, 1.4 MB for each, is too much even for a while. */
#define BIG_CPUS_MAX	16
/* Our mark: when readers that wait are woken up, of which there are none. The default is 50. */
#define MARK_NAME	"buffer_percent"
#define MARK_PERCENT	37
/* An instance nobody holds is left over from a crash after this time. */
#define STALE_SEC	60
#define PICK_TRIES	1000
#define INSTANCE_PREFIX	"clock_synch-"

int instance_dir_write(const char *path, const char *name, const char *text)
{
	_cleanup_free_ char *file = NULL;
	_cleanup_close_ int fd = -1;
	ssize_t n;

	if (asprintf(&file, "%s/%s", path, name) < 0)
		return -ENOMEM;
	fd = open(file, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	return n < 0 ? -errno : 0;
}

long instance_dir_number(const char *path, const char *name)
{
	_cleanup_free_ char *file = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int ret;

	if (asprintf(&file, "%s/%s", path, name) < 0)
		return -ENOMEM;
	buf_init(&text, 4096);
	ret = io_read_path(file, &text);
	if (ret)
		return ret;
	return text.len ? strtol((char *)text.data, NULL, 10) : -ENODATA;
}

char *instance_dir_path(const char *tracing_dir, int id)
{
	char *path;

	if (!tracing_dir)
		tracing_dir = tracefs_tracing_dir();
	if (!tracing_dir ||
	    asprintf(&path, "%s/instances/" INSTANCE_PREFIX "%d", tracing_dir, id) < 0)
		return NULL;
	return path;
}

static bool is_small(const char *path)
{
	long kb = instance_dir_number(path, "buffer_size_kb");

	return kb >= BUFFER_KB && kb <= BUFFER_KB_MAX;
}

static int write_number(const char *dir, const char *name, int number)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", number);
	return instance_dir_write(dir, name, text);
}

int instance_dir_shrink(const char *path)
{
	return is_small(path) ? 0 : write_number(path, "buffer_size_kb", BUFFER_KB);
}

/* Stock peers leave alone what our own sessions set. */
static bool is_ours(const char *path)
{
	return instance_dir_number(path, MARK_NAME) == MARK_PERCENT || is_small(path);
}

int instance_dir_make(const char *path)
{
	if (mkdir(path, 0700))
		return -errno;
	/* a kernel that has no such mark gets the other one */
	if ((write_number(path, MARK_NAME, MARK_PERCENT) || cpus_configured() > BIG_CPUS_MAX) &&
	    write_number(path, "buffer_size_kb", BUFFER_KB))
		log_debug("%s: cannot set the buffer size", path);
	return 0;
}

int instance_dir_claim(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return -EBUSY;
	return take_fd(fd);
}

int sync_instance_hold(const char *tracing_dir, int id)
{
	_cleanup_free_ char *path = instance_dir_path(tracing_dir, id);
	int fd = path ? instance_dir_claim(path) : -1;

	return fd < 0 ? -1 : fd;
}

/* Remove @path unless somebody has claimed it. 0; -errno. */
static int remove_unclaimed(const char *path)
{
	_cleanup_close_ int fd = instance_dir_claim(path);

	if (fd == -EBUSY)
		return -EBUSY;
	return rmdir(path) ? -errno : 0;
}

/* Clear away what crashed sessions have left. rmdir() refuses while anybody has a file of it open. */
static void sweep(const char *tracing_dir)
{
	_cleanup_closedir_ DIR *dir = NULL;
	_cleanup_free_ char *path = NULL;
	struct dirent *entry;
	struct stat st;

	if (!tracing_dir)
		tracing_dir = tracefs_tracing_dir();
	if (!tracing_dir || asprintf(&path, "%s/instances", tracing_dir) < 0)
		return;
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		_cleanup_free_ char *instance = NULL;

		if (strncmp(entry->d_name, INSTANCE_PREFIX, strlen(INSTANCE_PREFIX)) ||
		    asprintf(&instance, "%s/%s", path, entry->d_name) < 0)
			continue;
		if (!stat(instance, &st) && time(NULL) - st.st_ctime >= STALE_SEC &&
		    is_ours(instance) && !remove_unclaimed(instance))
			log_debug("%s: was left over", instance);
	}
}

int tsync_pick_id(const char *tracing_dir, int wanted)
{
	int i;

	sweep(tracing_dir);
	for (i = 0; i < PICK_TRIES; i++) {
		_cleanup_free_ char *path = instance_dir_path(tracing_dir, wanted + i);
		int ret = path ? instance_dir_make(path) : -ENOENT;

		if (ret != -EEXIST)
			return ret ? ret : wanted + i;
	}
	return -EEXIST;
}

void tsync_drop_id(const char *tracing_dir, int id)
{
	_cleanup_free_ char *path = instance_dir_path(tracing_dir, id);

	if (path && is_ours(path) && rmdir(path))
		log_debug("%s: cannot be removed: %s", path, strerror(errno));
}
