/*
 * listen.c - see listen.h: listening, a process a client, finishing what a killed one left. Layer 5.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/sandbox.h"
#include "message.h"
#include "net/addr.h"
#include "net/muxer.h"
#include "session/background.h"
#include "session/listen-client.h"
#include "session/listen-log.h"
#include "session/listen.h"
#include "session/outlet.h"
#include "session/pidfile.h"
#include "session/stop.h"

#define STOP_MS			60000	/* for all to finish their files when we are to end */

#define PID_FILE	"/var/run/trace-cmd-net.pid"

/* A client's process, or the one that finishes for one that was killed. In memory that all share. */
struct slot {
	pid_t pid;		/* 0: free */
	struct net_peer peer;
	bool finishing;
	struct listen_note note;
};

struct listen {
	const struct listen_conf *conf;
	int fd;
	struct stop stop;
	int child_fd;		/* readable: a process may have ended */
	struct slot *slots;	/* conf->max_clients */
	uint64_t files;		/* written by clients that have ended */
};

/* --- processes ------------------------------------------------------------------------ */

static int running(const struct listen *l)
{
	int i, n = 0;

	for (i = 0; i < l->conf->max_clients; i++)
		n += l->slots[i].pid > 0;
	return n;
}

/* A process for slot @s: serves the client at @fd, or (-1) finishes its file. */
static void start(struct listen *l, struct slot *s, int fd)
{
	pid_t parent = getpid(), pid;
	struct err err = { 0 };

	fflush(stdout);
	pid = fork();
	if (pid > 0) {
		s->pid = pid;
		return;
	}
	if (pid < 0) {
		err_set(&err, -errno, "cannot start a process for a client");
		listen_complain(err.code, &err);
		return;
	}
	/* without us: end in good order */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	fd_close(&l->fd);
	fd_close(&l->child_fd);
	stop_close(&l->stop);
	if (stop_open(&l->stop) || getppid() != parent)
		_exit(128 + SIGTERM);
	if (fd >= 0)
		pid = listen_client(l->conf, fd, &s->peer, &s->note, &l->stop);
	else
		pid = listen_salvage(&s->note);
	fflush(stdout);
	_exit(pid);
}

/* The process of @s has ended with @status. */
static void ended(struct listen *l, struct slot *s, int status)
{
	struct err err = { 0 };
	char text[300];

	s->pid = 0;
	if (WIFEXITED(status)) {
		l->files += s->note.guest.file[0] != 0;
		return;
	}
	err_set(&err, -ECHILD, "client %s: its process was ended by signal %d",
		net_peer_text(&s->peer, text, sizeof(text)), WTERMSIG(status));
	listen_complain(err.code, &err);
	/* once: whatever killed it may do so again */
	if (!s->finishing) {
		s->finishing = true;
		start(l, s, -1);
	}
}

static void reap(struct listen *l)
{
	struct signalfd_siginfo si;
	int i, status;

	while (read(l->child_fd, &si, sizeof(si)) == sizeof(si))
		;
	for (i = 0; i < l->conf->max_clients; i++) {
		struct slot *s = &l->slots[i];

		if (s->pid && waitpid(s->pid, &status, WNOHANG) == s->pid)
			ended(l, s, status);
	}
}

/* --- clients ---------------------------------------------------------------------------- */

/* A slot for a client, NULL if there are too many, or too many of its host. */
static struct slot *find_slot(struct listen *l, const struct net_peer *peer)
{
	struct slot *free_slot = NULL;
	int i, same = 0;

	for (i = 0; i < l->conf->max_clients; i++) {
		struct slot *s = &l->slots[i];

		if (!s->pid && !free_slot)
			free_slot = s;
		same += s->pid && net_peer_same_host(&s->peer, peer);
	}
	return same < l->conf->max_per_host ? free_slot : NULL;
}

/* May there be one more file? */
static bool may_write(const struct listen *l)
{
	return !l->conf->max_files || l->files + running(l) < l->conf->max_files;
}

static void take_client(struct listen *l)
{
	struct err err = { 0 };
	struct net_peer peer;
	struct slot *s;
	char text[300];
	int fd;

	if (net_accept(l->fd, deadline_in_ms(0), NULL, &fd, &peer))
		return;
	s = may_write(l) ? find_slot(l, &peer) : NULL;
	if (!s) {
		err_set(&err, may_write(l) ? -EBUSY : -EDQUOT, "client %s turned away: there are too many%s",
			net_peer_text(&peer, text, sizeof(text)),
			may_write(l) ? "" : " files (--max-files)");
		listen_complain(err.code, &err);
		close(fd);
		return;
	}
	*s = (struct slot){ .peer = peer };
	if (l->conf->debug) {
		listen_client(l->conf, fd, &s->peer, &s->note, &l->stop);
		l->files += s->note.guest.file[0] != 0;
		return;
	}
	start(l, s, fd);
	close(fd);
}

/* --- all of it ---------------------------------------------------------------------------- */

/* Wait until there may be something to do. @accept: clients, too. 0; -errno. */
static int wait_for_work(struct listen *l, bool accept, struct deadline d)
{
	struct pollfd fds[] = {
		{ .fd = l->stop.fd, .events = POLLIN },
		{ .fd = l->child_fd, .events = POLLIN },
		{ .fd = accept ? l->fd : -1, .events = POLLIN },
	};

	if (poll(fds, ARRAY_SIZE(fds), deadline_left_ms(d)) < 0 && errno != EINTR)
		return -errno;
	if (fds[1].revents)
		reap(l);
	if (fds[2].revents && !stop_wanted(&l->stop))
		take_client(l);
	return 0;
}

static void signal_all(struct listen *l, int sig)
{
	int i;

	for (i = 0; i < l->conf->max_clients; i++) {
		if (l->slots[i].pid)
			kill(l->slots[i].pid, sig);
	}
}

/* Have all clients' files finished, unless it takes long or the user insists. */
static void stop_clients(struct listen *l)
{
	struct deadline d = deadline_in_ms(STOP_MS);

	signal_all(l, SIGTERM);
	while (running(l) && !deadline_passed(d)) {
		if (stop_urgent(&l->stop)) {
			/* they take a second one for the same wish */
			signal_all(l, SIGTERM);
			if (d.at_ns > deadline_in_ms(5000).at_ns)
				d = deadline_in_ms(5000);
			l->stop.urgent = false;
		}
		if (wait_for_work(l, false, d))
			return;
	}
	signal_all(l, SIGKILL);
}

static int start_listening(struct listen *l, struct err *err)
{
	enum net_kind kind = l->conf->vsock ? NET_VSOCK : NET_TCP;
	uint32_t port;
	int64_t cid;
	int ret = l->conf->muxer ? muxer_listen(l->conf->muxer, l->conf->port, &l->fd, err) :
		  net_listen(kind, NULL, l->conf->port, &l->fd, &port, err);

	if (ret)
		return err_prefix(err, ret, "Could not bind");
	if (l->conf->muxer) {
		listen_say("listening on unix:%s_%u", l->conf->muxer, l->conf->port);
		return 0;
	}
	if (kind == NET_VSOCK) {
		cid = net_local_cid();
		listen_say("listening on @%u:%u", cid < 0 ? 0 : (unsigned int)cid, port);
	}
	return 0;
}

/* Name us in the pid file, and let who called us go. 0; -errno described in @err. */
static int begin_daemon(int *ready_fd, struct err *err)
{
	pid_t before = pidfile_alive(PID_FILE);
	int ret;

	if (before)
		listen_say(PID_FILE " named the listener %d, which goes on; it names this one from now on", before);
	ret = pidfile_write(PID_FILE, getpid(), err);
	if (!ret)
		background_begun(ready_fd);
	return ret;
}

/* What waits for clients. 0; -errno. */
static int begin(struct listen *l)
{
	int ret = stop_open_children(&l->stop, &l->child_fd);

	if (ret)
		return ret;
	outlet_open(&l->stop);
	io_allow_descriptors();
	l->slots = mmap(NULL, l->conf->max_clients * sizeof(*l->slots), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (l->slots == MAP_FAILED) {
		l->slots = NULL;
		return -ENOMEM;
	}
	return 0;
}

int listen_run(const struct listen_conf *conf)
{
	struct listen l = { .conf = conf, .fd = -1, .stop = STOP_NONE, .child_fd = -1 };
	struct err err = { 0 };
	int ret = conf->log ? listen_log_open(conf->log) : 0, ready_fd = -1, status;

	if (ret)
		err_set(&err, ret, "Can not create file %s", conf->log);
	if (!ret)
		ret = start_listening(&l, &err);
	if (!ret && conf->daemon) {
		status = background_begin(&ready_fd);
		if (status >= 0)
			return status;
	}
	if (!ret)
		ret = begin(&l);
	if (!ret && conf->daemon)
		ret = begin_daemon(&ready_fd, &err);
	if (ret)
		ret = listen_complain(ret, &err);
	if (!ret && !sandbox_is_tight())
		listen_say(SANDBOX_LOOSE, "clients");
	while (!ret && !stop_wanted(&l.stop))
		ret = wait_for_work(&l, true, DEADLINE_NEVER);
	net_unlisten(&l.fd);
	if (l.slots) {
		stop_clients(&l);
		munmap(l.slots, conf->max_clients * sizeof(*l.slots));
	}
	if (conf->daemon)
		pidfile_remove(PID_FILE, getpid());
	outlet_close();
	stop_close(&l.stop);
	fd_close(&l.child_fd);
	return ret;
}
