/*
 * agent-session.c - see agent-session.h. Layer 5.
 *
 * The order is the protocol's: request, response, tsync connection, metadata,
 * one data connection a CPU, tracing, CLOSE, the last data, CLOSE_RESP. The
 * control connection is watched in all of them: a host that dies frees us.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "message.h"
#include "net/awaited.h"
#include "net/channel.h"
#include "session/agent-parts.h"
#include "session/agent-session.h"
#include "session/early.h"
#include "session/finish.h"
#include "session/local.h"
#include "session/note.h"
#include "session/putback.h"
#include "session/stop.h"
#include "session/virt.h"
#include "tsync/tsync.h"

/*
 * Deadlines, ms. Those of minutes leave the host time for its other guests, which
 * come one after the other; it is watched all the while.
 */
#define TSYNC_ACCEPT_MS	10000
#define DATA_ACCEPT_MS	300000
#define SYNC_END_MS	300000

#define DATA_PORT_FIRST	1500

/* Id of our sync instance and its name's number: the host's CID, as stock agents have it. */
#define SYNC_ID_FIRST	NET_CID_HOST

/* --- response ------------------------------------------------------------------- */

static int open_listeners(struct session *s, struct err *err)
{
	enum net_kind kind = s->conf->client ? NET_TCP : NET_VSOCK;
	uint32_t next = DATA_PORT_FIRST;
	int cpu, ret;

	s->listen = malloc(s->nr_cpus * sizeof(int));
	if (!s->listen)
		return -ENOMEM;
	memset(s->listen, -1, s->nr_cpus * sizeof(int));
	s->ports = calloc(s->nr_cpus, sizeof(*s->ports));
	if (!s->ports)
		return -ENOMEM;
	/* what goes through FIFOs is not encrypted; those of a host would lead to a host of its own */
	s->fifos = s->req.flags & TRACE_REQ_FL_FIFOS && !s->tunnels->key && !s->conf->proxy &&
		   !virt_open_ports(s->listen, s->nr_cpus);
	for (cpu = 0; cpu < s->nr_cpus && !s->fifos; cpu++) {
		ret = net_listen_data(kind, next, &s->listen[cpu], &s->ports[cpu], err);
		if (ret)
			return ret;
		next = s->ports[cpu] + 1;
	}
	s->proto = s->proxy.on ? proxy_choose_proto(s) :
		   agent_choose_proto(s, TSYNC_ROLE_GUEST, s->req.protos);
	return s->proto ? net_listen_data(kind, next, &s->sync_listen, &s->sync_port, err) : 0;
}

static int send_response(struct session *s, struct err *err)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	struct msg_trace_resp resp = {
		.nr_cpus = s->nr_cpus, .page_size = s->top->note->page_size,
		.trace_id = s->note->trace_id, .tsync_port = s->sync_port, .ports = s->ports,
	};
	int ret;

	if (s->proto)
		snprintf(resp.tsync_proto, sizeof(resp.tsync_proto), "%s", s->proto->name);
	if (s->fifos)
		resp.flags |= TRACE_RESP_FL_FIFOS;
	if (s->req.has_tsync_flags && s->req.tsync_flags & TSYNC_REQ_REPORT)
		resp.flags |= TRACE_RESP_FL_TSYNC_REPORT;
	if (s->req.has_tsync_flags && s->proxy.on)
		resp.flags |= TRACE_RESP_FL_PROXY;
	ret = msg_trace_resp_put(&b, &resp);
	if (!ret)
		ret = channel_send_raw(s->ctl, &b, deadline_in_ms(AGENT_REPLY_MS));
	return ret ? err_set(err, ret, "Failed to send trace response") : 0;
}

/* --- waiting for connections -------------------------------------------------------- */

bool agent_must_end(struct session *s)
{
	struct pollfd fd = { .fd = s->ctl->fd, .events = POLLRDHUP };

	return poll(&fd, 1, 0) > 0 || stop_wanted(s->stop);
}

/*
 * Take what the host says, if anything. 0: nothing that matters, or CLOSE (s->closed);
 * -errno: it is gone.
 */
static int hear(struct session *s)
{
	struct msg m;
	int ret = channel_recv(s->ctl, &m, deadline_in_ms(0));

	if (ret == -ETIMEDOUT || ret == -ECANCELED)
		return 0;
	if (ret)
		return ret;
	if (m.cmd == MSG_CLOSE)
		s->closed = true;
	else if (m.cmd != MSG_NOT_SUPP)
		ret = channel_send(s->ctl, MSG_NOT_SUPP, NULL, 0, NULL, 0,
				   deadline_in_ms(AGENT_REPLY_MS));
	return ret;
}

/*
 * Wait for one of the connections that our host is to make, watching the control connection. 0; -ECANCELED: no use
 * in waiting; -ETIMEDOUT: none has come by the deadline.
 */
static int await(struct session *s, struct awaited *w, struct deadline d, int *ret_index,
		 int *ret_fd)
{
	int max = 2 + w->n + AWAITED_MAX;
	_cleanup_free_ struct pollfd *fds = calloc(max, sizeof(*fds));

	if (!fds)
		return -ENOMEM;
	fds[0] = (struct pollfd){ .fd = s->ctl->fd, .events = POLLIN | POLLRDHUP };
	fds[1] = (struct pollfd){ .fd = s->stop->fd, .events = POLLIN };
	while (!agent_must_end(s) && !hear(s)) {
		struct err err = { 0 };
		int ret, n;

		while ((ret = awaited_look(w, ret_index, ret_fd, &err)) < 0)
			cmd_warn(ret, "%s", err.text);
		if (ret)
			return 0;
		/* what it connected before it said so counts */
		if (s->closed && !w->nr_hands)
			return -ECANCELED;
		if (!awaited_any(w) || deadline_passed(d))
			return -ETIMEDOUT;
		n = 2 + awaited_poll_fds(w, fds + 2, max - 2);
		if (poll(fds, n, deadline_left_ms(deadline_min(d, awaited_deadline(w)))) < 0 &&
		    errno != EINTR)
			return -errno;
	}
	return -ECANCELED;
}

/* The connection that the clocks are compared over. As await(). */
static int await_sync(struct session *s, int *ret_fd)
{
	struct awaited w = {
		.listen = &s->sync_listen, .n = 1, .peer = s->peer, .tunnels = s->tunnels,
		.purpose = AUTH_SYNC, .use = TUNNEL_BOTH,
	};
	int index, ret = await(s, &w, deadline_in_ms(TSYNC_ACCEPT_MS), &index, ret_fd);

	awaited_release(&w);
	fd_close(&s->sync_listen);
	return ret;
}

int agent_accept_sync(struct session *s, int *ret_fd)
{
	int ret = await_sync(s, ret_fd);

	if (ret)
		cmd_warn(ret, "the host did not connect for time synchronisation");
	return ret;
}

static bool sync_ends(void *who)
{
	return agent_must_end(who);
}

struct sync_wait agent_sync_wait(struct session *s, int ms)
{
	return (struct sync_wait){ .by = deadline_in_ms(ms), .ends = sync_ends, .who = s };
}

int agent_run_sync(struct session *s, struct tsync_conf *conf,
		   int (*start)(const struct tsync_conf *conf, struct tsync_session **ret, struct err *err),
		   struct err *err)
{
	conf->own_id = tsync_pick_id(s->local.tracing_dir, SYNC_ID_FIRST);
	if (conf->own_id < 0) {
		close(conf->fd);
		return err_set(err, conf->own_id, "cannot make a tracing instance for it");
	}
	conf->own_made = true;
	local_sync_instance(&s->local, conf->own_id);
	return start(conf, &s->sync, err);
}

/* Without the tsync connection the session goes on, unaligned. */
static void start_sync(struct session *s)
{
	struct err err = { 0 };
	int64_t cid = net_peer_cid(s->peer);
	struct tsync_conf conf;
	int ret;

	if (!s->proto)
		return;
	tsync_conf_init(&conf);
	conf.proto = s->proto;
	conf.clock = local_clock(&s->local);
	/* only a host of ours knows how to go over to another */
	if (s->req.has_tsync_flags && !s->plan.tsync.proto)
		tsync_fallback(s->req.protos, TSYNC_ROLE_GUEST, conf.clock, s->proto,
			       conf.fallback);
	conf.tracing_dir = s->local.tracing_dir;
	conf.ptp_flags = agent_sync_flags(s);
	conf.report = s->req.has_tsync_flags && s->req.tsync_flags & TSYNC_REQ_REPORT;
	conf.debug_dir = s->conf->debug_dir;
	conf.own_cpus = s->nr_cpus;
	conf.cid = cid > 0 ? cid : NET_CID_HOST;
	if (agent_accept_sync(s, &conf.fd))
		return;
	ret = agent_run_sync(s, &conf, tsync_guest_start, &err);
	if (ret)
		cmd_warn(ret, "no time synchronisation with the host: %s", err.text);
}

/* --- metadata and data ---------------------------------------------------------------- */

int agent_send_stream(struct session *s, const void *data, size_t len)
{
	int ret = channel_send_data(s->ctl, data, len, deadline_in_ms(AGENT_META_MS));

	return ret ? ret : channel_send(s->ctl, MSG_FIN_DATA, NULL, 0, NULL, 0,
					deadline_in_ms(AGENT_META_MS));
}

static int send_meta(struct session *s, struct err *err)
{
	_cleanup_close_ int fd = memfd_create("trace-cmd-metadata", MFD_CLOEXEC);
	_cleanup_(buf_release) struct buf b = { .cap = AGENT_META_MAX_BYTES };
	int ret;

	if (fd < 0)
		return -errno;
	ret = finish_agent_meta(&s->plan, s->note, s->early, fd, err);
	if (ret)
		return ret;
	if (lseek(fd, 0, SEEK_SET))
		return -errno;
	ret = io_read_rest(fd, &b);
	if (!ret)
		ret = agent_send_stream(s, b.data, b.len);
	return ret ? err_set(err, ret, "the host did not take the metadata") : 0;
}

static int record_to_fifos(struct session *s, struct err *err)
{
	int cpu, ret = 0;

	for (cpu = 0; !ret && cpu < s->nr_cpus; cpu++)
		ret = local_record_cpu(&s->local, s->top, cpu, take_fd(s->listen[cpu]), err);
	return ret;
}

/* Recorders of all CPUs whose data the host connects, in the order in which it does. */
static int start_recorders(struct session *s, struct err *err)
{
	struct deadline d = deadline_in_ms(DATA_ACCEPT_MS);
	struct awaited w = {
		.listen = s->listen, .n = s->nr_cpus, .peer = s->peer, .tunnels = s->tunnels,
		.purpose = AUTH_DATA, .use = TUNNEL_BOTH,
	};
	int cpu, fd, ret = 0;

	if (s->fifos)
		return record_to_fifos(s, err);
	while (!ret && awaited_any(&w)) {
		ret = await(s, &w, d, &cpu, &fd);
		if (!ret)
			ret = local_record_cpu(&s->local, s->top, cpu, fd, err);
	}
	awaited_release(&w);
	for (cpu = 0; ret == -ETIMEDOUT && cpu < s->nr_cpus; cpu++) {
		if (s->listen[cpu] < 0)
			continue;
		fd_close(&s->listen[cpu]);
		cmd_warn(-ETIMEDOUT, "the host did not connect for the data of CPU %d", cpu);
	}
	return ret == -ETIMEDOUT ? 0 : ret;
}

/* Until CLOSE: 0; -ECANCELED: our user wants us to end; -errno: the host is gone. */
static int wait_close(struct session *s)
{
	struct pollfd fds[2] = {
		{ .fd = s->ctl->fd, .events = POLLIN },
		{ .fd = s->stop->fd, .events = POLLIN },
	};

	while (!s->closed) {
		int ret = 0;

		if (stop_wanted(s->stop))
			return -ECANCELED;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents)
			ret = hear(s);
		if (ret)
			return ret;
	}
	return 0;
}

/* Everything the buffers still hold goes out, then the ends of the streams tell so. */
static int stop_tracing(struct session *s, struct err *err)
{
	int cpu, ret = local_stop(&s->local, err);

	for (cpu = 0; cpu < s->nr_cpus; cpu++) {
		if (s->fifos)
			fd_close(&s->top->sinks[cpu]);
		else if (s->top->sinks[cpu] >= 0)
			shutdown(s->top->sinks[cpu], SHUT_WR);
	}
	return ret;
}

/* The last clock comparison: the host's STOP, or its leaving, is the end. */
static void end_sync(struct session *s)
{
	struct sync_wait w = agent_sync_wait(s, SYNC_END_MS);

	if (s->sync)
		sync_wait_end(s->sync, &w);
}

static int trace(struct session *s, struct err *err)
{
	int ret, closed;

	/* a signal that came while clocks were compared has been read: who waits for its descriptor would not see it */
	if (stop_wanted(s->stop))
		return err_set(err, -EINTR, "ended by a signal");
	ret = s->proxy.on ? proxy_send_meta(s, err) : send_meta(s, err);
	if (!ret)
		ret = local_tracing(&s->local, true, err);
	if (!ret)
		ret = start_recorders(s, err);
	if (ret == -ECANCELED && !s->closed)
		return stop_wanted(s->stop) ? err_set(err, -EINTR, "ended by a signal") :
		       err_set(err, -ECONNRESET, "the host is gone");
	if (ret && ret != -ECANCELED)
		return ret;
	closed = wait_close(s);
	if (s->proxy.on)
		proxy_closing(s);
	ret = stop_tracing(s, err);
	if (closed)
		return err_set(err, closed == -ECANCELED ? -EINTR : -ECONNRESET,
			       closed == -ECANCELED ? "ended by a signal" :
			       "the host is gone without closing the session");
	closed = s->proxy.on ? proxy_finish(s, err) : 0;
	if (closed)
		return closed;
	closed = channel_send(s->ctl, MSG_CLOSE_RESP, NULL, 0, NULL, 0, deadline_in_ms(AGENT_REPLY_MS));
	end_sync(s);
	return ret ? ret : closed;
}

/* --- all of it ----------------------------------------------------------------------------- */

static int session_begin(struct session *s, const struct msg *request,
			 const struct session_journal *journal, struct err *err)
{
	int ret;

	s->note = note_new();
	if (!s->note)
		return -ENOMEM;
	ret = agent_take_request(s, request, err);
	if (!ret)
		ret = agent_make_plan(s, err);
	if (!ret && s->proxy.on)
		ret = proxy_begin(s, err);
	/* nothing may be asked of the local instance but the clock: it takes part all the same */
	if (!ret)
		ret = put_back_leftovers(NULL, err);
	if (!ret) {
		s->plan.instances[0].used = true;
		s->note->journal_fd = journal->file_fd;
		if (early_start(&s->plan, s->conf->symbols, &s->early))
			log_debug("the metadata is read when it is sent");
		ret = local_setup(&s->local, &s->plan, s->note, journal->mirror_fd, true, err);
	}
	if (ret)
		return ret;
	early_go_on(s->early, s->local.tracing_dir);
	s->top = &s->local.instances[0];
	/* wherever we trace, it is the top buffer of the guest's file */
	s->top->note->name[0] = 0;
	s->nr_cpus = s->top->nr_cpus;
	return open_listeners(s, err);
}

static void session_end(struct session *s)
{
	int cpu;

	for (cpu = 0; s->listen && cpu < s->nr_cpus; cpu++)
		fd_close(&s->listen[cpu]);
	free(s->listen);
	free(s->ports);
	fd_close(&s->sync_listen);
	tsync_free(s->sync);
	proxy_end(s);
	early_free(s->early);
	if (s->local.plan)
		local_release(&s->local);
	plan_release(&s->plan);
	note_free(s->note);
	msg_trace_req_release(&s->req);
}

int agent_session(const struct agent_conf *conf, struct channel *ctl, const struct msg *request,
		  const struct net_peer *peer, struct stop *stop,
		  const struct session_journal *journal, struct tunnels *tunnels,
		  struct err *err)
{
	struct session s = {
		.conf = conf, .ctl = ctl, .peer = peer, .stop = stop, .tunnels = tunnels,
		.sync_listen = -1, .proxy = { .vm_pid = -1, .meta_fd = -1 },
	};
	int ret = session_begin(&s, request, journal, err);

	/* a host that takes nothing must not keep our user from ending us */
	ctl->stop_fd = stop->fd;
	if (!ret)
		ret = send_response(&s, err);
	if (!ret) {
		if (s.proxy.on)
			proxy_start_sync(&s);
		else
			start_sync(&s);
		ret = trace(&s, err);
	}
	session_end(&s);
	return ret;
}
