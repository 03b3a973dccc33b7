/*
 * options.c - options, and the metadata that options point to.
 *
 * Layer 2. Version 7 writes each list as an OPTIONS section, the last of which
 * ends in a pointer to the next; version 6 has one list in the middle of the file.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "out/file.h"

int out_option(struct out_file *o, unsigned int id, const void *data, size_t len)
{
	if (o->finished || id == DAT_DONE || id > UINT16_MAX || len > UINT32_MAX)
		return -EINVAL;
	put_u16(&o->options, o->order, id);
	put_u32(&o->options, o->order, len);
	buf_add(&o->options, data, len);
	return o->options.error;
}

static int option_u64(struct out_file *o, unsigned int id, uint64_t v)
{
	uint8_t bytes[8];

	store_u64(bytes, o->order, v);
	return out_option(o, id, bytes, sizeof(bytes));
}

static int option_u32(struct out_file *o, unsigned int id, uint32_t v)
{
	uint8_t bytes[4];

	store_u32(bytes, o->order, v);
	return out_option(o, id, bytes, sizeof(bytes));
}

/* Append the open list as an OPTIONS section, then point to it. */
static int v7_options_end(struct out_file *o)
{
	struct dat_section s = { .id = DAT_OPTIONS };
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t described = o->strings.len;
	uint64_t offset = o->end;
	int ret;

	s.description = out_describe(o, dat_id_find(DAT_OPTIONS)->section, "");
	s.size = o->options.len + 2 + 4 + 8;
	dat_section_put(&b, o->order, &s);
	buf_add(&b, o->options.data, o->options.len);
	put_u16(&b, o->order, DAT_DONE);
	put_u32(&b, o->order, 8);
	put_u64(&b, o->order, 0);
	ret = o->options.error ? o->options.error : o->strings.error;
	if (!ret)
		ret = out_append_bytes(o, &b);
	if (!ret)
		ret = out_patch_u64(o, o->link_pos, offset);
	if (ret) {
		/* nothing points here: the place is free again */
		o->strings.len = described;
		o->end = offset;
		out_truncate(o);
		return ret;
	}
	o->link_pos = o->end - 8;
	return 0;
}

int out_options_end(struct out_file *o, struct err *err)
{
	int ret;

	if (o->finished)
		return err_set(err, -EINVAL, "the trace file is finished");
	if (!o->options.len && !o->options.error && o->options_written)
		return 0;
	ret = o->version < 7 ? out_v6_options_end(o, err) : v7_options_end(o);
	if (ret)
		return err_set(err, ret, "cannot write the options of the trace file: %s",
			       strerror(-ret));
	o->options_written = true;
	buf_reset(&o->options);
	return 0;
}

int out_announce_options(struct out_file *o, uint64_t *ret_len, struct err *err)
{
	int ret = o->version < 7 || !o->options_written || o->finished ? -EINVAL :
		  out_patch_u64(o, o->link_pos, o->end);

	if (ret)
		return err_set(err, ret, "cannot announce options of the trace file: %s",
			       strerror(-ret));
	*ret_len = o->end;
	return 0;
}

/* Write a part and point to it. 0; -errno. */
static int part_write(struct out_file *o, unsigned int id, const struct buf *payload, bool packed)
{
	uint64_t offset;
	int ret;

	if (o->version < 7)
		return packed ? -EINVAL : out_v6_part(o, id, payload);
	if (packed && !o->zip)
		return -EINVAL;
	ret = out_section(o, id, payload, packed, &offset);
	return ret ? ret : option_u64(o, id, offset);
}

int out_part(struct out_file *o, unsigned int id, const struct buf *payload, bool packed,
	     struct err *err)
{
	int ret = part_write(o, id, payload, packed);

	if (ret)
		return err_set(err, ret, "cannot write the %s of the trace file: %s",
			       dat_id_find(id)->section, strerror(-ret));
	return 0;
}

int out_metadata(struct out_file *o, const struct meta *m, struct err *err)
{
	const struct {
		unsigned int id;
		const struct buf *payload;
	} parts[] = {
		{ DAT_HEADER_INFO, &m->header_info },
		{ DAT_FTRACE_EVENTS, &m->ftrace_events },
		{ DAT_EVENT_FORMATS, &m->event_formats },
		{ DAT_KALLSYMS, &m->kallsyms },
		{ DAT_PRINTK, &m->printk },
		{ DAT_CMDLINES, &m->cmdlines },
	};
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (!parts[i].payload->len && !parts[i].payload->error)
			return err_set(err, -EINVAL, "the %s of the trace file were not read",
				       dat_id_find(parts[i].id)->section);
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		ret = out_part(o, parts[i].id, parts[i].payload, false, err);
		if (ret)
			return ret;
	}
	return out_option_cpus(o);
}

int out_option_cpus(struct out_file *o)
{
	return o->version < 7 ? 0 : option_u32(o, DAT_CPUCOUNT, o->nr_cpus);
}

int out_announce_buffer(struct out_file *o, const char *name)
{
	return o->version < 7 ? out_v6_announce(o, name) : 0;
}
