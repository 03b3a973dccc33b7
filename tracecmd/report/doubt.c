/*
 * doubt.c - see doubt.h. Layer 5.
 */
#include <string.h>

#include "report/doubt.h"

/* How much earlier and later than shown an event may have been, of what is not the reference. */
static void limits(const struct stream *s, const struct tep_record *record, long long *ret_lo,
		   long long *ret_hi)
{
	if (!tracecmd_get_tsync_bounds(s->handle, record->cpu, record->ts, ret_lo, ret_hi))
		return;
	*ret_lo = *ret_hi = 0;
}

bool doubt_event(struct doubt *d, const struct stream *s, const struct tep_record *record)
{
	bool undecided = false;
	long long lo, hi;

	limits(s, record, &lo, &hi);
	if (d->stream && d->stream->events != s->events) {
		/* ts + lo <= ts' + hi', the times of what could have been */
		__int128 first = (__int128)d->ts + d->late, second = (__int128)record->ts + lo;

		/* without limits on either side there is nothing to be undecided by */
		undecided = (d->late || lo || hi) && second <= first;
	}
	*d = (struct doubt){ .stream = s, .late = hi, .ts = record->ts };
	return undecided;
}
