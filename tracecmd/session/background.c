/*
 * background.c - see background.h. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "message.h"
#include "session/background.h"
#include "session/stop.h"

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

int background_begin(int *ret_ready_fd)
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
	setsid();
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	fd_close(&null);
	*ret_ready_fd = ready[1];
	return -1;
}

void background_begun(int *ready_fd)
{
	if (*ready_fd >= 0)
		(void)!write(*ready_fd, "r", 1);
	fd_close(ready_fd);
}
