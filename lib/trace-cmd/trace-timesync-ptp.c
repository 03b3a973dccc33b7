/*
 * trace-timesync-ptp.c - plugin "ptp": the clock offset from round trips of probes.
 *
 * Layer 4. A round, begun by the guest once the host's loop asks for one:
 *
 *   guest                              host
 *   START series, flags            ->
 *                                  <-  the same START
 *   stamp, PROBE n                 ->  stamp             n = 1..339
 *   stamp                          <-  PROBE n
 *   END                            ->
 *                                  <-  PROBES: the host's stamps
 *   OFFSET time, offset            ->
 *   PROBES: the guest's stamps     ->                    only if agreed (conf.report)
 *
 * The two legs are alike on purpose: receive, parse, stamp, send a message that
 * was built before. What differs between them goes into the offset by half.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "tsync/estimate.h"
#include "tsync/link.h"
#include "tsync/registry.h"

/* What the measuring side does unless told otherwise at run time. */
static const uint32_t ptp_flags = TSYNC_PTP_BOUNDS | PTP_FLAG_FASTEST_RESPONSE |
				  PTP_FLAG_USE_MARKER;

uint32_t tsync_ptp_default_flags(void)
{
	return ptp_flags;
}

/* Of the wire; what else our own flags say stays on our side. */
#define FLAGS_KNOWN (PTP_FLAG_FASTEST_RESPONSE | PTP_FLAG_USE_MARKER)

static uint32_t flags_of(const struct tsync_conf *conf)
{
	return conf->ptp_flags == TSYNC_PTP_DEFAULT ? ptp_flags : conf->ptp_flags;
}

static int send_ptp(struct tsync_link *link, enum ptp_msg id, const struct buf *payload)
{
	return payload->error ? payload->error :
	       link_send(link, PTP_NAME, id, payload->data, payload->len);
}

static int send_list(struct tsync_link *link, const struct ptp_list *list)
{
	_cleanup_buf_ struct buf payload = BUF_INIT;

	ptp_list_put(&payload, list);
	return send_ptp(link, PTP_PROBES_LIST, &payload);
}

static int recv_list(struct tsync_link *link, struct ptp_list *ret_list)
{
	struct msg_tsync msg;
	int ret = link_expect(link, PTP_NAME, PTP_PROBES_LIST, LINK_MSG_MS, &msg);

	if (!ret)
		ret = ptp_list_parse(msg.data, msg.len, ret_list);
	if (!ret && ret_list->series != link->series.id)
		ret = -EPROTO;
	return ret;
}

/* Build PROBE @number, to be sent with link_send_built(). @payload is scratch space. */
static int build_probe(struct tsync_link *link, uint32_t number, struct buf *payload)
{
	buf_reset(payload);
	ptp_probe_put(payload, number);
	return payload->error ? payload->error :
	       link_build(link, PTP_NAME, PTP_PROBE, payload->data, payload->len);
}

/* What both ends do when a round begins: stamps as @flags say, for series @id. */
static int begin(struct tsync_link *link, uint32_t flags, uint32_t id)
{
	int ret = clock_select(&link->clock, flags & PTP_FLAG_USE_MARKER, &link->err);

	if (ret)
		return ret;
	series_reset(&link->series, id);
	clock_begin(&link->clock, &link->series);
	link->spin = link->may_spin;
	link->missed = 0;
	return 0;
}

/* --- guest ---------------------------------------------------------------- */

static int guest_start(struct tsync_link *link, uint32_t flags)
{
	_cleanup_buf_ struct buf payload = BUF_INIT;
	struct ptp_start start = { .series = link->series.id, .flags = flags & FLAGS_KNOWN };
	struct msg_tsync msg;
	int ret;

	ptp_start_put(&payload, &start);
	ret = send_ptp(link, PTP_START, &payload);
	/* the echo proves nothing, so its payload does not matter */
	return ret ? ret : link_expect(link, PTP_NAME, PTP_START, LINK_MSG_MS, &msg);
}

static int guest_probe(struct tsync_link *link, uint32_t number, struct buf *payload)
{
	struct msg_tsync msg;
	uint32_t echo;
	int ret = build_probe(link, number, payload);

	if (ret)
		return ret;
	clock_stamp(&link->clock, SERIES_SEND, number);
	ret = link_send_built(link);
	if (!ret)
		ret = link_expect(link, PTP_NAME, PTP_PROBE, LINK_MSG_MS, &msg);
	if (!ret)
		ret = ptp_probe_parse(msg.data, msg.len, &echo);
	if (!ret && echo != number)
		ret = -EPROTO;
	if (!ret)
		clock_stamp(&link->clock, SERIES_RECEIVE, number);
	return ret;
}

static int guest_probes(struct tsync_link *link)
{
	_cleanup_buf_ struct buf payload = BUF_INIT;
	uint32_t number;
	int ret = 0;

	for (number = 1; number <= PTP_PROBES && !ret; number++)
		ret = guest_probe(link, number, &payload);
	link->spin = false;
	return ret ? ret : link_send(link, PTP_NAME, PTP_END, NULL, 0);
}

/* The host's stamps complete the series. */
static int guest_take_list(struct tsync_link *link)
{
	struct ptp_list list;
	int ret = clock_collect(&link->clock);

	if (ret)
		log_debug("tsync: reading back the markers: %s", strerror(-ret));
	ret = recv_list(link, &list);
	if (!ret && list.count > PTP_PROBES)
		ret = -EPROTO;
	if (!ret)
		series_take_client_list(&link->series, &list);
	return ret;
}

/* Tell the result. Without one all is zero, which stock hosts do not store. */
static int guest_send_offset(struct tsync_link *link, const struct estimate *est)
{
	_cleanup_buf_ struct buf payload = BUF_INIT;
	struct ptp_offset offset = { .time = est->time, .offset = est->offset };
	struct ptp_list list;
	int ret;

	ptp_offset_put(&payload, &offset);
	ret = send_ptp(link, PTP_OFFSET, &payload);
	if (ret || !link->conf->report)
		return ret;
	series_to_report(&link->series, &list);
	return send_list(link, &list);
}

static int ptp_guest_round(struct tsync_link *link)
{
	uint32_t flags = flags_of(link->conf);
	struct estimate est = { 0 };
	int ret = begin(link, flags, link->rounds);
	int none;

	if (!ret)
		ret = guest_start(link, flags);
	if (!ret)
		ret = guest_probes(link);
	if (!ret)
		ret = guest_take_list(link);
	if (ret)
		return ret;
	none = estimate_series(&link->series, flags, &est);
	if (!none)
		tsync_debug_round(&link->debug, &link->series, &est, flags);
	ret = guest_send_offset(link, &est);
	return !ret && none ? -EAGAIN : ret;
}

/* --- host ----------------------------------------------------------------- */

static int host_start(struct tsync_link *link, uint32_t *ret_flags)
{
	struct ptp_start start;
	struct msg_tsync msg;
	int ret = link_expect(link, PTP_NAME, PTP_START, LINK_START_MS, &msg);

	if (!ret)
		ret = ptp_start_parse(msg.data, msg.len, &start);
	if (ret)
		return ret;
	if (start.flags & ~FLAGS_KNOWN)
		return err_set(&link->err, -EPROTO,
			       "the guest wants ptp with unknown flags 0x%" PRIx32, start.flags);
	ret = begin(link, start.flags, start.series);
	if (ret)
		return ret;
	/* the method is ours to choose once we have all stamps */
	*ret_flags = start.flags | (flags_of(link->conf) & TSYNC_PTP_BOUNDS);
	/* msg leads into the receive buffer, still untouched */
	return link_send(link, PTP_NAME, PTP_START, msg.data, msg.len);
}

/*
 * Stamp and answer one PROBE, or see END. The answer is there before the
 * question, as the numbers ascend one by one. 1 goes on; 0 END; -errno.
 */
static int host_probe(struct tsync_link *link, uint32_t *last, struct buf *payload)
{
	struct msg_tsync msg;
	uint32_t number, expected = *last + 1;
	int ret = build_probe(link, expected, payload);

	if (!ret)
		ret = link_recv(link, &msg, LINK_MSG_MS);
	if (ret)
		return ret;
	if (strcmp(msg.proto, PTP_NAME))
		return -EPROTO;
	if (msg.id == PTP_END)
		return 0;
	if (msg.id != PTP_PROBE)
		return -EPROTO;
	ret = ptp_probe_parse(msg.data, msg.len, &number);
	if (ret)
		return ret;
	/* strictly ascending and at most PTP_PROBES: so there is an end, too */
	if (number < expected)
		return -EPROTO;
	clock_stamp(&link->clock, SERIES_CLIENT, number);
	if (number != expected)
		ret = build_probe(link, number, payload);
	if (!ret)
		ret = link_send_built(link);
	*last = number;
	return ret ? ret : 1;
}

static int host_probes(struct tsync_link *link)
{
	_cleanup_buf_ struct buf payload = BUF_INIT;
	uint32_t last = 0;
	int ret;

	do {
		ret = host_probe(link, &last, &payload);
	} while (ret > 0);
	link->spin = false;
	return ret;
}

static int host_send_list(struct tsync_link *link)
{
	struct ptp_list list;
	int ret = clock_collect(&link->clock);

	if (ret)
		log_debug("tsync: reading back the markers: %s", strerror(-ret));
	series_to_client_list(&link->series, &list);
	return send_list(link, &list);
}

static int host_recv_offset(struct tsync_link *link, struct ptp_offset *ret_offset)
{
	struct msg_tsync msg;
	int ret = link_expect(link, PTP_NAME, PTP_OFFSET, LINK_MSG_MS, &msg);

	return ret ? ret : ptp_offset_parse(msg.data, msg.len, ret_offset);
}

/*
 * Whether an offset can be true by what the host has seen itself: the sample's
 * time, in host time, lies between the first and the last probe's arrival.
 */
static bool plausible(const struct series *s, const struct ptp_offset *o)
{
	int64_t first = INT64_MAX, last = INT64_MIN, host_time;
	unsigned int i;

	if (__builtin_add_overflow(o->time, o->offset, &host_time))
		return false;
	for (i = 0; i < PTP_PROBES; i++) {
		const struct probe *p = &s->probe[i];

		if (!(p->have & (1 << SERIES_CLIENT)))
			continue;
		if (p->time[SERIES_CLIENT] < first)
			first = p->time[SERIES_CLIENT];
		if (p->time[SERIES_CLIENT] > last)
			last = p->time[SERIES_CLIENT];
	}
	return host_time >= first && host_time <= last;
}

/*
 * Whether an offset agrees with the stamps it was made of: within the bounds
 * of causality, give or take what a single probe of the estimator's choice
 * may be off from the truth, half its response.
 */
static bool consistent(const struct estimate *est, int64_t offset)
{
	int64_t lo = est->lo < est->hi ? est->lo : est->hi;
	int64_t hi = est->lo < est->hi ? est->hi : est->lo;
	int64_t slack = est->response / 2 + 1;

	return (__int128)offset >= (__int128)lo - slack && (__int128)offset <= (__int128)hi + slack;
}

/* What each good probe makes sure. 0; -ENOMEM. */
static int host_bounds(struct tsync_link *link)
{
	int ret = 0;
	unsigned int i;

	for (i = 0; i < PTP_PROBES && !ret; i++) {
		const struct probe *p = &link->series.probe[i];
		struct bound up = { .source = BOUND_PTP, .upper = true };
		struct bound low = { .source = BOUND_PTP };
		struct probe_view v;

		if (!probe_view(p, &v))
			continue;
		up.time = p->time[SERIES_SEND];
		up.value = v.hi;
		low.time = p->time[SERIES_RECEIVE];
		low.value = v.lo;
		ret = bounds_add(&link->bounds, &up);
		if (!ret)
			ret = bounds_add(&link->bounds, &low);
	}
	return ret;
}

/* The host's stamp of the probe that a guest has chosen, and those around it. False if one is missing. */
static bool find_chosen(const struct series *s, int64_t client, int64_t *ret_before,
			int64_t *ret_after)
{
	unsigned int i;

	for (i = 1; i + 1 < PTP_PROBES; i++) {
		const struct probe *p = &s->probe[i];
		unsigned int have = p[-1].have & p[0].have & p[1].have;

		if (!(have & (1 << SERIES_CLIENT)) || p->time[SERIES_CLIENT] != client)
			continue;
		*ret_before = p[-1].time[SERIES_CLIENT];
		*ret_after = p[1].time[SERIES_CLIENT];
		return *ret_before <= client && client <= *ret_after;
	}
	return false;
}

/*
 * What is sure if the guest tells no more than its choice: that was the probe with C = time + offset.
 * The guest sent it after it had our answer to the one before, and had our
 * answer before it sent the next one, so that R - S <= C[k+1] - C[k-1], and theta is no
 * farther from the offset than half of that. The bound is in host time, and rates
 * differ by less than a sixteenth. 0; -ENOMEM.
 */
static int host_bounds_of_offset(struct tsync_link *link, const struct ptp_offset *o)
{
	struct bound up = { .source = BOUND_PTP, .upper = true, .time = o->time };
	struct bound low = { .source = BOUND_PTP, .time = o->time };
	int64_t client, before, after, half;
	int ret;

	if (__builtin_add_overflow(o->time, o->offset, &client) ||
	    !find_chosen(&link->series, client, &before, &after) ||
	    __builtin_sub_overflow(after, before, &half) || half > INT64_MAX / 4)
		return 0;
	half = half / 2 + half / 32 + 2;
	if (__builtin_add_overflow(o->offset, half, &up.value) ||
	    __builtin_sub_overflow(o->offset, half, &low.value))
		return 0;
	ret = bounds_add(&link->bounds, &up);
	return ret ? ret : bounds_add(&link->bounds, &low);
}

/* With the guest's stamps, too, the offset is our own reckoning. 0; -EAGAIN; -errno. */
static int host_take_report(struct tsync_link *link, uint32_t flags, struct ptp_offset *offset,
			    struct estimate *ret_est)
{
	struct estimate est;
	struct ptp_list list;
	int ret = recv_list(link, &list);

	if (ret)
		return ret;
	if (list.count != PTP_SLOTS)
		return -EPROTO;
	series_take_report(&link->series, &list);
	if (estimate_series(&link->series, flags, &est))
		return -EAGAIN;
	tsync_debug_round(&link->debug, &link->series, &est, flags);
	if (!consistent(&est, offset->offset)) {
		log_debug("tsync: series %" PRIu32 ": offset %" PRId64 " refused, the stamps say %"
			  PRId64, link->series.id, offset->offset, est.offset);
		return -EAGAIN;
	}
	offset->time = est.time;
	offset->offset = est.offset;
	*ret_est = est;
	return host_bounds(link);
}

static int host_result(struct tsync_link *link, uint32_t flags, struct tsync_result *ret_result)
{
	struct estimate est = { .response = -1 };
	struct ptp_offset offset;
	bool none;
	int ret = host_recv_offset(link, &offset);

	if (ret)
		return ret;
	/* a guest without a result says time 0; an offset of 0 is one as good as any */
	none = !offset.time;
	if (link->conf->report)
		ret = host_take_report(link, flags, &offset, &est);
	if (ret || none)
		return ret ? ret : -EAGAIN;
	if (!plausible(&link->series, &offset)) {
		log_debug("tsync: series %" PRIu32 ": offset %" PRId64 " at %" PRId64
			  " refused, it is not of this round", link->series.id, offset.offset,
			  offset.time);
		return -EAGAIN;
	}
	ret_result->time = offset.time;
	ret_result->offset = offset.offset;
	ret_result->response = est.response;
	return link->conf->report ? 0 : host_bounds_of_offset(link, &offset);
}

static int ptp_host_round(struct tsync_link *link, struct tsync_result *ret_result)
{
	uint32_t flags = 0;
	int ret = host_start(link, &flags);

	if (!ret)
		ret = host_probes(link);
	if (!ret)
		ret = host_send_list(link);
	return ret ? ret : host_result(link, flags, ret_result);
}

/* --- the plugin ----------------------------------------------------------- */

/* All clocks but the one that does not tell time: it counts events. */
static bool ptp_usable(const char *clock)
{
	return !clock || strcmp(clock, "counter");
}

/* Before anything is sent: what the flags need must be there. */
static int ptp_prepare(struct tsync_link *link)
{
	uint32_t flags = flags_of(link->conf);

	if (flags & ~(FLAGS_KNOWN | TSYNC_PTP_BOUNDS))
		return err_set(&link->err, -EINVAL, "unknown ptp flags 0x%" PRIx32, flags);
	return clock_select(&link->clock, flags & PTP_FLAG_USE_MARKER, &link->err);
}

const struct tsync_proto tsync_proto_ptp = {
	.name = PTP_NAME,
	.accuracy = 6000,
	.roles = TSYNC_ROLE_HOST | TSYNC_ROLE_GUEST | TSYNC_ROLE_CLIENT | TSYNC_ROLE_SERVER,
	.usable = ptp_usable,
	.flags = TIMESHIFT_FL_INTERPOLATE,
	.prepare = ptp_prepare,
	.host_round = ptp_host_round,
	.guest_round = ptp_guest_round,
};
