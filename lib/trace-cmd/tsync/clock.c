/*
 * clock.c - see clock.h. Layer 4.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "tsync/clock.h"
#include "tsync/direct.h"
#include "tsync/tsync.h"

/* Markers written before a round so that its first ones find code and buffers warm. */
#define WARM_UP 8

void clock_init(struct tsync_clock *c, const struct tsync_conf *conf, enum series_field received)
{
	*c = (struct tsync_clock){ .conf = conf, .received = received, .claim_fd = -1 };
	if (conf->own_made)
		c->claim_fd = sync_instance_hold(conf->tracing_dir, conf->own_id);
	c->held = c->claim_fd >= 0;
}

void clock_release(struct tsync_clock *c)
{
	if (c->inst)
		sync_instance_close(c->inst);
	else if (c->conf)
		/* the caller picked an id, but no marker was ever wanted */
		tsync_drop_id(c->conf->tracing_dir, c->conf->own_id);
	if (c->held)
		fd_close(&c->claim_fd);
	*c = (struct tsync_clock){ 0 };
}

int clock_select(struct tsync_clock *c, bool marker, struct err *err)
{
	const char *clock = c->conf->clock;

	if (!marker && (!clock || strcmp(clock, "mono_raw")))
		return err_set(err, -EINVAL,
			       "time synchronisation without markers goes by CLOCK_MONOTONIC_RAW,\n"
			       "but the trace clock is %s: use -C mono_raw",
			       clock ? clock : "not known");
	if (!marker && direct_shifted(CLOCK_MONOTONIC_RAW))
		return err_set(err, -EINVAL,
			       "time synchronisation without markers does not work in a time namespace");
	if (marker && !c->inst) {
		int ret = sync_instance_open(c->conf->tracing_dir, c->conf->own_id, clock,
					     c->conf->own_made, &c->claim_fd, &c->inst, err);

		if (ret)
			return ret;
	}
	c->marker = marker;
	return 0;
}

static int64_t raw_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

void clock_begin(struct tsync_clock *c, struct series *series)
{
	int i;

	c->series = series;
	c->error = 0;
	for (i = 0; i < WARM_UP; i++) {
		struct sync_mark none = { .series = series->id };

		if (c->marker)
			sync_instance_mark(c->inst, &none);
		else
			raw_now_ns();
	}
	/* these, and what a round that failed has left */
	if (c->marker)
		sync_instance_drain(c->inst, NULL, NULL);
}

void clock_stamp(struct tsync_clock *c, enum series_field field, uint32_t number)
{
	struct sync_mark mark = {
		.series = c->series->id,
		.own_id = c->conf->own_id,
		.peer_id = c->conf->peer_id,
		.number = number,
		.kind = field == SERIES_SEND ? 's' : 'r',
	};
	int ret;

	if (c->marker)
		ret = sync_instance_mark(c->inst, &mark);
	else
		ret = series_set(c->series, field, number, raw_now_ns());
	if (ret && !c->error)
		c->error = ret;
}

/* Take a marker of this round; foreign ones are none of our business. */
static void take_mark(const struct sync_mark *mark, int64_t time, void *data)
{
	struct tsync_clock *c = data;

	if (mark->series != c->series->id || mark->own_id != c->conf->own_id ||
	    mark->peer_id != c->conf->peer_id)
		return;
	if (mark->kind == 's' && c->received == SERIES_RECEIVE)
		series_set(c->series, SERIES_SEND, mark->number, time);
	else if (mark->kind == 'r')
		series_set(c->series, c->received, mark->number, time);
}

int clock_collect(struct tsync_clock *c)
{
	if (c->error)
		log_debug("tsync: stamps failed: %s", strerror(-c->error));
	return c->marker ? sync_instance_drain(c->inst, take_mark, c) : 0;
}
