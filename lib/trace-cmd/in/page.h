/*
 * page.h - walking the events of one ring-buffer page (sub-buffer).
 *
 * Layer 2, pure. Every length is checked before it is followed: a page is as
 * hostile as any other part of a file. The common event is decoded inline.
 */
#ifndef IN_PAGE_H
#define IN_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "in/event.h"
#include "wire/cursor.h"

struct in_page_format {
	enum byte_order order;
	unsigned int long_size;	/* of the recording kernel: 4 or 8 */
	uint32_t page_size;	/* bytes */
	bool old;		/* before Linux 2.6.31 */
};

struct in_page {
	const uint8_t *data;	/* the page; the caller keeps it */
	uint32_t pos;		/* of the next entry, bytes from the start of the page */
	uint32_t end;		/* of the valid data */
	uint64_t time;		/* of the entry before pos */
	int64_t lost;		/* events lost before the next data event: count, -1 unknown, 0 */
	uint32_t quick;		/* end, of pages of today's format in little endian, which is ours; or 0 */
	bool swap;		/* the file's byte order is not ours */
	bool big;		/* the file is big endian */
	bool old;
	bool cut;		/* the file ends within the page */
	const char *error;	/* why a call failed */
};

/*
 * Start at the first entry of the page at @data with @size bytes. With less than
 * page_size bytes the page is cut off: its whole events can be walked. 0; -EBADMSG
 * with p->error.
 */
int in_page_init(struct in_page *p, const struct in_page_format *format, const void *data,
		 size_t size);

/* True, before it is walked, for a page that nobody has written: no time, no data. */
static inline bool in_page_blank(const struct in_page *p)
{
	return !p->time && p->pos == p->end;
}

/* The entries that the inline part below leaves over; the same results. */
int in_page_next_slow(struct in_page *p, struct in_event *ret_event);

static inline uint32_t in_page_u32(const struct in_page *p, uint32_t pos)
{
	uint32_t v;

	/* memcpy, not a cursor: the caller has checked, and this is the innermost loop */
	memcpy(&v, p->data + pos, sizeof(v));
	return p->swap ? __builtin_bswap32(v) : v;
}

/*
 * in_page_next() for the common entries, without in_page_step(): true for a data event, false
 * if it is none of them.
 */
static inline bool in_page_peek_common(const struct in_page *p, struct in_event *ret_event)
{
	uint32_t head, type, pos = p->pos;

	if (pos + 8 > p->quick)
		return false;
	memcpy(&head, p->data + pos, sizeof(head));
	type = head & 31;
	/* 1..28: a data event of 4 * type bytes */
	if (type - 1 >= 28 || pos + 4 + 4 * type > p->quick)
		return false;
	ret_event->time.count = p->time + (head >> 5);
	ret_event->data = p->data + pos + 4;
	ret_event->size = 4 * type;
	ret_event->length = 4 + 4 * type;
	ret_event->pos = pos;
	ret_event->missed = p->lost;
	return true;
}

/* Go behind the event that was peeked at. */
static inline void in_page_step(struct in_page *p, const struct in_event *ev)
{
	p->time = ev->time.count;
	p->pos = ev->pos + ev->length;
	p->lost = 0;
}

/*
 * The next data event into @ret_event (all but key). 1; 0 at the end of the
 * page; -EBADMSG with p->error, after which the page is at its end.
 */
static inline int in_page_next(struct in_page *p, struct in_event *ret_event)
{
	if (!in_page_peek_common(p, ret_event))
		return in_page_next_slow(p, ret_event);
	in_page_step(p, ret_event);
	return 1;
}

#endif
