/*
 * bounds.h - how far a guest's timestamp, as shown, may be from the host's time.
 *
 * Layer 2, pure. By the TSYNC option of the guest's file; see wire/opt-tsync.h.
 */
#ifndef IN_BOUNDS_H
#define IN_BOUNDS_H

#include <stdint.h>

#include "in/time.h"

/*
 * The event that is shown at @ts on CPU @cpu happened between @ts + lo and @ts + hi, in units of
 * the timestamps. 0; -ENODATA if the file does not say, or times are not shifted.
 */
int in_time_bounds(const struct in_timeline *t, const struct in_info *info, unsigned int cpu,
		   uint64_t ts, int64_t *ret_lo, int64_t *ret_hi);

#endif
