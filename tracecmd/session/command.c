/*
 * command.c - see command.h. Layer 5.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "message.h"
#include "session/command.h"

int command_start(struct command_run *c, const struct plan *p, const struct note *note)
{
	*c = (struct command_run){
		.conf = {
			.argv = p->command, .user = p->user, .stdout_fd = note->command_stdout,
			.stays = p->fork,
		},
		.child = CHILD_NONE,
	};
	if (p->command)
		return child_start(&c->conf, &c->child);
	if (p->user)
		cmd_warn(0, "--user %s is ignored, no command is specified.", p->user);
	return 0;
}

int command_go(struct command_run *c, const struct plan *p, struct err *err)
{
	const char *name = p->command[0];
	bool user_failed;
	int ret = child_go(&c->child, &user_failed);

	if (!ret)
		return 0;
	if (user_failed)
		return err_set(err, ret, "Failed to change user to %s", p->user);
	fflush(stdout);
	fprintf(stderr, "\n********************\n Unable to exec %s\n********************\n",
		name);
	return err_set(err, ret, "Failed to exec %s", name);
}

static void tell_end(int status)
{
	if (WIFSIGNALED(status))
		cmd_warn(0, "Command was killed by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		cmd_warn(0, "Command exited with status %d", WEXITSTATUS(status));
}

int command_reap(struct command_run *c, const struct plan *p, bool stopped, int patience_ms)
{
	bool ended_by_itself;
	int status = 0;

	if (!c->child.pid)
		return 0;
	ended_by_itself = child_ends_within(&c->child, patience_ms);
	if (ended_by_itself)
		child_wait(&c->child, &status);
	else
		child_end(&c->child, &status);
	child_release(&c->child);
	if (ended_by_itself && !stopped && !p->quiet)
		tell_end(status);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
