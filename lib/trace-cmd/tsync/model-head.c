/*
 * model-head.c - see model-head.h. Layer 4, pure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tsync/model-head.h"

int model_put_raw(const struct bounds *b, struct opt_tsync *t)
{
	size_t i;

	t->raw = calloc(b->count, sizeof(*t->raw));
	if (!t->raw)
		return -ENOMEM;
	t->nr_raw = b->count;
	for (i = 0; i < b->count; i++)
		t->raw[i] = (struct opt_tsync_bound){
			.time = b->at[i].time, .value = b->at[i].value,
			.guest_cpu = b->at[i].guest_cpu, .host_cpu = b->at[i].host_cpu,
			.source = b->at[i].source, .upper = b->at[i].upper,
		};
	return 0;
}

static int by_value(const void *pa, const void *pb)
{
	int64_t a = *(const int64_t *)pa, b = *(const int64_t *)pb;

	return a < b ? -1 : a > b;
}

/* The median of @n values, of those that are known; -1. Sorts them. */
static int64_t median(int64_t *v, size_t n)
{
	size_t unknown = 0;

	qsort(v, n, sizeof(*v), by_value);
	while (unknown < n && v[unknown] < 0)
		unknown++;
	return unknown < n ? v[unknown + (n - unknown) / 2] : -1;
}

int model_put_figures(const struct tsync_samples *s, struct opt_tsync *t)
{
	_cleanup_free_ int64_t *rtt = calloc(s->nr_rounds + 1, sizeof(*rtt));
	_cleanup_free_ int64_t *sigma = calloc(s->nr_rounds + 1, sizeof(*sigma));
	size_t i;

	if (!rtt || !sigma)
		return -ENOMEM;
	t->rounds = s->nr_rounds;
	t->rtt_min = -1;
	for (i = 0; i < s->nr_rounds; i++) {
		const struct round_stat *r = &s->rounds[i];

		rtt[i] = r->rtt_median;
		sigma[i] = r->sigma;
		t->probes += r->probes;
		if (r->rtt_min >= 0 && (t->rtt_min < 0 || r->rtt_min < t->rtt_min))
			t->rtt_min = r->rtt_min;
	}
	t->rtt_median = median(rtt, s->nr_rounds);
	t->sigma = median(sigma, s->nr_rounds);
	return 0;
}

int model_put_names(const struct model_conf *conf, struct opt_tsync *t)
{
	t->method = strdup(conf->method ? conf->method : "");
	t->host_clock = strdup(conf->host_clock ? conf->host_clock : "");
	t->guest_clock = strdup(conf->guest_clock ? conf->guest_clock : "");
	return t->method && t->host_clock && t->guest_clock ? 0 : -ENOMEM;
}
