/*
 * json.c - show_json() of show.h. Layer 5.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/timearith.h"
#include "base/utf8.h"
#include "clocks/show.h"

#include "trace-cmd.h"

#define CURVE_POINTS 200

/* --- JSON -------------------------------------------------------------------- */

struct json {
	FILE *out;
	bool more;	/* something stands before what comes next */
};

/* Names and paths come as they are: bytes that are no UTF-8 are taken for Latin-1. */
static void j_text(struct json *j, const char *text)
{
	const char *end = text + strlen(text);

	putc('"', j->out);
	while (text < end) {
		unsigned char c = *text;
		size_t n = c >= 0x80 ? utf8_length((const uint8_t *)text, end - text) : 0;

		if (n) {
			fwrite(text, 1, n, j->out);
			text += n;
			continue;
		}
		text++;
		if (c == '"' || c == '\\')
			fprintf(j->out, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			fprintf(j->out, "\\u%04x", c);
		else
			putc(c, j->out);
	}
	putc('"', j->out);
}

/* What comes next; @key NULL in a list. */
static void j_next(struct json *j, const char *key)
{
	if (j->more)
		putc(',', j->out);
	j->more = true;
	if (key)
		fprintf(j->out, "\"%s\":", key);
}

static void j_open(struct json *j, const char *key, char bracket)
{
	j_next(j, key);
	putc(bracket, j->out);
	j->more = false;
}

static void j_close(struct json *j, char bracket)
{
	putc(bracket, j->out);
	j->more = true;
}

static void j_string(struct json *j, const char *key, const char *text)
{
	j_next(j, key);
	j_text(j, text);
}

static void j_int(struct json *j, const char *key, int64_t value)
{
	j_next(j, key);
	fprintf(j->out, "%" PRId64, value);
}

static void j_id(struct json *j, const char *key, uint64_t value)
{
	j_next(j, key);
	fprintf(j->out, "\"0x%" PRIx64 "\"", value);
}

static void j_bool(struct json *j, const char *key, bool value)
{
	j_next(j, key);
	fputs(value ? "true" : "false", j->out);
}

static void j_null(struct json *j, const char *key)
{
	j_next(j, key);
	fputs("null", j->out);
}

static void j_real(struct json *j, const char *key, double value)
{
	if (!isfinite(value)) {
		j_null(j, key);
		return;
	}
	j_next(j, key);
	fprintf(j->out, "%.6f", value);
}

/* A difference of times, in ns; null where @none or the unit isn't known. */
static void j_span(struct json *j, const char *key, const struct host *h, int64_t counts, bool none)
{
	if (none || !h->ns_per_count)
		j_null(j, key);
	else if (h->ns_per_count == 1)
		j_int(j, key, counts);
	else
		j_real(j, key, counts * h->ns_per_count);
}

/* --- a guest ------------------------------------------------------------------ */

static void put_segment(struct json *j, const struct opt_tsync_segment *s, const struct host *h)
{
	j_open(j, NULL, '{');
	j_int(j, "first", s->first);
	j_int(j, "last", s->last);
	j_bool(j, "known", s->flags & OPT_TSYNC_SEG_KNOWN);
	j_bool(j, "step", s->flags & OPT_TSYNC_SEG_STEP);
	j_int(j, "offset", s->offset);
	j_real(j, "drift_ppb", opt_tsync_ppb(s->drift));
	j_real(j, "drift_lo_ppb", opt_tsync_ppb(s->drift_lo));
	j_real(j, "drift_hi_ppb", opt_tsync_ppb(s->drift_hi));
	j_span(j, "bound_lo_first_ns", h, difference_s64(s->lo_first, s->offset), false);
	j_span(j, "bound_hi_first_ns", h, difference_s64(s->hi_first, s->offset), false);
	j_int(j, "lo_last", s->lo_last);
	j_int(j, "hi_last", s->hi_last);
	j_int(j, "bounds", s->bounds);
	j_string(j, "lo_source", opt_tsync_source_name(s->lo_source));
	j_string(j, "hi_source", opt_tsync_source_name(s->hi_source));
	j_close(j, '}');
}

static void put_groups(struct json *j, const struct opt_tsync *t, const struct host *h)
{
	static const char *const kinds[] = { "all", "guest_cpus", "host_cpus" };
	uint32_t i, k;

	j_string(j, "kind", t->kind < 3 ? kinds[t->kind] : "?");
	j_open(j, "groups", '[');
	for (i = 0; i < t->nr_groups; i++) {
		const struct opt_tsync_group *group = &t->groups[i];

		j_open(j, NULL, '{');
		j_open(j, "cpus", '[');
		for (k = 0; k < group->nr_cpus; k++)
			j_int(j, NULL, group->cpus[k]);
		j_close(j, ']');
		j_open(j, "segments", '[');
		for (k = 0; k < group->nr_segments; k++)
			put_segment(j, &group->segments[k], h);
		j_close(j, ']');
		j_close(j, '}');
	}
	j_close(j, ']');
}

static void put_known(struct json *j, const struct opt_tsync *t, const struct host *h)
{
	int64_t worst = opt_tsync_worst(t);

	j_string(j, "method", t->method);
	j_string(j, "host_clock", t->host_clock);
	j_string(j, "guest_clock", t->guest_clock);
	j_bool(j, "guaranteed", t->flags & OPT_TSYNC_GUARANTEED);
	j_bool(j, "cpus_apart", t->flags & OPT_TSYNC_APART);
	j_int(j, "rounds", t->rounds);
	j_int(j, "probes", t->probes);
	j_int(j, "steps", opt_tsync_steps(t));
	j_bool(j, "step_or_rate", t->flags & OPT_TSYNC_UNSURE);
	j_span(j, "rtt_min_ns", h, t->rtt_min, t->rtt_min < 0);
	j_span(j, "rtt_median_ns", h, t->rtt_median, t->rtt_median < 0);
	j_span(j, "sigma_ns", h, t->sigma, t->sigma < 0);
	j_span(j, "worst_ns", h, worst, worst < 0);
	j_real(j, "rho_max_ppb", t->rho_max_ppb);
	put_groups(j, t, h);
}

/* What was measured begins and ends here; false: nothing was. */
static bool measured(const struct opt_tsync *t, int64_t *ret_first, int64_t *ret_last)
{
	bool any = false;
	uint32_t i, k;

	for (i = 0; t && i < t->nr_groups; i++) {
		for (k = 0; k < t->groups[i].nr_segments; k++) {
			const struct opt_tsync_segment *s = &t->groups[i].segments[k];

			if (!any || s->first < *ret_first)
				*ret_first = s->first;
			if (!any || s->last > *ret_last)
				*ret_last = s->last;
			any = true;
		}
	}
	return any;
}

/* The CPU's theta at the last measurement. */
static void put_cpu(struct json *j, const struct guest *g, const struct host *h, int cpu,
		    int64_t time)
{
	const struct opt_tsync_segment *s = NULL;
	struct theta theta = { 0 };
	uint32_t i, k;

	for (i = 0; g->known && i < g->known->nr_groups && !s; i++) {
		const struct opt_tsync_group *group = &g->known->groups[i];
		bool mine = g->known->kind == OPT_TSYNC_ALL;

		for (k = 0; k < group->nr_cpus && g->known->kind == OPT_TSYNC_GUEST_CPUS; k++)
			mine |= group->cpus[k] == cpu;
		if (mine)
			s = opt_tsync_segment_at(group, time);
	}
	j_open(j, NULL, '{');
	j_int(j, "cpu", cpu);
	j_string(j, "method", g->known ? g->known->method : "?");
	if (guest_theta((void *)g, cpu, time, &theta)) {
		j_null(j, "offset_ns");
		theta.bounded = false;
	} else {
		j_span(j, "offset_ns", h, theta.mid, false);
	}
	if (s)
		j_real(j, "drift_ppb", opt_tsync_ppb(s->drift));
	else
		j_null(j, "drift_ppb");
	j_span(j, "bound_lo_ns", h, difference_s64(theta.lo, theta.mid), !theta.bounded);
	j_span(j, "bound_hi_ns", h, difference_s64(theta.hi, theta.mid), !theta.bounded);
	j_int(j, "probes", g->known ? g->known->probes : 0);
	j_span(j, "rtt_min_ns", h, g->known ? g->known->rtt_min : -1, !g->known || g->known->rtt_min < 0);
	if (cpu < g->evidence.nr_vcpus && g->findings) {
		const struct causality *c = &g->findings[cpu].causality;

		j_int(j, "checked", c->checked);
		j_int(j, "violations", c->violated);
		j_span(j, "deepest_ns", h, c->deepest, false);
	}
	j_int(j, "gaps", cpu < g->evidence.nr_vcpus ? g->evidence.gaps[cpu].count : 0);
	j_close(j, '}');
}

static void put_causality(struct json *j, const struct guest *g, const struct host *h)
{
	const struct causality *c = &g->causality;

	j_open(j, "causality", '{');
	j_bool(j, "kvm_events", g->evidence.has_kvm);
	j_int(j, "windows", g->evidence.windows);
	j_int(j, "gaps", g->gaps);
	j_int(j, "checked", c->checked);
	j_int(j, "violations", c->violated);
	j_span(j, "deepest_ns", h, c->deepest, false);
	j_span(j, "slack_lo_ns", h, c->slack_lo, c->slack_lo == INT64_MIN);
	j_span(j, "slack_hi_ns", h, c->slack_hi, c->slack_hi == INT64_MAX);
	j_int(j, "refuted", c->refuted);
	j_int(j, "packets", c->packets);
	j_int(j, "packet_violations", c->packets_violated);
	j_close(j, '}');
}

/* [guest time, offset, lo, hi], evenly over what was measured and a bit beyond. */
static void put_curve(struct json *j, const struct guest *g)
{
	int64_t first, last;
	struct theta theta;
	int i;

	j_open(j, "curve", '[');
	if (measured(g->known, &first, &last)) {
		__int128 step = ((__int128)last - first) / (CURVE_POINTS - 20) + 1;

		for (i = -10; i < CURVE_POINTS - 10; i++) {
			__int128 at = first + i * step;
			int64_t t = (int64_t)at;

			if (t != at || guest_theta((void *)g, 0, t, &theta))
				continue;
			j_open(j, NULL, '[');
			j_int(j, NULL, t);
			j_int(j, NULL, theta.mid);
			if (theta.bounded) {
				j_int(j, NULL, theta.lo);
				j_int(j, NULL, theta.hi);
			}
			j_close(j, ']');
		}
	}
	j_close(j, ']');
}

/* [guest time, value, 1 upper or 0 lower, source] */
static void put_raw(struct json *j, const struct opt_tsync *t)
{
	uint32_t i;

	j_open(j, "raw", '[');
	for (i = 0; t && i < t->nr_raw; i++) {
		const struct opt_tsync_bound *b = &t->raw[i];

		j_open(j, NULL, '[');
		j_int(j, NULL, b->time);
		j_int(j, NULL, b->value);
		j_int(j, NULL, b->upper);
		j_string(j, NULL, opt_tsync_source_name(b->source));
		j_close(j, ']');
	}
	j_close(j, ']');
}

static void put_guest(struct json *j, const struct guest *g, const struct host *h, bool raw)
{
	int64_t first = 0, last = 0;
	int i, cpus = tracecmd_get_cpus(g->handle);

	measured(g->known, &first, &last);
	j_open(j, NULL, '{');
	j_string(j, "name", g->name);
	j_string(j, "file", g->path);
	j_id(j, "trace_id", g->trace_id);
	j_string(j, "grade", grade_name(guest_grade(g, h)));
	j_bool(j, "shifted", g->shifted);
	if (g->known)
		put_known(j, g->known, h);
	j_open(j, "cpus", '[');
	for (i = 0; i < cpus; i++)
		put_cpu(j, g, h, i, last);
	j_close(j, ']');
	put_causality(j, g, h);
	put_curve(j, g);
	if (raw)
		put_raw(j, g->known);
	j_close(j, '}');
}

void show_json(FILE *out, const struct guest *guests, unsigned int nr_guests, const struct host *h,
	       bool raw)
{
	struct json j = { .out = out };
	unsigned int i;

	j_open(&j, NULL, '{');
	j_int(&j, "version", 1);
	j_open(&j, "host", '{');
	j_string(&j, "file", h->path);
	j_id(&j, "trace_id", tracecmd_get_traceid(h->handle));
	j_string(&j, "clock", h->clock);
	if (h->ns_per_count)
		j_real(&j, "ns_per_count", h->ns_per_count);
	else
		j_null(&j, "ns_per_count");
	j_close(&j, '}');
	j_open(&j, "guests", '[');
	for (i = 0; i < nr_guests; i++)
		put_guest(&j, &guests[i], h, raw);
	j_close(&j, ']');
	j_close(&j, '}');
	putc('\n', out);
}
