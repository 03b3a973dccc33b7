/*
 * parts.c - see parts.h. Layer 2.
 *
 * One part at a time is in memory. Where the compression stays the same, a part
 * is copied without unpacking it.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "copy/parts.h"

static const unsigned int part_ids[] = {
	DAT_HEADER_INFO, DAT_FTRACE_EVENTS, DAT_EVENT_FORMATS, DAT_KALLSYMS, DAT_PRINTK,
	DAT_MODULES_FILE, DAT_BTF_FILE, DAT_CMDLINES,
};

/*
 * The packed payload of part @id as it is in the file, if the new one's would be the same.
 * 1; 0 it has to be unpacked; -ENOMEM.
 */
static int load_packed(struct in_file *f, unsigned int id, const struct out_file *o, struct buf *b)
{
	const struct in_part *p = &f->part[id];
	uint64_t at = p->offset + DAT_SECTION_HEADER_LEN;
	struct cursor c;
	void *data;

	if (!p->present || !(p->flags & DAT_SECTION_COMPRESSED) || !f->zip || f->zip != out_zip(o))
		return 0;
	if (p->size > IN_META_MAX || p->size < 8 || !in_source_has(&f->src, at, p->size))
		return 0;
	data = buf_extend(b, p->size);
	if (!data)
		return b->error;
	c = cursor_over(data, p->size, f->head.order);
	if (!in_source_read(&f->src, data, p->size, at) && cursor_u32(&c) == p->size - 8)
		return 1;
	buf_reset(b);
	return 0;
}

/* The unpacked payload of part @id; what is damaged is noted and left out. 0; -ENOENT; -ENOMEM. */
static int load_plain(struct in_file *f, unsigned int id, struct buf *b, struct err *err)
{
	struct err why = { 0 };
	int ret = in_file_load(f, id, b, &why);

	if (!ret || ret == -ENOENT)
		return ret;
	if (ret == -ENOMEM)
		return err_set(err, ret, "%s", why.text);
	err_set(&f->damage, ret, "%s", why.text);
	buf_reset(b);
	return -ENOENT;
}

static int part_copy(struct in_file *f, unsigned int id, struct out_file *o, struct err *err)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	int ret = load_packed(f, id, o, &b);

	if (ret < 0)
		return err_set(err, ret, "%s: out of memory", f->src.name);
	if (ret)
		return out_part(o, id, &b, true, err);
	ret = load_plain(f, id, &b, err);
	if (ret && ret != -ENOENT)
		return ret;
	if (out_version(o) < 7)
		part_mend(f, id, &b);
	else if (ret)
		return 0;
	return out_part(o, id, &b, false, err);
}

int parts_copy(struct in_file *f, struct out_file *o, struct err *err)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(part_ids); i++)
		if (out_version(o) >= 7 || part_ids[i] <= DAT_CMDLINES)
			ret = part_copy(f, part_ids[i], o, err);
	return ret;
}
