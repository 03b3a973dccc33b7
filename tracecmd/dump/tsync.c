/*
 * tsync.c - the lines of the TSYNC option: how well a guest's clock is known.
 *
 * Layer 5. Offsets and limits are in units of the trace clock, drifts in ppm.
 */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "dump/item.h"
#include "wire/opt-tsync.h"

static void print_time(struct dump *d, int64_t time)
{
	if (time == INT64_MIN || time == INT64_MAX)
		fprintf(d->out, " -");
	else
		fprintf(d->out, " %" PRId64, time);
}

static void print_segment(struct dump *d, const struct opt_tsync_segment *s)
{
	fprintf(d->out, "\t%" PRId64 " %" PRId64 " [first, last guest time]", s->first, s->last);
	print_time(d, s->from);
	print_time(d, s->to);
	fprintf(d->out, " [may reach]%s\n", s->flags & OPT_TSYNC_SEG_STEP ? " [after a step]" : "");
	if (!(s->flags & OPT_TSYNC_SEG_KNOWN)) {
		fprintf(d->out, "\t\t[not known]\n");
		return;
	}
	fprintf(d->out, "\t\t%" PRId64 " [offset] %" PRId64 " %" PRId64 " [limits at first] %"
		PRId64 " %" PRId64 " [at last]\n", s->offset, s->lo_first, s->hi_first, s->lo_last,
		s->hi_last);
	fprintf(d->out, "\t\t%.6f [drift, ppm] %.6f %.6f [limits] %" PRIu32 " [bounds] %s %s [limited by]\n",
		opt_tsync_ppm(s->drift), opt_tsync_ppm(s->drift_lo), opt_tsync_ppm(s->drift_hi), s->bounds,
		opt_tsync_source_name(s->lo_source), opt_tsync_source_name(s->hi_source));
}

static void print_group(struct dump *d, const struct opt_tsync *t, const struct opt_tsync_group *g)
{
	uint32_t i;

	fprintf(d->out, "   ");
	for (i = 0; i < g->nr_cpus; i++)
		fprintf(d->out, "%" PRId32 " ", g->cpus[i]);
	fprintf(d->out, "%s, %" PRIu32 " [segments]\n", t->kind == OPT_TSYNC_ALL ? "[all CPUs]" :
		t->kind == OPT_TSYNC_HOST_CPUS ? "[host CPUs]" : "[guest CPUs]", g->nr_segments);
	for (i = 0; i < g->nr_segments; i++)
		print_segment(d, &g->segments[i]);
}

static void print_raw(struct dump *d, const struct opt_tsync *t)
{
	uint32_t i;

	fprintf(d->out, "%" PRIu32 " [raw bounds]\n", t->nr_raw);
	for (i = 0; i < t->nr_raw; i++) {
		const struct opt_tsync_bound *b = &t->raw[i];

		fprintf(d->out, "\t%" PRId64 " %s %" PRId64 " [@ time] %d %d [guest, host CPU] %s\n",
			b->time, b->upper ? "<=" : ">=", b->value, b->guest_cpu, b->host_cpu,
			opt_tsync_source_name(b->source));
	}
}

/* Names come from the file. */
static void print_name(struct dump *d, const char *name)
{
	fputc('"', d->out);
	dump_text(d, (const uint8_t *)name, strlen(name));
	fputs("\" ", d->out);
}

void dump_tsync(struct dump *d, const void *data, size_t len)
{
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
	uint32_t i;

	if (opt_tsync_parse(data, len, d->file->head.order, &t)) {
		fprintf(d->out, "Broken TSYNC option\n");
		return;
	}
	fprintf(d->out, "0x%" PRIX64 " [peer's trace id]\n", t.peer_id);
	print_name(d, t.method);
	print_name(d, t.host_clock);
	print_name(d, t.guest_clock);
	fprintf(d->out, "[method, host's and guest's clock] %s%s\n",
		t.flags & OPT_TSYNC_GUARANTEED ? "[guaranteed]" : "[unless adjusted]",
		t.flags & OPT_TSYNC_UNSURE ? " [a step, or another rate]" : "");
	fprintf(d->out, "%" PRIu32 " %" PRIu32 " [rounds, probes] %" PRId64 " %" PRId64
		" [shortest, median round trip] %" PRId64 " [repeatability]\n", t.rounds, t.probes,
		t.rtt_min, t.rtt_median, t.sigma);
	fprintf(d->out, "%" PRId64 " [quantum] %" PRId64 " [largest drift possible, ppb]\n",
		t.quantum, t.rho_max_ppb);
	fprintf(d->out, "%" PRIu32 " [groups of CPUs]%s%s\n", t.nr_groups,
		t.flags & OPT_TSYNC_APART ? " [contradict each other]" : "",
		t.flags & OPT_TSYNC_UNSURE ? " [a step, or another rate]" : "");
	for (i = 0; i < t.nr_groups; i++)
		print_group(d, &t, &t.groups[i]);
	if (t.nr_raw)
		print_raw(d, &t);
}
