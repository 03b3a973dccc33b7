/*
 * files.c - see files.h. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "session/files.h"

/* What others' data leaves of the disk: a 20th of it, or half of what is free, but no more than this. */
#define KEEP_FREE_PART		20
#define KEEP_FREE_MAX_BYTES	(1ULL << 30)

uint64_t files_keep_free(int fd)
{
	uint64_t keep, half;
	struct statvfs fs;

	if (fstatvfs(fd, &fs))
		return 0;
	keep = (uint64_t)fs.f_blocks * fs.f_frsize / KEEP_FREE_PART;
	half = (uint64_t)fs.f_bavail * fs.f_frsize / 2;
	keep = keep < half ? keep : half;
	return keep < KEEP_FREE_MAX_BYTES ? keep : KEEP_FREE_MAX_BYTES;
}

char *files_guest_output(const char *output, const char *guest)
{
	const char *slash = strrchr(output, '/');
	const char *dot = strrchr(slash ? slash : output, '.');
	struct buf b = BUF_INIT;

	if (!dot)
		dot = output + strlen(output);
	buf_printf(&b, "%.*s-%s%s", (int)(dot - output), output, guest, dot);
	return buf_take_str(&b);
}

char *files_cpu_data(const struct plan *p, const char *output, const char *instance, int cpu)
{
	const char *slash = strrchr(output, '/');
	struct buf b = BUF_INIT;

	if (p->temp_dir)
		buf_printf(&b, "%s/%s", p->temp_dir, slash ? slash + 1 : output);
	else
		buf_printf(&b, "%s", output);
	buf_printf(&b, "%s%s.cpu%d", *instance ? "." : "", instance, cpu);
	return buf_take_str(&b);
}

char *files_cpu_other(const struct plan *p, const char *output, const char *instance, int cpu)
{
	_cleanup_free_ char *name = files_cpu_data(p, output, instance, cpu);
	struct buf b = BUF_INIT;

	if (!name)
		return NULL;
	buf_printf(&b, "%s.1", name);
	return buf_take_str(&b);
}

/* Create @name, NULL: no memory. fd; -errno described in @err. */
static int create_data(const char *name, int cpu, struct err *err)
{
	int fd;

	if (!name)
		return -ENOMEM;
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return err_set(err, -errno, "cannot create '%s' for the data of CPU %d", name, cpu);
	return fd;
}

int files_cpu_create(const struct plan *p, const char *output, const char *instance, int cpu,
		     struct err *err)
{
	_cleanup_free_ char *name = files_cpu_data(p, output, instance, cpu);

	return create_data(name, cpu, err);
}

int files_cpu_create_other(const struct plan *p, const char *output, const char *instance,
			   int cpu, struct err *err)
{
	_cleanup_free_ char *name = files_cpu_other(p, output, instance, cpu);

	return create_data(name, cpu, err);
}

static int open_data(const char *name)
{
	int fd;

	if (!name)
		return -ENOMEM;
	fd = open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

int files_cpu_open(const struct plan *p, const char *output, const char *instance, int cpu)
{
	_cleanup_free_ char *name = files_cpu_data(p, output, instance, cpu);

	return open_data(name);
}

int files_cpu_open_other(const struct plan *p, const char *output, const char *instance, int cpu)
{
	_cleanup_free_ char *name = files_cpu_other(p, output, instance, cpu);

	return open_data(name);
}

void files_cpu_remove(const struct plan *p, const char *output, const char *instance, int nr_cpus)
{
	int cpu;

	for (cpu = 0; cpu < nr_cpus; cpu++) {
		_cleanup_free_ char *name = files_cpu_data(p, output, instance, cpu);
		_cleanup_free_ char *other = p->max_kb ?
			files_cpu_other(p, output, instance, cpu) : NULL;

		if (name)
			unlink(name);
		if (other)
			unlink(other);
	}
}

/* True if @output exists and is no regular file (a device, say): it is written in place. */
static bool output_is_special(const char *output)
{
	struct stat st;

	return !stat(output, &st) && !S_ISREG(st.st_mode);
}

/* The name of the unfinished form. Heap string or NULL. */
static char *output_part(const char *output)
{
	_cleanup_free_ char *real = realpath(output, NULL);
	struct buf b = BUF_INIT;

	/* a link stays a link: its target is replaced */
	buf_printf(&b, "%s.part", real ? real : output);
	return buf_take_str(&b);
}

int files_output_create(const char *output, bool again, uint64_t reserve, struct err *err)
{
	_cleanup_free_ char *part = output_part(output);
	_cleanup_close_ int fd = -1;

	if (!part)
		return -ENOMEM;
	if (output_is_special(output)) {
		fd = open(output, O_RDWR | O_CLOEXEC);
		return fd < 0 ? err_set(err, -errno, "cannot write '%s'", output) : take_fd(fd);
	}
	fd = open(part, O_RDWR | O_CREAT | (again ? 0 : O_TRUNC) | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return err_set(err, -errno, "cannot create '%s'; name another output with -o",
			       part);
	/* file systems without reservation just run the risk */
	if (reserve && fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, reserve) && errno == ENOSPC) {
		unlink(part);
		return err_set(err, -ENOSPC,
			       "not even %llu MB are free for '%s': free some space or name another output with -o",
			       (unsigned long long)reserve >> 20, output);
	}
	return take_fd(fd);
}

int files_output_commit(const char *output, int fd, struct err *err)
{
	_cleanup_free_ char *part = output_part(output);
	_cleanup_free_ char *real = realpath(output, NULL);
	struct stat st;

	if (!part)
		return -ENOMEM;
	if (output_is_special(output))
		return 0;
	if (fstat(fd, &st))
		return err_set(err, -errno, "cannot look at '%s'", part);
	/* what was reserved and not used; no harm where this isn't supported */
	(void)!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, st.st_size, 1LL << 32);
	(void)!ftruncate(fd, st.st_size);
	if (rename(part, real ? real : output))
		return err_set(err, -errno, "cannot rename '%s' to '%s'", part, output);
	return 0;
}

void files_output_abandon(const char *output)
{
	_cleanup_free_ char *part = output_part(output);

	if (part && !output_is_special(output))
		unlink(part);
}
