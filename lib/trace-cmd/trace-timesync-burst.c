/*
 * trace-timesync-burst.c - plugin "burst": the clock offset from four stamps a probe, by
 * two ends that do not sleep.
 *
 * Layer 4. A round, once the loop's PROBE has been sent:
 *
 *   host                               guest
 *   BEGIN series, probes, time     ->
 *                                  <-  READY series, flags
 *                                      n = 1, 2, ...
 *   h1                             <-  s, packet PROBE n: s and r of n - 1
 *   h2, packet ECHO n              ->  r                   ... until the host says
 *   h2, packet LAST n              ->  r
 *                                  <-  packet END: s and r of n
 *                                  <-  STAMPS              if READY announced them
 *
 * The host decides how long it goes on, as it sees all stamps. Where the
 * trace clock cannot be read but by markers, the stamps in the packets are of
 * CLOCK_MONOTONIC_RAW and only help to decide that; those that count
 * are known when the burst is over: the guest's come as STAMPS. They are made of the former
 * by markers before the burst and behind it (bridge.h), or if the clock does not allow that, are markers each.
 * A stamp is taken right after receiving, before anything is looked at, and right before sending.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/timearith.h"
#include "tsync/burst-link.h"
#include "tsync/registry.h"

#define CHECK_PROBES	32
/* The markers of more would not fit the instance's buffer. */
#define MARKER_PROBES	512
#define LIMIT_US	30000
/* Where that is not even time for so many probes (an emulated machine, a long way): this much more. */
#define LEAST_PROBES	32
#define MORE_NS		200000000
#define PAUSE_NS	2000
#define PAUSES		8	/* of different length */
/* Bursts in a row whose probes contradict each other. A clock may step in one. */
#define STEPS_MAX	3

static int send_msg(struct tsync_link *link, enum burst_msg id, const struct buf *payload)
{
	return payload->error ? payload->error :
	       link_send(link, BURST_NAME, id, payload->data, payload->len);
}

/* --- guest ---------------------------------------------------------------------- */

/*
 * The host may still be returning from sending when the next probe comes, and would then see it late;
 * while for its answer we are always ready. Give it the time, and not always the same.
 */
static void pause_before(unsigned int number)
{
	int64_t end_ns = mono_now_ns() + PAUSE_NS + number % PAUSES * (PAUSE_NS / PAUSES);

	while (mono_now_ns() < end_ns)
		;
}

/* Probe @number; *@p has the stamps of the one before, and then its own. 1: go on; 0: the last; -errno. */
static int guest_probe(struct tsync_link *link, unsigned int number, struct burst_packet *p)
{
	struct burst_packet echo;
	int ret;

	p->kind = BURST_PROBE;
	p->number = number;
	pause_before(number);
	ret = burst_send(link, p, BURST_SEND, &p->send);
	if (!ret)
		ret = burst_recv(link, number, BURST_RECEIVE, &echo, &p->receive);
	if (ret)
		return ret;
	if (echo.number != number || (echo.kind != BURST_ECHO && echo.kind != BURST_LAST))
		return -EPROTO;
	return echo.kind == BURST_ECHO;
}

static int guest_burst(struct tsync_link *link, const struct burst_begin *begun)
{
	struct burst_packet p = { .series = begun->series };
	struct burst_state *b = link->state;
	int ret;

	do {
		/* a host that will not say LAST */
		if (b->nr >= begun->probes)
			return -EPROTO;
		ret = guest_probe(link, ++b->nr, &p);
	} while (ret > 0);
	if (ret)
		return ret;
	p.kind = BURST_END;
	return burst_send(link, &p, BURST_SEND, NULL);
}

/* Fill in the message with the stamps from probe @first on. */
static void fill_stamps(const struct burst_state *b, unsigned int first, struct burst_stamps *m)
{
	unsigned int i;

	m->series = b->series;
	m->first = first;
	m->count = b->nr + 1 - first;
	if (m->count > BURST_STAMPS_MAX)
		m->count = BURST_STAMPS_MAX;
	for (i = 0; i < m->count; i++) {
		const struct burst_probe *p = &b->probe[first - 1 + i];

		m->send[i] = p->have & (1 << BURST_SEND) ? p->time[BURST_SEND] : BURST_NO_STAMP;
		m->receive[i] = p->have & (1 << BURST_RECEIVE) ? p->time[BURST_RECEIVE] :
				BURST_NO_STAMP;
	}
}

static int guest_send_stamps(struct tsync_link *link)
{
	_cleanup_buf_ struct buf payload = BUF_INIT;
	struct burst_state *b = link->state;
	unsigned int first;
	int ret = 0;

	/* stamps that are not to be had are said to be none */
	burst_collect(link);
	for (first = 1; first <= b->nr && !ret; first += BURST_STAMPS_MAX) {
		fill_stamps(b, first, &b->stamps);
		buf_reset(&payload);
		burst_stamps_put(&payload, &b->stamps);
		ret = send_msg(link, BURST_STAMPS, &payload);
	}
	return ret;
}

static int guest_ready(struct tsync_link *link, struct burst_begin *ret_begun)
{
	_cleanup_buf_ struct buf payload = BUF_INIT;
	struct burst_state *b = link->state;
	struct burst_ready ready;
	struct msg_tsync msg;
	int ret = link_expect(link, BURST_NAME, BURST_BEGIN, LINK_START_MS, &msg);

	if (!ret)
		ret = burst_begin_parse(msg.data, msg.len, ret_begun);
	/* packets are read past the channel */
	if (!ret && !channel_is_empty(&link->ch))
		ret = -EPROTO;
	if (ret)
		return ret;
	burst_round_begin(link, ret_begun->series);
	ready.series = ret_begun->series;
	ready.flags = b->marker ? BURST_FL_STAMPS : 0;
	burst_ready_put(&payload, &ready);
	return send_msg(link, BURST_READY, &payload);
}

static int burst_guest_round(struct tsync_link *link)
{
	struct burst_state *b = link->state;
	struct burst_begin begun;
	int ret = guest_ready(link, &begun);

	if (!ret)
		ret = guest_burst(link, &begun);
	burst_round_end(link);
	if (!ret && b->marker)
		ret = guest_send_stamps(link);
	return ret;
}

/* --- host ------------------------------------------------------------------------- */

/*
 * Bursts with several guests at a time would disturb each other, so they take turns. It is a courtesy only:
 * who has waited this long goes ahead, so that no guest holds up the others.
 */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
#define TURN_MS 100

/* Whether it is ours, to be given back. */
static bool take_turn(void)
{
	struct deadline d = deadline_in_ms(TURN_MS);
	struct timespec ts = {
		.tv_sec = d.at_ns / 1000000000,
		.tv_nsec = d.at_ns % 1000000000,
	};

	return !pthread_mutex_clocklock(&turn, CLOCK_MONOTONIC, &ts);
}

static int host_begin(struct tsync_link *link, struct burst_begin *begun,
		      struct burst_ready *ret_ready)
{
	_cleanup_buf_ struct buf payload = BUF_INIT;
	struct burst_state *b = link->state;
	struct msg_tsync msg;
	int ret;

	begun->series = link->rounds;
	begun->probes = link->check ? CHECK_PROBES : b->marker && !b->bridged ? MARKER_PROBES :
			BURST_PROBES;
	begun->limit_us = link->limit_us > 0 && link->limit_us < LIMIT_US ? link->limit_us :
			  LIMIT_US;
	burst_begin_put(&payload, begun);
	ret = send_msg(link, BURST_BEGIN, &payload);
	if (!ret)
		ret = link_expect(link, BURST_NAME, BURST_READY, LINK_START_MS, &msg);
	if (!ret)
		ret = burst_ready_parse(msg.data, msg.len, ret_ready);
	if (!ret && ret_ready->series != begun->series)
		ret = -EPROTO;
	return ret;
}

/* The guest's stamps of the last probe complete it. 0; -ERANGE. */
static int host_complete(struct tsync_link *link, const struct burst_ready *ready,
			 const struct burst_packet *p)
{
	struct burst_state *b = link->state;

	if (!b->nr)
		return 0;
	b->last.time[BURST_SEND] = p->send;
	b->last.time[BURST_RECEIVE] = p->receive;
	b->last.have |= 1 << BURST_SEND | 1 << BURST_RECEIVE;
	if (!(ready->flags & BURST_FL_STAMPS)) {
		burst_note(b, b->nr, BURST_SEND, p->send);
		burst_note(b, b->nr, BURST_RECEIVE, p->receive);
	}
	return burst_sum_add(&b->sum, &b->last, 0);
}

/* Whether probe @number is to be the last one. */
static bool is_last(struct burst_state *b, const struct burst_begin *begun, unsigned int number,
		    int64_t end_ns)
{
	bool block_end = b->sum.probes >= BURST_WARM_UP &&
			 !((b->sum.probes - BURST_WARM_UP) % BURST_BLOCK);

	if (number < LEAST_PROBES)
		end_ns += MORE_NS;
	return number >= begun->probes || mono_now_ns() >= end_ns ||
	       (block_end && burst_sum_enough(&b->sum, b->direct.per_us));
}

/* 1: go on; 0: END has come; -errno. */
static int host_probe(struct tsync_link *link, const struct burst_begin *begun,
		      const struct burst_ready *ready, int64_t end_ns)
{
	struct burst_state *b = link->state;
	unsigned int number = b->nr + 1;
	struct burst_packet p, echo = { .kind = BURST_ECHO, .series = b->series };
	int64_t arrive;
	int ret = burst_recv(link, number, BURST_ARRIVE, &p, &arrive);

	if (ret)
		return ret;
	if (p.kind != BURST_PROBE || p.number != number)
		return -EPROTO;
	ret = host_complete(link, ready, &p);
	if (ret)
		return ret;
	b->nr = number;
	b->last = (struct burst_probe){ .have = 1 << BURST_ARRIVE | 1 << BURST_ANSWER };
	b->last.time[BURST_ARRIVE] = arrive;
	echo.number = number;
	if (is_last(b, begun, number, end_ns))
		echo.kind = BURST_LAST;
	ret = burst_send(link, &echo, BURST_ANSWER, &b->last.time[BURST_ANSWER]);
	return ret ? ret : echo.kind == BURST_ECHO;
}

static int host_burst(struct tsync_link *link, const struct burst_begin *begun,
		      const struct burst_ready *ready)
{
	int64_t end_ns = mono_now_ns() + begun->limit_us * 1000LL, when;
	struct burst_state *b = link->state;
	struct burst_packet p;
	int ret;

	do {
		ret = host_probe(link, begun, ready, end_ns);
	} while (ret > 0);
	/* the stamp of END is of no probe */
	if (!ret)
		ret = burst_recv(link, 0, BURST_ARRIVE, &p, &when);
	if (!ret && (p.kind != BURST_END || p.number != b->nr))
		ret = -EPROTO;
	return ret ? ret : host_complete(link, ready, &p);
}

static void take_stamps(struct burst_state *b, const struct burst_stamps *m)
{
	unsigned int i;

	for (i = 0; i < m->count; i++) {
		if (m->send[i] != BURST_NO_STAMP)
			burst_note(b, m->first + i, BURST_SEND, m->send[i]);
		if (m->receive[i] != BURST_NO_STAMP)
			burst_note(b, m->first + i, BURST_RECEIVE, m->receive[i]);
	}
}

/* The guest's stamps of all probes, in order. */
static int host_recv_stamps(struct tsync_link *link)
{
	struct burst_state *b = link->state;
	unsigned int next = 1;

	while (next <= b->nr) {
		struct burst_stamps *m = &b->stamps;
		struct msg_tsync msg;
		int ret = link_expect(link, BURST_NAME, BURST_STAMPS, LINK_MSG_MS, &msg);

		if (!ret)
			ret = burst_stamps_parse(msg.data, msg.len, m);
		if (ret)
			return ret;
		if (m->series != b->series || m->first != next || m->count > b->nr + 1 - next)
			return -EPROTO;
		take_stamps(b, m);
		next += m->count;
	}
	return 0;
}

/* What our stamps and the guest's may be off from the trace clock, in all. */
static int64_t epsilon(const struct tsync_link *link, const struct burst_ready *ready)
{
	const struct burst_state *b = link->state;
	bool guest_direct = !(ready->flags & BURST_FL_STAMPS);

	return (b->marker ? 0 : b->direct.epsilon) +
	       (guest_direct ? direct_epsilon(link->conf->clock) : 0);
}

/* The middles of its probes on either side, for who wants to see them. */
static void debug_burst(struct tsync_link *link, const struct burst_outcome *o)
{
	struct burst_state *b = link->state;
	struct debug_point points[BURST_PROBES];
	unsigned int i, n = 0;

	if (!tsync_debug_wanted(&link->debug))
		return;
	for (i = 0; i < b->nr; i++) {
		const int64_t *t = b->probe[i].time;

		if (b->probe[i].have != (1 << BURST_FIELDS) - 1)
			continue;
		points[n].midpoint = midpoint_s64(t[BURST_SEND], t[BURST_RECEIVE]);
		points[n].client = midpoint_s64(t[BURST_ARRIVE], t[BURST_ANSWER]);
		/* only to be looked at: it may be any two clocks' */
		points[n].offset = (int64_t)((uint64_t)points[n].client - points[n].midpoint);
		n++;
	}
	tsync_debug_points(&link->debug, b->series, points, n, o->offset, o->time);
}

/*
 * A burst without an offset. -EAGAIN; -EOPNOTSUPP: it looks as if one clock was much faster than the other
 * (TSCs of different machines, or scaled ones), which is for protocols with an offset from each probe.
 */
static int no_offset(struct tsync_link *link, int error)
{
	struct burst_state *b = link->state;

	log_debug("tsync: burst %" PRIu32 " of %u probes: %s", b->series, b->nr,
		  error == -ESTALE ? "a clock stepped" : strerror(-error));
	b->steps = error == -ESTALE ? b->steps + 1 : 0;
	if (b->steps < STEPS_MAX || !link->conf->fallback[0])
		return -EAGAIN;
	return err_set(&link->err, -EOPNOTSUPP, "the clocks run at different rates");
}

static int host_result(struct tsync_link *link, const struct burst_ready *ready,
		       struct tsync_result *ret_result)
{
	struct burst_state *b = link->state;
	int64_t eps = epsilon(link, ready);
	struct burst_outcome o;
	int ret = burst_outcome(b->probe, b->nr, eps, &o);

	if (ret)
		return no_offset(link, ret);
	b->steps = 0;
	log_debug("tsync: burst %" PRIu32 ": offset %" PRId64 ", in [%" PRId64 ", %" PRId64
		  "], %u probes, fastest %" PRId64 ", %u slept for, %u moves", b->series, o.offset,
		  o.lo, o.hi, o.probes, o.response, b->spin.slept, b->spin.moves);
	debug_burst(link, &o);
	ret_result->time = o.time;
	ret_result->offset = o.offset;
	ret_result->response = o.response;
	return burst_bounds(b->probe, b->nr, eps, &link->bounds);
}

static int host_round(struct tsync_link *link, struct tsync_result *ret_result)
{
	struct burst_begin begun;
	struct burst_ready ready;
	int ret = host_begin(link, &begun, &ready);

	if (ret)
		return ret;
	if (!channel_is_empty(&link->ch))
		return -EPROTO;
	burst_round_begin(link, begun.series);
	ret = host_burst(link, &begun, &ready);
	burst_round_end(link);
	if (!ret && ready.flags & BURST_FL_STAMPS)
		ret = host_recv_stamps(link);
	/* both ends are in step, whatever the times are */
	if (ret == -ERANGE)
		return -EPROTO;
	if (ret)
		return ret;
	ret = burst_collect(link);
	return ret ? no_offset(link, ret) : host_result(link, &ready, ret_result);
}

static int burst_host_round(struct tsync_link *link, struct tsync_result *ret_result)
{
	bool ours = take_turn();
	int ret = host_round(link, ret_result);

	if (ours)
		pthread_mutex_unlock(&turn);
	return ret;
}

/* --- the plugin ---------------------------------------------------------------------- */

/* Not counter, which counts events, nor uptime, which counts ticks of milliseconds. */
static bool burst_usable(const char *clock)
{
	return !clock || (strcmp(clock, "counter") && strcmp(clock, "uptime"));
}

static int burst_prepare(struct tsync_link *link)
{
	struct burst_state *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	link->state = b;
	/* a page fault would be part of a probe */
	if (mlock(b, sizeof(*b)))
		memset(b, 0, sizeof(*b));
	burst_link_init(link);
	direct_init(&b->direct, link->conf);
	b->marker = !b->direct.is_trace_clock;
	b->bridged = b->marker && direct_is_linear(link->conf->clock);
	return b->marker ? clock_select(&link->clock, true, &link->err) : 0;
}

static void burst_release(struct tsync_link *link)
{
	struct burst_state *b = link->state;

	if (!b)
		return;
	munlock(b, sizeof(*b));
	free(b);
}

static const struct tsync_pace burst_pace = {
	.first_ms = 45,
	.pass_ms = 30,
	.last_ms = 25,
	.settle_ms = 100,
	.interval_ms = 1000,
	.interval_max_ms = 10000,
};

const struct tsync_proto tsync_proto_burst = {
	.name = BURST_NAME,
	.accuracy = 3000,
	.roles = TSYNC_ROLE_HOST | TSYNC_ROLE_GUEST | TSYNC_ROLE_CLIENT | TSYNC_ROLE_SERVER,
	.usable = burst_usable,
	.flags = TIMESHIFT_FL_INTERPOLATE,
	.prepare = burst_prepare,
	.host_round = burst_host_round,
	.guest_round = burst_guest_round,
	.pace = &burst_pace,
	.release = burst_release,
};
