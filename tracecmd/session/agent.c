/*
 * agent.c - see agent.h: listening, one process a session, cleaning up after it. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "message.h"
#include "net/addr.h"
#include "session/agent-session.h"
#include "session/agent.h"
#include "setup/journal.h"

#define MIRROR_BYTES (1 << 20)

/* The agent, and the session that is served at the moment. */
struct agent {
	const struct agent_conf *conf;
	int listen_fd;
	int signal_fd;
	pid_t pid;		/* of the session's process, 0: none */
	int mirror_fd;		/* read end of its journal's mirror */
};

/* What ends the agent or (the agent itself only) tells that the session's process ended. */
static int take_signals(bool children)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (children)
		sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The session's process; does not return. */
static void serve(struct agent *a, int fd, const struct net_peer *peer, int mirror_fd)
{
	struct err err = { 0 };
	char text[300];
	int ret;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	fd_close(&a->listen_fd);
	fd_close(&a->mirror_fd);
	fd_close(&a->signal_fd);
	a->signal_fd = take_signals(false);
	ret = agent_session(a->conf, fd, peer, a->signal_fd, mirror_fd, &err);
	if (ret) {
		err_prefix(&err, ret, "session with %s", net_peer_text(peer, text, sizeof(text)));
		ret = cmd_fail_err(ret, &err);
	}
	fflush(stdout);
	_exit(ret);
}

static void start_session(struct agent *a, int fd, const struct net_peer *peer)
{
	int mirror[2];

	if (pipe2(mirror, O_CLOEXEC | O_NONBLOCK)) {
		close(fd);
		return;
	}
	/* nobody reads it before the session ends: it must hold the whole journal, and not lose an entry */
	fcntl(mirror[1], F_SETPIPE_SZ, MIRROR_BYTES);
	fcntl(mirror[1], F_SETFL, 0);
	a->mirror_fd = mirror[0];
	a->pid = fork();
	if (!a->pid)
		serve(a, fd, peer, mirror[1]);
	close(mirror[1]);
	close(fd);
	if (a->pid < 0) {
		cmd_warn(-errno, "cannot start a session");
		a->pid = 0;
		fd_close(&a->mirror_fd);
		return;
	}
}

/* The session's process has ended: if it was killed, put tracefs back for it. */
static void end_session(struct agent *a)
{
	struct journal *journal = NULL;
	bool finished = false;
	int status = 0;

	while (waitpid(a->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status)) {
		cmd_warn(0, "the session was ended by signal %d; tracing is put back",
			 WTERMSIG(status));
		fcntl(a->mirror_fd, F_SETFL, 0);
		if (!journal_receive(a->mirror_fd, &journal, &finished))
			journal_restore(journal);
		journal_free(journal);
	}
	fd_close(&a->mirror_fd);
	a->pid = 0;
}

/* A client came: serve it, or turn it away while another one is served. */
static void take_client(struct agent *a)
{
	struct net_peer peer;
	char text[300];
	int fd, ret;

	ret = net_accept(a->listen_fd, deadline_in_ms(0), NULL, &fd, &peer);
	if (ret)
		return;
	net_peer_text(&peer, text, sizeof(text));
	if (a->pid) {
		log_debug("%s turned away: busy", text);
	} else if (a->conf->client && !net_peer_is(&peer, a->conf->client)) {
		cmd_warn(-EACCES, "connection from %s refused: only %s is served", text,
			 a->conf->client);
	} else {
		start_session(a, fd, &peer);
		return;
	}
	close(fd);
}

/* Read what signals came. True if one of them asks us to end. */
static bool must_end(struct agent *a)
{
	struct signalfd_siginfo si;
	siginfo_t child = { 0 };
	bool end = false;

	while (read(a->signal_fd, &si, sizeof(si)) == sizeof(si))
		end |= si.ssi_signo != SIGCHLD;
	/* a process that is only stopped sends SIGCHLD, too */
	if (a->pid && !waitid(P_PID, a->pid, &child, WEXITED | WNOHANG | WNOWAIT) &&
	    child.si_pid == a->pid)
		end_session(a);
	return end;
}

static void loop(struct agent *a)
{
	for (;;) {
		struct pollfd fds[2] = {
			{ .fd = a->signal_fd, .events = POLLIN },
			{ .fd = a->listen_fd, .events = POLLIN },
		};

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		if (must_end(a))
			break;
		if (fds[1].revents)
			take_client(a);
	}
	if (a->pid) {
		/* its own signalfd sees this; it stops in good order */
		kill(a->pid, SIGTERM);
		end_session(a);
	}
}

static int start_listening(struct agent *a, struct err *err)
{
	enum net_kind kind = a->conf->client ? NET_TCP : NET_VSOCK;
	uint32_t port;
	int64_t cid;
	int ret = net_listen(kind, NULL, a->conf->port, &a->listen_fd, &port, err);

	if (ret)
		return err_prefix(err, ret, kind == NET_VSOCK ?
				  "Failed to listen on %u over vsock (-N CLIENT serves TCP instead)" :
				  "Failed to listen on %u", a->conf->port);
	if (kind == NET_VSOCK) {
		cid = net_local_cid();
		printf("listening on @%u:%u\n", cid < 0 ? 0 : (unsigned int)cid, port);
		/* whoever waits for this line may be reading a pipe */
		fflush(stdout);
	}
	return 0;
}

int agent_run(const struct agent_conf *conf)
{
	struct agent a = {
		.conf = conf, .listen_fd = -1, .mirror_fd = -1,
	};
	struct err err = { 0 };
	int ret;

	ret = start_listening(&a, &err);
	if (ret)
		return cmd_fail_err(ret, &err);
	if (conf->daemon && daemon(1, 1))
		return cmd_fail(-errno, "cannot become a daemon");
	a.signal_fd = take_signals(true);
	if (a.signal_fd < 0)
		return cmd_fail(a.signal_fd, "cannot take signals");
	loop(&a);
	fd_close(&a.listen_fd);
	fd_close(&a.signal_fd);
	return 0;
}
