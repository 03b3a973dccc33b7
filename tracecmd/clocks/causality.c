/*
 * causality.c - see causality.h. Layer 5, pure.
 *
 * Sums of clock readings are taken modulo 2^64 and compared by their differences: what lies
 * farther apart than 2^63 units is no trace.
 */
#include "clocks/causality.h"

void causality_init(struct causality *c)
{
	*c = (struct causality){ .slack_lo = INT64_MIN, .slack_hi = INT64_MAX };
}

void causality_add(struct causality *to, const struct causality *from)
{
	to->checked += from->checked;
	to->violated += from->violated;
	to->refuted += from->refuted;
	to->packets += from->packets;
	to->packets_violated += from->packets_violated;
	if (from->deepest > to->deepest)
		to->deepest = from->deepest;
	if (from->slack_lo > to->slack_lo)
		to->slack_lo = from->slack_lo;
	if (from->slack_hi < to->slack_hi)
		to->slack_hi = from->slack_hi;
}

static int64_t sum(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t difference(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

/* theta may still rise to @hi and fall to @lo (<= 0) from what is used. */
static void narrow_slack(struct causality *c, int64_t lo, int64_t hi)
{
	if (lo > c->slack_lo)
		c->slack_lo = lo;
	if (hi < c->slack_hi)
		c->slack_hi = hi;
}

/* An event in @gap at host time @at. */
static void violated(struct causality *c, const struct gap *gap, int64_t at)
{
	int64_t up = difference(gap->entry, at), down = difference(at, gap->exit);
	int64_t depth = up < down ? up : down;

	c->violated++;
	if (depth > c->deepest)
		c->deepest = depth;
}

static int add_bound(struct bounds *to, enum bound_source source, bool upper, int64_t time,
		     int64_t value, int guest_cpu)
{
	struct bound b = {
		.time = time, .value = value, .guest_cpu = guest_cpu, .host_cpu = -1,
		.source = source, .upper = upper,
	};

	return to ? bounds_add(to, &b) : 0;
}

/*
 * The first gap that ends after the event's earliest time began before it: so the event
 * is behind that gap. The last one that begins before its latest time ends after it: so
 * the event is before that gap. Both: there is no time left for it.
 */
static int event_bounds(struct causality *c, const struct gaps *g, size_t first, int64_t time,
			const struct theta *t, int guest_cpu, struct bounds *ret)
{
	int64_t earliest = sum(time, t->lo), latest = sum(time, t->hi);
	const struct gap *after = NULL, *before = NULL;
	size_t last;
	int err = 0;

	if (g->at[first].exit < earliest)
		after = &g->at[first];
	last = gaps_find(g, first, latest);
	if (last < g->count && g->at[last].exit < latest)
		before = &g->at[last];
	if (after && before && after == before) {
		c->refuted++;
		return 0;
	}
	if (after)
		err = add_bound(ret, BOUND_WINDOW, false, time, difference(after->entry, time),
				guest_cpu);
	if (before && !err)
		err = add_bound(ret, BOUND_WINDOW, true, time, difference(before->exit, time),
				guest_cpu);
	return err;
}

int causality_event(struct causality *c, const struct gaps *g, size_t *cursor, int64_t time,
		    const struct theta *theta, int guest_cpu, struct bounds *ret_bounds)
{
	int64_t at = sum(time, theta->mid);
	int64_t earliest = theta->bounded ? sum(time, theta->lo) : at;
	const struct gap *gap;
	size_t i;

	if (!g->count)
		return 0;
	/* bounds may widen from event to event, and in a file that someone made up by as much as there is */
	if (*cursor && g->at[*cursor - 1].entry > earliest)
		*cursor = 0;
	*cursor = gaps_find(g, *cursor, earliest);
	i = gaps_find(g, *cursor, at);
	/* outside of the time that gaps are known for nothing can be said */
	if (i == g->count || (!i && g->at[0].exit >= at))
		return 0;
	c->checked++;
	gap = &g->at[i];
	if (gap->exit < at)
		violated(c, gap, at);
	else
		narrow_slack(c, difference(g->at[i - 1].entry, at), difference(gap->exit, at));
	if (!theta->bounded || *cursor == g->count)
		return 0;
	return event_bounds(c, g, *cursor, time, theta, guest_cpu, ret_bounds);
}

int causality_packet(struct causality *c, bool guest_sent, int64_t sent, int64_t received,
		     const struct theta *theta, struct bounds *ret_bounds)
{
	int64_t guest = guest_sent ? sent : received;
	/* theta of a packet that took no time */
	int64_t value = guest_sent ? difference(received, sent) : difference(sent, received);
	int64_t room = difference(value, theta->mid);
	int64_t deep = guest_sent ? -room : room;

	c->packets++;
	if (deep > 0) {
		c->packets_violated++;
		if (deep > c->deepest)
			c->deepest = deep;
	} else if (guest_sent) {
		narrow_slack(c, INT64_MIN, room);
	} else {
		narrow_slack(c, room, INT64_MAX);
	}
	return add_bound(ret_bounds, BOUND_VSOCK, guest_sent, guest, value, -1);
}
