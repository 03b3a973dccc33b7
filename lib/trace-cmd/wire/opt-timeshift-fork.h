/*
 * opt-timeshift-fork.h - the fork's layout of option 12, for opt-timeshift.c only.
 *
 * Layer 1, pure.
 */
#ifndef WIRE_OPT_TIMESHIFT_FORK_H
#define WIRE_OPT_TIMESHIFT_FORK_H

#include "wire/opt-timeshift.h"

/* Room for @n samples (scaling 1) of a CPU that has none. 0; -ENOMEM. */
int timeshift_reserve(struct timeshift_cpu *cpu, uint32_t n);

/* Parse all of @c; CPUs need at least @min_count samples. As timeshift_parse(). */
int timeshift_fork_parse(struct cursor c, uint32_t min_count, struct timeshift *ts);

/* Append what follows the peer's id. Returns b->error. */
int timeshift_fork_put(struct buf *b, enum byte_order order, const struct timeshift *ts);

#endif
