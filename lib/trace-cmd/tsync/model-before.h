/*
 * model-before.h - what an earlier model estimates, and how well, for one made anew.
 *
 * Layer 4, pure. The estimate between two comparisons is the line between them; if its ends are known
 * well, it is good, although rates that may change leave the limits there wide. What events
 * tell at such a time may narrow these and yet have its middle farther off.
 */
#ifndef TSYNC_MODEL_BEFORE_H
#define TSYNC_MODEL_BEFORE_H

#include <stdbool.h>
#include <stdint.h>

#include "tsync/bounds.h"
#include "wire/opt-tsync.h"

/*
 * The estimate of @t (NULL: nothing) for @cpu at a guest time, and how wide the limits are at the comparisons on either
 * side of it, the wider ones. False: @time is not between two without a step.
 */
bool model_before_at(const struct opt_tsync *t, int cpu, int64_t time, int64_t *ret_mid, uint64_t *ret_width);

/*
 * What @t states, as bounds into @ret: its limits at the ends of segments, which say all the rest, if not as narrowly as
 * what was measured. 0; -ENOMEM.
 */
int model_before_bounds(const struct opt_tsync *t, struct bounds *ret);

/*
 * Put the segments of @t that nobody knows, of the CPUs of @g, among those of @g: what @t states has nothing
 * to make them of again, and without them the lines of others would be held for true there. 0; -ENOMEM;
 * -ERANGE: they are too many.
 */
int model_before_unknown(const struct opt_tsync *t, struct opt_tsync_group *g);

/*
 * Whether @again, made of what @t states, or of the measured bounds that it has, has all of its clocks' steps, and of a clock of which nobody knew whether it
 * stepped or has another rate, one of the two. Limits that are wider than what was measured may hide a step that
 * was just about seen, as may a clock that came back from where nobody knows; a line through both its sides is then not true.
 * Nor is what is made again, without the measured bounds, of clocks that daemons adjust if there are times that nobody knows.
 */
bool model_before_kept(const struct opt_tsync *t, const struct opt_tsync *again);

#endif
