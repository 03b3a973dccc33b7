/*
 * buffer.c - a buffer's data: the BUFFER section of version 7 and the option behind it.
 *
 * Layer 2. When the data doesn't fit, what did is kept as a complete, smaller
 * buffer; when not even that can be ended, the file is as it was before.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "out/file.h"
#include "wire/opts.h"

static int buffer_check(struct out_file *o, const struct out_buffer *b, struct err *err)
{
	int i;

	if (o->finished || !o->options_written)
		return err_set(err, -EINVAL, "trace data comes between options and end of a file");
	if (!dat_page_size_ok(b->page_size))
		return err_set(err, -EINVAL, "a page size of %u bytes cannot be stored",
			       b->page_size);
	/* readers take the header's size for the top instance; version 6 has no other */
	if (b->page_size != o->page_size && (o->version < 7 || !*b->name))
		return err_set(err, -EINVAL,
			       "the pages of \"%s\" have %u bytes, "
			       "but those of the trace file %u",
			       b->name, b->page_size, o->page_size);
	for (i = 0; i < b->nr_cpus; i++)
		if (b->cpus[i].cpu < 0 || b->cpus[i].cpu >= DAT_CPU_LIMIT ||
		    (i && b->cpus[i].cpu <= b->cpus[i - 1].cpu))
			return err_set(err, -EINVAL, "CPU %d is out of order", b->cpus[i].cpu);
	return 0;
}

/* The BUFFER option for what was written; CPUs without data are left out. */
static int v7_option(struct out_file *o, const struct out_buffer *b, uint64_t section)
{
	struct opt_buffer opt = {
		.offset = section,
		.name = (char *)b->name,
		.clock = (char *)b->clock,
		.page_size = b->page_size,
	};
	_cleanup_free_ struct opt_buffer_cpu *cpus = calloc(b->nr_cpus + 1, sizeof(*cpus));
	_cleanup_buf_ struct buf payload = BUF_INIT;
	int i, ret;

	if (!cpus)
		return -ENOMEM;
	opt.cpus = cpus;
	for (i = 0; i < b->nr_cpus; i++) {
		if (!b->cpus[i].size)
			continue;
		cpus[opt.nr_cpus++] = (struct opt_buffer_cpu){
			.cpu = b->cpus[i].cpu, .offset = b->cpus[i].offset, .size = b->cpus[i].size,
		};
	}
	ret = opt_buffer_put(&payload, o->order, o->version, false, &opt);
	return ret ? ret : out_option(o, DAT_BUFFER, payload.data, payload.len);
}

/* Make the data up to @pos a section, and point to it. A failure can be tried again. */
static int v7_close(struct out_file *o, const struct out_buffer *b, uint64_t section, uint64_t pos,
		    struct err *err)
{
	uint64_t size = pos - section - DAT_SECTION_HEADER_LEN;
	size_t listed = o->options.len;
	int ret;

	o->end = pos;
	ret = out_truncate(o);
	if (!ret)
		ret = out_patch_u64(o, section + DAT_SECTION_HEADER_LEN - 8, size);
	if (!ret)
		ret = v7_option(o, b, section);
	if (!ret)
		ret = out_options_end(o, err);
	if (ret)
		o->options.len = listed;
	return ret;
}

/*
 * Copy the data behind the header of @section and close it. If the disk is too
 * full for the few bytes of options, pages make room for them. *@ret_closed: the
 * buffer is in the file, whatever is returned.
 */
static int v7_data(struct out_file *o, struct out_buffer *b, uint64_t section, bool *ret_closed,
		   struct err *err)
{
	uint64_t pos = section + DAT_SECTION_HEADER_LEN;
	int ret = out_cpus_data(o, b, &pos, err);
	int closed = v7_close(o, b, section, pos, err), cpu;

	ret = ret ? ret : closed;
	if (closed) {
		cpu = out_cpus_trim(o, b, &pos);
		if (cpu < 0)
			return ret;
		closed = v7_close(o, b, section, pos, err);
		if (!closed)
			err_prefix(err, ret, "the last pages of CPU %d are lost", cpu);
	}
	*ret_closed = !closed;
	return ret;
}

static int v7_buffer(struct out_file *o, struct out_buffer *b, struct err *err)
{
	struct dat_section s = { .id = DAT_BUFFER, .flags = o->zip ? DAT_SECTION_COMPRESSED : 0 };
	_cleanup_buf_ struct buf header = BUF_INIT;
	size_t described = o->strings.len;
	uint64_t section = o->end;
	bool closed = false;
	int i, ret;

	s.description = out_describe(o, "buffer flyrecord ", b->name);
	dat_section_put(&header, o->order, &s);
	ret = o->strings.error ? o->strings.error : out_pwrite(o, &header, section);
	if (!ret)
		ret = v7_data(o, b, section, &closed, err);
	if (closed)
		return ret;
	o->strings.len = described;
	o->end = section;
	out_truncate(o);
	for (i = 0; i < b->nr_cpus; i++)
		b->cpus[i].size = b->cpus[i].raw_size = 0;
	return ret;
}

int out_buffer(struct out_file *o, struct out_buffer *b, struct err *err)
{
	int ret = buffer_check(o, b, err);

	if (ret)
		return ret;
	ret = o->version < 7 ? out_v6_buffer(o, b, err) : v7_buffer(o, b, err);
	if (ret)
		return err_set(err, ret, "cannot write the trace data of \"%s\": %s", b->name,
			       strerror(-ret));
	return 0;
}
