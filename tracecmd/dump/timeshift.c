/*
 * timeshift.c - the lines of the TimeShift option, one shape for all its layouts.
 *
 * Layer 5. Offsets and times are as stored, neither sorted nor cleaned up. What a
 * layout does not have is not shown: the protocol's flags, ids of CPUs, scaling.
 */
#include <inttypes.h>

#include "base/cleanup.h"
#include "dump/item.h"
#include "wire/opt-timeshift.h"

/* The layout has one table for all CPUs, without an id. */
static bool has_cpus(const struct timeshift *ts)
{
	return ts->layout != TIMESHIFT_GLOBAL && ts->layout != TIMESHIFT_GLOBAL_SCALED;
}

static bool has_flags(const struct timeshift *ts)
{
	return ts->layout != TIMESHIFT_GLOBAL && ts->layout != TIMESHIFT_FORK;
}

static void print_cpu(struct dump *d, const struct timeshift *ts, const struct timeshift_cpu *cpu)
{
	uint32_t i;

	if (has_cpus(ts))
		fprintf(d->out, " %" PRId32 " [cpu id]\n", cpu->cpu);
	fprintf(d->out, " %" PRIu32 " [samples count]\n", cpu->nr_samples);
	for (i = 0; i < cpu->nr_samples; i++) {
		const struct timeshift_sample *s = &cpu->samples[i];

		fprintf(d->out, "\t%" PRId64 " %" PRId64 " [offset @ time]", s->offset, s->time);
		if (has_flags(ts))
			fprintf(d->out, " %" PRIu64 " %" PRIu64 " [scaling >> fraction]",
				s->scaling, s->fraction);
		fputc('\n', d->out);
	}
}

/* As the releases up to 3.4 print what they write. */
static void print_old(struct dump *d, const struct timeshift *ts)
{
	uint32_t i, k;

	fprintf(d->out, "0x%" PRIX64 " [peer's trace id]\n0x%" PRIX32 " [peer's protocol flags]\n",
		ts->peer_id, ts->flags);
	fprintf(d->out, "0x%" PRIX32 " [peer's CPU count]\n", ts->nr_cpus);
	for (i = 0; i < ts->nr_cpus; i++)
		fprintf(d->out, "%" PRIu32 " [samples count for CPU %" PRIu32 "]\n",
			ts->cpus[i].nr_samples, i);
	for (i = 0; i < ts->nr_cpus; i++) {
		for (k = 0; k < ts->cpus[i].nr_samples; k++) {
			const struct timeshift_sample *s = &ts->cpus[i].samples[k];

			fprintf(d->out, "\t%" PRId64 " %" PRIu64 " %" PRIu64 " %" PRIu64
				"[offset * scaling >> fraction @ time]\n", s->offset, s->scaling,
				s->fraction, (uint64_t)s->time);
		}
	}
}

void dump_timeshift(struct dump *d, const void *data, size_t len)
{
	_cleanup_(timeshift_release) struct timeshift ts = { 0 };
	uint32_t i;

	if (timeshift_parse(data, len, d->file->head.order, &ts)) {
		fprintf(d->out, "Broken time shift option\n");
		return;
	}
	if (d->old_timeshift && ts.layout == TIMESHIFT_CURRENT) {
		print_old(d, &ts);
		return;
	}
	fprintf(d->out, "0x%" PRIX64 " [peer's trace id]\n", ts.peer_id);
	if (has_flags(&ts))
		fprintf(d->out, "0x%" PRIX32 " [peer's protocol flags]\n", ts.flags);
	if (has_cpus(&ts))
		fprintf(d->out, "%" PRIu32 " [CPU count]\n", ts.nr_cpus);
	for (i = 0; i < ts.nr_cpus; i++)
		print_cpu(d, &ts, &ts.cpus[i]);
}
