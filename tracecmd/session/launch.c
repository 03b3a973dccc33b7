/*
 * launch.c - see launch.h. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "message.h"
#include "session/launch.h"
#include "session/maps.h"
#include "session/stop.h"

#define PID_FILE	"/var/run/trace-cmd-record.pid"

/* --- the pid file ---------------------------------------------------------------- */

/* The pid in it, 0: none. */
static pid_t read_pid_file(void)
{
	_cleanup_buf_ struct buf b = { .cap = 64 };

	if (io_read_path(PID_FILE, &b) || !b.len)
		return 0;
	return strtol((char *)b.data, NULL, 10);
}

/* Name the guardian @pid, not before it records: who fails to must not take the place of another one. */
static void write_pid_file(pid_t pid)
{
	pid_t before = read_pid_file();
	_cleanup_close_ int fd = -1;
	char text[32];
	int len = snprintf(text, sizeof(text), "%d\n", pid), ret;

	if (before > 0 && !kill(before, 0))
		cmd_warn(0, PID_FILE " named the recording %d, which goes on; it names this one from now on",
			 before);
	/* whoever reads it finds one pid or the other */
	fd = open(PID_FILE ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	ret = fd < 0 ? -errno : io_write_full(fd, text, len, DEADLINE_NEVER);
	if (!ret && rename(PID_FILE ".new", PID_FILE))
		ret = -errno;
	if (ret && fd >= 0)
		unlink(PID_FILE ".new");
	if (ret)
		cmd_warn(ret, "cannot write " PID_FILE ": the pid of this recording, to end it by, is %d",
			 pid);
}

void launch_end(const struct plan *p, pid_t pid)
{
	if (p->daemonize && read_pid_file() == pid)
		unlink(PID_FILE);
}

/* --- the waiting process ------------------------------------------------------------ */

/* Until the other one has begun, or is gone. Signals are for that one. */
static int wait_for_begin(pid_t pid, int ready_fd)
{
	struct pollfd fds[2] = { { .fd = ready_fd, .events = POLLIN } };
	struct stop stop = STOP_NONE;
	char ready = 0;

	fds[1].fd = stop_open(&stop) ? -1 : stop.fd;
	fds[1].events = POLLIN;
	while (!fds[0].revents) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents && stop_wanted(&stop)) {
			kill(pid, SIGTERM);
			fds[1].fd = -1;
		}
	}
	stop_close(&stop);
	return read(ready_fd, &ready, 1) == 1 ? 0 : 1;
}

/* Go on in the background. -1 there; the exit status here. */
static int daemonize(struct note *note)
{
	int ready[2], null;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		return cmd_fail(-errno, "cannot go on in the background");
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return cmd_fail(-errno, "cannot go on in the background");
	if (pid) {
		close(ready[1]);
		return wait_for_begin(pid, ready[0]);
	}
	close(ready[0]);
	note->ready_fd = ready[1];
	setsid();
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	fd_close(&null);
	return -1;
}

/* --- around the run -------------------------------------------------------------------- */

int launch_begin(const struct plan *p, struct note *note)
{
	int i;

	if (p->to_stderr) {
		fflush(stdout);
		note->command_stdout = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (note->command_stdout < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
			return cmd_fail(-errno, "standard output cannot go to standard error");
	}
	note->maps_fd = maps_file(p);
	for (i = 0; i < p->nr_guests; i++) {
		if (p->guests[i].proxy && note->late_fd < 0)
			note->late_fd = memfd_create("trace-cmd-late", MFD_CLOEXEC);
	}
	return p->daemonize ? daemonize(note) : -1;
}

void launch_begun(const struct plan *p, struct note *note)
{
	if (p->daemonize)
		write_pid_file(getppid());
	if (!p->command && p->daemonize)
		printf("Send SIGINT/SIGTERM to pid %d to stop recording\n", getppid());
	else if (!p->command)
		printf("Hit Ctrl^C to stop recording\n");
	fflush(stdout);
	if (note->ready_fd >= 0)
		(void)!write(note->ready_fd, "r", 1);
	fd_close(&note->ready_fd);
}
