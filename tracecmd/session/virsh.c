/*
 * virsh.c - see virsh.h. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/reap.h"
#include "session/virsh.h"

#define ANSWER_MS	10000
#define ANSWER_MAX	65536

/* The new process; does not return. */
static void run(char *const argv[], int out_fd)
{
	int null = open("/dev/null", O_RDONLY);

	dup2(null, 0);
	dup2(out_fd, 1);
	execvp(argv[0], argv);
	_exit(errno == ENOENT ? 127 : 126);
}

/* Read what it prints until it ends. 0; -ETIMEDOUT; -errno. */
static int read_answer(int fd, struct buf *out, struct deadline d)
{
	for (;;) {
		char text[512];
		int ret = io_wait(fd, POLLIN, d);
		ssize_t n;

		if (ret)
			return ret;
		n = read(fd, text, sizeof(text));
		if (n <= 0)
			return n ? -errno : 0;
		if (buf_add(out, text, n))
			return out->error;
	}
}

/* Its end, by @d: one that neither ends nor prints is made to end. Its status as of wait(); -ETIMEDOUT; -errno. */
static int wait_end(pid_t pid, struct deadline d)
{
	int status, ret = reap_within(pid, &status, deadline_left_ms(d));

	if (ret == -ETIMEDOUT)
		reap_killed(pid, NULL);
	return ret ? ret : status;
}

/* Its standard output in @out. 0; -ENOENT there is no such program; -EIO it failed; -ETIMEDOUT; -errno. */
static int call(char *const argv[], struct buf *out)
{
	struct deadline d = deadline_in_ms(ANSWER_MS);
	int fds[2], status, ret;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid)
		run(argv, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return -errno;
	}
	ret = read_answer(fds[0], out, d);
	close(fds[0]);
	/* who prints no more may still have something to do, but not for ever */
	status = wait_end(pid, ret ? deadline_in_ms(0) : d);
	if (ret || status < 0)
		return ret ? ret : status;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? -ENOENT : -EIO;
}

int virsh_cpus(const char *name)
{
	char *argv[] = { "virsh", "vcpucount", "--maximum", "--", (char *)name, NULL };
	_cleanup_buf_ struct buf out = { .cap = ANSWER_MAX };
	int ret = call(argv, &out);
	long cpus;

	if (ret)
		return ret == -ENOENT || ret == -ETIMEDOUT ? ret : -EINVAL;
	cpus = out.len ? strtol((char *)out.data, NULL, 10) : 0;
	return cpus > 0 && cpus <= INT32_MAX ? (int)cpus : -EINVAL;
}

int virsh_attach_pipe(const char *name, const char *path, const char *port, struct err *err)
{
	/* the device is described in a file; this one goes away with us */
	_cleanup_close_ int fd = memfd_create("trace-cmd-device", 0);
	_cleanup_buf_ struct buf xml = BUF_INIT, out = { .cap = ANSWER_MAX };
	char file[64];
	char *argv[] = {
		"virsh", "attach-device", "--config", "--", (char *)name, file, NULL,
	};
	int ret;

	if (fd < 0)
		return -errno;
	snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
	buf_printf(&xml, "<channel type='pipe'>\n  <source path='%s'/>\n"
		   "  <target type='virtio' name='%s'/>\n</channel>\n", path, port);
	ret = xml.error ? xml.error : io_write_full(fd, xml.data, xml.len, DEADLINE_NEVER);
	if (!ret)
		ret = call(argv, &out);
	return ret ? err_set(err, ret, ret == -ENOENT ?
			     "failed to attach FIFOs to %s: there is no virsh here" :
			     ret == -ETIMEDOUT ?
			     "failed to attach FIFOs to %s: virsh attach-device does not end for %s" :
			     "failed to attach FIFOs to %s: virsh attach-device refuses %s", name, port)
		   : 0;
}
