/*
 * buf.h - a growable byte buffer with a cap and a sticky error.
 *
 * Layer 0. Everything that builds bytes or text of unknown size uses it. After
 * the first failure (-ENOMEM, or -E2BIG beyond the cap) all further additions
 * do nothing, so that only the end has to look at buf->error.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define BUF_NO_CAP SIZE_MAX

struct buf {
	uint8_t *data;		/* always followed by one NUL byte once non-NULL */
	size_t len;		/* bytes in use, without that NUL */
	size_t alloc;		/* bytes allocated */
	size_t cap;		/* most bytes it may hold; 0 means no cap */
	int error;		/* 0 or the first -errno */
};

/* An empty buffer of at most @cap bytes (BUF_NO_CAP: no limit). */
void buf_init(struct buf *b, size_t cap);
#define BUF_INIT { NULL, 0, 0, 0, 0 }

/* Free the bytes; the struct is empty and usable again. NULL is fine. */
void buf_release(struct buf *b);
#define _cleanup_buf_ _cleanup_(buf_release)

/*
 * Set memory for some MB aside at once, in huge pages if there are any: a fault for each 4 KB costs more
 * than filling them. For an empty buffer; a hint that may be wrong or fail. Memory that is never used
 * takes no space.
 */
void buf_expect(struct buf *b, size_t bytes);

/* Forget the content and the error, keep the memory. */
void buf_reset(struct buf *b);

/* Append @len bytes. Returns b->error. */
int buf_add(struct buf *b, const void *data, size_t len);

/* Append the text @s without, or (buf_add_cstr) with, its NUL. */
int buf_add_str(struct buf *b, const char *s);
int buf_add_cstr(struct buf *b, const char *s);

/* Append @len zero bytes and return where they are, NULL on error. */
void *buf_extend(struct buf *b, size_t len);

/* The same, but the bytes are whatever they were: for who fills them, or takes them off again. */
void *buf_extend_raw(struct buf *b, size_t len);

/* Append formatted text. Returns b->error. */
int buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Give the bytes away as a NUL-terminated heap string the caller frees; the
 * buffer is empty afterwards. Returns NULL if b->error is set.
 */
char *buf_take_str(struct buf *b);

#endif
