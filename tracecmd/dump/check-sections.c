/*
 * check-sections.c - the sections of version 7, which follow each other without a
 * gap, and the descriptions that they share.
 *
 * Layer 5.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dump/check.h"

#define PACKED_HEAD 8	/* u32 compressed size, u32 uncompressed size */

static bool is_data(const struct in_section *s)
{
	return s->head.id == DAT_BUFFER || s->head.id == DAT_BUFFER_TEXT;
}

static bool known(unsigned int id)
{
	const struct dat_id_info *info = dat_id_find(id);

	return info && info->section;
}

/* What a finding calls the section. */
static const char *part_name(const struct in_section *s, char *name, size_t size)
{
	snprintf(name, size, "section %u (%s)", s->head.id,
		 known(s->head.id) ? dat_id_find(s->head.id)->section : "unknown");
	return name;
}

static uint64_t section_end(const struct in_section *s)
{
	return s->offset + DAT_SECTION_HEADER_LEN + s->head.size;
}

/* A packed block fills its section. */
static void check_block(struct check *c, const struct in_section *s, const char *part)
{
	uint64_t at = s->offset + DAT_SECTION_HEADER_LEN;
	uint8_t word[4];
	struct cursor w = cursor_over(word, sizeof(word), c->file->head.order);
	uint32_t packed;

	if (s->head.size < PACKED_HEAD || in_source_read(&c->file->src, word, sizeof(word), at)) {
		check_found(c, -EBADMSG, at, part, "no room for the sizes of what is compressed");
		return;
	}
	packed = cursor_u32(&w);
	if (packed != s->head.size - PACKED_HEAD)
		check_found(c, -EBADMSG, at, part, "%" PRIu32 " compressed bytes in a section with "
			    "room for %" PRIu64, packed, s->head.size - PACKED_HEAD);
}

static void check_one(struct check *c, const struct in_section *s, const struct buf *strings)
{
	int32_t text = s->head.description;
	char name[64];
	const char *part = part_name(s, name, sizeof(name));

	if (!known(s->head.id))
		check_found(c, -EBADMSG, s->offset, part, "there is no such section");
	if (s->head.flags & ~DAT_SECTION_COMPRESSED)
		check_found(c, -EBADMSG, s->offset + 2, part, "unknown flags 0x%x", s->head.flags);
	/* a description is a whole string of the file */
	if (strings->len && text != -1 && (text < 0 || (size_t)text + 1 >= strings->len ||
			   (text && strings->data[text - 1])))
		check_found(c, -EBADMSG, s->offset + 4, part,
			    "the description is string %" PRId32 ", which there isn't", text);
	if (is_data(s) && section_end(s) > c->file->src.size)
		check_found(c, -ENODATA, s->offset + 8, part, "needs %" PRIu64
			    " bytes, but the file ends at offset %" PRIu64, s->head.size,
			    c->file->src.size);
	if ((s->head.flags & DAT_SECTION_COMPRESSED) && !c->file->zip)
		check_found(c, -EBADMSG, s->offset + 2, part,
			    "is compressed, but the file names no compression");
	else if ((s->head.flags & DAT_SECTION_COMPRESSED) && !is_data(s))
		check_block(c, s, part);
}

/* The walk has to reach the end of the file. false after a finding. */
static bool check_end(struct check *c)
{
	uint64_t size = c->file->src.size, at = c->file->head_len;
	const struct in_section *s = NULL;
	struct in_section next;
	struct err why = { 0 };
	char name[64];

	if (c->nr_sections) {
		s = &c->sections[c->nr_sections - 1];
		at = section_end(s);
	}
	if (at >= size)
		return true;
	if (in_file_section_at(c->file, at, &next, &why))
		check_found(c, -EBADMSG, at, "sections", "no section here, behind %s: %s",
			    s ? part_name(s, name, sizeof(name)) : "the header", why.text);
	else
		check_found(c, -EBADMSG, at, "sections", "too many sections");
	return false;
}

/*
 * All strings into @strings, which gets one NUL too many. The last of them has to end.
 * 0; -ENOMEM.
 */
static int check_strings(struct check *c, struct buf *strings)
{
	static const char part[] = "section 15 (strings)";
	const struct in_section *first = NULL;
	bool damaged = in_file_damage(c->file);
	unsigned int i;

	if (in_file_strings(c->file, strings, NULL))
		return -ENOMEM;
	for (i = 0; !first && i < c->nr_sections; i++)
		if (c->sections[i].head.id == DAT_STRINGS)
			first = &c->sections[i];
	if (!first)
		return 0;
	/* only they can have added to it now */
	if (!damaged && in_file_damage(c->file))
		check_found(c, -EBADMSG, first->offset, part, "%s", c->file->damage.text);
	else if (strings->len > 1 && strings->data[strings->len - 2])
		check_found(c, -EBADMSG, first->offset, part, "the last string has no end");
	return 0;
}

int check_sections(struct check *c)
{
	_cleanup_buf_ struct buf strings = BUF_INIT;
	unsigned int i;

	if (in_file_sections(c->file, &c->sections, &c->nr_sections, NULL))
		return -ENOMEM;
	c->led = calloc(c->nr_sections + 1, sizeof(*c->led));
	if (!c->led || check_strings(c, &strings))
		return -ENOMEM;
	/* behind a gap there may be more strings: nothing can be said of descriptions */
	if (!check_end(c))
		buf_reset(&strings);
	for (i = 0; i < c->nr_sections; i++)
		check_one(c, &c->sections[i], &strings);
	return 0;
}
