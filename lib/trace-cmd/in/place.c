/*
 * place.c - see place.h. Layer 2.
 */
#include <errno.h>

#include "in/place.h"

enum gap_type {
	GAP_PADDING	= 29,
	GAP_EXTEND	= 30,
	GAP_STAMP	= 31,
};

#define STAMP_HIGH	(0x1full << 59)	/* of a time, what a stamp leaves out */

/* A page that is walked. */
struct place {
	struct in_page_ref ref;
	struct in_page page;		/* behind ev */
	struct in_event ev;		/* the record */
	uint64_t page_key, page_time;
	bool first;			/* ev is the first record of the page */
};

/* Walk up to the record with @key. 0, -ENOENT or -ENOMEM; release p->ref in any case. */
static int place_open(struct tracecmd_input *h, uint64_t key, struct place *p)
{
	struct in_data *d = h->data;
	unsigned int cpu;
	uint64_t number;
	int ret;

	*p = (struct place){ .first = false };
	if (!d || in_data_find(d, key, &cpu, &number))
		return -ENOENT;
	ret = in_data_page(d, cpu, number, &p->ref);
	if (!ret)
		ret = in_page_init(&p->page, &d->format, p->ref.data, p->ref.size);
	if (ret)
		return ret == -ENOMEM ? ret : -ENOENT;
	p->page_key = d->cpus[cpu].key + number * d->format.page_size;
	p->page_time = p->page.time;
	p->first = true;
	while ((ret = in_page_next(&p->page, &p->ev)) > 0) {
		if (p->page_key + p->ev.pos == key)
			return 0;
		p->first = false;
	}
	return -ENOENT;
}

/* The time delta that the entry head @head has. */
static uint32_t head_delta(const struct in_page *p, uint32_t head)
{
	return p->big ? head & 0x7ffffff : head >> 5;
}

/* Compressed data of an instance is told to be behind that of the top buffer. */
static uint64_t instance_base(struct tracecmd_input *h)
{
	const struct in_data *d = in_handle_file(h)->data;
	uint64_t pages = 0;
	unsigned int cpu;

	if (in_handle_file(h) == h || !h->data->buffer->compressed || !d || !d->buffer->compressed)
		return 0;
	for (cpu = 0; cpu < d->nr_cpus; cpu++)
		pages += d->cpus[cpu].nr_pages;
	return pages * d->format.page_size;
}

int in_place_find(struct tracecmd_input *h, uint64_t key, struct tracecmd_place *ret_place)
{
	struct place p;
	int ret = place_open(h, key, &p);

	if (!ret)
		*ret_place = (struct tracecmd_place){
			.page_offset = p.page_key + instance_base(h), .page_ts = p.page_time, .offset = p.ev.pos,
			.delta = head_delta(&p.page, in_page_u32(&p.page, p.ev.pos)),
			.first = p.first,
		};
	in_page_ref_release(&p.ref);
	return ret;
}

/*
 * Tell @fn of the entry at @pos, where there are 8 bytes at least. Returns its length, 0: the page
 * ends there.
 */
static uint64_t gap_tell(const struct in_page *p, uint32_t pos, uint64_t time, tracecmd_gap_fn fn,
			 void *data)
{
	uint32_t head = in_page_u32(p, pos), delta = head_delta(p, head);
	uint32_t type = p->big ? head >> 27 : head & 31, word = in_page_u32(p, pos + 4);
	uint64_t wide = ((uint64_t)word << 27) + delta;

	switch (type) {
	case GAP_PADDING:
		fn(TRACECMD_GAP_PADDING, delta, delta ? word : 0, data);
		return delta ? 4 + (((uint64_t)word + 3) & ~3ull) : 0;
	case GAP_EXTEND:
		fn(TRACECMD_GAP_EXTEND, wide, 0, data);
		return 8;
	case GAP_STAMP:
		fn(TRACECMD_GAP_STAMP, (time & STAMP_HIGH) | wide, 0, data);
		return 8;
	default:	/* a record that is cut off */
		return 0;
	}
}

int in_place_gaps(struct tracecmd_input *h, uint64_t key, tracecmd_gap_fn fn, void *data)
{
	struct place p;
	int ret = place_open(h, key, &p);
	struct in_page next = p.page;
	struct in_event ev;
	uint64_t length;
	uint32_t pos, end;

	if (!ret && !p.page.old) {
		pos = p.ev.pos + p.ev.length;
		ret = in_page_next(&next, &ev);
		end = ret < 0 ? pos : ret ? ev.pos : p.page.end;
		/* a head is one word; behind the last one of a page there is room to be read */
		_Static_assert(IN_EVENT_SLACK >= 4, "");
		while (pos < end && end - pos >= 4) {
			length = gap_tell(&p.page, pos, p.ev.time.count, fn, data);
			if (!length || length > end - pos)
				break;
			pos += length;
		}
		ret = 0;
	}
	in_page_ref_release(&p.ref);
	return ret;
}
