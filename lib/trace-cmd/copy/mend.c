/*
 * mend.c - see part_mend() in parts.h. Layer 2, pure.
 */
#include <string.h>

#include "copy/parts.h"

/* Set the integer of @len bytes at @at. */
static void store(struct buf *b, size_t at, enum byte_order order, unsigned int len, uint64_t v)
{
	if (len == 8)
		store_u64(b->data + at, order, v);
	else
		store_u32(b->data + at, order, v);
}

static uint64_t load(struct cursor *c, unsigned int len)
{
	return len == 8 ? cursor_u64(c) : cursor_u32(c);
}

/* A size of @len bytes and a text that is as long, or shorter where the bytes end. */
static void mend_text(struct buf *b, enum byte_order order, unsigned int len)
{
	struct cursor c = cursor_over(b->data, b->len, order);
	uint64_t size = load(&c, len);

	if (c.failed) {
		buf_reset(b);
		buf_extend(b, len);
		return;
	}
	if (size > cursor_left(&c)) {
		size = cursor_left(&c);
		store(b, 0, order, len, size);
	}
	b->len = len + size;
}

/* Step over a text behind its u64 size. False, and nowhere, if it isn't whole. */
static bool skip_text(struct cursor *c)
{
	uint64_t size = cursor_u64(c);

	return !c->failed && size <= cursor_left(c) && (!size || cursor_bytes(c, size));
}

/* Step over a count of texts and those that are whole; the count then says so. False: cut off. */
static bool mend_texts(struct buf *b, struct cursor *c, size_t *ret_end)
{
	size_t at = c->pos, end;
	uint32_t i, n = cursor_u32(c);

	if (c->failed)
		return false;
	end = c->pos;
	for (i = 0; i < n && skip_text(c); i++)
		end = c->pos;
	store_u32(b->data + at, c->order, i);
	*ret_end = end;
	return i == n;
}

static void mend_formats(struct buf *b, enum byte_order order)
{
	struct cursor c = cursor_over(b->data, b->len, order);
	size_t end = 0;

	mend_texts(b, &c, &end);
	b->len = end;
	if (!end)
		buf_extend(b, 4);
}

static void mend_systems(struct buf *b, enum byte_order order)
{
	struct cursor c = cursor_over(b->data, b->len, order);
	uint32_t i = 0, n = cursor_u32(&c);
	bool whole = true;
	size_t end = c.pos;

	for (; whole && i < n && cursor_cstr(&c, cursor_left(&c)); i++) {
		size_t texts_end = 0;

		whole = mend_texts(b, &c, &texts_end);
		if (!texts_end)
			break;
		end = texts_end;
	}
	b->len = end;
	if (end < 4) {
		b->len = 0;
		buf_extend(b, 4);
	}
	if (!b->error)
		store_u32(b->data, order, i);
}

/* The texts that tell readers the page's layout, where the old file has none. */
static void make_header_info(const struct in_file *f, struct buf *b)
{
	struct buf page = BUF_INIT;
	unsigned int long_size = f->long_size;

	buf_printf(&page, "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
		   "\tfield: local_t commit;\toffset:8;\tsize:%u;\tsigned:1;\n"
		   "\tfield: char data;\toffset:%u;\tsize:%u;\tsigned:1;\n",
		   long_size, 8 + long_size, f->head.page_size - 8 - long_size);
	buf_add_cstr(b, "header_page");
	put_u64(b, f->head.order, page.len);
	buf_add(b, page.data, page.len);
	buf_add_cstr(b, "header_event");
	put_u64(b, f->head.order, 0);
	buf_release(&page);
}

/* Two names, each with a text; opening the file has checked them. */
static void mend_header_info(const struct in_file *f, struct buf *b)
{
	struct cursor c = cursor_over(b->data, b->len, f->head.order);
	int i;

	for (i = 0; i < 2; i++)
		if (!cursor_cstr(&c, cursor_left(&c)) || !skip_text(&c))
			break;
	if (i == 2) {
		b->len = c.pos;
		return;
	}
	buf_reset(b);
	make_header_info(f, b);
}

void part_mend(struct in_file *f, unsigned int id, struct buf *payload)
{
	switch (id) {
	case DAT_HEADER_INFO:
		mend_header_info(f, payload);
		break;
	case DAT_FTRACE_EVENTS:
		mend_formats(payload, f->head.order);
		break;
	case DAT_EVENT_FORMATS:
		mend_systems(payload, f->head.order);
		break;
	case DAT_KALLSYMS:
	case DAT_PRINTK:
		mend_text(payload, f->head.order, 4);
		break;
	case DAT_CMDLINES:
		mend_text(payload, f->head.order, 8);
		break;
	}
}
