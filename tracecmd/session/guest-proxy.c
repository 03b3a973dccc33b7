/*
 * guest-proxy.c - what is different when we are the guest and our host's agent, a proxy, records the
 * host for us: see guest.h. Layer 5.
 *
 * The host compares the clocks and keeps the results, which belong into this machine's file. They come as the last
 * thing, together with the end of the host's file:
 *
 *	CLOSE ->
 *	      <- SEND_DATA..., FIN_DATA		the rest of the host's file
 *	CONT ->					all of its data has been taken
 *	      <- SEND_DATA..., FIN_DATA		options for our file
 *	      <- CLOSE_RESP
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cpus.h"
#include "message.h"
#include "session/files.h"
#include "session/guest-clock.h"
#include "session/guest.h"
#include "tsync/estimate.h"
#include "wire/dat.h"
#include "wire/opt-late.h"

/*
 * Deadlines, ms. The host compares the clocks before its metadata comes, at most so long; then it
 * may have to send what its ring buffers hold before it ends its file.
 */
#define FIRST_SYNC_MS		30000
#define FIRST_SYNC_CPU_MS	5000
#define FIRST_SYNC_MAX_MS	150000
#define REST_MS			30000
#define REST_TOTAL_MS		60000
#define SYNC_END_MS		35000
#define LATE_MS			10000
#define LATE_TOTAL_MS		60000

/* The rest of the host's file: it describes the guest, and what describes the file. */
#define REST_MAX_BYTES		(16 << 20)

#define SYNC_ID_FIRST		3	/* 0 to 2 are those that stock peers use */

/* --- what is asked for ----------------------------------------------------------------- */

/* May this machine go over to the TSC, if the host finds that it can compare it exactly? */
static bool may_switch(const struct guest *g)
{
	const struct plan_tsync *t = &g->plan->tsync;
	int i;

	/* guests of our own may have been told which clock is ours already */
	if (g->plan->nr_guests > 1 || g->plan->date || t->chosen ||
	    (t->proto && strcmp(t->proto, "kvm")) || guest_own_clock(g->conf))
		return false;
	for (i = 0; i < g->plan->nr_instances; i++)
		if (g->plan->instances[i].clock || g->plan->instances[i].tsc2nsec)
			return false;
	return clock_tsc_there();
}

/* The clock that our traces would have. */
static const char *clock_for(const struct guest *g)
{
	return may_switch(g) ? TSC_CLOCK : local_clock(g->local);
}

const char **guest_proxy_offer(const struct guest *g)
{
	const struct plan_tsync *t = &g->plan->tsync;

	/* what suits is for the host to know */
	return tsync_offer(TSYNC_ROLE_GUEST, clock_for(g),
			   t->proto ? t->proto : t->chosen ? PTP_NAME : NULL);
}

int guest_proxy_words(const struct guest *g, char **argv)
{
	static char one[] = "--no-tsync-per-cpu", raw[] = "--tsync-raw";
	static char layout[] = "--tsync-layout", fork[] = "fork";
	const struct plan_tsync *t = &g->plan->tsync;
	int n = 0;

	/* only what was asked for: other agents don't know these */
	if (!t->per_cpu)
		argv[n++] = one;
	if (t->raw)
		argv[n++] = raw;
	if (t->layout == TIMESHIFT_FORK) {
		argv[n++] = layout;
		argv[n++] = fork;
	}
	return n;
}

int guest_proxy_first_ms(const struct guest *g)
{
	int64_t ms = FIRST_SYNC_MS + (int64_t)FIRST_SYNC_CPU_MS * cpus_configured();

	return !g->sync ? FIRST_SYNC_MS : ms < FIRST_SYNC_MAX_MS ? ms : FIRST_SYNC_MAX_MS;
}

/* --- the clock --------------------------------------------------------------------------- */

/* Is it one of those that we offered? */
static bool was_offered(const struct guest *g, const char *name)
{
	_cleanup_free_ const char **names = guest_proxy_offer(g);
	int i;

	for (i = 0; names && names[i]; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* What the session needs to know, but for connection and instance; goes over to another clock. 0; -errno described in @err. */
static int sync_conf(struct guest *g, struct tsync_conf *conf, struct err *err)
{
	const struct plan_tsync *t = &g->plan->tsync;
	int ret;

	tsync_conf_init(conf);
	if (t->interval_ms < 0 || !was_offered(g, g->resp.tsync_proto))
		return err_set(err, -EPROTO, "the agent chose a protocol that wasn't offered: '%s'",
			       g->resp.tsync_proto);
	conf->proto = tsync_proto_find(g->resp.tsync_proto);
	if (g->resp.flags & TRACE_RESP_FL_TSYNC_REPORT) {
		_cleanup_free_ const char **names = guest_proxy_offer(g);

		tsync_fallback((char **)names, TSYNC_ROLE_GUEST, clock_for(g), conf->proto,
			       conf->fallback);
	}
	if (!strcmp(conf->proto->name, "kvm") && strcmp(local_clock(g->local), TSC_CLOCK)) {
		ret = local_switch_clock(g->local, TSC_CLOCK, err);
		if (ret)
			return ret;
	}
	conf->clock = local_clock(g->local);
	conf->tracing_dir = g->local->tracing_dir;
	conf->ptp_flags = t->ptp_flags;
	conf->report = g->resp.flags & TRACE_RESP_FL_TSYNC_REPORT;
	conf->debug_dir = t->debug_dir;
	conf->own_cpus = cpus_configured();
	conf->cid = g->addr.kind == NET_VSOCK ? g->addr.cid : SYNC_ID_FIRST;
	conf->own_id = SYNC_ID_FIRST;
	return 0;
}

static int start_sync(struct guest *g, struct err *err)
{
	struct tsync_conf conf;
	int ret = guest_sync_connect(g, &conf, sync_conf, err);

	return ret ? ret : tsync_guest_start(&conf, &g->sync, err);
}

int guest_proxy_sync_start(struct guest *g)
{
	struct err err = { 0 };
	int ret;

	if (!g->resp.tsync_proto[0]) {
		if (g->plan->tsync.interval_ms >= 0)
			cmd_warn(0, "Failed to negotiate timestamps synchronization with the host %s: our times are not aligned with its",
				 g->own->name);
		return 0;
	}
	ret = start_sync(g, &err);
	if (stop_wanted(g->stop))
		return -ECANCELED;
	if (ret) {
		cmd_warn(ret, "the clocks of host %s and this machine cannot be compared: %s",
			 g->own->name, err.text[0] ? err.text : strerror(-ret));
		return 0;
	}
	printf("Negotiated %s time sync protocol with host %s\n", g->resp.tsync_proto,
	       g->own->name);
	fflush(stdout);
	return 0;
}

/* The host's STOP, or its end. */
static void end_sync(struct guest *g)
{
	if (g->sync)
		guest_sync_wait_end(g, SYNC_END_MS);
	tsync_free(take_ptr(g->sync));
}

/* --- the end --------------------------------------------------------------------------------- */

/* Append @fd to the host's file, whose first part is there. 0; -errno. */
static int append_rest(struct guest *g, int fd)
{
	_cleanup_buf_ struct buf rest = { .cap = REST_MAX_BYTES };
	_cleanup_close_ int file = files_output_create(g->own->file, true, 0, NULL);
	int ret;

	if (file < 0)
		return file;
	if (lseek(fd, 0, SEEK_SET))
		return -errno;
	ret = io_read_rest(fd, &rest);
	/* all or nothing: a file that ends with the first part is sound, too */
	if (!ret)
		ret = io_pwrite_full(file, rest.data, rest.len, g->meta_len);
	if (ret)
		(void)!ftruncate(file, g->meta_len);
	return ret;
}

/* The second part of the host's file. 0; -errno. */
static int receive_rest(struct guest *g)
{
	_cleanup_close_ int fd = memfd_create("trace-cmd-rest", MFD_CLOEXEC);
	struct guest_stream s = {
		.fd = fd, .first = guest_in_ms(g, REST_MS), .total = guest_in_ms(g, REST_TOTAL_MS),
		.max_bytes = REST_MAX_BYTES, .ends = stop_urgent,
	};
	int ret = fd < 0 ? -errno : guest_receive_stream(g, &s);

	return ret ? ret : append_rest(g, fd);
}

/* Append to @b how well the clock is known, as the host says; which clock it is we know better. 0; -errno. */
static int keep_model(struct guest *g, const void *data, size_t len, struct buf *b)
{
	_cleanup_(opt_tsync_release) struct opt_tsync model = { 0 };
	int ret = opt_tsync_parse(data, len, ORDER_NATIVE, &model);

	if (ret)
		return ret;
	free(model.guest_clock);
	model.guest_clock = strdup(local_clock(g->local));
	if (!model.guest_clock)
		return -ENOMEM;
	guest_sync_tell(g, &model);
	return opt_tsync_put(b, ORDER_NATIVE, &model);
}

/* Note what of the @late options is for our file. 0; -errno. */
static int keep_late(struct guest *g, const struct buf *late)
{
	bool tsc = !strcmp(local_clock(g->local), TSC_CLOCK), shift = false;
	_cleanup_buf_ struct buf kept = BUF_INIT, payload = BUF_INIT;
	const void *data;
	size_t at = 0, len;
	unsigned int id;
	int ret = 0;

	while (!ret && opt_late_next(late->data, late->len, &at, &id, &data, &len) > 0) {
		/* how long a cycle is says nothing of another clock */
		if (id == DAT_TSC2NSEC && !tsc)
			continue;
		shift |= id == DAT_TIME_SHIFT;
		ret = id == DAT_TSYNC ? keep_model(g, data, len, &payload) :
		      buf_add(&payload, data, len);
		if (!ret)
			ret = opt_late_put(&kept, id, &payload);
	}
	if (!ret)
		ret = io_write_full(g->note->late_fd, kept.data, kept.len, DEADLINE_NEVER);
	if (!ret && !shift && g->resp.tsync_proto[0] && g->plan->tsync.interval_ms >= 0)
		cmd_warn(0, "host %s: no clock offset, our times are not aligned with its",
			 g->own->name);
	return ret;
}

/* Options for our own file. 0; -errno. */
static int receive_late(struct guest *g)
{
	_cleanup_close_ int fd = memfd_create("trace-cmd-late", MFD_CLOEXEC);
	_cleanup_buf_ struct buf all = { .cap = OPT_LATE_MAX }, kept = BUF_INIT;
	struct guest_stream s = {
		.fd = fd, .first = guest_in_ms(g, LATE_MS), .total = guest_in_ms(g, LATE_TOTAL_MS),
		.max_bytes = OPT_LATE_MAX, .ends = stop_urgent,
	};
	int ret = fd < 0 || g->note->late_fd < 0 ? -EBADF : 0;

	if (!ret)
		ret = channel_send(&g->ctl, MSG_CONT, NULL, 0, NULL, 0,
				   deadline_in_ms(GUEST_CONNECT_MS));
	if (!ret)
		ret = guest_receive_stream(g, &s);
	if (!ret && lseek(fd, 0, SEEK_SET))
		ret = -errno;
	if (!ret)
		ret = io_read_rest(fd, &all);
	if (!ret)
		ret = opt_late_sift(all.data, all.len, g->resp.trace_id, &kept);
	return ret ? ret : keep_late(g, &kept);
}

int guest_proxy_close(struct guest *g, int *ret_data)
{
	int ret = 0;

	if (g->connected && !g->lost)
		ret = receive_rest(g);
	g->lost |= ret;
	end_sync(g);
	*ret_data = guest_data_finish(g);
	if (!g->connected || g->lost)
		return ret;
	/* all of its data is here: what fails now costs the offsets alone */
	ret = receive_late(g);
	if (ret)
		cmd_warn(ret, "host %s: no clock offset came, our times are not aligned with its",
			 g->own->name);
	else
		guest_wait_response(g);
	return 0;
}
