/*
 * feed.c - see feed.h. Layer 2.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/io.h"
#include "out/feed.h"

int feed_init(struct feed *f, const struct out_buffer *b, const struct out_cpu *cpu)
{
	struct stat st;

	*f = (struct feed){ .source = cpu->source, .consume_fd = -1 };
	if (cpu->source || cpu->fd < 0)
		return 0;
	if (fstat(cpu->fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	/* a page that was cut off on its way is no page */
	f->range.size = st.st_size / b->page_size * (uint64_t)b->page_size;
	f->range.fd = f->consume_fd = cpu->fd;
	return 0;
}

ssize_t feed_next(struct feed *f, void *data, size_t size)
{
	struct out_range range = { 0 };
	ssize_t n = f->source->next(f->source, data, size, &range);

	if (n > (ssize_t)size || (n > 0 && range.size))
		return -EINVAL;
	f->range = range.size ? range : (struct out_range){ 0 };
	return n;
}

/* Read the next bytes of the range. */
static ssize_t range_read(struct feed *f, void *data, size_t size)
{
	size_t len = f->range.size < size ? f->range.size : size;
	int ret = io_pread_full(f->range.fd, data, len, f->range.offset);

	if (ret)
		return ret;
	feed_skip(f, len);
	return len;
}

ssize_t feed_fill(struct feed *f, void *data, size_t size)
{
	size_t len = 0;

	while (len < size && !f->range.nr_chunks) {
		uint8_t *at = (uint8_t *)data + len;
		ssize_t n = 0;

		if (f->range.size)
			n = range_read(f, at, size - len);
		else if (f->source)
			n = feed_next(f, at, size - len);
		if (n < 0)
			return n;
		if (!n && !f->range.size)
			break;
		len += n;
	}
	return len;
}

uint64_t out_worth_keeping(uint64_t done, uint32_t page_size)
{
	uint64_t chunk = (uint64_t)page_size * DAT_CHUNK_PAGES;

	return done > chunk ? (done - chunk) / page_size * page_size : 0;
}

void feed_consume(const struct feed *f, const struct out_buffer *b, uint64_t done)
{
	uint64_t len = out_worth_keeping(done, b->page_size);

	if (feed_consumes(f, b) && len)
		fallocate(f->consume_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, len);
}
