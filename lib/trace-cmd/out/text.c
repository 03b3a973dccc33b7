/*
 * text.c - the text of a latency tracer, which takes the place of CPU data.
 *
 * Layer 2. Version 7 has a section for it, version 6 just the rest of the file.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "out/file.h"
#include "wire/opts.h"

#define TEXT_PAGE	4096	/* bytes; chunks are of DAT_CHUNK_PAGES of them */

/* Make the text up to @pos a section, and point to it. */
static int text_close(struct out_file *o, const char *name, const char *clock, uint64_t section,
		      uint64_t pos)
{
	struct opt_buffer opt = {
		.offset = section, .name = (char *)name, .clock = (char *)clock,
	};
	_cleanup_buf_ struct buf payload = BUF_INIT;
	int ret = opt_buffer_put(&payload, o->order, o->version, true, &opt);

	if (!ret)
		ret = out_patch_u64(o, section + DAT_SECTION_HEADER_LEN - 8,
				    pos - section - DAT_SECTION_HEADER_LEN);
	o->end = pos;
	if (!ret)
		ret = out_truncate(o);
	if (!ret)
		ret = out_option(o, DAT_BUFFER_TEXT, payload.data, payload.len);
	return ret ? ret : out_options_end(o, NULL);
}

int out_v7_text(struct out_file *o, const char *name, const char *clock, struct out_source *text)
{
	struct dat_section s = {
		.id = DAT_BUFFER_TEXT, .flags = o->zip ? DAT_SECTION_COMPRESSED : 0,
	};
	struct out_buffer b = { .name = name, .page_size = TEXT_PAGE };
	struct out_cpu cpu = { .fd = -1, .source = text };
	_cleanup_buf_ struct buf header = BUF_INIT;
	size_t described = o->strings.len, listed = o->options.len;
	uint64_t section = o->end, pos = section + DAT_SECTION_HEADER_LEN;
	int ret;

	s.description = out_describe(o, dat_id_find(s.id)->section, "");
	dat_section_put(&header, o->order, &s);
	ret = o->strings.error ? o->strings.error : out_pwrite(o, &header, section);
	if (!ret)
		ret = out_cpu_data(o, &b, &cpu, pos);
	if (!ret && o->zip && !cpu.size) {
		/* no text is still a list of chunks, with none */
		cpu.size = 4;
		ret = out_patch_u32(o, pos, 0);
	}
	if (!ret)
		ret = text_close(o, name, clock, section, pos + cpu.size);
	if (!ret)
		return 0;
	o->strings.len = described;
	o->options.len = listed;
	o->end = section;
	out_truncate(o);
	return ret;
}

int out_text(struct out_file *o, const char *name, const char *clock, struct out_source *text,
	     struct err *err)
{
	int ret;

	if (o->finished || !o->options_written)
		return err_set(err, -EINVAL, "trace data comes between options and end of a file");
	ret = o->version < 7 ? out_v6_text(o, text, err) : out_v7_text(o, name, clock, text);
	if (ret)
		return err_set(err, ret, "cannot write the text of the trace: %s", strerror(-ret));
	return 0;
}
