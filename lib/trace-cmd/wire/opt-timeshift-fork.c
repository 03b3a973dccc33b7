/*
 * opt-timeshift-fork.c - see opt-timeshift-fork.h. Layer 1, pure.
 *
 *   u64 peer id, u32 N, N x { s32 host CPU (-1 = any), u32 s, s samples of 16 bytes }
 *
 * We write a CPU's samples as s times followed by s offsets. Whether others wrote
 * that, or the offsets first, or pairs, is not documented, and all have the same
 * length. So a reader tries all four orders. One is possible if its times are
 * not negative and increase; of those the one holds whose offsets move least
 * while time goes by, for clocks drift by parts per million: read the wrong way,
 * the "offsets" move as fast as the time, or much faster. Without a second
 * sample anywhere there is nothing to compare, and our own order is assumed.
 */
#include <errno.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "wire/dat.h"
#include "wire/opt-timeshift-fork.h"

#define FORK_SAMPLE_LEN	16	/* time and offset, in some order */

/* An order: where sample k of s has its time and its offset, in 8-byte words. */
struct fork_order {
	bool pairs;
	bool offset_first;
};

/* The first one is what we write, and wins ties. */
static const struct fork_order fork_orders[] = {
	{ false, false }, { true, true }, { true, false }, { false, true },
};

/* Swap and interleave what was stored as times[], offsets[] into order @o. */
static struct timeshift_sample sample_in_order(const struct timeshift_cpu *cpu, uint32_t k,
					       struct fork_order o)
{
	uint32_t s = cpu->nr_samples;
	uint64_t first = o.pairs ? 2ull * k : k;
	uint64_t second = o.pairs ? first + 1 : (uint64_t)s + k;
	uint64_t time = o.offset_first ? second : first;
	uint64_t offset = o.offset_first ? first : second;
	struct timeshift_sample sample = { .scaling = 1 };

	/* the parser has put words 0..s-1 of the payload into time, the others into offset */
	sample.time = time < s ? cpu->samples[time].time : cpu->samples[time - s].offset;
	sample.offset = offset < s ? cpu->samples[offset].time : cpu->samples[offset - s].offset;
	return sample;
}

/* What is known of an order after looking at the samples. */
struct fork_score {
	long double time_moved, offset_moved;	/* clock units */
	bool impossible;
};

static void score_add(struct fork_score *score, const struct timeshift_sample *a,
		      const struct timeshift_sample *b, bool same_cpu)
{
	long double time = (long double)b->time - a->time;
	long double offset = (long double)b->offset - a->offset;

	if (same_cpu && time <= 0)
		score->impossible = true;
	score->time_moved += time < 0 ? -time : time;
	score->offset_moved += offset < 0 ? -offset : offset;
}

/*
 * Judge order @o. Samples of different CPUs are compared only if no CPU has
 * two: theirs were taken in turn, in no known order.
 */
static struct fork_score score_order(const struct timeshift *ts, struct fork_order o, bool across)
{
	struct fork_score score = { 0 };
	struct timeshift_sample last = { 0 };
	bool have_last = false;
	uint32_t i, k;

	for (i = 0; i < ts->nr_cpus; i++) {
		for (k = 0; k < ts->cpus[i].nr_samples; k++) {
			struct timeshift_sample now = sample_in_order(&ts->cpus[i], k, o);

			if (now.time < 0)
				score.impossible = true;
			if (have_last && (k || across))
				score_add(&score, &last, &now, k > 0);
			last = now;
			have_last = true;
		}
	}
	return score;
}

/* Whether @a is the likelier one: less movement of offsets per time, without dividing by it. */
static bool score_better(const struct fork_score *a, const struct fork_score *b)
{
	if (a->impossible || b->impossible)
		return !a->impossible && b->impossible;
	return a->offset_moved * b->time_moved < b->offset_moved * a->time_moved;
}

static struct fork_order order_find(const struct timeshift *ts)
{
	struct fork_order best = fork_orders[0];
	struct fork_score best_score;
	bool across = true;
	uint32_t i;

	for (i = 0; i < ts->nr_cpus; i++)
		if (ts->cpus[i].nr_samples > 1)
			across = false;
	best_score = score_order(ts, best, across);
	for (i = 1; i < ARRAY_SIZE(fork_orders); i++) {
		struct fork_score score = score_order(ts, fork_orders[i], across);

		if (score_better(&score, &best_score)) {
			best = fork_orders[i];
			best_score = score;
		}
	}
	return best;
}

/* Put one CPU's samples into the order found. */
static int cpu_reorder(struct timeshift_cpu *cpu, struct fork_order o)
{
	struct timeshift_cpu sorted = { .cpu = cpu->cpu };
	uint32_t k;

	if (!cpu->nr_samples)
		return 0;
	if (timeshift_reserve(&sorted, cpu->nr_samples))
		return -ENOMEM;
	for (k = 0; k < cpu->nr_samples; k++)
		sorted.samples[k] = sample_in_order(cpu, k, o);
	free(cpu->samples);
	*cpu = sorted;
	return 0;
}

static int cpu_parse(struct cursor *c, uint32_t min_count, int32_t after, struct timeshift_cpu *cpu)
{
	uint32_t n, k;

	cpu->cpu = cursor_s32(c);
	n = cursor_u32(c);
	/* ids are -1 (comes first) or increase */
	if (c->failed || cpu->cpu <= after || cpu->cpu >= DAT_CPU_LIMIT)
		return -EBADMSG;
	if (n < min_count || n > cursor_left(c) / FORK_SAMPLE_LEN)
		return -EBADMSG;
	if (timeshift_reserve(cpu, n))
		return -ENOMEM;
	for (k = 0; k < n; k++)
		cpu->samples[k].time = cursor_s64(c);
	for (k = 0; k < n; k++)
		cpu->samples[k].offset = cursor_s64(c);
	return 0;
}

int timeshift_fork_parse(struct cursor c, uint32_t min_count, struct timeshift *ts)
{
	uint64_t id = cursor_u64(&c);
	uint32_t i, n = cursor_u32(&c);
	struct fork_order order;
	int err;

	if (c.failed || !n || n > cursor_left(&c) / 8)
		return -EBADMSG;
	if (timeshift_init(ts, TIMESHIFT_FORK, n))
		return -ENOMEM;
	ts->peer_id = id;
	for (i = 0; i < n; i++) {
		err = cpu_parse(&c, min_count, i ? ts->cpus[i - 1].cpu : -2, &ts->cpus[i]);
		if (err)
			return err;
	}
	if (cursor_left(&c))
		return -EBADMSG;
	order = order_find(ts);
	for (i = 0; i < n; i++) {
		err = cpu_reorder(&ts->cpus[i], order);
		if (err)
			return err;
	}
	return 0;
}

int timeshift_fork_put(struct buf *b, enum byte_order order, const struct timeshift *ts)
{
	uint32_t i, k;

	put_u32(b, order, ts->nr_cpus);
	for (i = 0; i < ts->nr_cpus; i++) {
		const struct timeshift_cpu *cpu = &ts->cpus[i];

		put_u32(b, order, (uint32_t)cpu->cpu);
		put_u32(b, order, cpu->nr_samples);
		for (k = 0; k < cpu->nr_samples; k++)
			put_u64(b, order, (uint64_t)cpu->samples[k].time);
		for (k = 0; k < cpu->nr_samples; k++)
			put_u64(b, order, (uint64_t)cpu->samples[k].offset);
	}
	return b->error;
}
