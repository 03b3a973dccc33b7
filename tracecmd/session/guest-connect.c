/*
 * guest-connect.c - see guest.h: where an agent is, the connection to it, what it is asked for and
 * answers. Layer 5.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cpus.h"
#include "message.h"
#include "session/files.h"
#include "session/guest-clock.h"
#include "session/guest.h"
#include "session/vm.h"
#include "tsync/estimate.h"

#define RESPONSE_MS	20000	/* of an agent to our request */

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
	if (guest_is_gone(ret))
		return err_set(err, -ECONNRESET,
			       "Failed to receive trace response from %s %s: its agent hung up (busy with another %s, or an option it refuses: see what it printed)",
			       guest_kind(g), g->own->name, g->conf->proxy ? "guest" : "host");
	g->broke = guest_is_breach(ret);
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
