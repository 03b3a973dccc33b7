/*
 * check-header.c - what is wrong with the initial header of a file that cannot be
 * opened.
 *
 * Layer 5. The reader says that there is something; this finds the field.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "dump/check.h"

#define PART		"initial header"
#define VERSION_MAX	16	/* bytes of the version's text, NUL included */
#define NAME_MAX_LEN	32	/* of the compression's name and version */

/* Cut off at the end of @h. */
static void cut(struct check *c, const struct cursor *h)
{
	check_found(c, -ENODATA, h->len, PART, "the file ends here");
}

/* A string of at most @max bytes; NULL after a finding. */
static const char *string(struct check *c, struct cursor *h, size_t max, const char *what)
{
	size_t at = h->pos, left = cursor_left(h);
	const char *text = cursor_cstr(h, max);

	if (!text && left < max)
		cut(c, h);
	else if (!text)
		check_found(c, -EBADMSG, at, PART, "the %s has no end", what);
	return text;
}

/* Version 7's fields. */
static void check_header7(struct check *c, struct cursor *h, uint64_t size)
{
	size_t at = h->pos;
	const char *name = string(c, h, NAME_MAX_LEN, "name of the compression");
	uint64_t options;

	if (!name)
		return;
	if (strcmp(name, "none") && !zip_find(name))
		check_found(c, -ENOTSUP, at, PART, "the compression '%s' is unknown", name);
	if (!string(c, h, NAME_MAX_LEN, "version of the compression"))
		return;
	at = h->pos;
	options = cursor_u64(h);
	if (h->failed)
		cut(c, h);
	else if (options < h->pos || options >= size || size - options < DAT_SECTION_HEADER_LEN)
		check_found(c, -EBADMSG, at, PART,
			    "the first options are at offset %" PRIu64 ", outside of the file", options);
}

/* The fields behind the magic, in @h. */
static void check_fields(struct check *c, struct cursor *h, uint64_t size)
{
	const char *version = string(c, h, VERSION_MAX, "version");
	size_t at = h->pos;
	uint8_t order, long_size;
	uint32_t page;

	if (!version)
		return;
	if (strcmp(version, "6") && strcmp(version, "7")) {
		check_found(c, -ENOTSUP, DAT_MAGIC_LEN, PART, "the version is '%s', not 6 or 7",
			    version);
		return;
	}
	order = cursor_u8(h);
	h->order = order ? ORDER_BIG : ORDER_LITTLE;
	long_size = cursor_u8(h);
	page = cursor_u32(h);
	if (h->failed) {
		cut(c, h);
		return;
	}
	if (order > 1)
		check_found(c, -EBADMSG, at, PART, "the byte order is %u, not 0 or 1", order);
	if (long_size != 4 && long_size != 8)
		check_found(c, -EBADMSG, at + 1, PART, "a long has %u bytes", long_size);
	if (!dat_page_size_ok(page))
		check_found(c, -EBADMSG, at + 2, PART, "a page has %" PRIu32 " bytes", page);
	if (version[0] == '7')
		check_header7(c, h, size);
}

void check_header(struct check *c)
{
	_cleanup_(in_source_close) struct in_source src = { .fd = -1 };
	uint8_t bytes[DAT_HEADER_MAX];
	struct cursor h;
	size_t len;

	if (in_source_open(&src, c->path, NULL))
		return;
	len = src.size < sizeof(bytes) ? src.size : sizeof(bytes);
	if (in_source_read(&src, bytes, len, 0))
		return;
	h = cursor_over(bytes, len, ORDER_LITTLE);
	if (len && memcmp(bytes, DAT_MAGIC, len < DAT_MAGIC_LEN ? len : DAT_MAGIC_LEN))
		check_found(c, -EINVAL, 0, PART, "the magic is not that of a trace file");
	else if (!cursor_bytes(&h, DAT_MAGIC_LEN))
		cut(c, &h);
	else
		check_fields(c, &h, src.size);
}
