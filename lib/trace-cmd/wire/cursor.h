/*
 * cursor.h - bounds-checked, endian-aware reading and writing of bytes.
 *
 * Layer 1, pure. Every untrusted byte goes through a cursor. A read past the
 * end yields zeros and sets ->failed for good, so a parser may read a whole
 * structure and check once; but a count must be checked before it is used.
 */
#ifndef WIRE_CURSOR_H
#define WIRE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum byte_order {
	ORDER_LITTLE,
	ORDER_BIG,
};

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define ORDER_NATIVE ORDER_BIG
#else
#define ORDER_NATIVE ORDER_LITTLE
#endif

struct cursor {
	const uint8_t *data;
	size_t len;
	size_t pos;
	enum byte_order order;
	bool failed;
};

static inline struct cursor cursor_over(const void *data, size_t len, enum byte_order order)
{
	return (struct cursor){ .data = data, .len = len, .order = order };
}

static inline size_t cursor_left(const struct cursor *c)
{
	return c->failed ? 0 : c->len - c->pos;
}

uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);
static inline int32_t cursor_s32(struct cursor *c) { return (int32_t)cursor_u32(c); }
static inline int64_t cursor_s64(struct cursor *c) { return (int64_t)cursor_u64(c); }

/* The next @len bytes in place, and step over them; NULL (and failed) if there are fewer. */
const void *cursor_bytes(struct cursor *c, size_t len);

/*
 * The next string in place, stepping over its NUL. NULL (and failed) if no NUL
 * comes within the bytes left and within @max bytes (NUL included).
 */
const char *cursor_cstr(struct cursor *c, size_t max);

/* A cursor over the next @len bytes, stepping over them. It starts failed if there are fewer. */
struct cursor cursor_sub(struct cursor *c, size_t len);

/* Append integers in the given order. Sticky errors are the buffer's. */
void put_u8(struct buf *b, uint8_t v);
void put_u16(struct buf *b, enum byte_order order, uint16_t v);
void put_u32(struct buf *b, enum byte_order order, uint32_t v);
void put_u64(struct buf *b, enum byte_order order, uint64_t v);

/* Store one integer at @p. */
void store_u16(uint8_t *p, enum byte_order order, uint16_t v);
void store_u32(uint8_t *p, enum byte_order order, uint32_t v);
void store_u64(uint8_t *p, enum byte_order order, uint64_t v);

#endif
