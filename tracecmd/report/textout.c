/*
 * out.c - see out.h. Layer 5.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "report/textout.h"

int textout_init(struct textout *s, int fd)
{
	*s = (struct textout){ .fd = fd, .data = malloc(TEXTOUT_BLOCK), .lines = isatty(fd) };
	return s->data ? 0 : -ENOMEM;
}

void textout_release(struct textout *s)
{
	free(s->data);
	s->data = NULL;
}

/* Write, unless an earlier write has failed. */
static void put_out(struct textout *s, const void *data, size_t len)
{
	if (s->error || !len)
		return;
	s->error = s->write ? s->write(s->to, data, len) :
			      io_write_full(s->fd, data, len, DEADLINE_NEVER);
}

int textout_flush(struct textout *s)
{
	put_out(s, s->data, s->len);
	s->len = 0;
	return s->error;
}

void textout_write(struct textout *s, const void *data, size_t len)
{
	textout_flush(s);
	put_out(s, data, len);
}

void textout_add_slow(struct textout *s, const void *data, size_t len)
{
	textout_flush(s);
	if (len > TEXTOUT_BLOCK) {
		put_out(s, data, len);
		return;
	}
	memcpy(s->data, data, len);
	s->len = len;
}

void textout_printf(struct textout *s, const char *fmt, ...)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	va_list ap, again;
	size_t room = TEXTOUT_BLOCK - s->len;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(s->data + s->len, room, fmt, ap);
	if (len >= 0 && (size_t)len < room) {
		s->len += len;
	} else if (len >= 0) {
		char *p = buf_extend(&text, len + 1);

		if (p)
			vsnprintf(p, len + 1, fmt, again);
		if (text.error && !s->error)
			s->error = text.error;
		else
			textout_add(s, text.data, len);
	}
	va_end(again);
	va_end(ap);
}
