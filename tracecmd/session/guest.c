/*
 * guest.c - see guest.h: from connecting to an agent to its metadata. Layer 5.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "message.h"
#include "session/files.h"
#include "session/finish.h"
#include "session/guest.h"
#include "session/vm.h"

/* Deadlines, ms; the protocol has no keep-alive, so each wait has its own. */
#define CONNECT_MS		5000
#define RESPONSE_MS		10000
#define META_MESSAGE_MS		5000
#define META_TOTAL_MS		60000
#define FIRST_SYNC_MS		20000
#define FIRST_SYNC_CPU_MS	5000
#define FINAL_SYNC_MS		10000
#define FINAL_SYNC_CPU_MS	3000
/* ... of all the CPUs an agent says it has. */
#define FIRST_SYNC_MAX_MS	120000
#define FINAL_SYNC_MAX_MS	60000
#define LOOK_MS			100	/* between looks at stop_fd */
#define CLOSE_MS		30000

/* Most metadata a guest may send; kallsyms of a big kernel are 30 MB. */
#define META_MAX_BYTES		(512 << 20)

/* Ids of sync instances: 0 to 2 are those that stock peers use. */
#define SYNC_ID_FIRST		3

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

static int guest_name(struct guest *g, struct err *err)
{
	_cleanup_free_ char *name = NULL, *file = NULL;
	int ret = vm_resolve(g->conf->where, &g->addr, &name, err);

	if (ret)
		return ret;
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

/* The word after the first -C among the guest's options, NULL without one. */
static const char *own_clock(const struct plan_guest *conf)
{
	int i;

	for (i = 0; i < conf->nr_args; i++) {
		if (!strcmp(conf->args[i], "-C"))
			return i + 1 < conf->nr_args ? conf->args[i + 1] : NULL;
		if (!strncmp(conf->args[i], "-C", 2))
			return conf->args[i] + 2;
	}
	return NULL;
}

/* --- request and response -------------------------------------------------- */

static int send_request(struct guest *g, const char *host_clock, struct err *err)
{
	const struct plan_tsync *t = &g->plan->tsync;
	_cleanup_free_ char **argv = calloc(g->conf->nr_args + 4, sizeof(*argv));
	_cleanup_free_ const char **protos = NULL;
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	struct msg_trace_req req = { .trace_id = g->note->trace_id, .argv = argv };
	int i, ret;

	if (!argv)
		return -ENOMEM;
	if (g->plan->date)
		argv[req.argc++] = "--date";
	if (!own_clock(g->conf)) {
		argv[req.argc++] = "-C";
		argv[req.argc++] = (char *)host_clock;
	}
	for (i = 0; i < g->conf->nr_args; i++)
		argv[req.argc++] = g->conf->args[i];
	if (t->interval_ms >= 0) {
		protos = tsync_offer(g->addr.kind == NET_VSOCK ? TSYNC_ROLE_HOST :
				     TSYNC_ROLE_CLIENT, g->own->clock);
		for (i = 0; protos && protos[i]; i++)
			req.nr_protos++;
		req.protos = (char **)protos;
		req.has_tsync_flags = true;
		/* with the guest's stamps we can check what it says */
		req.tsync_flags = TSYNC_REQ_REPORT |
			(t->chosen ? TSYNC_REQ_CHOOSE : 0) |
			(t->ptp_flags & PTP_FLAG_FASTEST_RESPONSE ? TSYNC_REQ_FASTEST : 0) |
			(t->ptp_flags & PTP_FLAG_USE_MARKER ? TSYNC_REQ_MARKER : 0);
	}
	ret = msg_trace_req_put(&b, &req);
	if (ret == -EMSGSIZE)
		return err_set(err, ret, "the options for guest %s are longer than a request may be",
			       g->own->name);
	if (!ret)
		ret = channel_send_raw(&g->ctl, &b, deadline_in_ms(CONNECT_MS));
	return ret ? err_set(err, ret, "Failed to send the trace request to guest %s", g->own->name)
		   : 0;
}

static int receive_response(struct guest *g, struct err *err)
{
	struct msg m;
	int ret = channel_recv(&g->ctl, &m, deadline_in_ms(RESPONSE_MS));

	if (!ret)
		ret = msg_trace_resp_parse(&m, &g->resp);
	if (ret == -ENODATA || ret == -EPIPE || ret == -ECONNRESET)
		return err_set(err, -ECONNRESET,
			       "Failed to receive trace response from guest %s: its agent hung up (busy with another host, or an option it refuses: see what it printed)",
			       g->own->name);
	if (ret)
		return err_set(err, ret, "Failed to receive trace response from guest %s",
			       g->own->name);
	g->connected = true;
	g->own->nr_cpus = g->resp.nr_cpus;
	g->own->page_size = g->resp.page_size;
	g->own->trace_id = g->resp.trace_id;
	return 0;
}

/* --- time synchronisation --------------------------------------------------- */

/* Start the thread; on failure the recording goes on without it. */
static int start_sync(struct guest *g, struct err *err)
{
	const struct plan_tsync *t = &g->plan->tsync;
	struct net_addr addr = g->addr;
	struct tsync_conf conf;
	int ret, known = 0, i;

	tsync_conf_init(&conf);
	conf.proto = tsync_proto_find(g->resp.tsync_proto);
	conf.tracing_dir = g->local->tracing_dir;
	conf.clock = g->own->clock;
	conf.ptp_flags = t->ptp_flags;
	conf.report = g->resp.flags & TRACE_RESP_FL_TSYNC_REPORT;
	conf.debug_dir = t->debug_dir;
	conf.nr_cpus = g->resp.nr_cpus;
	conf.interval_ms = t->interval_ms;
	conf.per_cpu = t->per_cpu;
	addr.port = g->resp.tsync_port;
	/* an agent that announced a port waits for us there, whatever we make of its choice */
	ret = net_connect(&addr, deadline_in_ms(CONNECT_MS), &conf.fd, err);
	if (ret)
		return ret;
	if (!conf.proto || t->interval_ms < 0) {
		close(conf.fd);
		return err_set(err, -EPROTO, "the agent chose a protocol that wasn't offered: '%s'",
			       g->resp.tsync_proto);
	}
	for (i = 0; i < g->own->nr_cpus; i++)
		known += g->own->vcpu_tid[i] >= 0;
	conf.vcpu_tids = known ? g->own->vcpu_tid : NULL;
	conf.cid = g->addr.kind == NET_VSOCK ? (int)g->addr.cid : SYNC_ID_FIRST + g->index;
	conf.own_id = tsync_pick_id(conf.tracing_dir, conf.cid);
	if (conf.own_id < 0) {
		close(conf.fd);
		return err_set(err, conf.own_id, "cannot make a tracing instance for it");
	}
	local_sync_instance(g->local, conf.own_id);
	g->sync_flags = conf.proto->flags;
	return tsync_host_start(&conf, &g->sync, err);
}

static bool stop_wanted(const struct guest *g)
{
	return g->stop_fd >= 0 && !io_wait(g->stop_fd, POLLIN, deadline_in_ms(0));
}

/* @base_ms and @cpu_ms for each of the guest's CPUs, but @max_ms at most. */
static int sync_ms(const struct guest *g, int base_ms, int cpu_ms, int max_ms)
{
	int64_t ms = base_ms + (int64_t)cpu_ms * g->own->nr_cpus;

	return ms < max_ms ? ms : max_ms;
}

/* Wait for the first pass. 0; -ECANCELED: stop_fd; -errno described in @err. */
static int wait_first_sync(struct guest *g, struct err *err)
{
	struct deadline d = deadline_in_ms(sync_ms(g, FIRST_SYNC_MS, FIRST_SYNC_CPU_MS,
						   FIRST_SYNC_MAX_MS));

	for (;;) {
		struct deadline look = deadline_in_ms(LOOK_MS);
		int ret;

		err_clear(err);
		ret = tsync_host_wait_first(g->sync, LOOK_MS, err);
		if (stop_wanted(g))
			return -ECANCELED;
		/* back early: that was the peer's timeout, which ended the session */
		if (ret != -ETIMEDOUT || !deadline_passed(look) || deadline_passed(d))
			return ret;
	}
}

/* 0, whatever comes of it, but -ECANCELED. */
static int synchronise(struct guest *g)
{
	struct err err = { 0 };
	int ret;

	if (!g->resp.tsync_proto[0]) {
		if (g->plan->tsync.interval_ms >= 0)
			cmd_warn(0, "Failed to negotiate timestamps synchronization with the guest %s: its times are not aligned with the host's",
				 g->own->name);
		return 0;
	}
	ret = start_sync(g, &err);
	if (!ret) {
		printf("Negotiated %s time sync protocol with guest %s\n", g->resp.tsync_proto,
		       g->own->name);
		fflush(stdout);
		ret = wait_first_sync(g, &err);
	}
	if (ret == -ECANCELED && stop_wanted(g))
		return ret;
	if (ret)
		cmd_warn(ret, "the clock of guest %s could not be compared yet: %s", g->own->name,
			 err.text[0] ? err.text : strerror(-ret));
	return 0;
}

int guest_connect(struct guest *g, struct err *err)
{
	const char *host_clock = local_clock(g->local), *clock = own_clock(g->conf);
	char text[300];
	int fd, ret;

	channel_init(&g->ctl, -1);
	ret = guest_name(g, err);
	if (ret)
		return ret;
	snprintf(g->own->clock, sizeof(g->own->clock), "%s", clock ? clock : host_clock);
	ret = net_connect(&g->addr, deadline_in_ms(CONNECT_MS), &fd, NULL);
	if (ret)
		return err_set(err, ret, g->addr.kind == NET_VSOCK ?
			       "Failed to connect to vsocket %s: is `trace-cmd agent` running in the guest?" :
			       "Failed to connect to host %s: is `trace-cmd agent -N` running there, on that port?",
			       net_addr_text(&g->addr, text, sizeof(text)));
	channel_close(&g->ctl);
	channel_close(&g->ctl);
	channel_init(&g->ctl, fd);
	g->ctl.stop_fd = g->stop_fd;
	ret = send_request(g, host_clock, err);
	if (!ret)
		ret = receive_response(g, err);
	if (ret)
		return ret;
	vm_vcpu_tids(g->addr.kind == NET_VSOCK ? vm_pid_of(g->addr.cid) : -1,
		     g->own->vcpu_tid, g->own->nr_cpus);
	return synchronise(g);
}

/* --- metadata and data ------------------------------------------------------- */

/* Store SEND_DATA messages in @fd until FIN_DATA. */
static int receive_meta(struct guest *g, int fd)
{
	struct deadline total = deadline_in_ms(META_TOTAL_MS);
	uint64_t got = 0;
	struct msg m;
	int ret;

	for (;;) {
		struct deadline one = deadline_in_ms(META_MESSAGE_MS);

		ret = channel_recv(&g->ctl, &m, one.at_ns < total.at_ns ? one : total);
		if (ret)
			return ret;
		/* a receive that needs no waiting looks at neither */
		if (deadline_passed(total))
			return -ETIMEDOUT;
		if (stop_wanted(g))
			return -ECANCELED;
		if (m.cmd == MSG_FIN_DATA)
			return 0;
		if (m.cmd != MSG_SEND_DATA || !m.var_len)
			return -EPROTO;
		got += m.var_len;
		if (got > META_MAX_BYTES)
			return -EFBIG;
		ret = io_write_full(fd, m.var, m.var_len, DEADLINE_NEVER);
		if (ret)
			return ret;
	}
}

/* Connect each CPU's data and start to take it in. */
static int connect_data(struct guest *g, struct err *err)
{
	int cpu, ret, n = g->own->nr_cpus;
	struct net_addr addr = g->addr;
	struct drain_conf conf;

	g->sockets = malloc(n * sizeof(int));
	if (!g->sockets)
		return -ENOMEM;
	memset(g->sockets, -1, n * sizeof(int));
	g->files = malloc(n * sizeof(int));
	if (!g->files)
		return -ENOMEM;
	memset(g->files, -1, n * sizeof(int));
	for (cpu = 0; cpu < n; cpu++) {
		if (stop_wanted(g))
			return -ECANCELED;
		g->files[cpu] = files_cpu_create(g->plan, g->own->file, "", cpu, err);
		if (g->files[cpu] < 0)
			return g->files[cpu];
		addr.port = g->resp.ports[cpu];
		ret = net_connect(&addr, deadline_in_ms(CONNECT_MS), &g->sockets[cpu], err);
		if (ret)
			return ret;
	}
	conf = (struct drain_conf){
		.n = n, .sockets = g->sockets, .files = g->files, .quota_bytes = UINT64_MAX,
	};
	ret = drain_start(&conf, &g->drain, err);
	if (!ret)
		memset(g->sockets, -1, n * sizeof(int));	/* the drain's now */
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
	if (ret)
		return err_set(err, ret, "the metadata of guest %s did not arrive in full: %s",
			       g->own->name, ret == -ENODATA || ret == -EPIPE ?
			       "its agent hung up (an event or option it refuses? see what it printed)"
			       : strerror(-ret));
	g->own->complete_meta = true;
	ret = connect_data(g, err);
	/* from now on a stop is to end well: the waits for that aren't cut short by it */
	g->ctl.stop_fd = -1;
	return ret;
}

int guest_fd(const struct guest *g)
{
	return g->connected && !g->lost ? g->ctl.fd : -1;
}

/* --- the end ------------------------------------------------------------------ */

void guest_ask_close(struct guest *g)
{
	if (g->connected && !g->lost &&
	    channel_send(&g->ctl, MSG_CLOSE, NULL, 0, NULL, 0, deadline_in_ms(CONNECT_MS)))
		g->lost = true;
}

static int wait_close_response(struct guest *g)
{
	struct deadline d = deadline_in_ms(CLOSE_MS);
	struct msg m;
	int ret;

	do {
		ret = channel_recv(&g->ctl, &m, d);
		/* one that never stops talking would never make us wait */
		if (!ret && m.cmd != MSG_CLOSE_RESP && deadline_passed(d))
			ret = -ETIMEDOUT;
	} while (!ret && m.cmd != MSG_CLOSE_RESP);
	return ret;
}

/* The last comparison of the clocks, and what all of them found. */
static void finish_sync(struct guest *g)
{
	struct err why = { 0 };
	int ret;

	if (!g->sync)
		return;
	ret = tsync_host_stop(g->sync, g->lost ? 0 :
			      sync_ms(g, FINAL_SYNC_MS, FINAL_SYNC_CPU_MS, FINAL_SYNC_MAX_MS),
			      &g->samples, &why);
	if (ret)
		cmd_warn(0, "guest %s: no clock offset, its times are not aligned with the host's: %s",
			 g->own->name, why.text[0] ? why.text : "no round succeeded");
	else if (why.text[0] && !g->lost)
		cmd_warn(0, "guest %s: the clocks were not compared to the end: %s", g->own->name,
			 why.text);
	tsync_free(take_ptr(g->sync));
}

/* Readers take whole sub-buffers only: cut what a lost guest left of its last one. */
static void cut_partial_pages(struct guest *g)
{
	struct stat st;
	int cpu;

	for (cpu = 0; cpu < g->own->nr_cpus; cpu++) {
		if (!fstat(g->files[cpu], &st) && st.st_size % g->own->page_size)
			(void)!ftruncate(g->files[cpu], st.st_size - st.st_size % g->own->page_size);
	}
}

int guest_wait_close(struct guest *g, struct err *err)
{
	int ret = 0;

	finish_sync(g);
	if (g->connected && !g->lost) {
		ret = wait_close_response(g);
		if (ret)
			g->lost = true;
	}
	if (g->drain) {
		int end = drain_finish(g->drain, g->lost ? 1000 : CLOSE_MS, NULL);

		ret = ret ? ret : end;
		cut_partial_pages(g);
	}
	if (!ret && !g->lost)
		return 0;
	return err_set(err, ret ? ret : -ECONNRESET,
		       "guest %s was lost while recording; what it sent until then is kept in '%s'",
		       g->own->name, g->own->file);
}

int guest_write(struct guest *g, struct err *err)
{
	struct timeshift shift, *use = NULL;
	int ret;

	if (!g->own->complete_meta) {
		if (g->meta_file)
			files_output_abandon(g->own->file);
		if (g->files)
			files_cpu_remove(g->plan, g->own->file, "", g->own->nr_cpus);
		return 0;
	}
	if (g->samples.count) {
		ret = tsync_samples_timeshift(&g->samples, g->plan->tsync.layout,
					      g->note->trace_id, g->sync_flags, g->own->nr_cpus,
					      &shift);
		if (ret)
			return err_set(err, ret, "guest %s: the clock offsets make no TimeShift",
				       g->own->name);
		use = &shift;
	}
	ret = finish_guest(g->plan, g->own, use, err);
	if (use)
		timeshift_release(&shift);
	return ret;
}

void guest_release(struct guest *g)
{
	int cpu;

	tsync_free(g->sync);
	tsync_samples_release(&g->samples);
	drain_free(g->drain);
	channel_close(&g->ctl);
	for (cpu = 0; cpu < g->own->nr_cpus; cpu++) {
		if (g->sockets)
			fd_close(&g->sockets[cpu]);
		if (g->files)
			fd_close(&g->files[cpu]);
	}
	free(g->sockets);
	free(g->files);
	msg_trace_resp_release(&g->resp);
	*g = (struct guest){ 0 };
}
