/*
 * start.c - see start.h. Layer 5.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "message.h"
#include "session/command.h"
#include "session/guardian.h"
#include "session/local.h"
#include "session/outlet.h"
#include "session/start.h"
#include "session/stop.h"
#include "session/whom.h"

/* How often to look for the command's end where the kernel has no pidfd. */
#define LOOK_MS 20
/* How long a command may take to end by itself when the user has interrupted us. */
#define STOP_MS 500

/* Instances that are to go (set -v -B). */
static int delete_instances(const struct plan *p, struct err *err)
{
	int i, ret = 0;

	for (i = 0; !ret && i < p->nr_instances; i++) {
		if (p->instances[i].delete)
			ret = setup_delete(p->instances[i].name, err);
	}
	return ret;
}

/* Until the command has ended, or the user wants us to end. */
static void wait_for_command(const struct command_run *c, struct stop *stop)
{
	_cleanup_close_ int fd = syscall(SYS_pidfd_open, c->child.pid, 0);
	struct pollfd fds[2] = {
		{ .fd = stop->fd, .events = POLLIN }, { .fd = fd, .events = POLLIN },
	};

	while (!child_ended(&c->child) && !stop_wanted(stop))
		poll(fds, 2, fd < 0 ? LOOK_MS : -1);
}

static int run_command(struct command_run *c, const struct plan *p, struct stop *stop)
{
	int status;

	if (p->fork) {
		child_leave(&c->child);
		return 0;
	}
	wait_for_command(c, stop);
	status = command_reap(c, p, stop_wanted(stop), STOP_MS);
	return p->exit_status ? status : 0;
}

/* All until the command runs. */
static int set_up(struct local *l, struct command_run *c, const struct plan *p,
		  struct note *note, int mirror_fd, struct err *err)
{
	int ret = local_setup(l, p, note, mirror_fd, false, err);

	if (!ret)
		ret = whom_limit(l, c->child.pid, err);
	/* set leaves the switch alone, as does -K, but not for a command */
	if (!ret && (p->command || !p->keep_before))
		ret = local_tracing(l, true, err);
	if (!ret && p->command)
		ret = command_go(c, p, err);
	if (!ret)
		local_keep(l);
	/* nothing can put these back */
	if (!ret)
		ret = delete_instances(p, err);
	return ret;
}

static int worker(const struct plan *p, struct note *note, int mirror_fd)
{
	struct command_run command = { .child = CHILD_NONE };
	struct stop stop = STOP_NONE;
	struct local local = { 0 };
	struct err err = { 0 };
	int status = 0;
	int ret = stop_open(&stop);

	outlet_open(&stop);
	if (!ret)
		ret = command_start(&command, p, note);
	if (!ret)
		ret = set_up(&local, &command, p, note, mirror_fd, &err);
	if (!ret && p->command)
		status = run_command(&command, p, &stop);
	if (ret)
		status = cmd_fail_err(ret, &err);
	child_release(&command.child);
	if (local.plan)
		local_release(&local);
	outlet_close();
	stop_close(&stop);
	return status;
}

int session_start(const struct plan *p)
{
	return guardian_run(p, worker);
}
