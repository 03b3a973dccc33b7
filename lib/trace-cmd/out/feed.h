/*
 * feed.h - what out_buffer() reads a CPU's pages from: its file, or its source.
 *
 * Layer 2, private to out/.
 */
#ifndef OUT_FEED_H
#define OUT_FEED_H

#include "out/file.h"

struct feed {
	struct out_source *source;	/* NULL: just the range */
	struct out_range range;		/* what is left of it */
	int consume_fd;			/* of a file that is given back behind the copy, or -1 */
};

/* Start reading @cpu's pages; a page that was cut off in a file is none. 0; -errno. */
int feed_init(struct feed *f, const struct out_buffer *b, const struct out_cpu *cpu);

/* True if there is certainly nothing. */
static inline bool feed_at_end(const struct feed *f)
{
	return !f->source && !f->range.size;
}

/*
 * The source's next bytes, or its next range into f->range, the old one being used
 * up. Bytes; 0: a range or the end; -errno.
 */
ssize_t feed_next(struct feed *f, void *data, size_t size);

/*
 * Put the next bytes into @data: @size of them, fewer only at the end and in
 * front of ready-made chunks, which f->range then is. Bytes; -errno.
 */
ssize_t feed_fill(struct feed *f, void *data, size_t size);

/* @len bytes of f->range were used. */
static inline void feed_skip(struct feed *f, uint64_t len)
{
	f->range.offset += len;
	f->range.size -= len;
}

static inline bool feed_consumes(const struct feed *f, const struct out_buffer *b)
{
	return b->consume && f->consume_fd >= 0;
}

/*
 * Give back the space of what would be kept even if the copy failed next, so
 * that no page is ever in neither file: @done bytes are copied. Not all file systems can.
 */
void feed_consume(const struct feed *f, const struct out_buffer *b, uint64_t done);

/* Of @done bytes, what to keep after a failure: whole pages, and a chunk less. */
uint64_t out_worth_keeping(uint64_t done, uint32_t page_size);

/* packed.c: the feed's pages in chunks at @pos, as out_cpu_data(). */
int out_packed_data(struct out_file *o, const struct out_buffer *b, struct feed *f,
		    struct out_cpu *cpu, uint64_t pos);

#endif
