/*
 * buf.c - see buf.h. Layer 0.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "base/cleanup.h"

#define HUGE_PAGE ((size_t)2 << 20)	/* bytes; where they are larger nothing is lost */

void buf_init(struct buf *b, size_t cap)
{
	*b = (struct buf){ .cap = cap };
}

void buf_release(struct buf *b)
{
	if (!b)
		return;
	free(b->data);
	*b = (struct buf){ .cap = b->cap };
}

void buf_expect(struct buf *b, size_t bytes)
{
	void *data;

	if (b->data || b->error || posix_memalign(&data, HUGE_PAGE, bytes))
		return;
	/* without them it is memory as any other */
	madvise(data, bytes, MADV_HUGEPAGE);
	b->data = data;
	b->data[0] = 0;
	b->alloc = bytes;
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->error = 0;
	if (b->data)
		b->data[0] = 0;
}

/* Make room for @more bytes and a NUL. */
static int buf_reserve(struct buf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : BUF_NO_CAP;
	size_t want;
	uint8_t *data;

	if (b->error)
		return b->error;
	if (more > cap - b->len || b->len + more >= BUF_NO_CAP / 2)
		return b->error = -E2BIG;
	if (b->len + more + 1 <= b->alloc)
		return 0;
	want = b->alloc ? b->alloc : 64;
	while (want < b->len + more + 1)
		want *= 2;
	data = realloc(b->data, want);
	if (!data)
		return b->error = -ENOMEM;
	b->data = data;
	b->alloc = want;
	return 0;
}

int buf_add(struct buf *b, const void *data, size_t len)
{
	if (buf_reserve(b, len))
		return b->error;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = 0;
	return 0;
}

int buf_add_str(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int buf_add_cstr(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s) + 1);
}

void *buf_extend_raw(struct buf *b, size_t len)
{
	uint8_t *at;

	if (buf_reserve(b, len))
		return NULL;
	at = b->data + b->len;
	b->len += len;
	at[len] = 0;
	return at;
}

void *buf_extend(struct buf *b, size_t len)
{
	void *at = buf_extend_raw(b, len);

	return at ? memset(at, 0, len) : NULL;
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return b->error = -EINVAL;
	if (buf_reserve(b, n))
		return b->error;
	va_start(ap, fmt);
	vsnprintf((char *)b->data + b->len, n + 1, fmt, ap);
	va_end(ap);
	b->len += n;
	return 0;
}

char *buf_take_str(struct buf *b)
{
	char *s;

	if (buf_reserve(b, 0)) {
		buf_release(b);
		return NULL;
	}
	b->data[b->len] = 0;
	s = (char *)take_ptr(b->data);
	b->len = b->alloc = 0;
	return s;
}
