/*
 * data.c - the CPUs' recorded pages, on their way from their files into the trace.dat.
 *
 * Layer 2. Stored as they are, the kernel copies them; compressed, they go in
 * chunks that can be unpacked one by one: u32 count, then for each u32 packed
 * size, u32 size, bytes. Only whole pages are taken.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "out/file.h"

#define COPY_BLOCK_BYTES	(256 << 10)
#define CONSUME_STEP_BYTES	(1 << 20)	/* copied before space is given back */

/* Of @done bytes, what to keep after a failure: whole pages, and a chunk less. */
static uint64_t worth_keeping(uint64_t done, uint32_t page_size)
{
	uint64_t chunk = (uint64_t)page_size * DAT_CHUNK_PAGES;

	return done > chunk ? (done - chunk) / page_size * page_size : 0;
}

/*
 * Give back the space of what would be kept even if the copy failed next, so
 * that no page is ever in neither file. Not all file systems can.
 */
static void consume(const struct out_buffer *b, const struct out_cpu *cpu, uint64_t done)
{
	uint64_t len = worth_keeping(done, b->page_size);

	if (b->consume && len)
		fallocate(cpu->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, len);
}

/* --- as they are -------------------------------------------------------- */

/* Write @len bytes at @pos + *@done, which moves on by what a full disk still took. */
static int write_block(int fd, const char *data, size_t len, uint64_t pos, uint64_t *done)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, pos + *done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		data += n;
		len -= n;
		*done += n;
	}
	return 0;
}

/* Copy by read and write. *@done counts the bytes that have arrived. */
static int copy_by_hand(int in, int out, uint64_t pos, uint64_t len, uint64_t *done)
{
	_cleanup_free_ char *block = malloc(COPY_BLOCK_BYTES);

	if (!block)
		return -ENOMEM;
	while (*done < len) {
		uint64_t left = len - *done;
		size_t want = left < COPY_BLOCK_BYTES ? left : COPY_BLOCK_BYTES;
		int ret = io_pread_full(in, block, want, *done);

		if (!ret)
			ret = write_block(out, block, want, pos, done);
		if (ret)
			return ret;
	}
	return 0;
}

/* Let the kernel copy, which may be by reference; what it can't do is left to copy_by_hand(). */
static int copy_range(int in, int out, uint64_t pos, uint64_t len, uint64_t *done)
{
	while (*done < len) {
		off_t from = *done, to = pos + *done;
		ssize_t n = copy_file_range(in, &from, out, &to, len - *done, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO))
			return -errno;
		/* all else, an early end of file as well, is the file systems' inability */
		if (n <= 0)
			return copy_by_hand(in, out, pos, len, done);
		*done += n;
	}
	return 0;
}

static int raw_data(struct out_file *o, const struct out_buffer *b, struct out_cpu *cpu,
		    uint64_t pos, uint64_t len)
{
	uint64_t done = 0, upto = 0;
	int ret = 0;

	while (!ret && done < len) {
		upto = b->consume && len - upto > CONSUME_STEP_BYTES ? upto + CONSUME_STEP_BYTES
								     : len;
		ret = copy_range(cpu->fd, o->fd, pos, upto, &done);
		consume(b, cpu, done);
	}
	cpu->size = cpu->raw_size = ret ? worth_keeping(done, b->page_size) : len;
	return ret;
}

/* --- compressed --------------------------------------------------------- */

/* Buffers of one CPU's compression. */
struct packer {
	struct zip_packer zip;
	size_t chunk;		/* bytes, the last one has fewer */
	size_t bound;		/* bytes a packed chunk may need */
	uint8_t *in;		/* chunk bytes */
	uint8_t *out;		/* 8 + bound bytes */
};

static void packer_release(struct packer *p)
{
	zip_packer_release(&p->zip);
	free(p->in);
	free(p->out);
}

static int packer_init(struct packer *p, const struct zip_algo *zip, uint32_t page_size)
{
	p->chunk = (size_t)page_size * DAT_CHUNK_PAGES;
	p->bound = zip->bound(p->chunk);
	p->in = malloc(p->chunk);
	p->out = malloc(8 + p->bound);
	return p->in && p->out ? zip_packer_init(&p->zip, zip) : -ENOMEM;
}

/* Pack the @len bytes at @from and write them at @pos. */
static int pack_chunk(struct out_file *o, struct packer *p, int in, uint64_t from, size_t len,
		      uint64_t pos, size_t *ret_len)
{
	size_t packed;
	int ret = io_pread_full(in, p->in, len, from);

	if (!ret)
		ret = zip_pack(&p->zip, p->in, len, p->out + 8, p->bound, &packed);
	if (ret)
		return ret;
	store_u32(p->out, o->order, packed);
	store_u32(p->out + 4, o->order, len);
	*ret_len = 8 + packed;
	return io_pwrite_full(o->fd, p->out, 8 + packed, pos);
}

/* Pack chunk after chunk. @ret_count, cpu->size and ->raw_size say what is complete. */
static int pack_all(struct out_file *o, struct packer *p, const struct out_buffer *b,
		    struct out_cpu *cpu, uint64_t pos, uint64_t len, uint32_t *ret_count)
{
	size_t last_packed = 0, packed = 0;
	int ret = 0;

	cpu->size = 4;
	while (cpu->raw_size < len) {
		uint64_t left = len - cpu->raw_size;
		size_t want = left < p->chunk ? left : p->chunk;

		ret = pack_chunk(o, p, cpu->fd, cpu->raw_size, want, pos + cpu->size, &packed);
		if (ret)
			break;
		cpu->raw_size += want;
		cpu->size += packed;
		last_packed = packed;
		++*ret_count;
		consume(b, cpu, cpu->raw_size);
	}
	if (ret && *ret_count) {
		cpu->size -= last_packed;
		cpu->raw_size -= p->chunk;
		--*ret_count;
	}
	return ret;
}

static int packed_data(struct out_file *o, const struct out_buffer *b, struct out_cpu *cpu,
		       uint64_t pos, uint64_t len)
{
	_cleanup_(packer_release) struct packer p = { 0 };
	uint32_t count = 0;
	int patch, ret = packer_init(&p, o->zip, b->page_size);

	if (!ret && len / p.chunk >= UINT32_MAX)
		ret = -EFBIG;
	if (ret)
		return ret;
	ret = pack_all(o, &p, b, cpu, pos, len, &count);
	patch = count ? out_patch_u32(o, pos, count) : 0;
	if (patch || !count)
		cpu->size = cpu->raw_size = 0;
	return ret ? ret : patch;
}

/* --- all CPUs ----------------------------------------------------------- */

/*
 * Copy cpu->fd's whole pages to @pos and fill in cpu->size and ->raw_size.
 * On failure the sizes say what is complete and worth keeping: at least a chunk
 * less than what fitted, so that a full disk has room for what must follow.
 */
static int cpu_data(struct out_file *o, const struct out_buffer *b, struct out_cpu *cpu,
		    uint64_t pos)
{
	struct stat st;
	uint64_t len;

	if (cpu->fd < 0)
		return 0;
	if (fstat(cpu->fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	/* a page that was cut off on its way is no page */
	len = st.st_size / b->page_size * (uint64_t)b->page_size;
	if (!len)
		return 0;
	return (o->zip ? packed_data : raw_data)(o, b, cpu, pos, len);
}

int out_cpus_data(struct out_file *o, struct out_buffer *b, uint64_t *pos, struct err *err)
{
	uint64_t mask = (uint64_t)b->page_size - 1;
	int i, ret = 0;

	for (i = 0; i < b->nr_cpus; i++) {
		struct out_cpu *cpu = &b->cpus[i];

		cpu->offset = (*pos + mask) & ~mask;
		cpu->size = cpu->raw_size = 0;
		if (ret)
			continue;
		ret = cpu_data(o, b, cpu, cpu->offset);
		if (ret)
			err_set(err, ret, "cannot write the trace data of CPU %d%s%s: %s", cpu->cpu,
				*b->name ? " of instance " : "", b->name, strerror(-ret));
		if (cpu->size)
			*pos = cpu->offset + cpu->size;
	}
	return ret;
}

/* Drop a CPU's last packed chunk: walk the @count chunks to it. 0; -errno. */
static int trim_packed(struct out_file *o, struct out_cpu *cpu, uint32_t count)
{
	uint64_t at = cpu->offset + 4;
	uint32_t packed = 0, len = 0, i;
	uint8_t bytes[8];
	int ret;

	for (i = 0; i < count; i++) {
		struct cursor c = cursor_over(bytes, sizeof(bytes), o->order);

		at += i ? 8 + packed : 0;
		ret = io_pread_full(o->fd, bytes, sizeof(bytes), at);
		if (ret)
			return ret;
		packed = cursor_u32(&c);
		len = cursor_u32(&c);
	}
	ret = out_patch_u32(o, cpu->offset, count - 1);
	if (ret)
		return ret;
	cpu->size = at - cpu->offset;
	cpu->raw_size -= len;
	return 0;
}

/* Drop a chunk of @cpu, or all of it. */
static void trim_cpu(struct out_file *o, struct out_cpu *cpu, uint32_t page_size)
{
	uint64_t chunk = (uint64_t)page_size * DAT_CHUNK_PAGES;
	uint32_t count = (cpu->raw_size + chunk - 1) / chunk;

	if (!o->zip)
		cpu->size = cpu->raw_size = worth_keeping(cpu->size, page_size);
	else if (count < 2 || trim_packed(o, cpu, count))
		cpu->size = cpu->raw_size = 0;
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
