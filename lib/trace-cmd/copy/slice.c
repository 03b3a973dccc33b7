/*
 * slice.c - see slice.h. Layer 2.
 *
 * Cutting a page's front makes its first event the base of its time; cutting its end
 * shortens it. The bytes of the events in between are not looked at again.
 */
#include <errno.h>
#include <string.h>

#include "copy/page-word.h"
#include "copy/slice.h"
#include "in/seek.h"

#define DELTA_BITS	27

/* --- finding -------------------------------------------------------------- */

struct slice_edge slice_at(struct in_stream *s)
{
	const struct in_event *ev = in_stream_peek(s);
	const struct in_cpu_data *c = &s->data->cpus[s->cpu];
	struct slice_edge edge;

	if (!ev)
		return slice_end(s->data, s->cpu);
	edge.page = (ev->key - c->key) / s->data->format.page_size;
	edge.pos = ev->pos;
	return edge;
}

void slice_seek(struct in_stream *s, struct slice_edge edge)
{
	in_stream_to_page(s, edge.page);
	while (in_stream_peek(s) && slice_before(slice_at(s), edge))
		in_stream_next(s);
}

int slice_find(struct in_data *d, unsigned int cpu, const struct in_timeline *timeline,
	       struct slice_edge from, uint64_t ns, struct slice_edge *ret)
{
	const struct timeshift_cpu *shift = in_timeline_cpu(timeline, cpu);
	const struct in_event *ev;
	struct in_stream s;
	uint64_t page;
	int error = in_seek_page(d, cpu, timeline, from.page, ns, &page);

	if (error)
		return error;
	in_stream_init(&s, d, cpu);
	slice_seek(&s, page == from.page ? from : (struct slice_edge){ .page = page });
	while ((ev = in_stream_peek(&s)) &&
	       in_time_convert(timeline, shift, ev->time).ns < ns)
		in_stream_next(&s);
	*ret = slice_at(&s);
	in_stream_release(&s);
	return 0;
}

/* --- cutting -------------------------------------------------------------- */

/* The events of a page that stay. */
struct cut {
	uint32_t first, end;	/* from the first one's header to behind the last, bytes; 0: none */
	uint64_t time;		/* of the first */
	int64_t lost;		/* before it */
	bool front;		/* some in front of it go */
};

static void cut_find(const struct in_page_format *format, const uint8_t *page, uint32_t size,
		     uint32_t from, uint32_t to, struct cut *cut)
{
	struct in_event ev;
	struct in_page p;

	*cut = (struct cut){ 0 };
	if (in_page_init(&p, format, page, size))
		return;
	while (in_page_next(&p, &ev) > 0 && (!to || ev.pos < to)) {
		if (ev.pos < from) {
			cut->front = true;
			continue;
		}
		if (!cut->end) {
			cut->first = ev.pos;
			cut->time = ev.time.count;
			cut->lost = ev.missed;
		}
		cut->end = ev.pos + ev.length;
	}
}

/* Take the time since the entry before it out of an event's header. */
static void clear_delta(const struct in_page_format *format, uint8_t *at)
{
	struct cursor c = cursor_over(at, 4, format->order);
	uint32_t head = cursor_u32(&c);

	head &= format->order == ORDER_BIG ? ~0u << DELTA_BITS : ~0u >> DELTA_BITS;
	store_u32(at, format->order, head);
}

/* How many events were lost in front of the page, behind its data if there is room. */
static void put_lost(const struct in_page_format *format, uint8_t *page, uint32_t len, int64_t lost)
{
	uint32_t at = 8 + format->long_size + len;
	uint32_t word = len | PAGE_WORD_LOST;

	if (lost > 0 && at + format->long_size <= format->page_size) {
		word |= PAGE_WORD_STORED;
		if (format->long_size == 8)
			store_u64(page + at, format->order, (uint64_t)lost);
		else
			store_u32(page + at, format->order, (uint32_t)lost);
	}
	page_word_put(format, page, word);
}

/* Make a page at @to of the events that stay of the one at @page. */
static void cut_copy(const struct in_page_format *format, const uint8_t *page,
		     const struct cut *cut, uint8_t *to)
{
	uint32_t start = 8 + format->long_size;
	uint32_t from = cut->front ? cut->first : start, len = cut->end - from;

	memset(to, 0, format->page_size);
	memcpy(to, page, start);
	memcpy(to + start, page + from, len);
	page_word_put(format, to, len);
	if (cut->front) {
		store_u64(to, format->order, cut->time);
		clear_delta(format, to + start);
	} else if (cut->lost && !format->old) {
		put_lost(format, to, len, cut->lost);
	}
}

/* --- the source ----------------------------------------------------------- */

/* Put the events of page @number from @from to @to (0: all) into @data. Bytes, 0: none; -ENOMEM. */
static ssize_t cut_page(struct copy_slice *s, uint64_t number, uint32_t from, uint32_t to,
			uint8_t *data)
{
	const struct in_page_format *format = &s->pages.data->format;
	struct cut cut;
	int ret = in_data_page(s->pages.data, s->pages.cpu, number, &s->ref);

	if (ret == -ENOMEM)
		return ret;
	if (ret) {
		s->pages.lost = true;
		return 0;
	}
	cut_find(format, s->ref.data, s->ref.size, from, to, &cut);
	if (!cut.end)
		return 0;
	cut_copy(format, s->ref.data, &cut, data);
	return format->page_size;
}

static ssize_t slice_next(struct out_source *source, void *data, size_t size,
			  struct out_range *range)
{
	struct copy_slice *s = (struct copy_slice *)source;
	ssize_t n = 0;

	if (s->from.pos) {
		uint64_t page = s->from.page;
		uint32_t pos = s->from.pos, to = s->to.page == page ? s->to.pos : 0;

		s->from = (struct slice_edge){ .page = page + 1 };
		if (s->to.page == page)
			s->to.pos = 0;
		n = cut_page(s, page, pos, to, data);
	}
	if (!n)
		n = s->pages.source.next(&s->pages.source, data, size, range);
	if (!n && !range->size && s->to.pos) {
		uint32_t to = s->to.pos;

		s->to.pos = 0;
		n = cut_page(s, s->to.page, 0, to, data);
	}
	return n;
}

void copy_slice_init(struct copy_slice *s, struct in_data *data, unsigned int cpu,
		     const struct out_file *o, uint32_t page_size, struct slice_edge from,
		     struct slice_edge to)
{
	*s = (struct copy_slice){ .source.next = slice_next, .from = from, .to = to };
	copy_pages_init(&s->pages, data, cpu, o, page_size, from.page + (from.pos ? 1 : 0),
			to.page);
	/* nothing: also where the end is in front of the start */
	if (!slice_before(from, to)) {
		s->from = s->to = (struct slice_edge){ 0 };
		s->pages.next = s->pages.end;
	}
}

void copy_slice_release(struct copy_slice *s)
{
	in_page_ref_release(&s->ref);
	copy_pages_release(&s->pages);
}
