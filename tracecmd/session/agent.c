/*
 * agent.c - see agent.h: listening, one process a session, cleaning up after it. Layer 5.
 *
 * Clients are listened to all at once until one has sent its request, so that one that says
 * nothing, or little, keeps nobody out.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/reap.h"
#include "message.h"
#include "net/addr.h"
#include "net/channel.h"
#include "net/tunnel.h"
#include "session/agent-session.h"
#include "session/agent.h"
#include "session/claim.h"
#include "session/outlet.h"
#include "session/stop.h"
#include "setup/journal.h"
#include "setup/leftover.h"

#define MIRROR_BYTES	(1 << 20)

#define REQUEST_MS	5000	/* from connecting to a whole request, and for being served then */
#define LOOKUP_MS	3000	/* for the name of who is served, while others wait */
#define STOP_MS		10000	/* for a session to end in good order when the agent shall end */
#define DELIVER_MS	10000	/* what a session has sent, to its host */
#define CLIENTS_MAX	16	/* that have not been served yet */

/* A host that has connected and is not served yet. */
struct client {
	struct channel ctl;
	struct net_peer peer;
	struct deadline until;
	struct msg request;
	/* @request has come in full; with --auth: it begins to come, and is read behind the handshake */
	bool asked;
	struct auth_hand hand;
	bool proven;		/* the handshake is done */
};

/* The agent, and the session that is served at the moment. */
struct agent {
	const struct agent_conf *conf;
	struct ksyms symbols;	/* that sessions begin with */
	int listen_fd;
	struct stop stop;
	int child_fd;		/* readable: the session's process may have ended */
	pid_t pid;		/* of that process, 0: none */
	int mirror_fd;		/* read end of its journal's mirror */
	int journal_fd;		/* its journal's file, for when we are killed, too; -1: none */
	char *journal_path;
	struct client *clients[CLIENTS_MAX];	/* oldest first */
	int nr_clients;
};

/* --- sessions --------------------------------------------------------------------- */

/* What a host wrote may be in a message: show nothing that a terminal would obey. */
static void make_printable(char *text)
{
	for (; *text; text++) {
		if (*text != '\n' && (*text < ' ' || *text > '~'))
			*text = '?';
	}
}

/* Who is there knows the key: what does it want? 0; -errno described in @err. */
static int take_request(struct agent *a, struct client *c, struct tunnels *tunnels,
			struct err *err)
{
	int fd = c->ctl.fd, ret = tunnels_add(tunnels, &fd, &c->hand, TUNNEL_BOTH);

	if (ret)
		return err_set(err, ret, "cannot encrypt the connection");
	c->ctl.fd = -1;
	channel_close(&c->ctl);
	channel_init(&c->ctl, fd);
	c->ctl.stop_fd = a->stop.fd;
	ret = channel_recv(&c->ctl, &c->request, deadline_in_ms(REQUEST_MS));
	if (ret == -ECANCELED)
		return err_set(err, -EINTR, "ended before it had sent its request");
	return ret ? err_set(err, ret, "Failed to receive trace request") : 0;
}

/* In the session's process: the other clients are the agent's. Who is turned away shall see it at once. */
static void forget_others(struct agent *a, const struct client *c)
{
	int i;

	for (i = 0; i < a->nr_clients; i++) {
		if (a->clients[i] == c)
			continue;
		channel_close(&a->clients[i]->ctl);
		auth_hand_wipe(&a->clients[i]->hand);
	}
}

/* The session's process; does not return. */
static void serve(struct agent *a, struct client *c, int mirror_fd, pid_t parent)
{
	struct session_journal journal = { .mirror_fd = mirror_fd, .file_fd = a->journal_fd };
	struct tunnels tunnels = { .key = a->conf->auth ? &a->conf->auth_key : NULL };
	struct err err = { 0 };
	char text[300];
	int ret;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(128 + SIGTERM);
	fd_close(&a->listen_fd);
	fd_close(&a->mirror_fd);
	fd_close(&a->child_fd);
	forget_others(a, c);
	stop_close(&a->stop);
	ret = stop_open(&a->stop);
	if (!ret && a->conf->auth)
		ret = take_request(a, c, &tunnels, &err);
	if (!ret)
		ret = agent_session(a->conf, &c->ctl, &c->request, &c->peer, &a->stop, &journal,
				    &tunnels, &err);
	if (ret) {
		make_printable(err.text);
		err_prefix(&err, ret, "session with %s",
			   net_peer_text(&c->peer, text, sizeof(text)));
		ret = cmd_fail_err(ret, &err);
	}
	fflush(stdout);
	/* what is underway shall arrive */
	channel_close(&c->ctl);
	tunnels_finish(&tunnels, DELIVER_MS);
	/* the agent would have done that */
	if (getppid() != parent)
		leftover_end(a->journal_fd, a->journal_path);
	_exit(ret);
}

static void end_journal(struct agent *a)
{
	leftover_end(a->journal_fd, a->journal_path);
	a->journal_fd = -1;
	free(a->journal_path);
	a->journal_path = NULL;
	fd_close(&a->mirror_fd);
}

static void start_session(struct agent *a, struct client *c)
{
	pid_t parent = getpid();
	int mirror[2];

	if (pipe2(mirror, O_CLOEXEC | O_NONBLOCK)) {
		cmd_warn(-errno, "cannot start a session");
		return;
	}
	/*
	 * nobody reads it before the session ends: it must hold the whole journal, and
	 * not lose an entry
	 */
	fcntl(mirror[1], F_SETPIPE_SZ, MIRROR_BYTES);
	fcntl(mirror[1], F_SETFL, 0);
	a->mirror_fd = mirror[0];
	a->journal_fd = leftover_begin(&a->journal_path);
	if (a->journal_fd < 0)
		log_debug("there is no file for the journal: %s", strerror(-a->journal_fd));
	a->pid = fork();
	if (!a->pid)
		serve(a, c, mirror[1], parent);
	close(mirror[1]);
	if (a->pid < 0) {
		cmd_warn(-errno, "cannot start a session");
		a->pid = 0;
		end_journal(a);
	}
}

/* The session's process has ended: if it was killed, put tracefs back for it. */
static void end_session(struct agent *a)
{
	_cleanup_close_ int claim_fd = -1;
	struct journal *journal = NULL;
	bool finished = false;
	int status = 0;

	/* who is told first, a debugger, shall not keep us from putting back */
	if (reap_within(a->pid, &status, REAP_KILLED_MS) == -ETIMEDOUT)
		status = SIGKILL;
	if (!WIFEXITED(status)) {
		cmd_warn(0, "the session was ended by signal %d; tracing is put back",
			 WTERMSIG(status));
		claim_fd = claim_left_behind(a->conf->instance);
		fcntl(a->mirror_fd, F_SETFL, 0);
		if (!journal_receive(a->mirror_fd, &journal, &finished))
			leftover_settle(journal, a->journal_fd);
		journal_free(journal);
	}
	end_journal(a);
	a->pid = 0;
	/* it had to read them: the next one shall not */
	if (!ksyms_hold(&a->symbols, zip_best()))
		ksyms_read(&a->symbols, zip_best());
}

/* Has the session's process ended? One that is only stopped sends SIGCHLD, too. */
static bool session_ended(struct agent *a)
{
	struct signalfd_siginfo si;
	siginfo_t child = { 0 };

	while (read(a->child_fd, &si, sizeof(si)) == sizeof(si))
		;
	return a->pid && !waitid(P_PID, a->pid, &child, WEXITED | WNOHANG | WNOWAIT) &&
	       child.si_pid == a->pid;
}

/*
 * The agent ends: have the session end in good order, which its host may keep it
 * from; when it takes long or the user insists, by force.
 */
static void stop_session(struct agent *a)
{
	struct deadline d = deadline_in_ms(STOP_MS);

	/* its own signalfd sees this */
	kill(a->pid, SIGTERM);
	while (!session_ended(a) && !deadline_passed(d) && !stop_urgent(&a->stop)) {
		struct pollfd fds[2] = {
			{ .fd = a->child_fd, .events = POLLIN },
			{ .fd = a->stop.fd, .events = POLLIN },
		};

		poll(fds, 2, deadline_left_ms(d));
	}
	if (!session_ended(a))
		kill(a->pid, SIGKILL);
	end_session(a);
}

/* --- clients ------------------------------------------------------------------------ */

static void drop_client(struct agent *a, int i)
{
	struct client *c = a->clients[i];

	channel_close(&c->ctl);
	auth_hand_wipe(&c->hand);
	free(c);
	a->nr_clients--;
	memmove(&a->clients[i], &a->clients[i + 1], (a->nr_clients - i) * sizeof(a->clients[0]));
}

/* Whether hosts like @peer are served at all. */
static bool is_welcome(const struct agent *a, const struct net_peer *peer)
{
	struct err err = { 0 };
	char text[300];

	net_peer_text(peer, text, sizeof(text));
	if (a->conf->client && !net_peer_is(peer, a->conf->client,
					    deadline_or_stop(deadline_in_ms(LOOKUP_MS), a->stop.fd), &err)) {
		cmd_warn(-EACCES, "connection from %s refused: only %s is served%s%s", text,
			 a->conf->client, err.text[0] ? ": " : "", err.text);
		return false;
	}
	if (!a->conf->client && net_peer_cid(peer) != a->conf->cid) {
		cmd_warn(-EACCES, "connection from %s refused: only CID %u is served (-P CID chooses another)",
			 text, a->conf->cid);
		return false;
	}
	return true;
}

/* Say who we are, and what we expect. 0; -errno. */
static int begin_hand(struct agent *a, struct client *c, int fd)
{
	uint8_t banner[AUTH_HELLO_LEN];
	int len;

	auth_hand_init(&c->hand, &a->conf->auth_key, true, AUTH_CONTROL, 0);
	len = auth_hand_begin(&c->hand, banner);
	return len < 0 ? len : io_write_full(fd, banner, len, deadline_in_ms(0));
}

/*
 * Who is to go when there are too many: the oldest of those that say nothing, as it has had most time; one that
 * waits for its turn only if all do.
 */
static int least_wanted(const struct agent *a)
{
	for (int i = 0; i < a->nr_clients; i++)
		if (!a->clients[i]->asked && !a->clients[i]->proven)
			return i;
	return 0;
}

/* Somebody has connected: wait for the request, without keeping others from theirs. */
static void take_client(struct agent *a)
{
	struct client *c = calloc(1, sizeof(*c));
	char text[300];
	int fd;

	if (net_accept(a->listen_fd, deadline_in_ms(0), NULL, &fd, c ? &c->peer : NULL)) {
		free(c);
		return;
	}
	if (!c || !is_welcome(a, &c->peer)) {
		close(fd);
		free(c);
		return;
	}
	if (a->conf->auth && begin_hand(a, c, fd)) {
		close(fd);
		free(c);
		return;
	}
	if (!a->conf->auth && net_peer_is_remote_tcp(&c->peer)) {
		net_peer_text(&c->peer, text, sizeof(text));
		cmd_warn(0, NO_AUTH, text);
	}
	if (a->nr_clients == CLIENTS_MAX)
		drop_client(a, least_wanted(a));
	channel_init(&c->ctl, fd);
	c->until = deadline_in_ms(REQUEST_MS);
	a->clients[a->nr_clients++] = c;
}

/*
 * Has it proven itself and begun to ask? Who says nothing behind the handshake keeps nobody from being served.
 * 0; -ETIMEDOUT: not yet; -errno.
 */
static int look_at_hand(struct client *c)
{
	int ret = c->proven ? 0 : auth_hand_step(&c->hand, c->ctl.fd);
	char byte;

	if (ret)
		return ret == -EAGAIN ? -ETIMEDOUT : ret;
	c->proven = true;
	switch (recv(c->ctl.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT)) {
	case 0: return -EPIPE;
	case 1: return 0;
	default: return errno == EAGAIN || errno == EINTR ? -ETIMEDOUT : -errno;
	}
}

/* What a client waits for. 0: let it; 1: it can be served; -errno: it is to go. */
static int look_at_client(struct agent *a, struct client *c)
{
	struct pollfd gone = { .fd = c->ctl.fd, .events = POLLRDHUP };
	int ret;

	if (!c->asked) {
		if (a->conf->auth)
			ret = look_at_hand(c);
		else
			ret = channel_recv(&c->ctl, &c->request, deadline_in_ms(0));
		if (ret)
			return ret == -ETIMEDOUT && !deadline_passed(c->until) ? 0 : ret;
		c->asked = true;
	}
	/* the session before may just be ending */
	if (!a->pid)
		return 1;
	if (poll(&gone, 1, 0) > 0)
		return -ENODATA;
	return deadline_passed(c->until) ? -EBUSY : 0;
}

static void look_at_clients(struct agent *a)
{
	char text[300];
	int i = 0;

	while (i < a->nr_clients) {
		struct client *c = a->clients[i];
		int ret = look_at_client(a, c);

		if (!ret) {
			i++;
			continue;
		}
		net_peer_text(&c->peer, text, sizeof(text));
		if (ret > 0)
			start_session(a, c);
		else if (ret == -ENODATA || ret == -EBUSY)
			log_debug("%s: %s", text, ret == -EBUSY ? "turned away: busy" : "gone");
		else if (a->conf->auth && !c->proven)
			cmd_warn(ret, "connection from %s refused: %s", text, auth_why(ret));
		else if (auth_is_banner(c->ctl.in, c->ctl.in_len))
			cmd_warn(ret, "session with %s: it wants to authenticate: --auth FILE is missing here", text);
		else
			cmd_warn(ret, "session with %s: Failed to receive trace request", text);
		drop_client(a, i);
	}
}

/* --- all of it -------------------------------------------------------------------------- */

enum { WAIT_STOP, WAIT_CHILD, WAIT_LISTEN, WAIT_CLIENTS };

/* Until there may be something to do. 0; -errno. */
static int wait_for_work(struct agent *a)
{
	struct pollfd fds[WAIT_CLIENTS + CLIENTS_MAX] = {
		[WAIT_STOP] = { .fd = a->stop.fd, .events = POLLIN },
		[WAIT_CHILD] = { .fd = a->child_fd, .events = POLLIN },
		[WAIT_LISTEN] = { .fd = a->listen_fd, .events = POLLIN },
	};
	struct deadline d = DEADLINE_NEVER;
	int i;

	for (i = 0; i < a->nr_clients; i++) {
		struct client *c = a->clients[i];

		fds[WAIT_CLIENTS + i] = (struct pollfd){
			.fd = c->ctl.fd, .events = c->asked ? POLLRDHUP : POLLIN,
		};
		if (c->until.at_ns < d.at_ns)
			d = c->until;
	}
	if (poll(fds, WAIT_CLIENTS + a->nr_clients, deadline_left_ms(d)) < 0 && errno != EINTR)
		return -errno;
	if (fds[WAIT_LISTEN].revents)
		take_client(a);
	return 0;
}

static void loop(struct agent *a)
{
	/* the signal may have been read while something was said */
	while (!stop_wanted(&a->stop) && !wait_for_work(a) && !stop_wanted(&a->stop)) {
		if (session_ended(a))
			end_session(a);
		look_at_clients(a);
	}
	while (a->nr_clients)
		drop_client(a, 0);
	if (a->pid)
		stop_session(a);
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
	struct agent_conf own = *conf;
	struct agent a = {
		.conf = &own, .listen_fd = -1, .stop = STOP_NONE, .child_fd = -1, .mirror_fd = -1,
		.journal_fd = -1,
	};
	struct err err = { 0 };
	int ret;

	/* before anybody waits for it; without them each session reads its own */
	own.symbols = &a.symbols;
	ksyms_read(&a.symbols, zip_best());
	ret = start_listening(&a, &err);
	if (ret)
		return cmd_fail_err(ret, &err);
	if (conf->daemon && daemon(1, 1))
		return cmd_fail(-errno, "cannot become a daemon");
	ret = stop_open_children(&a.stop, &a.child_fd);
	if (ret)
		return cmd_fail(ret, "cannot take signals");
	outlet_open(&a.stop);
	loop(&a);
	outlet_close();
	ksyms_release(&a.symbols);
	fd_close(&a.listen_fd);
	stop_close(&a.stop);
	fd_close(&a.child_fd);
	return 0;
}
