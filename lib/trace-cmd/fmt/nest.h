/*
 * nest.h - how deep a function of the function tracer is shown, by who called it.
 *
 * Layer 2. The tracer tells a function and its caller, not when it returns. What libtraceevent's
 * plugin makes of it is done here: each CPU has a list of functions, each thought to be called by
 * the one before it. A function goes behind its caller; what was further behind stays, and may be
 * found again.
 */
#ifndef FMT_NEST_H
#define FMT_NEST_H

#include <stddef.h>

#include "fmt/symbols.h"

struct nest {
	struct nest_cpu *cpus;
	unsigned int nr_cpus;
};

void nest_release(struct nest *n);

/*
 * How deep a function is that @caller has called on @cpu; what is known of it is kept. NULL: it has
 * no name. -ENOMEM.
 */
int nest_depth(struct nest *n, int cpu, const struct symbol_name *function,
	       const struct symbol_name *caller);

#endif
