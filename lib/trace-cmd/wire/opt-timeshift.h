/*
 * opt-timeshift.h - option 12, the clock offsets of a guest.
 *
 * Layer 1, pure. host time = ((guest time * scaling) >> fraction) + offset.
 */
#ifndef WIRE_OPT_TIMESHIFT_H
#define WIRE_OPT_TIMESHIFT_H

#include <stddef.h>
#include <stdint.h>

#include "wire/cursor.h"

#define TIMESHIFT_FL_INTERPOLATE 1

enum timeshift_layout {
	TIMESHIFT_CURRENT,		/* 3.0 and later: with fractions */
	TIMESHIFT_NO_FRACTION,		/* development before 3.0 */
	TIMESHIFT_GLOBAL_SCALED,	/* 2.9.2 to 2.9.5: one table, flags */
	TIMESHIFT_GLOBAL,		/* 2.9.0, 2.9.1: one table, no flags */
	TIMESHIFT_FORK,			/* the per-host-CPU fork */
};

struct timeshift_sample {
	int64_t time;		/* guest clock */
	int64_t offset;		/* clock units; host minus guest */
	uint64_t scaling;	/* 1 where the layout has none */
	uint64_t fraction;	/* 0..63 */
};

struct timeshift_cpu {
	int32_t cpu;		/* fork: host CPU, -1 = any; otherwise the guest CPU's index */
	uint32_t nr_samples;
	struct timeshift_sample *samples;	/* in the file's order */
};

struct timeshift {
	enum timeshift_layout layout;
	uint64_t peer_id;	/* trace id of the host */
	uint32_t flags;		/* TIMESHIFT_FL_*; interpolate where the layout has none */
	uint32_t nr_cpus;
	struct timeshift_cpu *cpus;
};

void timeshift_release(struct timeshift *ts);

/* Room for @nr_cpus CPUs without samples (cpu = index). 0; -ENOMEM. */
int timeshift_init(struct timeshift *ts, enum timeshift_layout layout, uint32_t nr_cpus);

/* Append one sample to the CPU at @index. 0; -ENOMEM; -EINVAL. */
int timeshift_add(struct timeshift *ts, uint32_t index, const struct timeshift_sample *sample);

/*
 * Parse a payload; the layout is told from the exact length (spec: "exactly
 * consumed"). 0; -EBADMSG if no layout fits; -ENOMEM. @ret is written on
 * success only and released by the caller.
 */
int timeshift_parse(const void *data, size_t len, enum byte_order order, struct timeshift *ret);

/*
 * Append the payload to @b in layout ts->layout; only TIMESHIFT_CURRENT and
 * TIMESHIFT_FORK can be written. 0; -EINVAL; -ENOMEM.
 */
int timeshift_put(struct buf *b, enum byte_order order, const struct timeshift *ts);

/*
 * Make samples fit for timeshift_apply(): sorted by time, later duplicates of a
 * time dropped. Call once after parsing.
 */
void timeshift_prepare(struct timeshift *ts);

/*
 * Guest time -> host time by one CPU's prepared samples, as trace.dat's
 * readers do: one sample adds its offset; otherwise the pair around @time,
 * interpolated if @interpolate, extrapolated outside. No samples: unchanged.
 */
uint64_t timeshift_apply(const struct timeshift_cpu *cpu, int interpolate, uint64_t time);

/*
 * The samples that hold for guest CPU @guest_cpu: current layouts by index,
 * global layouts the only table, fork the entry of @host_cpu, else of CPU -1,
 * else the first one with samples. @host_cpu -1: not known. NULL: no shift.
 */
const struct timeshift_cpu *timeshift_find(const struct timeshift *ts, int guest_cpu, int host_cpu);

#endif
