/*
 * textout.h - text on its way to a descriptor, in large blocks.
 *
 * Layer 5. What report prints goes through one out: events come at a million
 * lines a second, so that a line costs a copy and no call. The first failing
 * write is remembered and everything later is dropped.
 */
#ifndef REPORT_TEXTOUT_H
#define REPORT_TEXTOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define TEXTOUT_BLOCK (256u << 10)		/* bytes written at once */

struct textout {
	int fd;			/* the caller's */
	char *data;
	size_t len;
	bool lines;		/* a terminal: someone watches, so write line by line */
	int error;		/* 0 or the first -errno */
	/* who takes the text instead of the descriptor, if anybody; 0 or -errno */
	int (*write)(void *to, const void *data, size_t len);
	void *to;
};

/* Print to @fd. 0; -ENOMEM. */
int textout_init(struct textout *s, int fd);

/* Free without writing. */
void textout_release(struct textout *s);

/* Write what is there. Returns s->error. */
int textout_flush(struct textout *s);

/* Write what is there, and then @len bytes, without a copy. */
void textout_write(struct textout *s, const void *data, size_t len);

/* Append @len bytes of any length. */
void textout_add_slow(struct textout *s, const void *data, size_t len);
static inline void textout_add(struct textout *s, const void *data, size_t len)
{
	if (len > TEXTOUT_BLOCK - s->len) {
		textout_add_slow(s, data, len);
		return;
	}
	memcpy(s->data + s->len, data, len);
	s->len += len;
}

static inline void textout_str(struct textout *s, const char *text)
{
	textout_add(s, text, strlen(text));
}

void textout_printf(struct textout *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Room for @len bytes (at most TEXTOUT_BLOCK) to be written in place; textout_commit()
 * then tells how many were.
 */
static inline char *textout_reserve(struct textout *s, size_t len)
{
	if (len > TEXTOUT_BLOCK - s->len)
		textout_flush(s);
	return s->data + s->len;
}

static inline void textout_commit(struct textout *s, size_t len)
{
	s->len += len;
}

/* A line has ended. */
static inline void textout_line_end(struct textout *s)
{
	if (s->lines)
		textout_flush(s);
}

#endif
