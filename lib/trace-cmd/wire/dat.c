/*
 * dat.c - see dat.h. Layer 1, pure.
 *
 * One table holds everything that is known about an id, so that the reader, the
 * writer and dump cannot disagree.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "wire/dat.h"

#define DAT_VERSION_TEXT_MAX	16		/* bytes of the version, NUL included */

static const struct dat_id_info dat_ids[] = {
	{ DAT_DONE,		"DONE",		"options",	DAT_KIND_NONE,		0 },
	{ DAT_DATE,		"DATE",		NULL,		DAT_KIND_STRING,	0 },
	{ DAT_CPUSTAT,		"CPUSTAT",	NULL,		DAT_KIND_STRING,	0 },
	{ DAT_BUFFER,		"BUFFER",	"buffer flyrecord", DAT_KIND_STRUCT,	9 },
	{ DAT_TRACECLOCK,	"TRACECLOCK",	NULL,		DAT_KIND_STRING,	0 },
	{ DAT_UNAME,		"UNAME",	NULL,		DAT_KIND_STRING,	0 },
	{ DAT_HOOK,		"HOOK",		NULL,		DAT_KIND_STRING,	0 },
	{ DAT_OFFSET,		"OFFSET",	NULL,		DAT_KIND_STRING,	0 },
	{ DAT_CPUCOUNT,		"CPUCOUNT",	NULL,		DAT_KIND_NUMBER,	4 },
	{ DAT_VERSION,		"VERSION",	NULL,		DAT_KIND_STRING,	0 },
	{ DAT_PROCMAPS,		"PROCMAPS",	NULL,		DAT_KIND_STRING,	0 },
	{ DAT_TRACEID,		"TRACEID",	NULL,		DAT_KIND_NUMBER,	8 },
	{ DAT_TIME_SHIFT,	"TimeShift",	NULL,		DAT_KIND_STRUCT,	16 },
	{ DAT_GUEST,		"GUEST",	NULL,		DAT_KIND_STRUCT,	13 },
	{ DAT_TSC2NSEC,		"TSC2NSEC",	NULL,		DAT_KIND_STRUCT,	16 },
	{ DAT_STRINGS,		"STRINGS",	"strings",	DAT_KIND_NONE,		0 },
	{ DAT_HEADER_INFO,	"HEADERS",	"headers",	DAT_KIND_SECTION,	8 },
	{ DAT_FTRACE_EVENTS,	"FTRACE EVENTS", "ftrace events", DAT_KIND_SECTION,	8 },
	{ DAT_EVENT_FORMATS,	"EVENT FORMATS", "events format", DAT_KIND_SECTION,	8 },
	{ DAT_KALLSYMS,		"KALLSYMS",	"kallsyms",	DAT_KIND_SECTION,	8 },
	{ DAT_PRINTK,		"PRINTK",	"printk",	DAT_KIND_SECTION,	8 },
	{ DAT_CMDLINES,		"CMDLINES",	"command lines", DAT_KIND_SECTION,	8 },
	{ DAT_BUFFER_TEXT,	"BUFFER TEXT",	"buffer latency", DAT_KIND_STRUCT,	10 },
	{ DAT_BTF_FILE,		"BTF_FILE",	"BTF",		DAT_KIND_SECTION,	8 },
	{ DAT_LAST_BOOT_INFO,	"LAST_BOOT_INFO", NULL,		DAT_KIND_STRING,	0 },
	{ DAT_MODULES_FILE,	"MODULES_FILE",	"modules",	DAT_KIND_SECTION,	8 },
};

static const struct dat_id_info dat_tsync = {
	DAT_TSYNC, "TSYNC", NULL, DAT_KIND_STRUCT, 16,
};

const struct dat_id_info *dat_id_find(unsigned int id)
{
	if (id == DAT_TSYNC)
		return &dat_tsync;
	/* ids are the indices; a test holds the table to it */
	return id < ARRAY_SIZE(dat_ids) ? &dat_ids[id] : NULL;
}

/*
 * Take a string of at most @max bytes from the header. -EBADMSG if it has no end
 * although all of @max is there; -ENODATA if the bytes end first.
 */
static int header_cstr(struct cursor *c, size_t max, const char **ret)
{
	bool whole = cursor_left(c) >= max;

	*ret = cursor_cstr(c, max);
	if (*ret)
		return 0;
	return whole ? -EBADMSG : -ENODATA;
}

/* "6" or "7"; the text may have leading zeros as any decimal number. */
static int header_version(struct cursor *c, int *ret)
{
	const char *text, *p;
	int version = 0, err = header_cstr(c, DAT_VERSION_TEXT_MAX, &text);

	if (err)
		return err;
	if (!*text)
		return -EBADMSG;
	for (p = text; *p; p++) {
		if (*p < '0' || *p > '9')
			return -EBADMSG;
		if (version > DAT_VERSION_MAX)
			return -ENOTSUP;
		version = version * 10 + (*p - '0');
	}
	if (version < DAT_VERSION_MIN || version > DAT_VERSION_MAX)
		return -ENOTSUP;
	*ret = version;
	return 0;
}

/* The part that only version 7 has. */
static int header_v7(struct cursor *c, struct dat_header *h)
{
	const char *name, *version;
	int err = header_cstr(c, sizeof(h->compression), &name);

	if (!err)
		err = header_cstr(c, sizeof(h->compression_version), &version);
	if (err)
		return err;
	memcpy(h->compression, name, strlen(name) + 1);
	memcpy(h->compression_version, version, strlen(version) + 1);
	h->options_offset = cursor_u64(c);
	return c->failed ? -ENODATA : 0;
}

/* The magic, or as much of it as there is. */
static int header_magic(struct cursor *c)
{
	size_t len = cursor_left(c) < DAT_MAGIC_LEN ? cursor_left(c) : DAT_MAGIC_LEN;

	if (len && memcmp(cursor_bytes(c, len), DAT_MAGIC, len))
		return -EINVAL;
	return len < DAT_MAGIC_LEN ? -ENODATA : 0;
}

bool dat_page_size_ok(uint32_t page_size)
{
	return page_size >= DAT_PAGE_SIZE_MIN && page_size <= DAT_PAGE_SIZE_MAX &&
	       !(page_size & (page_size - 1));
}

int dat_header_parse(const void *data, size_t len, struct dat_header *ret, size_t *ret_len)
{
	struct cursor c = cursor_over(data, len, ORDER_LITTLE);
	struct dat_header h = { .compression = "none" };
	uint8_t order;
	int err = header_magic(&c);

	if (!err)
		err = header_version(&c, &h.version);
	if (err)
		return err;
	order = cursor_u8(&c);
	h.long_size = cursor_u8(&c);
	h.order = order ? ORDER_BIG : ORDER_LITTLE;
	c.order = h.order;
	h.page_size = cursor_u32(&c);
	if (c.failed)
		return -ENODATA;
	if (order > 1 || (h.long_size != 4 && h.long_size != 8) || !dat_page_size_ok(h.page_size))
		return -EBADMSG;
	if (h.version >= 7)
		err = header_v7(&c, &h);
	if (err)
		return err;
	*ret = h;
	*ret_len = c.pos;
	return 0;
}

int dat_header_put(struct buf *b, const struct dat_header *h, size_t *ret_options_pos)
{
	buf_add(b, DAT_MAGIC, DAT_MAGIC_LEN);
	buf_printf(b, "%d", h->version);
	put_u8(b, 0);
	put_u8(b, h->order == ORDER_BIG);
	put_u8(b, h->long_size);
	put_u32(b, h->order, h->page_size);
	if (h->version < 7)
		return b->error;
	buf_add_cstr(b, h->compression);
	buf_add_cstr(b, h->compression_version);
	if (ret_options_pos)
		*ret_options_pos = b->len;
	put_u64(b, h->order, h->options_offset);
	return b->error;
}

void dat_section_parse(const uint8_t data[DAT_SECTION_HEADER_LEN], enum byte_order order,
		       struct dat_section *ret)
{
	struct cursor c = cursor_over(data, DAT_SECTION_HEADER_LEN, order);

	ret->id = cursor_u16(&c);
	ret->flags = cursor_u16(&c);
	ret->description = cursor_s32(&c);
	ret->size = cursor_u64(&c);
}

void dat_section_put(struct buf *b, enum byte_order order, const struct dat_section *s)
{
	put_u16(b, order, s->id);
	put_u16(b, order, s->flags);
	put_u32(b, order, (uint32_t)s->description);
	put_u64(b, order, s->size);
}
