/*
 * guest.c - see guest.h: the connection to an agent, its metadata, its end. Layer 5.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cpus.h"
#include "message.h"
#include "session/files.h"
#include "session/finish.h"
#include "session/guest-clock.h"
#include "session/guest.h"
#include "session/vm.h"
#include "tsync/estimate.h"

/* Deadlines, ms; the protocol has no keep-alive, so each wait has its own. */
#define RESPONSE_MS		20000
#define META_FIRST_MS		30000	/* it reads the kernel's symbols meanwhile */
#define META_MESSAGE_MS		5000
#define META_TOTAL_MS		60000
#define CLOSE_MS		30000	/* from asking, ... */
#define CLOSE_SOON_MS		3000	/* ... but so long from waiting for nothing else */
#define DELIVER_MS		5000	/* our own last words */

/* Most metadata a guest may send; kallsyms of a big kernel are 30 MB. */
#define META_MAX_BYTES		(256 << 20)

/* Messages out of place that are passed over while recording. */
#define ODD_MAX			16

/* --- names ---------------------------------------------------------------- */

/* A guest that was given as its CID is called by that number. */
static bool number_only(const char *where, char *name, size_t size)
{
	size_t len = strspn(where, "0123456789");

	if (!len || len >= size || (where[len] && where[len] != ':'))
		return false;
	snprintf(name, size, "%.*s", (int)len, where);
	return true;
}

struct deadline guest_in_ms(const struct guest *g, int ms)
{
	return deadline_in_ms(g->plan->no_timeout ? -1 : ms);
}

int guest_find(struct guest *g, struct err *err)
{
	_cleanup_free_ char *name = NULL, *file = NULL;
	int ret = vm_resolve(g->conf->where, &g->addr, &name, err);

	channel_init(&g->ctl, -1);
	g->vm_pid = -1;
	if (ret)
		return ret;
	g->own->is_host = g->conf->proxy;
	if (g->addr.kind == NET_VSOCK && !g->conf->proxy)
		g->vm_pid = vm_pid_of(g->addr.cid);
	if (g->conf->name)
		snprintf(g->own->name, sizeof(g->own->name), "%s", g->conf->name);
	else if (name)
		snprintf(g->own->name, sizeof(g->own->name), "%s", name);
	else if (!number_only(g->conf->where, g->own->name, sizeof(g->own->name)))
		snprintf(g->own->name, sizeof(g->own->name), "unnamed-%d", g->index);
	file = files_guest_output(g->plan->output, g->own->name);
	if (!file)
		return -ENOMEM;
	snprintf(g->own->file, sizeof(g->own->file), "%s", file);
	return 0;
}

/* --- request and response -------------------------------------------------- */

static int send_request(struct guest *g, const char *host_clock, struct err *err)
{
	const struct plan_tsync *t = &g->plan->tsync;
	_cleanup_free_ char **argv = calloc(g->conf->args.nr + 4 + PROXY_WORDS_MAX, sizeof(*argv));
	_cleanup_free_ const char **protos = NULL;
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	struct msg_trace_req req = {
		.trace_id = g->note->trace_id, .argv = argv,
		.flags = g->fifos ? TRACE_REQ_FL_FIFOS : 0,
	};
	int i, ret;

	if (!argv)
		return -ENOMEM;
	if (g->plan->date)
		argv[req.argc++] = "--date";
	if (g->conf->proxy) {
		req.proxy = true;
		req.nr_cpus = cpus_configured();
		req.argc += guest_proxy_words(g, argv + req.argc);
	} else if (!guest_own_clock(g->conf)) {
		argv[req.argc++] = "-C";
		argv[req.argc++] = (char *)host_clock;
	}
	for (i = 0; i < g->conf->args.nr; i++)
		argv[req.argc++] = g->conf->args.item[i];
	if (t->interval_ms >= 0) {
		protos = g->conf->proxy ? guest_proxy_offer(g) : guest_sync_offer(g);
		for (i = 0; protos && protos[i]; i++)
			req.nr_protos++;
		req.protos = (char **)protos;
	}
	/* of a proxy also to know whether it is one */
	if (t->interval_ms >= 0 || g->conf->proxy) {
		req.has_tsync_flags = true;
		/* with the guest's stamps we can check what it says */
		req.tsync_flags = TSYNC_REQ_REPORT |
			(t->chosen ? TSYNC_REQ_CHOOSE : 0) |
			(t->ptp_flags & TSYNC_PTP_BOUNDS ? TSYNC_REQ_BOUNDS : 0) |
			(t->ptp_flags & PTP_FLAG_FASTEST_RESPONSE ? TSYNC_REQ_FASTEST : 0) |
			(t->ptp_flags & PTP_FLAG_USE_MARKER ? TSYNC_REQ_MARKER : 0);
	}
	ret = msg_trace_req_put(&b, &req);
	if (ret == -EMSGSIZE)
		return err_set(err, ret, "the options for %s %s are longer than a request may be",
			       guest_kind(g), g->own->name);
	if (!ret)
		ret = channel_send_raw(&g->ctl, &b, deadline_in_ms(GUEST_CONNECT_MS));
	return ret ? err_set(err, ret, "Failed to send the trace request to %s %s", guest_kind(g),
			     g->own->name) : 0;
}

/* What an agent that is merely busy, or refuses an option, does not do. */
static bool is_breach(int error)
{
	return error == -EBADMSG || error == -EPROTO || error == -ENOTSUP || error == -ETIMEDOUT ||
	       error == -EFBIG;
}

/* What hanging up looks like. */
static bool is_gone(int error)
{
	return error == -ENODATA || error == -EPIPE || error == -ECONNRESET;
}

static int receive_response(struct guest *g, struct err *err)
{
	struct msg m;
	uint32_t i;
	int ret = channel_recv(&g->ctl, &m, guest_in_ms(g, RESPONSE_MS));

	if (!ret)
		ret = msg_trace_resp_parse(&m, &g->resp);
	/* those of vsock, also behind a socket in the file system, are any 32 bits */
	for (i = 0; !ret && g->addr.kind == NET_TCP && i < g->resp.nr_cpus; i++)
		ret = g->resp.ports[i] > 65535 ? -EBADMSG : 0;
	if (ret && auth_is_banner(g->ctl.in, g->ctl.in_len))
		return err_set(err, -EACCES, "the agent of %s %s wants to authenticate: --auth FILE is missing here",
			       guest_kind(g), g->own->name);
	if (is_gone(ret))
		return err_set(err, -ECONNRESET,
			       "Failed to receive trace response from %s %s: its agent hung up (busy with another %s, or an option it refuses: see what it printed)",
			       guest_kind(g), g->own->name, g->conf->proxy ? "guest" : "host");
	g->broke = is_breach(ret);
	if (ret)
		return err_set(err, ret, "Failed to receive trace response from %s %s: %s",
			       guest_kind(g), g->own->name, ret == -ETIMEDOUT ? "it does not answer" :
			       "what it says is no such thing");
	/* another agent of ours would do what a host asks for, and wait for that host */
	if (g->conf->proxy && g->resp.flags & TRACE_RESP_FL_TSYNC_REPORT &&
	    !(g->resp.flags & TRACE_RESP_FL_PROXY))
		return err_set(err, -ENOTSUP, "the agent of host %s is no proxy: it has to be started with -P and the CID of this guest",
			       g->own->name);
	g->connected = true;
	g->own->nr_cpus = g->resp.nr_cpus;
	g->own->page_size = g->resp.page_size;
	g->own->trace_id = g->resp.trace_id;
	return 0;
}

/* --- connecting ---------------------------------------------------------------- */

/* With --auth the connection is the agent's, and nobody else's. 0; -errno described in @err. */
static int secure(struct guest *g, int *fd, struct err *err)
{
	struct net_peer peer;
	char text[300];
	int ret;

	if (g->plan->auth)
		g->tunnels.key = &g->plan->auth_key;
	else if (!net_peer_of(*fd, &peer) && net_peer_is_remote_tcp(&peer))
		cmd_warn(0, NO_AUTH, net_peer_text(&peer, text, sizeof(text)));
	ret = tunnels_wrap(&g->tunnels, fd, false, AUTH_CONTROL, 0, TUNNEL_BOTH,
			   deadline_or_stop(deadline_in_ms(GUEST_CONNECT_MS), g->stop->fd), err);
	return ret ? err_prefix(err, ret, "the agent of %s %s", guest_kind(g), g->own->name) : 0;
}

int guest_connect(struct guest *g, struct err *err)
{
	const char *host_clock = local_clock(g->local), *clock = guest_own_clock(g->conf);
	struct err why = { 0 };
	char text[300];
	int fd, ret;

	/* the host's is its own matter, and in what it sends */
	if (!g->conf->proxy)
		snprintf(g->own->clock, sizeof(g->own->clock), "%s", clock ? clock : host_clock);
	ret = net_connect(&g->addr, deadline_or_stop(deadline_in_ms(GUEST_CONNECT_MS), g->stop->fd),
			  &fd, &why);
	if (ret == -ENXIO && why.text[0])
		return err_set(err, ret, "Failed to connect: %s", why.text);
	if (ret)
		return err_set(err, ret, g->addr.kind == NET_VSOCK || g->addr.kind == NET_MUXER ?
			       g->conf->proxy ?
			       "Failed to connect to vsocket %s: is `trace-cmd agent -P` running on the host?" :
			       "Failed to connect to vsocket %s: is `trace-cmd agent` running in the guest?" :
			       "Failed to connect to host %s: is `trace-cmd agent -N` running there, on that port?",
			       net_addr_text(&g->addr, text, sizeof(text)));
	/* who listens on a socket in the file system is known from now on only; behind a tunnel it would be us */
	if (g->vm_pid < 0 && !g->conf->proxy)
		g->vm_pid = vm_pid_at(&g->addr, fd);
	ret = secure(g, &fd, err);
	if (ret) {
		close(fd);
		return ret;
	}
	channel_close(&g->ctl);
	channel_init(&g->ctl, fd);
	g->ctl.stop_fd = g->stop->fd;
	guest_fifos_open(g);
	ret = send_request(g, host_clock, err);
	if (!ret)
		ret = receive_response(g, err);
	if (ret)
		return ret;
	guest_fifos_agree(g);
	vm_vcpu_tids(g->vm_pid, g->own->vcpu_tid, g->own->nr_cpus);
	return g->conf->proxy ? guest_proxy_sync_start(g) : guest_sync_start(g);
}

/* --- metadata -------------------------------------------------------------------- */

int guest_receive_stream(struct guest *g, const struct guest_stream *s)
{
	struct deadline one = s->first;
	uint64_t got = 0;
	struct msg m;
	int ret;

	for (;;) {
		struct deadline look = deadline_in_ms(GUEST_LOOK_MS);

		if (one.at_ns > s->total.at_ns)
			one = s->total;
		ret = channel_recv(&g->ctl, &m, look.at_ns < one.at_ns ? look : one);
		if (s->ends(g->stop))
			return -ECANCELED;
		/* a receive that needs no waiting looks at no deadline */
		if (deadline_passed(s->total))
			return -ETIMEDOUT;
		if (ret == -ETIMEDOUT && !deadline_passed(one))
			continue;
		if (ret)
			return ret;
		if (m.cmd == MSG_FIN_DATA)
			return 0;
		if (m.cmd != MSG_SEND_DATA || !m.var_len)
			return -EPROTO;
		got += m.var_len;
		if (got > s->max_bytes)
			return -EFBIG;
		ret = io_write_full(s->fd, m.var, m.var_len, DEADLINE_NEVER);
		if (ret)
			return ret;
		one = guest_in_ms(g, META_MESSAGE_MS);
	}
}

/* Store the metadata in @fd. Returns the same. */
static int receive_meta(struct guest *g, int fd)
{
	int first_ms = g->conf->proxy ? guest_proxy_first_ms(g) : META_FIRST_MS;
	struct guest_stream s = {
		.fd = fd, .first = guest_in_ms(g, first_ms),
		.total = guest_in_ms(g, first_ms - META_FIRST_MS + META_TOTAL_MS),
		.max_bytes = META_MAX_BYTES, .ends = stop_wanted,
	};

	return guest_receive_stream(g, &s);
}

/* Could it become a file? Better known now than when all has been recorded. 0; -errno described in @err. */
static int check_meta(struct guest *g, int fd, struct err *err)
{
	struct out_file *o = NULL;
	int ret;

	/* what is only a part must stay as it is; where another program splits it is its own matter */
	if (g->conf->proxy) {
		g->meta_len = lseek(fd, 0, SEEK_CUR);
		return g->resp.flags & TRACE_RESP_FL_PROXY ? out_appendable(fd, err) : 0;
	}
	ret = out_append(fd, &o, err);
	out_free(o);
	return ret;
}

int guest_receive(struct guest *g, struct err *err)
{
	_cleanup_close_ int fd = files_output_create(g->own->file, false, 4 << 20, err);
	int ret;

	if (fd < 0)
		return fd;
	g->meta_file = true;
	ret = receive_meta(g, fd);
	/* it had agreed to trace: that it goes concerns nobody else */
	g->broke = is_breach(ret) || is_gone(ret);
	if (ret)
		return err_set(err, ret, "the metadata of %s %s did not arrive in full: %s",
			       guest_kind(g), g->own->name, is_gone(ret) ?
			       "its agent hung up (an event or option it refuses? see what it printed)"
			       : strerror(-ret));
	ret = check_meta(g, fd, err);
	if (ret) {
		g->broke = is_breach(ret);
		return err_prefix(err, ret, "the metadata of %s %s cannot be used",
				  guest_kind(g), g->own->name);
	}
	g->own->complete_meta = true;
	ret = guest_data_connect(g, err);
	g->broke |= ret == -ECONNREFUSED || ret == -ETIMEDOUT || is_gone(ret);
	g->began_ns = mono_now_ns();
	/* from now on a stop is to end well: the waits for that aren't cut short by it */
	g->ctl.stop_fd = -1;
	return ret;
}

void guest_drop(struct guest *g)
{
	g->lost = true;
	g->own->complete_meta = false;
	if (g->ctl.fd >= 0)
		shutdown(g->ctl.fd, SHUT_RDWR);
}

int guest_fd(const struct guest *g)
{
	return g->connected && !g->lost ? g->ctl.fd : -1;
}

/*
 * The agent has something to say while recording: it can only be its end. 0: nothing that matters;
 * -errno.
 */
static int check_control(struct guest *g)
{
	struct msg m;
	int ret;

	if (guest_fd(g) < 0 || io_wait(guest_fd(g), POLLIN, deadline_in_ms(0)))
		return 0;
	ret = channel_recv(&g->ctl, &m, deadline_in_ms(0));
	if (ret == -ETIMEDOUT)
		return 0;
	if (!ret && m.cmd == MSG_NOT_SUPP && g->odd++ < ODD_MAX)
		return 0;
	return ret ? ret : -EPROTO;
}

/* How long it has been recorded. */
static double recorded_s(const struct guest *g)
{
	return (mono_now_ns() - g->began_ns) / 1e9;
}

int guest_check(struct guest *g, struct err *err)
{
	int ret = check_control(g);

	if (!ret) {
		ret = guest_data_check(g, err);
		if (ret && ret != -EPIPE)
			note_incomplete(g->own, ret == -ENOSPC ? "the disk was getting full" :
					ret == -EDQUOT ? "it was more than --guest-size" :
					"no more of its data could be stored");
		if (ret != -EPIPE)
			return ret;
		/* an agent that ends closes all: better told as what it is */
		io_wait(g->ctl.fd, POLLIN, deadline_in_ms(GUEST_LOOK_MS));
		ret = check_control(g);
		if (!ret)
			return err_set(err, -EPIPE,
				       "%s %s: its agent ended the data while recording, after %.1f s",
				       guest_kind(g), g->own->name, recorded_s(g));
	}
	g->lost = true;
	note_incomplete(g->own, guest_data_too_much(g) ? "it was more than --guest-size" :
			g->conf->proxy ? "the host was lost while recording" :
			"the guest was lost while recording");
	/* should there be somebody who only broke the protocol: it shall end now */
	shutdown(g->ctl.fd, SHUT_RDWR);
	/* its agent cannot go on either when nobody takes its data */
	if (guest_data_too_much(g)) {
		return err_set(err, -EDQUOT,
			       "%s %s sends more than --guest-size allows, no more of its data is stored; %s",
			       guest_kind(g), g->own->name, guest_others(g));
	}
	return err_set(err, -ECONNRESET,
		       "%s %s: its agent %s while recording, after %.1f s; %s",
		       guest_kind(g), g->own->name, ret == -EPROTO || ret == -EBADMSG || ret == -ENOTSUP ?
		       "broke the protocol" : "ended", recorded_s(g), guest_others(g));
}

/* --- the end ------------------------------------------------------------------ */

void guest_ask_close(struct guest *g)
{
	g->close_by = guest_in_ms(g, CLOSE_MS);
	if (g->connected && !g->lost &&
	    channel_send(&g->ctl, MSG_CLOSE, NULL, 0, NULL, 0, deadline_in_ms(GUEST_CONNECT_MS)))
		g->lost = true;
}

int guest_wait_response(struct guest *g)
{
	struct deadline soon = deadline_in_ms(CLOSE_SOON_MS), d = g->close_by;
	struct msg m;

	/* the last comparison of the clocks has taken its time, too */
	if (d.at_ns < soon.at_ns)
		d = soon;
	for (;;) {
		int ret = channel_recv(&g->ctl, &m, deadline_in_ms(GUEST_LOOK_MS));

		if (!ret && m.cmd == MSG_CLOSE_RESP)
			return 0;
		if (ret && ret != -ETIMEDOUT)
			return ret;
		if (stop_urgent(g->stop))
			return -ECANCELED;
		/* one that never stops talking would never make us wait */
		if (deadline_passed(d))
			return -ETIMEDOUT;
	}
}

int guest_wait_close(struct guest *g, struct err *err)
{
	int ret = 0, end = 0;

	if (g->conf->proxy) {
		ret = guest_proxy_close(g, &end);
	} else {
		guest_sync_finish(g);
		if (g->connected && !g->lost)
			ret = guest_wait_response(g);
		g->lost |= ret;
		end = guest_data_finish(g);
	}
	ret = ret ? ret : end;
	if (!ret && !g->lost)
		return 0;
	note_incomplete(g->own, ret == -EDQUOT ? "it was more than --guest-size" :
			stop_urgent(g->stop) ? "interrupted while the guest was still sending" :
			g->conf->proxy ? "the host was lost before all of its data had come" :
			"the guest was lost before all of its data had come");
	if (stop_urgent(g->stop))
		return err_set(err, -EINTR,
			       "interrupted while %s %s was still sending; what it sent until then is kept in '%s'",
			       guest_kind(g), g->own->name, g->own->file);
	if (ret == -EDQUOT)
		return err_set(err, ret, "%s %s sent more than --guest-size allows; what it sent until then is kept in '%s'",
			       guest_kind(g), g->own->name, g->own->file);
	return err_set(err, ret ? ret : -ECONNRESET,
		       "%s %s was lost while recording; what it sent until then is kept in '%s'",
		       guest_kind(g), g->own->name, g->own->file);
}

int guest_write(struct guest *g, struct err *err)
{
	_cleanup_(timeshift_release) struct timeshift shift = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync model = { 0 };
	int ret;

	if (!g->own->complete_meta) {
		if (g->meta_file)
			files_output_abandon(g->own->file);
		if (g->files)
			files_cpu_remove(g->plan, g->own->file, "", g->own->nr_cpus);
		return 0;
	}
	/* of a proxy, this machine's file gets it */
	if (g->conf->proxy)
		return finish_guest(g->plan, g->own, NULL, NULL, err);
	ret = guest_sync_result(g, &shift, &model, err);
	if (!ret)
		ret = finish_guest(g->plan, g->own, shift.nr_cpus ? &shift : NULL,
				   model.nr_groups ? &model : NULL, err);
	if (!ret)
		guest_sync_tell(g, &model);
	return ret;
}

void guest_release(struct guest *g)
{
	tsync_free(g->sync);
	tsync_samples_release(&g->samples);
	channel_close(&g->ctl);
	guest_data_release(g);
	/* nothing that was never begun has to arrive */
	tunnels_finish(&g->tunnels, g->lost || !g->began_ns ? 0 : DELIVER_MS);
	msg_trace_resp_release(&g->resp);
	*g = (struct guest){ 0 };
}
