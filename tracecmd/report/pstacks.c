/*
 * pstacks.c - see pstacks.h. Layer 5.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "report/pstacks.h"

void pstats_add(struct pstats *s, uint64_t ns, uint64_t ts)
{
	if (!s->count || ns > s->max_ns) {
		s->max_ns = ns;
		s->max_ts = ts;
	}
	if (!s->count || ns < s->min_ns) {
		s->min_ns = ns;
		s->min_ts = ts;
	}
	s->count++;
	s->total_ns += ns;
}

void pstats_merge(struct pstats *to, const struct pstats *from)
{
	if (from->count && (!to->count || from->max_ns > to->max_ns)) {
		to->max_ns = from->max_ns;
		to->max_ts = from->max_ts;
	}
	if (from->count && (!to->count || from->min_ns < to->min_ns)) {
		to->min_ns = from->min_ns;
		to->min_ts = from->min_ts;
	}
	to->count += from->count;
	to->total_ns += from->total_ns;
}

void pstats_print_ts(struct textout *out, uint64_t ts)
{
	uint64_t us = ts / 1000 + (ts % 1000 >= 500);

	textout_printf(out, "(ts:%" PRIu64 ".%06" PRIu64 ")", us / 1000000, us % 1000000);
}

uint32_t pstacks_number(struct pstacks *s, const uint64_t *frames, uint32_t len)
{
	uint64_t a = len, b = ~(uint64_t)len;
	uint32_t i, number, before = s->known.used;

	if (!len)
		return PTABLE_NONE;
	for (i = 0; i < len; i++) {
		a = (a ^ frames[i]) * 0x9e3779b97f4a7c15ull;
		a ^= a >> 29;
		b = (b + frames[i]) * 0xbf58476d1ce4e5b9ull;
		b ^= b >> 31;
	}
	number = ptable_number(&s->known, a, b);
	if (number == PTABLE_NONE || number < before)
		return number;
	while (s->frames_room - s->nr_frames < len) {
		/* elements between nr_frames and frames_room are free already */
		if (!ptable_grow((void **)&s->frames, &s->frames_room, s->frames_room,
				 sizeof(*s->frames)))
			return PTABLE_NONE;
	}
	if (!ptable_grow((void **)&s->list, &s->list_room, number, sizeof(*s->list)))
		return PTABLE_NONE;
	memcpy(s->frames + s->nr_frames, frames, len * sizeof(*frames));
	s->list[number] = (struct pstack){ .start = s->nr_frames, .len = len };
	s->nr_frames += len;
	return number;
}

void pstacks_release(struct pstacks *s)
{
	free(s->frames);
	free(s->list);
	ptable_release(&s->known);
	*s = (struct pstacks){ 0 };
}

/* --- trees */

struct tree {
	const struct pstacks *s;
	struct tep_handle *tep;
	struct textout *out;
	struct buf prefix;		/* what lines start with */
};

static const uint64_t *frames_of(const struct pstacks *s, const struct pstack_use *use,
				 uint32_t *ret_len)
{
	*ret_len = s->list[use->stack].len;
	return s->frames + s->list[use->stack].start;
}

/* Frame by frame; who ends first comes first. */
static int by_frames(const void *a, const void *b, void *stacks)
{
	uint32_t i, len[2];
	const uint64_t *x = frames_of(stacks, a, &len[0]), *y = frames_of(stacks, b, &len[1]);

	for (i = 0; i < len[0] && i < len[1]; i++) {
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	}
	return len[0] < len[1] ? -1 : len[0] > len[1];
}

/* The most time first, then the most often. */
static int by_time(const void *a, const void *b)
{
	const struct pstack_node *x = a, *y = b;

	if (x->stats.total_ns != y->stats.total_ns)
		return x->stats.total_ns > y->stats.total_ns ? -1 : 1;
	if (x->stats.count != y->stats.count)
		return x->stats.count > y->stats.count ? -1 : 1;
	return x->address < y->address ? -1 : x->address > y->address;
}

uint32_t pstacks_part(const struct pstacks *s, struct pstack_use *uses, uint32_t n, uint32_t depth,
		      struct pstack_node *nodes)
{
	uint32_t i, len, count = 0;
	uint64_t last = 0;

	for (i = 0; i < n; i++) {
		const uint64_t *frames = frames_of(s, &uses[i], &len);

		if (len <= depth)
			continue;
		if (!count || frames[depth] != last) {
			last = frames[depth];
			if (nodes)
				nodes[count] = (struct pstack_node){
					.uses = &uses[i], .address = last };
			count++;
		}
		if (nodes) {
			nodes[count - 1].nr_uses++;
			pstats_merge(&nodes[count - 1].stats, &uses[i].stats);
		}
	}
	return count;
}

void pstacks_sort(const struct pstacks *s, struct pstack_use *uses, uint32_t n)
{
	qsort_r(uses, n, sizeof(*uses), by_frames, (void *)s);
}

struct pstack_node *pstacks_nodes(const struct pstacks *s, struct pstack_use *uses, uint32_t n,
				  uint32_t depth, uint32_t *ret_count)
{
	uint32_t count = pstacks_part(s, uses, n, depth, NULL);
	struct pstack_node *nodes = calloc(count + 1, sizeof(*nodes));

	if (!nodes)
		return NULL;
	pstacks_part(s, uses, n, depth, nodes);
	qsort(nodes, count, sizeof(*nodes), by_time);
	*ret_count = count;
	return nodes;
}

bool pstacks_only(const struct pstacks *s, struct pstack_use *uses, uint32_t n, uint32_t depth,
		  struct pstack_node *ret)
{
	if (pstacks_part(s, uses, n, depth, NULL) != 1)
		return false;
	pstacks_part(s, uses, n, depth, ret);
	return ret->nr_uses == n;
}

static void print_function(const struct tree *t, const char *indent, uint64_t address)
{
	const char *name = tep_find_function(t->tep, address);

	textout_add(t->out, t->prefix.data, t->prefix.len);
	if (name)
		textout_printf(t->out, "%s%s (0x%" PRIx64 ")\n", indent, name, address);
	else
		textout_printf(t->out, "%s0x%" PRIx64 "\n", indent, address);
}

static void print_share(const struct tree *t, bool last, const struct pstats *s,
			const struct pstats *all)
{
	uint64_t whole = all->total_ns ? all->total_ns : all->count;
	uint64_t share = all->total_ns ? s->total_ns : s->count;

	textout_add(t->out, t->prefix.data, t->prefix.len);
	/* a hundred times the time may be too large for whole numbers */
	textout_printf(t->out, "%c   %d%% (%" PRIu64 ")", last ? ' ' : '|',
		       whole ? (int)(100.0 * share / whole + 0.5) : 0, s->count);
	if (all->total_ns) {
		textout_printf(t->out, " time:%" PRIu64 " max:%" PRIu64, s->total_ns, s->max_ns);
		pstats_print_ts(t->out, s->max_ts);
		textout_printf(t->out, " min:%" PRIu64, s->min_ns);
		pstats_print_ts(t->out, s->min_ts);
		textout_printf(t->out, " avg:%" PRIu64, s->total_ns / s->count);
	}
	textout_str(t->out, "\n");
}

static void print_end(const struct tree *t, bool last)
{
	textout_add(t->out, t->prefix.data, t->prefix.len);
	textout_printf(t->out, "%c \n", last ? ' ' : '|');
}

static int print_level(struct tree *t, struct pstack_use *uses, uint32_t n, uint32_t depth,
		       const struct pstats *all);

/* One node, the functions that all of its stacks go on with, and the branches behind them. */
static int print_node(struct tree *t, const struct pstack_node *node, uint32_t depth, bool last,
		      const struct pstats *all)
{
	size_t prefix_len = t->prefix.len;
	struct pstack_node next;
	int ret = 0;

	print_end(t, false);
	print_function(t, "+ ", node->address);
	print_share(t, last, &node->stats, all);
	/* also where some end */
	while (pstacks_part(t->s, node->uses, node->nr_uses, ++depth, NULL) == 1) {
		pstacks_part(t->s, node->uses, node->nr_uses, depth, &next);
		print_function(t, last ? "     " : "|    ", next.address);
	}
	if (pstacks_part(t->s, node->uses, node->nr_uses, depth, NULL)) {
		if (buf_printf(&t->prefix, last ? "      " : "|     "))
			return -ENOMEM;
		ret = print_level(t, node->uses, node->nr_uses, depth, &node->stats);
		t->prefix.len = prefix_len;
		print_end(t, last);
	}
	if (last)
		print_end(t, true);
	return ret;
}

static int print_level(struct tree *t, struct pstack_use *uses, uint32_t n, uint32_t depth,
		       const struct pstats *all)
{
	_cleanup_free_ struct pstack_node *nodes = NULL;
	uint32_t i, parts;
	int ret = 0;

	nodes = pstacks_nodes(t->s, uses, n, depth, &parts);
	if (!nodes)
		return -ENOMEM;
	for (i = 0; !ret && i < parts; i++)
		ret = print_node(t, &nodes[i], depth, i == parts - 1, all);
	return ret;
}

int pstacks_print(const struct pstacks *s, struct pstack_use *uses, uint32_t n,
		  struct tep_handle *tep, struct textout *out)
{
	struct tree t = { .s = s, .tep = tep, .out = out, .prefix = BUF_INIT };
	struct pstats all = { 0 };
	uint32_t i;
	int ret;

	if (!n)
		return 0;
	for (i = 0; i < n; i++)
		pstats_merge(&all, &uses[i].stats);
	pstacks_sort(s, uses, n);
	ret = buf_printf(&t.prefix, "          ");
	if (!ret)
		ret = print_level(&t, uses, n, 0, &all);
	buf_release(&t.prefix);
	textout_str(out, "      \n");
	return ret ? -ENOMEM : 0;
}
