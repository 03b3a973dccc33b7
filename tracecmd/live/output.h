/*
 * output.h - text for a reader who may be slow: it is written as far as that doesn't block.
 *
 * Layer 5. Meanwhile the program can listen to signals; events stay in the kernel's
 * buffers, which count what they lose.
 */
#ifndef LIVE_OUTPUT_H
#define LIVE_OUTPUT_H

#include <stdbool.h>

#include "base/buf.h"

struct live_output {
	int fd;			/* the caller's */
	bool may_block;		/* it is no regular file */
	struct buf text;
	size_t done;		/* bytes of it that were written */
};

void live_output_init(struct live_output *o, int fd);
void live_output_release(struct live_output *o);

/* Append text; a textout's write(). 0; -ENOMEM. */
int live_output_add(void *output, const void *text, size_t len);

static inline bool live_output_pending(const struct live_output *o)
{
	return o->done < o->text.len;
}

/* Write as much as can be without waiting. 0, also when some remains; -EPIPE; -errno. */
int live_output_push(struct live_output *o);

#endif
