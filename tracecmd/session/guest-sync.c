/*
 * guest-sync.c - a guest's clock, seen from the host: see guest.h. Layer 5.
 *
 * Whatever goes wrong here costs the alignment of the guest's times, never the recording.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/tsc.h"
#include "message.h"
#include "session/guest-clock.h"
#include "session/guests.h"
#include "session/sync-result.h"
#include "session/sync-wait.h"
#include "tsync/estimate.h"

/* Deadlines, ms, of a pass over all CPUs an agent says it has. */
#define FIRST_SYNC_MS		20000
#define FIRST_SYNC_CPU_MS	5000
#define FIRST_SYNC_MAX_MS	120000
#define FINAL_SYNC_MS		10000
#define FINAL_SYNC_CPU_MS	3000
#define FINAL_SYNC_MAX_MS	60000

/* Ids of sync instances: 0 to 2 are those that stock peers use. */
#define SYNC_ID_FIRST		3
#define SYNC_ID_MAX		1000000

static enum tsync_role role(const struct guest *g)
{
	return g->addr.kind == NET_VSOCK || g->addr.kind == NET_MUXER ? TSYNC_ROLE_HOST : TSYNC_ROLE_CLIENT;
}

const char **guest_sync_offer(const struct guest *g)
{
	const struct plan_tsync *t = &g->plan->tsync;

	const struct tsync_machine machine = {
		.pid = g->vm_pid, .tracing_dir = g->local->tracing_dir,
	};
	const char **names, **from, **to;

	/* who chooses among ptp's ways wants ptp */
	names = tsync_offer(role(g), g->own->clock,
			    t->proto ? t->proto : t->chosen ? PTP_NAME : NULL);
	for (from = to = names; from && *from; from++) {
		const struct tsync_proto *proto = tsync_proto_find(*from);

		if (!proto->suits || proto->suits(&machine))
			*to++ = *from;
	}
	if (to)
		*to = NULL;
	return names;
}

/* What the session needs to know, but for connection and instance. 0; -errno described in @err. */
static int sync_conf(struct guest *g, struct tsync_conf *conf, struct err *err)
{
	const struct plan_tsync *t = &g->plan->tsync;
	int known = 0, i;

	tsync_conf_init(conf);
	conf->proto = tsync_proto_find(g->resp.tsync_proto);
	if (!conf->proto || t->interval_ms < 0)
		return err_set(err, -EPROTO, "the agent chose a protocol that wasn't offered: '%s'",
			       g->resp.tsync_proto);
	/* only an agent of ours knows how to go over to another */
	if (g->resp.flags & TRACE_RESP_FL_TSYNC_REPORT) {
		_cleanup_free_ const char **names = guest_sync_offer(g);

		tsync_fallback((char **)names, role(g), g->own->clock, conf->proto, conf->fallback);
	}
	conf->vm_pid = g->vm_pid;
	conf->tracing_dir = g->local->tracing_dir;
	conf->clock = g->own->clock;
	conf->ptp_flags = t->ptp_flags;
	conf->report = g->resp.flags & TRACE_RESP_FL_TSYNC_REPORT;
	conf->debug_dir = t->debug_dir;
	conf->keep_bounds = t->raw;
	conf->nr_cpus = g->resp.nr_cpus;
	conf->interval_ms = t->interval_ms;
	conf->interval_auto = !t->interval_given;
	conf->per_cpu = t->per_cpu;
	for (i = 0; i < g->own->nr_cpus; i++)
		known += g->own->vcpu_tid[i] >= 0;
	conf->vcpu_tids = known ? g->own->vcpu_tid : NULL;
	conf->cid = g->addr.kind == NET_VSOCK ? g->addr.cid : SYNC_ID_FIRST + g->index;
	/* any id does, but the CID is easily told */
	conf->own_id = conf->cid < SYNC_ID_MAX ? (int)conf->cid : SYNC_ID_FIRST + g->index;
	return 0;
}

int guest_sync_connect(struct guest *g, struct tsync_conf *conf,
		       int (*fill)(struct guest *g, struct tsync_conf *conf, struct err *err),
		       struct err *err)
{
	struct deadline d = deadline_or_stop(deadline_in_ms(GUEST_CONNECT_MS), g->stop->fd);
	struct net_addr addr = g->addr;
	int fd, ret;

	addr.port = g->resp.tsync_port;
	/* an agent that announced a port waits for us there, whatever we make of its choice */
	ret = net_connect(&addr, d, &fd, err);
	if (ret)
		return ret;
	ret = tunnels_wrap(&g->tunnels, &fd, false, AUTH_SYNC, 0, TUNNEL_BOTH, d, err);
	if (!ret)
		ret = fill(g, conf, err);
	if (!ret) {
		conf->own_id = tsync_pick_id(conf->tracing_dir, conf->own_id);
		if (conf->own_id < 0)
			ret = err_set(err, conf->own_id, "cannot make a tracing instance for it");
	}
	if (ret) {
		close(fd);
		return ret;
	}
	conf->own_made = true;
	local_sync_instance(g->local, conf->own_id);
	conf->fd = fd;
	return 0;
}

/* Start the thread. 0; -errno described in @err. */
static int start(struct guest *g, struct err *err)
{
	struct tsync_conf conf;
	int ret = guest_sync_connect(g, &conf, sync_conf, err);

	if (ret)
		return ret;
	/* its own instance keeps nobody waiting */
	ret = tsync_host_prepare(&conf, &g->sync, err);
	if (ret)
		return ret;
	ret = g->turns ? turns_take(g->turns, g->stop) : 0;
	if (!ret) {
		ret = tsync_host_begin(g->sync);
		if (ret && g->turns)
			turns_give(g->turns);
	}
	if (ret)
		tsync_free(take_ptr(g->sync));
	return ret;
}

/* @base_ms and @cpu_ms for each of the guest's CPUs, but @max_ms at most. */
static int pass_ms(const struct guest *g, int base_ms, int cpu_ms, int max_ms)
{
	int64_t ms = base_ms + (int64_t)cpu_ms * g->own->nr_cpus;

	return ms < max_ms ? ms : max_ms;
}

static bool user_stops(void *who)
{
	return stop_wanted(((struct guest *)who)->stop);
}

/* Wait for the first pass. 0; -ECANCELED: the user stops; -errno described in @err. */
static int wait_first(struct guest *g, struct err *err)
{
	struct sync_wait w = {
		.by = guest_in_ms(g, pass_ms(g, FIRST_SYNC_MS, FIRST_SYNC_CPU_MS, FIRST_SYNC_MAX_MS)),
		.ends = user_stops, .who = g,
	};
	int ret = sync_wait_first(g->sync, &w, err);

	return ret == -EINPROGRESS ? -ETIMEDOUT : ret;
}

/* Say what came of the negotiation. */
static void tell(struct guest *g)
{
	struct err why = { 0 };
	const char *now = tsync_proto_now(g->sync, &why)->name;

	printf("Negotiated %s time sync protocol with guest %s\n", g->resp.tsync_proto,
	       g->own->name);
	if (strcmp(now, g->resp.tsync_proto))
		printf("It does not work here%s%s: going on with %s\n", why.text[0] ? ", " : "",
		       why.text, now);
	fflush(stdout);
}

int guest_sync_start(struct guest *g)
{
	struct err err = { 0 };
	int ret;

	if (!g->resp.tsync_proto[0]) {
		if (g->plan->tsync.interval_ms >= 0)
			cmd_warn(0, "Failed to negotiate timestamps synchronization with the guest %s: its times are not aligned with the host's",
				 g->own->name);
		return 0;
	}
	ret = start(g, &err);
	if (!ret) {
		ret = wait_first(g, &err);
		if (g->turns)
			turns_give(g->turns);
		tell(g);
	}
	if (ret && stop_wanted(g->stop))
		return -ECANCELED;
	if (ret)
		cmd_warn(ret, "the clock of guest %s could not be compared yet: %s", g->own->name,
			 err.text[0] ? err.text : strerror(-ret));
	return 0;
}

/* Nobody waits for a guest that is lost, nor does a user who has enough of it. */
static bool end_is_urgent(void *who)
{
	const struct guest *g = who;

	return g->lost || stop_urgent(g->stop);
}

void guest_sync_wait_end(struct guest *g, int ms)
{
	struct sync_wait w = { .by = guest_in_ms(g, ms), .ends = end_is_urgent, .who = g };

	if (!end_is_urgent(g))
		sync_wait_end(g->sync, &w);
}

/* The last pass. 0; -errno described in @err. */
static int wait_last(struct guest *g, struct err *err)
{
	tsync_host_ask_stop(g->sync);
	guest_sync_wait_end(g, pass_ms(g, FINAL_SYNC_MS, FINAL_SYNC_CPU_MS, FINAL_SYNC_MAX_MS));
	return tsync_host_stop(g->sync, 0, &g->samples, err);
}

/* Say so if KVM's setting of a clock was another in a later pass: when it changed, nobody knows. */
static void tell_changes(const struct guest *g)
{
	size_t i, k;

	for (i = 1; i < g->samples.count; i++) {
		const struct tsync_result *r = &g->samples.results[i], *before = NULL;

		for (k = i; k-- && !before && r->scale.ratio;)
			if (g->samples.results[k].guest_cpu == r->guest_cpu)
				before = &g->samples.results[k];
		if (!before || !before->scale.ratio || kvm_scale_equal(&r->scale, &before->scale))
			continue;
		cmd_warn(0, "guest %s: the TSC of its CPU %d was set anew while recording (offset %" PRId64 ", then %" PRId64 "): its times are wrong for some of what lies between (--tsync-interval makes that less; with the host's event kvm_write_tsc_offset, tsync --refine finds out when it was)",
			 g->own->name, r->guest_cpu, before->scale.offset, r->scale.offset);
		return;
	}
}

void guest_sync_finish(struct guest *g)
{
	struct err why = { 0 };
	int ret;

	if (!g->sync)
		return;
	ret = wait_last(g, &why);
	sync_take_threads(&g->samples, g->own);
	tell_changes(g);
	g->sync_proto = tsync_proto_now(g->sync, NULL);
	if (ret)
		cmd_warn(0, "guest %s: no clock offset, its times are not aligned with the host's: %s",
			 g->own->name, why.text[0] ? why.text : "no round succeeded");
	else if (why.text[0] && !g->lost)
		cmd_warn(0, "guest %s: the clocks were not compared to the end: %s", g->own->name,
			 why.text);
	tsync_free(take_ptr(g->sync));
}

/* --- what comes of it -------------------------------------------------------- */

int guest_sync_result(const struct guest *g, struct timeshift *ret_shift,
		      struct opt_tsync *ret_model, struct err *err)
{
	const struct sync_outcome o = {
		.conf = &g->plan->tsync, .samples = &g->samples, .proto = g->sync_proto,
		.guest = g->own->name, .host_clock = g->own->clock, .guest_clock = g->own->clock,
		.host_id = g->note->trace_id,
		/* anybody can be behind an address, but a CID is a machine's that runs here */
		.same_machine = g->addr.kind == NET_VSOCK,
		.nr_cpus = g->own->nr_cpus,
	};

	return sync_result(&o, ret_shift, ret_model, err);
}

void guest_sync_tell(const struct guest *g, const struct opt_tsync *model)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	bool proxy = g->conf->proxy;
	double ns_per_count = 1;
	struct tsc_scale scale;

	if (!model->nr_groups || g->plan->quiet)
		return;
	if (!strcmp(proxy ? local_clock(g->local) : g->own->clock, TSC_CLOCK))
		ns_per_count = tsc_scale_read(&scale) ? 0 :
			       scale.mult / (double)((uint64_t)1 << scale.shift);
	opt_tsync_text(&text, model, ns_per_count);
	if (!text.error)
		printf("Clock of %s %s: %s\n", proxy ? "this machine, seen from host" : "guest",
		       g->own->name, (char *)text.data);
	fflush(stdout);
}
