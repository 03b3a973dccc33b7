/*
 * launch.c - see launch.h. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "message.h"
#include "session/background.h"
#include "session/launch.h"
#include "session/maps.h"
#include "session/pidfile.h"

#define PID_FILE	"/var/run/trace-cmd-record.pid"

void launch_end(const struct plan *p, pid_t pid)
{
	if (p->daemonize)
		pidfile_remove(PID_FILE, pid);
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
	return p->daemonize ? background_begin(&note->ready_fd) : -1;
}

/* In the pid file, not before it records: who fails to must not take the place of another one. */
static void name_guardian(pid_t pid)
{
	pid_t before = pidfile_alive(PID_FILE);
	struct err err = { 0 };

	if (before)
		cmd_warn(0, PID_FILE " named the recording %d, which goes on; it names this one from now on",
			 before);
	if (pidfile_write(PID_FILE, pid, &err))
		cmd_warn(0, "%s\nThe pid of this recording, to end it by, is %d", err.text, pid);
}

void launch_begun(const struct plan *p, struct note *note)
{
	if (p->daemonize)
		name_guardian(note->guardian);
	if (!p->command && p->daemonize)
		printf("Send SIGINT/SIGTERM to pid %d to stop recording\n", note->guardian);
	else if (!p->command)
		printf("Hit Ctrl^C to stop recording\n");
	fflush(stdout);
	background_begun(&note->ready_fd);
}
