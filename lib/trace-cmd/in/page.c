/*
 * page.c - see page.h. Layer 2, pure.
 */
#include <errno.h>

#include "in/page.h"

#define COMMIT_SIZE	0x7ffffffu	/* bytes of valid data */
#define COMMIT_LOST	(1u << 31)	/* events were lost before this page */
#define COMMIT_STORED	(1u << 30)	/* their number is behind the data */

/* type_len of an entry that is no data event of a small fixed size */
enum entry_type {
	ENTRY_LONG	= 0,	/* a data event, its length in the next word */
	ENTRY_DATA_MAX	= 28,
	ENTRY_PADDING	= 29,
	ENTRY_EXTEND	= 30,
	ENTRY_ABSOLUTE	= 31,
};

/* types of the old format */
enum old_type {
	OLD_PADDING, OLD_EXTEND, OLD_STAMP, OLD_DATA,
};

#define TIME_HIGH	(0x1full << 59)	/* what an absolute time leaves out */
#define ALIGN4(x)	(((x) + 3) & ~(uint64_t)3)

/* An entry's header word, taken apart. */
struct entry {
	uint32_t type;
	uint32_t delta;
};

/* What is cut off just ends where the file does. */
static int page_bad(struct in_page *p, const char *why)
{
	p->pos = p->end;
	if (p->cut)
		return 0;
	p->error = why;
	return -EBADMSG;
}

/*
 * The count of lost events is stored behind the data when it fits there; where
 * the flag claims it but it doesn't fit, or is nonsense, it is unknown.
 */
static int64_t lost_count(const struct in_page_format *format, const uint8_t *data, size_t size,
			  uint32_t commit, uint32_t end)
{
	struct cursor c = cursor_over(data, size, format->order);
	int64_t lost;

	if (!(commit & COMMIT_LOST))
		return 0;
	if (!(commit & COMMIT_STORED))
		return -1;
	c.pos = end;
	lost = format->long_size == 8 ? cursor_s64(&c) : (int64_t)cursor_u32(&c);
	return c.failed || lost <= 0 ? -1 : lost;
}

int in_page_init(struct in_page *p, const struct in_page_format *format, const void *data,
		 size_t size)
{
	struct cursor c = cursor_over(data, size, format->order);
	uint32_t start = 8 + format->long_size;
	uint64_t commit;

	*p = (struct in_page){
		.data = data, .big = format->order == ORDER_BIG,
		.swap = format->order != ORDER_NATIVE, .old = format->old,
	};
	if (size > format->page_size)
		size = format->page_size;
	p->time = cursor_u64(&c);
	/* 64-bit kernels extend the sign of bit 31, so only these bits count */
	commit = format->long_size == 8 ? cursor_u64(&c) : cursor_u32(&c);
	p->cut = size < format->page_size;
	if (c.failed)
		return page_bad(p, "the page header is cut off");
	p->pos = start;
	p->end = start + (commit & COMMIT_SIZE);
	if (p->end > size) {
		p->end = size;
		if (!p->cut)
			return page_bad(p, "more data than the page has room for");
	}
	if (!p->big && !p->swap && !p->old)
		p->quick = p->end;
	p->lost = lost_count(format, data, size, commit, p->end);
	return 0;
}

/* Fill in a data event of @size bytes at @data_pos, and step over its @length bytes. */
static int data_event(struct in_page *p, uint32_t data_pos, uint32_t size, uint32_t length,
		      struct in_event *ev)
{
	ev->time.count = p->time;
	ev->data = p->data + data_pos;
	ev->size = size;
	ev->length = length;
	ev->pos = p->pos;
	ev->missed = p->lost;
	p->lost = 0;
	p->pos += length;
	return 1;
}

/*
 * Bytes of an entry whose next word is its length without the header, or 0 if
 * that is impossible.
 */
static uint32_t long_entry(const struct in_page *p, uint32_t left)
{
	uint32_t len = in_page_u32(p, p->pos + 4);

	if (len < 4 || 4 + ALIGN4((uint64_t)len) > left)
		return 0;
	return 4 + ALIGN4((uint64_t)len);
}

/* As in_page_next(), for one entry; also 0 for an entry that is no event, with @ret_again set. */
static int new_entry(struct in_page *p, struct entry e, bool *ret_again, struct in_event *ev)
{
	uint32_t left = p->end - p->pos, length;
	uint64_t wide;

	switch (e.type) {
	case ENTRY_LONG:
		length = long_entry(p, left);
		if (!length)
			return page_bad(p, "an event's length is impossible");
		p->time += e.delta;
		return data_event(p, p->pos + 8, in_page_u32(p, p->pos + 4) - 4, length, ev);
	case ENTRY_PADDING:
		if (!e.delta) {
			p->pos = p->end;
			return 0;
		}
		length = long_entry(p, left);
		if (!length)
			return page_bad(p, "a padding's length is impossible");
		p->time += e.delta;
		break;
	case ENTRY_EXTEND:
	case ENTRY_ABSOLUTE:
		length = 8;
		/* time = (word << 27) + delta: added, or replacing all but the 5 highest bits */
		wide = ((uint64_t)in_page_u32(p, p->pos + 4) << 27) + e.delta;
		p->time = e.type == ENTRY_EXTEND ? p->time + wide : (p->time & TIME_HIGH) | wide;
		break;
	default:
		if (4 * e.type > left - 4)
			return page_bad(p, "an event leaves the page");
		p->time += e.delta;
		return data_event(p, p->pos + 4, 4 * e.type, 4 + 4 * e.type, ev);
	}
	p->pos += length;
	*ret_again = true;
	return 0;
}

/* The same for pages of the time before Linux 2.6.31: 2 bits of type, 3 of length in words. */
static int old_entry(struct in_page *p, struct entry e, bool *ret_again, struct in_event *ev)
{
	uint32_t type = p->big ? e.type >> 3 : e.type & 3;
	uint32_t words = p->big ? e.type & 7 : e.type >> 2;
	uint32_t left = p->end - p->pos, length = words ? 4 + 4 * words : 0;

	if (type == OLD_PADDING && !e.delta) {
		p->pos = p->end;
		return 0;
	}
	if (type == OLD_EXTEND) {
		p->time += ((uint64_t)in_page_u32(p, p->pos + 4) << 27) + e.delta;
		length = 8;
	} else if (type == OLD_STAMP) {
		length = 16;
	} else {
		p->time += e.delta;
		if (!words)
			length = long_entry(p, left);
	}
	if (!length || length > left)
		return page_bad(p, "an event's length is impossible");
	if (type == OLD_DATA)
		return words ? data_event(p, p->pos + 4, 4 * words, length, ev) :
			       data_event(p, p->pos + 8, in_page_u32(p, p->pos + 4) - 4, length, ev);
	p->pos += length;
	*ret_again = true;
	return 0;
}

/* Padding up to the end of the page. */
static bool ends_page(const struct in_page *p, struct entry e)
{
	uint32_t old = p->big ? e.type >> 3 : e.type & 3;

	return !e.delta && (p->old ? old == OLD_PADDING : e.type == ENTRY_PADDING);
}

int in_page_next_slow(struct in_page *p, struct in_event *ret_event)
{
	bool again;
	int ret;

	do {
		uint32_t head;
		struct entry e;

		if (p->pos == p->end)
			return 0;
		if (p->end - p->pos < 4)
			return page_bad(p, "an entry is cut off");
		head = in_page_u32(p, p->pos);
		e.type = p->big ? head >> 27 : head & 31;
		e.delta = p->big ? head & 0x7ffffff : head >> 5;
		again = false;
		/* every entry has a second word, but for the padding that ends the page */
		if (p->end - p->pos < 8 && !ends_page(p, e))
			return page_bad(p, "an entry is cut off");
		ret = p->old ? old_entry(p, e, &again, ret_event) :
			       new_entry(p, e, &again, ret_event);
	} while (again);
	return ret;
}
