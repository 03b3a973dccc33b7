/*
 * packets.c - see packets.h. Layer 5, pure.
 */
#include <errno.h>
#include <stdlib.h>

#include "clocks/packets.h"

#define SHIFT_MAX	256	/* packets that only one machine has seen, at the beginning */
#define OVERLAP_MIN	8	/* packets that prove a shift */
#define CHANGES_MIN	3	/* of the length, between them: equal ones prove nothing */

void packets_release(struct packets *p)
{
	free(p->at);
	*p = (struct packets){ 0 };
}

int packets_add(struct packets *p, const struct packet *one)
{
	if (p->count == p->alloc) {
		size_t alloc = p->alloc ? p->alloc * 2 : 256;
		struct packet *at = reallocarray(p->at, alloc, sizeof(*at));

		if (!at)
			return -ENOMEM;
		p->at = at;
		p->alloc = alloc;
	}
	p->at[p->count++] = *one;
	return 0;
}

/* By stream and direction. */
static int stream_order(const struct packet *a, const struct packet *b)
{
	if (a->src_cid != b->src_cid)
		return a->src_cid < b->src_cid ? -1 : 1;
	if (a->dst_cid != b->dst_cid)
		return a->dst_cid < b->dst_cid ? -1 : 1;
	if (a->src_port != b->src_port)
		return a->src_port < b->src_port ? -1 : 1;
	if (a->dst_port != b->dst_port)
		return a->dst_port < b->dst_port ? -1 : 1;
	return 0;
}

/* What was sent before what was received; streams; time. */
static int by_stream(const void *x, const void *y)
{
	const struct packet *a = x, *b = y;
	int order;

	if (a->received != b->received)
		return a->received ? 1 : -1;
	order = stream_order(a, b);
	if (order)
		return order;
	return a->time < b->time ? -1 : a->time > b->time;
}

/* Packets of one stream, one after the other. */
struct run {
	const struct packet *at;
	long count;
};

/* The stream that begins at @i; empty behind the last one of that direction. */
static struct run run_at(const struct packets *p, size_t i, bool received)
{
	struct run r = { .at = p->at + i };

	while (i < p->count && p->at[i].received == received && !stream_order(r.at, &p->at[i])) {
		r.count++;
		i++;
	}
	return r;
}

static size_t first_received(const struct packets *p)
{
	size_t i = 0;

	while (i < p->count && !p->at[i].received)
		i++;
	return i;
}

/* Does the packet sent as number i + @shift have the length of the i-th one received, always? */
static bool shift_fits(const struct run *s, const struct run *r, long shift)
{
	long i = shift < 0 ? -shift : 0, first = i, changes = 0;

	for (; i < r->count && i + shift < s->count; i++) {
		if (s->at[i + shift].len != r->at[i].len)
			return false;
		changes += i > first && r->at[i].len != r->at[i - 1].len;
	}
	return i - first >= OVERLAP_MIN && changes >= CHANGES_MIN;
}

/* The only one that fits. */
static bool find_shift(const struct run *s, const struct run *r, long *ret)
{
	unsigned int found = 0;
	long shift;

	for (shift = -SHIFT_MAX; shift <= SHIFT_MAX && found < 2; shift++) {
		if (!shift_fits(s, r, shift))
			continue;
		*ret = shift;
		found++;
	}
	return found == 1;
}

static int pair_run(const struct run *s, const struct run *r, packets_fn fn, void *data)
{
	long shift, i;
	int ret = 0;

	if (!find_shift(s, r, &shift))
		return 0;
	for (i = shift < 0 ? -shift : 0; i < r->count && i + shift < s->count && !ret; i++)
		ret = fn(data, &s->at[i + shift], &r->at[i]);
	return ret;
}

int packets_pair(struct packets *sent, struct packets *received, packets_fn fn, void *data)
{
	size_t i = 0, k;
	int ret = 0;

	if (!sent->count || !received->count)
		return 0;
	qsort(sent->at, sent->count, sizeof(*sent->at), by_stream);
	qsort(received->at, received->count, sizeof(*received->at), by_stream);
	k = first_received(received);
	while (!ret && i < sent->count && !sent->at[i].received && k < received->count) {
		struct run s = run_at(sent, i, false), r = run_at(received, k, true);
		int order = stream_order(s.at, r.at);

		if (!order)
			ret = pair_run(&s, &r, fn, data);
		if (order <= 0)
			i += s.count;
		if (order >= 0)
			k += r.count;
	}
	return ret;
}
