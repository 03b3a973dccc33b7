/*
 * cursor.c - see cursor.h. Layer 1, pure.
 */
#include <string.h>

#include "wire/cursor.h"

const void *cursor_bytes(struct cursor *c, size_t len)
{
	const void *at;

	if (c->failed || len > c->len - c->pos) {
		c->failed = true;
		return NULL;
	}
	at = c->data + c->pos;
	c->pos += len;
	return at;
}

/* The next @len bytes as an integer in the cursor's order. */
static uint64_t cursor_int(struct cursor *c, size_t len)
{
	const uint8_t *p = cursor_bytes(c, len);
	uint64_t v = 0;
	size_t i;

	if (!p)
		return 0;
	for (i = 0; i < len; i++)
		v = v << 8 | p[c->order == ORDER_BIG ? i : len - 1 - i];
	return v;
}

uint8_t cursor_u8(struct cursor *c)
{
	return cursor_int(c, 1);
}

uint16_t cursor_u16(struct cursor *c)
{
	return cursor_int(c, 2);
}

uint32_t cursor_u32(struct cursor *c)
{
	return cursor_int(c, 4);
}

uint64_t cursor_u64(struct cursor *c)
{
	return cursor_int(c, 8);
}

const char *cursor_cstr(struct cursor *c, size_t max)
{
	size_t left = cursor_left(c);
	const uint8_t *nul;

	if (left > max)
		left = max;
	nul = left ? memchr(c->data + c->pos, 0, left) : NULL;
	if (!nul) {
		c->failed = true;
		return NULL;
	}
	return cursor_bytes(c, nul - (c->data + c->pos) + 1);
}

struct cursor cursor_sub(struct cursor *c, size_t len)
{
	const void *p = cursor_bytes(c, len);
	struct cursor sub = cursor_over(p, p ? len : 0, c->order);

	sub.failed = !p;
	return sub;
}

static void store_int(uint8_t *p, enum byte_order order, uint64_t v, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		p[order == ORDER_BIG ? len - 1 - i : i] = (uint8_t)v;
		v >>= 8;
	}
}

void store_u16(uint8_t *p, enum byte_order order, uint16_t v)
{
	store_int(p, order, v, 2);
}

void store_u32(uint8_t *p, enum byte_order order, uint32_t v)
{
	store_int(p, order, v, 4);
}

void store_u64(uint8_t *p, enum byte_order order, uint64_t v)
{
	store_int(p, order, v, 8);
}

void put_u8(struct buf *b, uint8_t v)
{
	buf_add(b, &v, 1);
}

static void put_int(struct buf *b, enum byte_order order, uint64_t v, size_t len)
{
	uint8_t *p = buf_extend(b, len);

	if (p)
		store_int(p, order, v, len);
}

void put_u16(struct buf *b, enum byte_order order, uint16_t v)
{
	put_int(b, order, v, 2);
}

void put_u32(struct buf *b, enum byte_order order, uint32_t v)
{
	put_int(b, order, v, 4);
}

void put_u64(struct buf *b, enum byte_order order, uint64_t v)
{
	put_int(b, order, v, 8);
}
