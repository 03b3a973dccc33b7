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
#include "base/io.h"
#include "message.h"
#include "session/background.h"
#include "session/stop.h"

#define INSISTED_MS	2000	/* for it to end, when the user has insisted */

/*
 * Until the other one has begun, or is gone. Signals are for that one; but who insists, and may do so because it is
 * stuck, does not have to wait for it.
 */
static int wait_for_begin(pid_t pid, int ready_fd)
{
	struct pollfd fds[2] = { { .fd = ready_fd, .events = POLLIN } };
	struct deadline d = DEADLINE_NEVER;
	struct stop stop = STOP_NONE;
	int wished, told = 0;
	char ready = 0;

	fds[1].fd = stop_open(&stop) ? -1 : stop.fd;
	fds[1].events = POLLIN;
	while (!fds[0].revents && !deadline_passed(d)) {
		if (poll(fds, 2, deadline_left_ms(d)) < 0 && errno != EINTR)
			break;
		wished = stop_wanted(&stop) + stop_urgent(&stop);
		if (told < wished && wished == 2)
			d = deadline_in_ms(INSISTED_MS);
		for (; told < wished; told++)
			kill(pid, SIGTERM);
	}
	stop_close(&stop);
	if (fds[0].revents)
		return read(ready_fd, &ready, 1) == 1 ? 0 : 1;
	cmd_warn(0, "process %d has been told to end, but goes on in the background", (int)pid);
	return 1;
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
