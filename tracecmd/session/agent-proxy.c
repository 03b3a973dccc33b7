/*
 * agent-proxy.c - tracing this machine for a guest of it: see agent-parts.h. Layer 5.
 *
 * Who asks is the guest, so the parts in comparing clocks are changed over: ours is the host's. The file
 * goes to the guest in two parts, as only in the end is known what belongs into it
 * about the guest; and behind them the options for the guest's own file.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "message.h"
#include "session/agent-parts.h"
#include "session/finish-proxy.h"
#include "session/finish.h"
#include "session/guest-clock.h"
#include "session/sync-result.h"
#include "session/vm.h"
#include "tsync/kvm-files.h"
#include "wire/dat.h"
#include "wire/opt-late.h"

/* Name of the guest in the GUEST option, as other programs have it, too. */
#define GUEST_NAME "::GUEST::"

/*
 * Deadlines, ms. Stock guests take no first part that comes later than 5 s after TRACE_RESP, and no second one
 * that comes later than 5 s after CLOSE, whether the clocks have been compared by then or not. CONT comes when the
 * guest has written what may be a large file.
 */
#define FIRST_SYNC_SOON_MS	2000
#define FIRST_SYNC_MS		20000
#define FIRST_SYNC_CPU_MS	5000
#define FIRST_SYNC_MAX_MS	120000
#define LAST_SYNC_SOON_MS	3000
#define LAST_SYNC_MS		30000
#define CONT_MS			600000

/* Messages out of place that are passed over while waiting for CONT. */
#define ODD_MAX			16

/* Ids of sync instances: 0 to 2 are those that stock peers use. */
#define SYNC_ID_FIRST		3

/* --- who it is ------------------------------------------------------------------------ */

static enum tsync_role role(const struct session *s)
{
	return net_peer_cid(s->peer) >= 0 ? TSYNC_ROLE_HOST : TSYNC_ROLE_CLIENT;
}

static bool offers(const struct session *s, const char *proto)
{
	char **name;

	for (name = s->req.protos; name && *name; name++)
		if (!strcmp(*name, proto))
			return true;
	return false;
}

/* Where nobody has named a clock and KVM tells the guest's: the one that can be compared exactly. 0; -ENOMEM. */
static int choose_clock(struct session *s)
{
	const struct plan_tsync *t = &s->plan.tsync;
	struct setup_conf *c = &s->plan.instances[0];

	if (c->clock || c->tsc2nsec || s->plan.date || (t->proto && strcmp(t->proto, "kvm")) ||
	    role(s) != TSYNC_ROLE_HOST || !offers(s, "kvm") || !clock_tsc_known() ||
	    !kvm_vm_readable(NULL, s->proxy.vm_pid))
		return 0;
	c->clock = strdup(TSC_CLOCK);
	c->tsc2nsec = true;
	return c->clock ? 0 : -ENOMEM;
}

int proxy_begin(struct session *s, struct err *err)
{
	struct proxy *x = &s->proxy;
	int64_t cid = net_peer_cid(s->peer);
	uint32_t i;

	if (s->req.nr_cpus < 1 || s->req.nr_cpus > MSG_MAX_CPUS)
		return err_set(err, -EPROTO, "the guest says that it has %u CPUs", s->req.nr_cpus);
	if (!s->req.trace_id)
		return err_set(err, -EPROTO, "the guest does not say which trace it records");
	x->vm_pid = cid >= 0 ? vm_pid_of(cid) : -1;
	x->guest = &s->note->guests[0];
	snprintf(x->guest->name, sizeof(x->guest->name), GUEST_NAME);
	x->guest->trace_id = s->req.trace_id;
	x->guest->nr_cpus = s->req.nr_cpus;
	for (i = 0; i < s->req.nr_cpus; i++)
		x->guest->vcpu_tid[i] = -1;
	vm_vcpu_tids(x->vm_pid, x->guest->vcpu_tid, x->guest->nr_cpus);
	s->plan.tsync.ptp_flags = agent_sync_flags(s);
	return choose_clock(s) ? -ENOMEM : 0;
}

/* --- comparing clocks ------------------------------------------------------------------ */

/* Of what the guest offers, what is worth trying with its machine: the caller frees the array. NULL: no memory. */
static char **suitable(const struct session *s)
{
	const struct tsync_machine machine = {
		.pid = s->proxy.vm_pid, .tracing_dir = s->local.tracing_dir,
	};
	char **names = calloc(s->req.nr_protos + 1, sizeof(*names));
	int i, n = 0;

	for (i = 0; names && i < s->req.nr_protos; i++) {
		const struct tsync_proto *proto = tsync_proto_find(s->req.protos[i]);

		if (proto && (!proto->suits || proto->suits(&machine)))
			names[n++] = s->req.protos[i];
	}
	return names;
}

const struct tsync_proto *proxy_choose_proto(const struct session *s)
{
	_cleanup_free_ char **names = suitable(s);

	return agent_choose_proto(s, role(s), names);
}

static void fill_conf(struct session *s, struct tsync_conf *conf)
{
	_cleanup_free_ char **names = suitable(s);
	int64_t cid = net_peer_cid(s->peer);
	int i, known = 0;

	tsync_conf_init(conf);
	conf->proto = s->proto;
	conf->clock = local_clock(&s->local);
	/* only a guest of ours knows how to go over to another */
	if (s->req.has_tsync_flags && !s->plan.tsync.proto)
		tsync_fallback(names, role(s), conf->clock, s->proto, conf->fallback);
	conf->vm_pid = s->proxy.vm_pid;
	conf->tracing_dir = s->local.tracing_dir;
	conf->ptp_flags = s->plan.tsync.ptp_flags;
	conf->report = s->req.has_tsync_flags && s->req.tsync_flags & TSYNC_REQ_REPORT;
	conf->debug_dir = s->conf->debug_dir;
	conf->keep_bounds = s->plan.tsync.raw;
	conf->nr_cpus = s->proxy.guest->nr_cpus;
	conf->per_cpu = s->plan.tsync.per_cpu;
	for (i = 0; i < conf->nr_cpus; i++)
		known += s->proxy.guest->vcpu_tid[i] >= 0;
	conf->vcpu_tids = known ? s->proxy.guest->vcpu_tid : NULL;
	conf->cid = cid > NET_CID_HOST ? cid : SYNC_ID_FIRST;
}

/* How long the guest may take for the first pass over so many CPUs, ms. */
static int first_ms(const struct session *s)
{
	int64_t ms = FIRST_SYNC_MS + (int64_t)FIRST_SYNC_CPU_MS * s->proxy.guest->nr_cpus;

	return ms < FIRST_SYNC_MAX_MS ? ms : FIRST_SYNC_MAX_MS;
}

/* Wait for the first pass, as long as the guest waits for what comes then. 0; -errno described in @err. */
static int wait_first(struct session *s, struct err *err)
{
	bool patient = s->req.has_tsync_flags;
	struct sync_wait w = agent_sync_wait(s, patient ? first_ms(s) : FIRST_SYNC_SOON_MS);
	int ret = sync_wait_first(s->sync, &w, err);

	/* of a guest that does not wait, the pass goes on meanwhile */
	if (ret == -EINPROGRESS)
		return patient ? -ETIMEDOUT : 0;
	return ret;
}

void proxy_start_sync(struct session *s)
{
	struct tsync_conf conf;
	struct err err = { 0 };
	int ret;

	if (!s->proto)
		return;
	fill_conf(s, &conf);
	if (agent_accept_sync(s, &conf.fd))
		return;
	ret = agent_run_sync(s, &conf, tsync_host_start, &err);
	if (!ret)
		ret = wait_first(s, &err);
	if (ret && !agent_must_end(s))
		cmd_warn(ret, "the clock of the guest could not be compared yet: %s", err.text);
}

void proxy_closing(struct session *s)
{
	if (s->sync)
		tsync_host_ask_stop(s->sync);
}

/* Wait for the last pass, at most @ms. True: it is over. */
static bool wait_last(struct session *s, int ms)
{
	struct sync_wait w = agent_sync_wait(s, ms);

	return sync_wait_end(s->sync, &w);
}

/* What all passes found. */
static void take_samples(struct session *s)
{
	struct err why = { 0 };
	int ret;

	if (!s->sync)
		return;
	ret = tsync_host_stop(s->sync, 0, &s->proxy.samples, &why);
	s->proxy.sync_proto = tsync_proto_now(s->sync, NULL);
	tsync_free(take_ptr(s->sync));
	if (ret)
		cmd_warn(0, "no clock offset, the guest's times will not be aligned with ours: %s",
			 why.text[0] ? why.text : "no round succeeded");
	sync_take_threads(&s->proxy.samples, s->proxy.guest);
}

/* --- the file ------------------------------------------------------------------------------ */

/* Send what there is of the file up to @end. 0; -errno. */
static int send_up_to(struct session *s, uint64_t end)
{
	struct proxy *x = &s->proxy;
	_cleanup_(buf_release) struct buf b = { .cap = AGENT_META_MAX_BYTES };
	uint8_t *data = buf_extend_raw(&b, end - x->sent);
	int ret = data ? io_pread_full(x->meta_fd, data, b.len, x->sent) : b.error;

	if (!ret)
		ret = agent_send_stream(s, b.data, b.len);
	x->sent = end;
	return ret;
}

int proxy_send_meta(struct session *s, struct err *err)
{
	struct proxy *x = &s->proxy;
	uint64_t len = 0;
	int ret;

	x->meta_fd = memfd_create("trace-cmd-metadata", MFD_CLOEXEC);
	if (x->meta_fd < 0)
		return -errno;
	ret = finish_proxy_begin(&s->plan, s->note, s->early, x->meta_fd, &x->meta, &len, err);
	if (ret)
		return ret;
	ret = send_up_to(s, len);
	return ret ? err_set(err, ret, "the guest did not take the metadata") : 0;
}

static int send_rest(struct session *s, struct err *err)
{
	int ret = finish_proxy_end(s->proxy.meta, s->proxy.guest, err);
	off_t end;

	if (ret)
		return ret;
	end = lseek(s->proxy.meta_fd, 0, SEEK_END);
	ret = end < 0 ? -errno : send_up_to(s, end);
	return ret ? err_set(err, ret, "the guest did not take the rest of the metadata") : 0;
}

/* --- options for the guest's file ------------------------------------------------------------ */

/* Until the guest is ready for them. 0; -ENODATA: it is gone, and does not want them; -errno. */
static int wait_cont(struct session *s)
{
	struct deadline d = deadline_in_ms(CONT_MS);
	unsigned int odd = 0;
	struct msg m;
	int ret;

	do {
		/* a signal that was taken in before makes nobody wait no more */
		if (stop_wanted(s->stop))
			return -EINTR;
		ret = channel_recv(s->ctl, &m, d);
		if (ret == -EPIPE)
			ret = -ENODATA;
		if (!ret && m.cmd != MSG_CONT && m.cmd != MSG_NOT_SUPP)
			ret = channel_send(s->ctl, MSG_NOT_SUPP, NULL, 0, NULL, 0,
					   deadline_in_ms(AGENT_REPLY_MS));
		if (!ret && m.cmd != MSG_CONT && ++odd > ODD_MAX)
			ret = -EPROTO;
	} while (!ret && m.cmd != MSG_CONT);
	return ret;
}

static int put_shift(struct session *s, struct buf *b, struct err *err)
{
	_cleanup_(timeshift_release) struct timeshift shift = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync model = { 0 };
	const struct sync_outcome o = {
		.conf = &s->plan.tsync, .samples = &s->proxy.samples,
		.proto = s->proxy.sync_proto, .guest = GUEST_NAME,
		.host_clock = local_clock(&s->local),
		/* nobody told us, but for kvm it has to be this one */
		.guest_clock = s->proto && !strcmp(s->proto->name, "kvm") ? TSC_CLOCK : NULL,
		.host_id = s->note->trace_id, .same_machine = net_peer_cid(s->peer) >= 0,
		.nr_cpus = s->proxy.guest->nr_cpus,
	};
	struct buf payload = BUF_INIT;
	int ret = sync_result(&o, &shift, &model, err);

	if (!ret && shift.nr_cpus) {
		ret = timeshift_put(&payload, ORDER_NATIVE, &shift);
		ret = ret ? ret : opt_late_put(b, DAT_TIME_SHIFT, &payload);
	}
	/* others would only warn about it */
	if (!ret && model.nr_groups && s->req.has_tsync_flags) {
		ret = opt_tsync_put(&payload, ORDER_NATIVE, &model);
		ret = ret ? ret : opt_late_put(b, DAT_TSYNC, &payload);
	}
	buf_release(&payload);
	return ret;
}

static int send_late(struct session *s, struct err *err)
{
	_cleanup_buf_ struct buf late = { .cap = OPT_LATE_MAX }, payload = BUF_INIT;
	int ret = 0;

	if (s->proxy.samples.count && s->proxy.sync_proto &&
	    finish_tsc2nsec(&s->plan, ORDER_NATIVE, &payload))
		ret = opt_late_put(&late, DAT_TSC2NSEC, &payload);
	if (!ret && s->proxy.sync_proto)
		ret = put_shift(s, &late, err);
	/* its file is better without them than not there */
	if (ret) {
		cmd_warn(ret, "the guest's file gets no clock offsets: %s", err->text);
		err_clear(err);
		buf_reset(&late);
	}
	ret = agent_send_stream(s, late.data, late.len);
	return ret ? err_set(err, ret, "the guest did not take the clock's offsets") : 0;
}

int proxy_finish(struct session *s, struct err *err)
{
	bool over = s->sync && wait_last(s, LAST_SYNC_SOON_MS);
	int ret;

	if (over)
		take_samples(s);
	ret = send_rest(s, err);
	if (ret)
		return ret;
	if (s->sync) {
		wait_last(s, LAST_SYNC_MS);
		take_samples(s);
	}
	ret = wait_cont(s);
	if (ret == -ENODATA)
		return err_set(err, -ECONNRESET, "the guest is gone without the clock's offsets");
	if (ret)
		return err_set(err, ret, "the guest does not go on");
	return send_late(s, err);
}

void proxy_end(struct session *s)
{
	out_free(s->proxy.meta);
	fd_close(&s->proxy.meta_fd);
	tsync_samples_release(&s->proxy.samples);
}
