/*
 * v6.c - version 6: a fixed sequence of parts without framing.
 *
 * Layer 2. Metadata, CPU count, option list, then for each buffer a tag, a table
 * of all CPUs, the clock and the pages. The only pointers are those tables and
 * the BUFFER options of instances, which are written before the data.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "out/file.h"

#define V6_CPU_LEN 16	/* u64 offset, u64 size */

int out_v6_part(struct out_file *o, unsigned int id, const struct buf *payload)
{
	_cleanup_buf_ struct buf cpus = BUF_INIT;
	int ret;

	if (id < DAT_HEADER_INFO || id > DAT_CMDLINES)
		return -EINVAL;
	ret = out_append_bytes(o, payload);
	if (ret || id != DAT_CMDLINES)
		return ret;
	put_u32(&cpus, o->order, o->nr_cpus);
	return out_append_bytes(o, &cpus);
}

/* The options added since the last time; a list that has ended already is opened again. */
int out_v6_options_end(struct out_file *o, struct err *err)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	uint64_t old_end = o->end, start;
	unsigned int i;
	int ret;

	if (o->top_written)
		return err_set(err, -EINVAL, "version 6 has its options before the trace data");
	if (o->options_written)
		o->end -= 2;
	else
		buf_add(&b, DAT_TAG_OPTIONS, DAT_TAG_LEN);
	start = o->end + b.len;
	buf_add(&b, o->options.data, o->options.len);
	put_u16(&b, o->order, DAT_DONE);
	ret = o->options.error ? o->options.error : out_append_bytes(o, &b);
	if (ret) {
		/* the file was cut in front of the list's old end; growing puts back its zeros */
		o->end = old_end;
		out_truncate(o);
		return ret;
	}
	for (i = 0; i < o->nr_announced; i++) {
		if (o->announced[i].placed)
			continue;
		o->announced[i].pos += start;
		o->announced[i].placed = true;
	}
	return 0;
}

int out_v6_announce(struct out_file *o, const char *name)
{
	_cleanup_buf_ struct buf payload = BUF_INIT;
	struct out_announced *more;
	uint64_t pos = o->options.len + 2 + 4;
	_cleanup_free_ char *copy = strdup(name);
	int ret;

	/* the top instance has no option; the data of others follows the list at once */
	if (!*name || o->top_written)
		return -EINVAL;
	more = reallocarray(o->announced, o->nr_announced + 1, sizeof(*more));
	if (!more || !copy)
		return -ENOMEM;
	o->announced = more;
	put_u64(&payload, o->order, 0);
	buf_add_cstr(&payload, name);
	ret = payload.error ? payload.error
			    : out_option(o, DAT_BUFFER, payload.data, payload.len);
	if (ret)
		return ret;
	more[o->nr_announced++] = (struct out_announced){ .name = take_ptr(copy), .pos = pos };
	return 0;
}

/* The announcement that @b redeems: NULL for the top instance. 0; -EINVAL. */
static int announced_find(struct out_file *o, const struct out_buffer *b,
			  struct out_announced **ret, struct err *err)
{
	unsigned int i;

	*ret = NULL;
	if (!*b->name && !o->top_written)
		return 0;
	if (!*b->name || !o->top_written)
		return err_set(err, -EINVAL,
			       "version 6 has the top instance once, before all others");
	for (i = 0; i < o->nr_announced; i++) {
		if (o->announced[i].written || strcmp(o->announced[i].name, b->name))
			continue;
		*ret = &o->announced[i];
		return 0;
	}
	return err_set(err, -EINVAL, "instance %s was not announced", b->name);
}

/* Tag, empty table and clock; in @ret_table where in @h the table is. */
static int buffer_head(struct out_file *o, const struct out_buffer *b, struct buf *h,
		       size_t *ret_table)
{
	const char *clock = b->clock ? b->clock : "local";

	buf_add(h, DAT_TAG_FLYRECORD, DAT_TAG_LEN);
	*ret_table = h->len;
	buf_extend(h, (size_t)o->nr_cpus * V6_CPU_LEN);
	put_u64(h, o->order, strlen(clock) + 2);
	buf_printf(h, "[%s]", clock);
	return h->error;
}

/* Fill the table in @h. CPUs without data get @end as their meaningless place. */
static void table_fill(struct out_file *o, const struct out_buffer *b, uint8_t *table, uint64_t end)
{
	uint32_t cpu;
	int i;

	for (cpu = 0; cpu < o->nr_cpus; cpu++)
		store_u64(table + (size_t)cpu * V6_CPU_LEN, o->order, end);
	for (i = 0; i < b->nr_cpus; i++) {
		uint8_t *row = table + (size_t)b->cpus[i].cpu * V6_CPU_LEN;

		if (!b->cpus[i].size)
			continue;
		store_u64(row, o->order, b->cpus[i].offset);
		store_u64(row + 8, o->order, b->cpus[i].size);
	}
}

/* End the data at @pos, and make everything point to it. */
static int buffer_close(struct out_file *o, const struct out_buffer *b, struct buf *head,
			size_t table, uint64_t pos, struct out_announced *announced)
{
	uint64_t mask = (uint64_t)b->page_size - 1, start = o->end;
	int ret;

	o->end = (pos + mask) & ~mask;
	table_fill(o, b, head->data + table, o->end);
	ret = out_truncate(o);
	if (!ret)
		ret = out_pwrite(o, head, start);
	if (!ret && announced)
		ret = out_patch_u64(o, announced->pos, start);
	if (ret)
		o->end = start;
	else if (announced)
		announced->written = true;
	else
		o->top_written = true;
	return ret;
}

int out_v6_buffer(struct out_file *o, struct out_buffer *b, struct err *err)
{
	_cleanup_buf_ struct buf head = BUF_INIT;
	struct out_announced *announced;
	uint64_t pos;
	size_t table;
	int i, closed, ret = announced_find(o, b, &announced, err);

	if (ret)
		return ret;
	for (i = 0; i < b->nr_cpus; i++)
		if (b->cpus[i].cpu >= (int)o->nr_cpus)
			return err_set(err, -EINVAL, "the file has no CPU %d", b->cpus[i].cpu);
	ret = buffer_head(o, b, &head, &table);
	if (!ret)
		ret = out_pwrite(o, &head, o->end);
	if (!ret) {
		pos = o->end + head.len;
		ret = out_cpus_data(o, b, &pos, err);
		closed = buffer_close(o, b, &head, table, pos, announced);
		if (!closed)
			return ret;
		ret = ret ? ret : closed;
	}
	out_truncate(o);
	for (i = 0; i < b->nr_cpus; i++)
		b->cpus[i].size = b->cpus[i].raw_size = 0;
	return ret;
}

int out_v6_text(struct out_file *o, struct out_source *text, struct err *err)
{
	_cleanup_buf_ struct buf tag = BUF_INIT;
	struct out_buffer b = { .page_size = o->page_size };
	struct out_cpu cpu = { .fd = -1, .source = text };
	uint64_t start = o->end;
	int ret;

	if (o->top_written || o->nr_announced)
		return err_set(err, -EINVAL,
			       "version 6 has no room for other buffers beside a text");
	buf_add(&tag, DAT_TAG_LATENCY, DAT_TAG_LEN);
	ret = out_append_bytes(o, &tag);
	if (ret)
		return ret;
	ret = out_cpu_data(o, &b, &cpu, o->end);
	o->end = ret ? start : o->end + cpu.size;
	o->top_written = !ret;
	out_truncate(o);
	return ret;
}
