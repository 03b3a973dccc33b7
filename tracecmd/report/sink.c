/*
 * sink.c - see sink.h. Layer 5.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "report/sink.h"

int sink_init(struct sink *s, int fd)
{
	*s = (struct sink){ .fd = fd, .data = malloc(SINK_BLOCK), .lines = isatty(fd) };
	return s->data ? 0 : -ENOMEM;
}

void sink_release(struct sink *s)
{
	free(s->data);
	s->data = NULL;
}

/* Write, unless an earlier write has failed. */
static void sink_write(struct sink *s, const void *data, size_t len)
{
	if (!s->error && len)
		s->error = io_write_full(s->fd, data, len, DEADLINE_NEVER);
}

int sink_flush(struct sink *s)
{
	sink_write(s, s->data, s->len);
	s->len = 0;
	return s->error;
}

void sink_add_slow(struct sink *s, const void *data, size_t len)
{
	sink_flush(s);
	if (len > SINK_BLOCK) {
		sink_write(s, data, len);
		return;
	}
	memcpy(s->data, data, len);
	s->len = len;
}

void sink_printf(struct sink *s, const char *fmt, ...)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	va_list ap, again;
	size_t room = SINK_BLOCK - s->len;
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
			sink_add(s, text.data, len);
	}
	va_end(again);
	va_end(ap);
}
