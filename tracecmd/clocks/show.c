/*
 * show.c - see show.h. Layer 5.
 */
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/timearith.h"
#include "clocks/show.h"

#define ROW "    %-12s "

/* A length of time or a difference, in ns or counts. */
static void print_span(FILE *out, const struct host *h, int64_t counts, const char *plus)
{
	double ns = counts * h->ns_per_count, abs = ns < 0 ? -ns : ns;
	const char *sign = counts > 0 ? plus : "";

	if (!h->ns_per_count)
		fprintf(out, "%s%" PRId64 " counts", sign, counts);
	else if (abs < 10000)
		fprintf(out, "%s%.0f ns", sign, ns);
	else if (abs < 10000000)
		fprintf(out, "%s%.1f us", sign, ns / 1000);
	else
		fprintf(out, "%s%.1f ms", sign, ns / 1000000);
}

static void show_method(FILE *out, const struct guest *g, const struct host *h)
{
	const struct opt_tsync *t = g->known;

	if (!t) {
		fprintf(out, ROW "not told by the file: offsets without bounds\n", "method");
		return;
	}
	fprintf(out, ROW "%s, %" PRIu32 " rounds, %" PRIu32 " probes", "method", t->method, t->rounds,
		t->probes);
	if (t->rtt_min >= 0) {
		fprintf(out, ", round trip ");
		print_span(out, h, t->rtt_min, "");
		fprintf(out, " at least");
	}
	if (t->rtt_median >= 0) {
		fprintf(out, ", ");
		print_span(out, h, t->rtt_median, "");
		fprintf(out, " mostly");
	}
	putc('\n', out);
	fprintf(out, ROW "%s here, %s there\n", "trace clock", t->host_clock, t->guest_clock);
}

/* "0,2,-": the CPUs of a group. */
static void show_cpus(FILE *out, const struct opt_tsync *t, const struct opt_tsync_group *group)
{
	uint32_t i;

	if (t->kind == OPT_TSYNC_ALL)
		return;
	fprintf(out, ROW, t->kind == OPT_TSYNC_HOST_CPUS ? "host CPUs" : "CPUs");
	for (i = 0; i < group->nr_cpus; i++) {
		if (group->cpus[i] < 0)
			fprintf(out, "%sunpinned", i ? "," : "");
		else
			fprintf(out, "%s%" PRId32, i ? "," : "", group->cpus[i]);
	}
	putc('\n', out);
}

static void show_segment(FILE *out, const struct opt_tsync_segment *s, const struct host *h)
{
	if (s->flags & OPT_TSYNC_SEG_STEP)
		fprintf(out, ROW "between %" PRId64 " and %" PRId64 "\n", "step", s->from, s->first);
	if (!(s->flags & OPT_TSYNC_SEG_KNOWN)) {
		fprintf(out, ROW "not known from %" PRId64 " to %" PRId64 "\n", "offset", s->first, s->last);
		return;
	}
	fprintf(out, ROW "%" PRId64 " at guest time %" PRId64 "\n", "offset", s->offset, s->first);
	fprintf(out, ROW "", "bounds");
	print_span(out, h, difference_s64(s->lo_first, s->offset), "+");
	fprintf(out, " .. ");
	print_span(out, h, difference_s64(s->hi_first, s->offset), "+");
	fprintf(out, ", limited by %s", opt_tsync_source_name(s->lo_source));
	if (s->hi_source != s->lo_source)
		fprintf(out, " and %s", opt_tsync_source_name(s->hi_source));
	putc('\n', out);
	fprintf(out, ROW "%.3f ppb, surely %.3f .. %.3f\n", "drift",
		opt_tsync_ppb(s->drift), opt_tsync_ppb(s->drift_lo), opt_tsync_ppb(s->drift_hi));
}

static void show_known(FILE *out, const struct guest *g, const struct host *h)
{
	const struct opt_tsync *t = g->known;
	uint32_t i, k;

	for (i = 0; i < t->nr_groups; i++) {
		show_cpus(out, t, &t->groups[i]);
		for (k = 0; k < t->groups[i].nr_segments; k++)
			show_segment(out, &t->groups[i].segments[k], h);
	}
	fprintf(out, ROW, "worst");
	if (opt_tsync_worst(t) < 0)
		fprintf(out, "nothing limits the error\n");
	else
		print_span(out, h, opt_tsync_worst(t), "");
	if (opt_tsync_worst(t) >= 0)
		fprintf(out, "%s%s\n", t->flags & OPT_TSYNC_GUARANTEED ? ", guaranteed" : "",
			t->flags & OPT_TSYNC_UNSURE ? "; a clock stepped, or has another rate" : "");
	if (t->sigma >= 0) {
		fprintf(out, ROW, "repeats");
		print_span(out, h, t->sigma, "");
		fprintf(out, " (not the accuracy)\n");
	}
}

static void show_slack(FILE *out, const struct causality *c, const struct host *h)
{
	if (c->slack_lo == INT64_MIN && c->slack_hi == INT64_MAX)
		return;
	fprintf(out, "; could be off by ");
	if (c->slack_lo == INT64_MIN)
		fprintf(out, "anything");
	else
		print_span(out, h, c->slack_lo, "+");
	fprintf(out, " .. ");
	if (c->slack_hi == INT64_MAX)
		fprintf(out, "anything");
	else
		print_span(out, h, c->slack_hi, "+");
}

static void show_causality(FILE *out, const struct guest *g, const struct host *h)
{
	const struct causality *c = &g->causality;

	if (!c->checked) {
		fprintf(out, ROW "cannot be checked: %s\n", "causality",
			!g->evidence.has_kvm ? "the host has no kvm_entry and kvm_exit events" :
			!g->gaps ? "no kvm_entry follows a kvm_exit of this guest's threads" :
				   "no event of the guest is between kvm events of the host");
	} else {
		fprintf(out, ROW "%" PRIu64 " of %" PRIu64 " events violated", "causality", c->violated,
			c->checked);
		if (c->violated) {
			fprintf(out, ", by ");
			print_span(out, h, c->deepest, "");
			fprintf(out, " at most");
		} else {
			show_slack(out, c, h);
		}
		putc('\n', out);
	}
	if (c->refuted)
		fprintf(out, ROW "%" PRIu64 " events cannot be true within the bounds: a clock has stepped\n",
			"", c->refuted);
	if (c->packets)
		fprintf(out, ROW "%" PRIu64 " of %" PRIu64 " were received before they were sent\n",
			"packets", c->packets_violated, c->packets);
}

void show_guest(FILE *out, const struct guest *g, const struct host *h)
{
	fprintf(out, "%s: %s\n", g->name[0] ? g->name : g->path, grade_name(guest_grade(g, h)));
	fprintf(out, ROW "%s, trace id 0x%llx\n", "file", g->path, g->trace_id);
	if (g->shifted)
		show_method(out, g, h);
	else
		fprintf(out, ROW "its clock was not compared with the host's\n", "method");
	if (g->known)
		show_known(out, g, h);
	if (g->shifted)
		show_causality(out, g, h);
}
