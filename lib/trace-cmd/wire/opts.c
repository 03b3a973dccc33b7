/*
 * opts.c - see opts.h. Layer 1, pure.
 *
 * Every count is held against the bytes that are left before anything is
 * allocated by it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "wire/dat.h"
#include "wire/opts.h"

#define GUEST_CPU_LEN	8	/* u32 vcpu, s32 pid */
#define BUFFER_CPU_LEN	20	/* u32 cpu, u64 offset, u64 size */

/* A heap copy of the next string. 0; -EBADMSG; -ENOMEM. */
static int take_cstr(struct cursor *c, char **ret)
{
	const char *s = cursor_cstr(c, cursor_left(c));
	char *copy;

	if (!s)
		return -EBADMSG;
	copy = strdup(s);
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

/* --- GUEST -------------------------------------------------------------- */

void opt_guest_release(struct opt_guest *g)
{
	if (!g)
		return;
	free(g->name);
	free(g->cpus);
	*g = (struct opt_guest){ 0 };
}

static int guest_cpus_parse(struct cursor *c, struct opt_guest *g)
{
	uint32_t i, n = cursor_u32(c);

	if (c->failed || (uint64_t)n * GUEST_CPU_LEN != cursor_left(c))
		return -EBADMSG;
	if (!n)
		return 0;
	g->cpus = calloc(n, sizeof(*g->cpus));
	if (!g->cpus)
		return -ENOMEM;
	g->nr_cpus = n;
	for (i = 0; i < n; i++) {
		g->cpus[i].vcpu = cursor_u32(c);
		g->cpus[i].host_pid = cursor_s32(c);
		if (g->cpus[i].vcpu >= n)
			return -EBADMSG;
	}
	return 0;
}

int opt_guest_parse(const void *data, size_t len, enum byte_order order, struct opt_guest *ret)
{
	struct cursor c = cursor_over(data, len, order);
	_cleanup_(opt_guest_release) struct opt_guest g = { 0 };
	int err = take_cstr(&c, &g.name);

	if (err)
		return err;
	g.trace_id = cursor_u64(&c);
	err = guest_cpus_parse(&c, &g);
	if (err)
		return err;
	*ret = g;
	g = (struct opt_guest){ 0 };
	return 0;
}

int opt_guest_put(struct buf *b, enum byte_order order, const struct opt_guest *g)
{
	uint32_t i;

	buf_add_cstr(b, g->name ? g->name : "");
	put_u64(b, order, g->trace_id);
	put_u32(b, order, g->nr_cpus);
	for (i = 0; i < g->nr_cpus; i++) {
		put_u32(b, order, g->cpus[i].vcpu);
		put_u32(b, order, (uint32_t)g->cpus[i].host_pid);
	}
	return b->error;
}

/* --- TSC2NSEC ----------------------------------------------------------- */

int opt_tsc2nsec_parse(const void *data, size_t len, enum byte_order order,
		       struct opt_tsc2nsec *ret)
{
	struct cursor c = cursor_over(data, len, order);
	struct opt_tsc2nsec t;

	t.mult = cursor_u32(&c);
	t.shift = cursor_u32(&c);
	t.offset = cursor_u64(&c);
	if (c.failed || t.shift > 32)
		return -EBADMSG;
	*ret = t;
	return 0;
}

int opt_tsc2nsec_put(struct buf *b, enum byte_order order, const struct opt_tsc2nsec *t)
{
	put_u32(b, order, t->mult);
	put_u32(b, order, t->shift);
	put_u64(b, order, t->offset);
	return b->error;
}

/* --- BUFFER ------------------------------------------------------------- */

void opt_buffer_release(struct opt_buffer *b)
{
	if (!b)
		return;
	free(b->name);
	free(b->clock);
	free(b->cpus);
	*b = (struct opt_buffer){ 0 };
}

/* The CPU table of version 7. A number may occur once only: readers index by it. */
static int buffer_cpus_parse(struct cursor *c, struct opt_buffer *b)
{
	_cleanup_free_ uint8_t *seen = NULL;
	uint32_t i, n;

	b->page_size = cursor_u32(c);
	n = cursor_u32(c);
	if (c->failed || !dat_page_size_ok(b->page_size) || n > cursor_left(c) / BUFFER_CPU_LEN)
		return -EBADMSG;
	if (!n)
		return 0;
	b->cpus = calloc(n, sizeof(*b->cpus));
	seen = calloc(DAT_CPU_LIMIT / 8, 1);
	if (!b->cpus || !seen)
		return -ENOMEM;
	b->nr_cpus = n;
	for (i = 0; i < n; i++) {
		uint32_t cpu = cursor_u32(c);

		if (cpu >= DAT_CPU_LIMIT || seen[cpu / 8] & 1 << cpu % 8)
			return -EBADMSG;
		seen[cpu / 8] |= 1 << cpu % 8;
		b->cpus[i].cpu = cpu;
		b->cpus[i].offset = cursor_u64(c);
		b->cpus[i].size = cursor_u64(c);
	}
	return 0;
}

int opt_buffer_parse(const void *data, size_t len, enum byte_order order, int version, bool text,
		     struct opt_buffer *ret)
{
	struct cursor c = cursor_over(data, len, order);
	_cleanup_(opt_buffer_release) struct opt_buffer b = { 0 };
	int err;

	b.offset = cursor_u64(&c);
	err = take_cstr(&c, &b.name);
	if (!err && version >= 7)
		err = take_cstr(&c, &b.clock);
	if (!err && version >= 7 && !text)
		err = buffer_cpus_parse(&c, &b);
	if (err)
		return err;
	*ret = b;
	b = (struct opt_buffer){ 0 };
	return 0;
}

int opt_buffer_put(struct buf *b, enum byte_order order, int version, bool text,
		   const struct opt_buffer *opt)
{
	uint32_t i;

	put_u64(b, order, opt->offset);
	buf_add_cstr(b, opt->name ? opt->name : "");
	if (version < 7)
		return b->error;
	buf_add_cstr(b, opt->clock ? opt->clock : "");
	if (text)
		return b->error;
	put_u32(b, order, opt->page_size);
	put_u32(b, order, opt->nr_cpus);
	for (i = 0; i < opt->nr_cpus; i++) {
		put_u32(b, order, opt->cpus[i].cpu);
		put_u64(b, order, opt->cpus[i].offset);
		put_u64(b, order, opt->cpus[i].size);
	}
	return b->error;
}
