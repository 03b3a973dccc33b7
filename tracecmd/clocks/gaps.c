/*
 * gaps.c - see gaps.h. Layer 5, pure.
 */
#include <errno.h>
#include <stdlib.h>

#include "clocks/gaps.h"

void gaps_release(struct gaps *g)
{
	free(g->at);
	*g = (struct gaps){ 0 };
}

void gaps_exit(struct gaps *g, int64_t time)
{
	g->exit = time;
	g->out = true;
}

int gaps_entry(struct gaps *g, int64_t time)
{
	bool gap = g->out && time > g->exit;

	g->out = false;
	if (!gap)
		return 0;
	if (g->count == g->alloc) {
		size_t alloc = g->alloc ? g->alloc * 2 : 256;
		struct gap *at = reallocarray(g->at, alloc, sizeof(*at));

		if (!at)
			return -ENOMEM;
		g->at = at;
		g->alloc = alloc;
	}
	g->at[g->count++] = (struct gap){ .exit = g->exit, .entry = time };
	return 0;
}

void gaps_lost(struct gaps *g, int64_t since)
{
	g->out = false;
	while (g->count && g->at[g->count - 1].entry > since)
		g->count--;
}

/* Steps double before the search halves them: the next question is about a time close by. */
size_t gaps_find(const struct gaps *g, size_t from, int64_t time)
{
	size_t low = from, high, step = 1;

	if (from >= g->count || g->at[from].entry > time)
		return from < g->count ? from : g->count;
	while (low + step < g->count && g->at[low + step].entry <= time) {
		low += step;
		step *= 2;
	}
	high = low + step < g->count ? low + step : g->count;
	/* that at low ends too early, that at high doesn't */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (g->at[middle].entry <= time)
			low = middle;
		else
			high = middle;
	}
	return high;
}
