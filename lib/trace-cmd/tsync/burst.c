/*
 * burst.c - see burst.h. Layer 4, pure.
 */
#include <errno.h>
#include <stddef.h>

#include "base/timearith.h"
#include "tsync/burst.h"

#define STILL_BLOCKS	3	/* of hardly any progress make an end */
#define TARGET_NS	250	/* half-width: as good as it gets */
#define PROGRESS_NS	20	/* in half-width: less is hardly any, or */
#define PROGRESS_PART	200	/* less than one part of so many */

#define BIT(field) (1 << (field))

/* What one probe says, widened by @epsilon. Sides without stamps stay. 0; -ERANGE. */
static int probe_bounds(const struct burst_probe *p, int64_t epsilon, int64_t *lo, int64_t *hi)
{
	bool up = !(~p->have & (BIT(BURST_SEND) | BIT(BURST_ARRIVE)));
	bool down = !(~p->have & (BIT(BURST_ANSWER) | BIT(BURST_RECEIVE)));

	if (up && (__builtin_sub_overflow(p->time[BURST_ARRIVE], p->time[BURST_SEND], hi) ||
		   __builtin_add_overflow(*hi, epsilon, hi)))
		return -ERANGE;
	if (down && (__builtin_sub_overflow(p->time[BURST_ANSWER], p->time[BURST_RECEIVE], lo) ||
		     __builtin_sub_overflow(*lo, epsilon, lo)))
		return -ERANGE;
	return 0;
}

void burst_sum_init(struct burst_sum *sum)
{
	*sum = (struct burst_sum){ .lo = INT64_MIN, .hi = INT64_MAX, .block_width = INT64_MAX };
}

int burst_sum_add(struct burst_sum *sum, const struct burst_probe *p, int64_t epsilon)
{
	int64_t lo = INT64_MIN, hi = INT64_MAX;
	int ret = probe_bounds(p, epsilon, &lo, &hi);

	if (ret)
		return ret;
	if (lo > sum->lo)
		sum->lo = lo;
	if (hi < sum->hi)
		sum->hi = hi;
	sum->probes++;
	return 0;
}

/* hi - lo; INT64_MAX if one is missing or it does not fit. */
static int64_t width(const struct burst_sum *sum)
{
	int64_t w;

	if (sum->lo == INT64_MIN || sum->hi == INT64_MAX ||
	    __builtin_sub_overflow(sum->hi, sum->lo, &w))
		return INT64_MAX;
	return w;
}

bool burst_sum_enough(struct burst_sum *sum, int64_t per_us)
{
	int64_t before = sum->block_width, now = width(sum), least;

	if (now == INT64_MAX)
		return false;
	/* the width is twice the half-width */
	if (now / 2 <= TARGET_NS * per_us / 1000)
		return true;
	least = 2 * PROGRESS_NS * per_us / 1000;
	if (before / PROGRESS_PART > least)
		least = before / PROGRESS_PART;
	sum->block_width = now;
	sum->still = before - now < least ? sum->still + 1 : 0;
	return sum->still >= STILL_BLOCKS && sum->probes >= BURST_WARM_UP + BURST_MIN;
}

/* r - s less h2 - h1; -1 if a stamp is missing or it makes no sense. */
static int64_t response(const struct burst_probe *p)
{
	int64_t away, there, ret;

	if (p->have != BIT(BURST_FIELDS) - 1 ||
	    __builtin_sub_overflow(p->time[BURST_RECEIVE], p->time[BURST_SEND], &away) ||
	    __builtin_sub_overflow(p->time[BURST_ANSWER], p->time[BURST_ARRIVE], &there) ||
	    __builtin_sub_overflow(away, there, &ret))
		return -1;
	return ret < 0 ? -1 : ret;
}

int burst_outcome(const struct burst_probe *probes, unsigned int nr, int64_t epsilon,
		  struct burst_outcome *ret_outcome)
{
	int64_t first = INT64_MAX, last = INT64_MIN;
	struct burst_outcome o = { .response = -1 };
	struct burst_sum sum;
	unsigned int i;

	burst_sum_init(&sum);
	for (i = 0; i < nr; i++) {
		const struct burst_probe *p = &probes[i];
		int64_t this = response(p);
		int ret = burst_sum_add(&sum, p, epsilon);

		if (ret)
			return ret;
		if (this >= 0 && (o.response < 0 || this < o.response))
			o.response = this;
		o.probes += this >= 0;
		if (p->have & BIT(BURST_SEND) && p->time[BURST_SEND] < first)
			first = p->time[BURST_SEND];
		if (p->have & BIT(BURST_RECEIVE) && p->time[BURST_RECEIVE] > last)
			last = p->time[BURST_RECEIVE];
	}
	if (sum.lo == INT64_MIN || sum.hi == INT64_MAX)
		return -ENODATA;
	if (sum.lo > sum.hi)
		return -ESTALE;
	o.lo = sum.lo;
	o.hi = sum.hi;
	o.offset = midpoint_s64(o.lo, o.hi);
	o.time = midpoint_s64(first, last);
	*ret_outcome = o;
	return 0;
}

int burst_bounds(const struct burst_probe *probes, unsigned int nr, int64_t epsilon,
		 struct bounds *ret_bounds)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < nr && !ret; i++) {
		struct bound low = { .source = BOUND_BURST, .value = INT64_MIN };
		struct bound up = { .source = BOUND_BURST, .value = INT64_MAX, .upper = true };

		ret = probe_bounds(&probes[i], epsilon, &low.value, &up.value);
		low.time = probes[i].time[BURST_RECEIVE];
		up.time = probes[i].time[BURST_SEND];
		if (!ret && up.value != INT64_MAX)
			ret = bounds_add(ret_bounds, &up);
		if (!ret && low.value != INT64_MIN)
			ret = bounds_add(ret_bounds, &low);
	}
	return ret;
}
