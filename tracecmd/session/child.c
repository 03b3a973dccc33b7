/*
 * child.c - see child.h. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "session/child.h"
#include "session/user.h"

/* How often to look whether it has ended. */
#define CHILD_LOOK_MS 20
/* How long it may take to end after a signal. */
#define PATIENCE_MS 1000

/* What the process tells when it cannot become the command. */
struct child_failure {
	int error;
	bool user;	/* it could not even become the user */
};

/* We have become the command's process, and the user: now the command. */
static void child_exec(const struct child_conf *conf)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	execvp(conf->argv[0], conf->argv);
}

/* The forked process: wait, then become the command. */
static void child_main(const struct child_conf *conf, int go_fd, int error_fd)
{
	struct child_failure f = { 0 };
	char go;

	/* a record that is killed takes the command it started with it */
	if (!conf->stays)
		prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (io_read_full(go_fd, &go, 1, DEADLINE_NEVER))
		_exit(0);
	if (conf->stdout_fd >= 0 && dup2(conf->stdout_fd, STDOUT_FILENO) < 0)
		f.error = errno;
	if (!f.error && conf->user) {
		f.error = -user_become(conf->user);
		f.user = f.error != 0;
		/* another user's process forgets it */
		if (!conf->stays)
			prctl(PR_SET_PDEATHSIG, SIGTERM);
	}
	if (!f.error) {
		child_exec(conf);
		f.error = errno;
	}
	(void)!write(error_fd, &f, sizeof(f));
	_exit(127);
}

int child_start(const struct child_conf *conf, struct child *c)
{
	int go[2] = { -1, -1 }, error[2] = { -1, -1 };
	int ret;

	if (pipe2(go, O_CLOEXEC) || pipe2(error, O_CLOEXEC))
		goto failed;
	c->pid = fork();
	if (c->pid < 0)
		goto failed;
	if (!c->pid) {
		close(go[1]);
		close(error[0]);
		child_main(conf, go[0], error[1]);
	}
	close(go[0]);
	close(error[1]);
	c->go_fd = go[1];
	c->error_fd = error[0];
	return 0;

failed:
	ret = -errno;
	fd_close(&go[0]);
	fd_close(&go[1]);
	fd_close(&error[0]);
	fd_close(&error[1]);
	c->pid = 0;
	return ret;
}

int child_go(struct child *c, bool *ret_user_failed)
{
	struct child_failure f;
	int ret;

	*ret_user_failed = false;
	ret = io_write_full(c->go_fd, "g", 1, deadline_in_ms(1000));
	if (ret)
		return ret;
	/* closed by a successful exec; a user's groups may come over the network */
	ret = io_read_full(c->error_fd, &f, sizeof(f), deadline_in_ms(30000));
	if (ret == -ENODATA)
		return 0;
	child_release(c);
	if (ret)
		return ret;
	*ret_user_failed = f.user;
	return -f.error;
}

bool child_ended(const struct child *c)
{
	siginfo_t si = { 0 };

	if (c->pid <= 0)
		return true;
	return waitid(P_PID, c->pid, &si, WEXITED | WNOHANG | WNOWAIT) || si.si_pid == c->pid;
}

bool child_ends_within(const struct child *c, int ms)
{
	struct deadline d = deadline_in_ms(ms);

	while (!child_ended(c)) {
		if (deadline_passed(d))
			return false;
		poll(NULL, 0, CHILD_LOOK_MS);
	}
	return true;
}

int child_wait(struct child *c, int *ret_status)
{
	pid_t pid;

	do {
		pid = waitpid(c->pid, ret_status, 0);
	} while (pid < 0 && errno == EINTR);
	if (pid < 0)
		return -errno;
	c->pid = 0;
	return 0;
}

void child_end(struct child *c, int *ret_status)
{
	int status = SIGKILL;

	if (c->pid <= 0)
		return;
	kill(c->pid, SIGTERM);
	/* one that ignores SIGTERM gets a second, then no choice */
	if (!child_ends_within(c, PATIENCE_MS))
		kill(c->pid, SIGKILL);
	/* but its end is told to who debugs it first */
	if (child_ends_within(c, PATIENCE_MS))
		child_wait(c, &status);
	c->pid = 0;
	if (ret_status)
		*ret_status = status;
}

void child_leave(struct child *c)
{
	fd_close(&c->go_fd);
	fd_close(&c->error_fd);
	c->pid = 0;
}

void child_release(struct child *c)
{
	fd_close(&c->go_fd);
	fd_close(&c->error_fd);
	child_end(c, NULL);
}
