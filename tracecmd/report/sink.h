/*
 * sink.h - text on its way to a descriptor, in large blocks.
 *
 * Layer 5. What report prints goes through one sink: events come at a million
 * lines a second, so that a line costs a copy and no call. The first failing
 * write is remembered and everything later is dropped.
 */
#ifndef REPORT_SINK_H
#define REPORT_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define SINK_BLOCK (256u << 10)		/* bytes written at once */

struct sink {
	int fd;			/* the caller's */
	char *data;
	size_t len;
	bool lines;		/* a terminal: someone watches, so write line by line */
	int error;		/* 0 or the first -errno */
};

/* Print to @fd. 0; -ENOMEM. */
int sink_init(struct sink *s, int fd);

/* Free without writing. */
void sink_release(struct sink *s);

/* Write what is there. Returns s->error. */
int sink_flush(struct sink *s);

/* Append @len bytes of any length. */
void sink_add_slow(struct sink *s, const void *data, size_t len);
static inline void sink_add(struct sink *s, const void *data, size_t len)
{
	if (len > SINK_BLOCK - s->len) {
		sink_add_slow(s, data, len);
		return;
	}
	memcpy(s->data + s->len, data, len);
	s->len += len;
}

static inline void sink_str(struct sink *s, const char *text)
{
	sink_add(s, text, strlen(text));
}

void sink_printf(struct sink *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Room for @len bytes (at most SINK_BLOCK) to be written in place; sink_commit()
 * then tells how many were.
 */
static inline char *sink_reserve(struct sink *s, size_t len)
{
	if (len > SINK_BLOCK - s->len)
		sink_flush(s);
	return s->data + s->len;
}

static inline void sink_commit(struct sink *s, size_t len)
{
	s->len += len;
}

/* A line has ended. */
static inline void sink_line_end(struct sink *s)
{
	if (s->lines)
		sink_flush(s);
}

#endif
