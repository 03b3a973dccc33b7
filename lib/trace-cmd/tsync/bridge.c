/*
 * bridge.c - see bridge.h. Layer 4, pure.
 */
#include <errno.h>

#include "tsync/bridge.h"

/* Rates of clocks that kernels make of one counter by fixed factors differ by far less than 1000 ppm. */
#define SLOPE		((int64_t)(SLOPE_ONE / 1000))
/* Readings and stamps are rounded down, each on its own. */
#define QUANTUM		1

/* x - ref, if hulls can take it. */
static int relate(int64_t x, int64_t ref, int64_t *ret)
{
	return __builtin_sub_overflow(x, ref, ret) || *ret > HULL_LIMIT / 2 || *ret < -HULL_LIMIT / 2 ?
	       -ERANGE : 0;
}

/* stamp - reading at @time is @stamp - @time at most (@upper), at least. */
static int add(struct bridge *b, int64_t time, int64_t stamp, bool upper)
{
	struct hull_point p = { 0 };
	int64_t value;
	int ret = __builtin_sub_overflow(stamp, time, &value) ? -ERANGE : 0;

	if (!ret)
		ret = relate(time, b->ref_time, &p.t);
	if (!ret)
		ret = relate(value, b->ref_value, &p.v);
	if (ret)
		return ret;
	p.v += upper ? QUANTUM : -QUANTUM;
	ret = regime_add(&b->regime, &p, upper);
	return ret > 0 ? 0 : ret ? ret : -ESTALE;
}

int bridge_make(const struct bridge_mark *marks, unsigned int nr, struct bridge *ret)
{
	unsigned int i, n = 0;
	int err = 0;

	*ret = (struct bridge){ 0 };
	regime_init(&ret->regime, false, -SLOPE, SLOPE);
	for (i = 0; i < nr && !err; i++) {
		const struct bridge_mark *m = &marks[i];

		if (!m->have)
			continue;
		if (!n++) {
			ret->ref_time = m->before;
			if (__builtin_sub_overflow(m->stamp, m->before, &ret->ref_value))
				return -ERANGE;
		}
		err = add(ret, m->before, m->stamp, true);
		if (!err)
			err = add(ret, m->after, m->stamp, false);
	}
	return err ? err : n ? 0 : -ENODATA;
}

void bridge_release(struct bridge *b)
{
	regime_release(&b->regime);
}

/* time + ref_value + @v, which is what lines allow */
static int sum(const struct bridge *b, int64_t time, int64_t v, int64_t *ret)
{
	return __builtin_add_overflow(b->ref_value, v, ret) || __builtin_add_overflow(*ret, time, ret) ?
	       -ERANGE : 0;
}

int bridge_early(const struct bridge *b, int64_t time, int64_t *ret)
{
	uint8_t source;
	int64_t t;
	int err = relate(time, b->ref_time, &t);

	return err ? err : sum(b, time, regime_lowest(&b->regime, t, &source), ret);
}

int bridge_late(const struct bridge *b, int64_t time, int64_t *ret)
{
	uint8_t source;
	int64_t t;
	int err = relate(time, b->ref_time, &t);

	/* the moment may be later than its reading, which was rounded down */
	return err ? err : sum(b, time, regime_highest(&b->regime, t, &source) + QUANTUM, ret);
}
