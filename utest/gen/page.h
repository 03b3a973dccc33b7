/*
 * page.h - writes ring-buffer pages for tests, in any byte order and long size.
 *
 * Written on its own, without what in/ knows of pages, so that both can be wrong
 * only independently.
 */
#ifndef GEN_PAGE_H
#define GEN_PAGE_H

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "wire/cursor.h"

#define GEN_LOST	(1u << 31)
#define GEN_LOST_STORED	(1u << 30)

/* The event of the generated formats: id, pid and one number. */
struct gen_event {
	uint64_t ts;
	uint16_t id;
	int32_t pid;
	int32_t value;
};

#define GEN_EVENT_SIZE	12	/* bytes of its payload */

struct gen_page {
	enum byte_order order;
	unsigned int long_size;
	uint32_t page_size;
	struct buf *out;	/* pages are appended */
	size_t start;		/* of the page in out */
	uint64_t time;		/* of the last entry */
};

static inline void gen_long(struct gen_page *p, uint64_t v)
{
	if (p->long_size == 8)
		put_u64(p->out, p->order, v);
	else
		put_u32(p->out, p->order, (uint32_t)v);
}

/* Start a page at time @ts. */
static inline void gen_page_begin(struct gen_page *p, uint64_t ts)
{
	p->start = p->out->len;
	p->time = ts;
	put_u64(p->out, p->order, ts);
	gen_long(p, 0);
}

/* Bytes of the page that are in use. */
static inline uint32_t gen_page_used(const struct gen_page *p)
{
	return (uint32_t)(p->out->len - p->start);
}

/* An entry's header word. */
static inline void gen_head(struct gen_page *p, uint32_t type, uint32_t delta)
{
	put_u32(p->out, p->order, p->order == ORDER_BIG ? type << 27 | delta : delta << 5 | type);
}

static inline void gen_extend(struct gen_page *p, uint64_t delta)
{
	gen_head(p, 30, delta & 0x7ffffff);
	put_u32(p->out, p->order, (uint32_t)(delta >> 27));
	p->time += delta;
}

/* Bytes of an event's payload. */
static inline void gen_payload(struct gen_page *p, const struct gen_event *ev)
{
	put_u16(p->out, p->order, ev->id);
	put_u16(p->out, p->order, 0);
	put_u32(p->out, p->order, (uint32_t)ev->pid);
	put_u32(p->out, p->order, (uint32_t)ev->value);
}

/* A data event at ev->ts, which must not be before the last one. */
static inline void gen_page_event(struct gen_page *p, const struct gen_event *ev)
{
	uint64_t delta = ev->ts - p->time;

	if (delta >> 27) {
		gen_extend(p, delta);
		delta = 0;
	}
	gen_head(p, GEN_EVENT_SIZE / 4, (uint32_t)delta);
	gen_payload(p, ev);
	p->time = ev->ts;
}

/* End the page; @flags GEN_LOST* of its commit word, @lost if GEN_LOST_STORED. */
static inline void gen_page_end(struct gen_page *p, uint32_t flags, uint64_t lost)
{
	uint32_t used = gen_page_used(p);
	uint64_t commit = used - 8 - p->long_size;
	uint8_t *word;

	assert(used <= p->page_size);
	/* kernels extend the sign of bit 31 */
	commit = (uint64_t)(int64_t)(int32_t)(commit | flags);
	if (flags & GEN_LOST_STORED)
		gen_long(p, lost);
	buf_extend(p->out, p->page_size - gen_page_used(p));
	assert(!p->out->error);
	word = p->out->data + p->start + 8;
	if (p->long_size == 8)
		store_u64(word, p->order, commit);
	else
		store_u32(word, p->order, (uint32_t)commit);
}

/* Append as many pages as @count events in order of time need, @per_page in each (0: all that fit). */
static inline void gen_pages(struct gen_page *p, const struct gen_event *ev, unsigned int count,
			     unsigned int per_page)
{
	unsigned int i = 0;

	while (i < count) {
		unsigned int n = 0;

		gen_page_begin(p, ev[i].ts);
		while (i < count && (!per_page || n < per_page) &&
		       gen_page_used(p) + 8 + 4 + GEN_EVENT_SIZE <= p->page_size) {
			gen_page_event(p, &ev[i++]);
			n++;
		}
		gen_page_end(p, 0, 0);
	}
}

#endif
