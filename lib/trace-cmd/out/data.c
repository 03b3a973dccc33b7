/*
 * data.c - the CPUs' recorded pages: where each CPU's go in the trace.dat, and as they are.
 *
 * Layer 2. Pages that stay as they are the kernel copies, if they are in a file.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "out/feed.h"
#include "out/file.h"
#include "out/range.h"

#define BLOCK_BYTES		(256 << 10)
#define CONSUME_STEP_BYTES	(1 << 20)	/* copied before space is given back */

/* --- as they are -------------------------------------------------------- */

/* Copy what is left of the feed's range to @pos + *@done. */
static int range_data(struct out_file *o, const struct out_buffer *b, struct feed *f, uint64_t pos,
		      uint64_t *done)
{
	int ret = 0;

	while (!ret && f->range.size) {
		bool step = feed_consumes(f, b) && f->range.size > CONSUME_STEP_BYTES;
		uint64_t n = 0, len = step ? CONSUME_STEP_BYTES : f->range.size;

		ret = out_copy_range(f->range.fd, f->range.offset, o->fd, pos + *done, len, &n);
		feed_skip(f, n);
		*done += n;
		feed_consume(f, b, *done);
	}
	return ret;
}

/* Pages as they are: pos + *@done is where the next ones go. */
static int raw_data(struct out_file *o, const struct out_buffer *b, struct feed *f, uint64_t pos,
		    uint64_t *done)
{
	size_t size = b->page_size > BLOCK_BYTES ? b->page_size : BLOCK_BYTES;
	_cleanup_free_ char *block = f->source ? malloc(size) : NULL;
	ssize_t n;
	int ret;

	if (f->source && !block)
		return -ENOMEM;
	for (;;) {
		ret = range_data(o, b, f, pos, done);
		if (ret || !f->source)
			return ret;
		n = feed_next(f, block, size);
		if (n < 0)
			return n;
		if (f->range.nr_chunks)
			return -EINVAL;
		if (!n && !f->range.size)
			return 0;
		ret = out_write_range(o->fd, block, n, pos, done);
		if (ret)
			return ret;
	}
}

int out_cpu_data(struct out_file *o, const struct out_buffer *b, struct out_cpu *cpu, uint64_t pos)
{
	struct feed f;
	uint64_t done = 0;
	int ret = feed_init(&f, b, cpu);

	if (ret || feed_at_end(&f))
		return ret;
	if (o->zip)
		return out_packed_data(o, b, &f, cpu, pos);
	ret = raw_data(o, b, &f, pos, &done);
	cpu->size = cpu->raw_size = ret ? out_worth_keeping(done, b->page_size) : done;
	return ret;
}

/* --- all CPUs ----------------------------------------------------------- */

int out_cpus_data(struct out_file *o, struct out_buffer *b, uint64_t *pos, struct err *err)
{
	uint64_t mask = (uint64_t)b->page_size - 1;
	int i, ret = 0;

	for (i = 0; i < b->nr_cpus; i++) {
		struct out_cpu *cpu = &b->cpus[i];

		cpu->offset = (*pos + mask) & ~mask;
		cpu->size = cpu->raw_size = cpu->nr_chunks = 0;
		if (ret)
			continue;
		ret = out_cpu_data(o, b, cpu, cpu->offset);
		if (!ret && cpu->raw_size % b->page_size)
			ret = -EINVAL;
		if (ret)
			err_set(err, ret, "cannot write the trace data of CPU %d%s%s: %s", cpu->cpu,
				*b->name ? " of instance " : "", b->name, strerror(-ret));
		if (cpu->size)
			*pos = cpu->offset + cpu->size;
	}
	return ret;
}

/* Drop a CPU's last packed chunk: walk the chunks to it. 0; -errno. */
static int trim_packed(struct out_file *o, struct out_cpu *cpu)
{
	uint64_t at = cpu->offset + 4;
	uint32_t packed = 0, len = 0, i;
	uint8_t bytes[8];
	int ret;

	for (i = 0; i < cpu->nr_chunks; i++) {
		struct cursor c = cursor_over(bytes, sizeof(bytes), o->order);

		at += i ? 8 + packed : 0;
		ret = io_pread_full(o->fd, bytes, sizeof(bytes), at);
		if (ret)
			return ret;
		packed = cursor_u32(&c);
		len = cursor_u32(&c);
	}
	ret = out_patch_u32(o, cpu->offset, cpu->nr_chunks - 1);
	if (ret)
		return ret;
	cpu->size = at - cpu->offset;
	cpu->raw_size -= len;
	cpu->nr_chunks--;
	return 0;
}

/* Drop a chunk of @cpu, or all of it. */
static void trim_cpu(struct out_file *o, struct out_cpu *cpu, uint32_t page_size)
{
	if (!o->zip)
		cpu->size = cpu->raw_size = out_worth_keeping(cpu->size, page_size);
	else if (cpu->nr_chunks < 2 || trim_packed(o, cpu))
		cpu->size = cpu->raw_size = cpu->nr_chunks = 0;
}

int out_cpus_trim(struct out_file *o, struct out_buffer *b, uint64_t *pos)
{
	int i;

	for (i = b->nr_cpus - 1; i >= 0; i--) {
		if (!b->cpus[i].size)
			continue;
		trim_cpu(o, &b->cpus[i], b->page_size);
		*pos = b->cpus[i].offset + b->cpus[i].size;
		return b->cpus[i].cpu;
	}
	return -1;
}
