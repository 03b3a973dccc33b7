/*
 * check-parts.c - the metadata parts, taken apart to their last byte.
 *
 * Layer 5. In version 7 they are sections, perhaps compressed; in version 6
 * pieces of the body with the same layout.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dump/check.h"
#include "dump/formats.h"
#include "wire/btf.h"

/* A part that is being checked. */
struct part {
	struct check *c;
	const struct in_part *where;
	unsigned int id;
	struct cursor at;
	char name[64];
	bool no_memory;
};

/* A finding at byte @pos of the part's payload. */
static void part_wrong(struct part *p, size_t pos, const char *what)
{
	uint64_t offset = p->where->offset;

	if (p->c->file->head.version >= 7)
		offset += DAT_SECTION_HEADER_LEN;
	if (p->where->flags & DAT_SECTION_COMPRESSED)
		check_found(p->c, -EBADMSG, offset, p->name, "%s, at byte %zu of what is unpacked",
			    what, pos);
	else
		check_found(p->c, -EBADMSG, offset + pos, p->name, "%s", what);
}

/* --- texts by lines -------------------------------------------------------- */

#define ADDRESS_DIGITS	16	/* as many as readers take */

static const char *skip_hex(const char *at)
{
	while (isxdigit((unsigned char)*at))
		at++;
	return at;
}

/* "ffffffff81000000 T _text[\t[module]]" */
static bool symbol_ok(const char *line)
{
	const char *end = skip_hex(line);

	return end > line && end - line <= ADDRESS_DIGITS && end[0] == ' ' && end[1] && end[2] == ' ' && end[3];
}

/* "0xffffffff82000000 : \"text\"" */
static bool printk_ok(const char *line)
{
	const char *end;

	if (line[0] != '0' || line[1] != 'x')
		return false;
	end = skip_hex(line + 2);
	return end > line + 2 && !strncmp(end, " : \"", 4);
}

/* "42 name"; a task may have given itself a name of several lines, so that anything may follow */
static bool comm_ok(const char *line)
{
	return *line;
}

/* The lines of @text, which has no NUL of its own; the first bad one is told. */
static void check_lines(struct part *p, const char *text, size_t len, bool (*ok)(const char *line))
{
	size_t start = p->at.pos - len, at = 0, n;
	char line[128];

	if (memchr(text, 0, len)) {
		part_wrong(p, start + strnlen(text, len), "a NUL within the text");
		return;
	}
	for (; at < len; at += n + 1) {
		const char *nl = memchr(text + at, '\n', len - at);

		n = nl ? (size_t)(nl - text) - at : len - at;
		/* what counts is the beginning */
		snprintf(line, sizeof(line), "%.*s", n < sizeof(line) ? (int)n : (int)sizeof(line) - 1,
			 text + at);
		if (n && !ok(line)) {
			part_wrong(p, start + at, "a line that is none of such a list");
			return;
		}
	}
}

/* A size of 4 or 8 bytes and so much text. NULL after a finding. */
static const char *sized_text(struct part *p, bool wide, size_t *ret_len)
{
	size_t pos = p->at.pos;
	uint64_t size = wide ? cursor_u64(&p->at) : cursor_u32(&p->at);
	const char *text = cursor_bytes(&p->at, size);

	if (!text)
		part_wrong(p, pos, "a size that leads out of the part");
	*ret_len = size;
	return text;
}

static void check_text(struct part *p, bool wide, bool (*ok)(const char *line))
{
	size_t len;
	const char *text = sized_text(p, wide, &len);

	if (text)
		check_lines(p, text, len, ok);
}

/* --- the other parts ------------------------------------------------------- */

/* Two texts, each behind its name and size. */
static void check_headers(struct part *p)
{
	static const char *const names[] = { "header_page", "header_event" };
	unsigned int i;
	size_t len;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		size_t pos = p->at.pos;
		const char *name = cursor_cstr(&p->at, 32);

		if (!name || strcmp(name, names[i])) {
			part_wrong(p, pos, "neither 'header_page' nor 'header_event' where it should be");
			return;
		}
		if (!sized_text(p, true, &len))
			return;
	}
}

static int on_format(void *data, const char *text, size_t len)
{
	struct part *p = data;
	bool own = p->id == DAT_FTRACE_EVENTS;
	const char *wrong = check_format(p->c, text, len, own, &p->no_memory);

	if (wrong)
		part_wrong(p, p->at.pos - len, wrong);
	return p->no_memory ? -ENOMEM : 0;
}

static void check_formats(struct part *p)
{
	const struct formats_visitor v = { .event = on_format, .data = p };
	int ret = formats_walk(&p->at, p->id == DAT_EVENT_FORMATS, &v);

	if (!ret || p->no_memory)
		return;
	part_wrong(p, p->at.pos, "a count, name or size that leads out of the part");
	p->at.failed = true;
}

static void check_btf(struct part *p)
{
	struct btf types;
	int ret = btf_init(&types, NULL, p->at.data, p->at.len);

	if (!ret)
		btf_release(&types);
	else if (ret == -ENOMEM)
		p->no_memory = true;
	else
		part_wrong(p, 0, ret == -EINVAL ? "no BTF" : "BTF whose types are damaged");
	p->at.pos = p->at.len;
}

static void check_content(struct part *p)
{
	switch (p->id) {
	case DAT_HEADER_INFO:
		check_headers(p);
		break;
	case DAT_FTRACE_EVENTS:
	case DAT_EVENT_FORMATS:
		check_formats(p);
		break;
	case DAT_KALLSYMS:
		check_text(p, false, symbol_ok);
		break;
	case DAT_PRINTK:
		check_text(p, false, printk_ok);
		break;
	case DAT_CMDLINES:
		check_text(p, true, comm_ok);
		break;
	case DAT_BTF_FILE:
		check_btf(p);
		break;
	default:	/* modules: a text, whatever is in it */
		p->at.pos = p->at.len;
		break;
	}
}

/* What events are like is unknown: their payloads cannot be checked. */
static void forget_events(struct check *c)
{
	free(c->events);
	c->events = NULL;
}

static int check_part(struct check *c, unsigned int id)
{
	struct part p = { .c = c, .where = &c->file->part[id], .id = id };
	bool formats = id == DAT_FTRACE_EVENTS || id == DAT_EVENT_FORMATS;
	_cleanup_buf_ struct buf text = BUF_INIT;
	unsigned int found = c->found;
	struct err why = { 0 };
	int ret = in_file_load(c->file, id, &text, &why);

	if (ret == -ENOMEM)
		return ret;
	snprintf(p.name, sizeof(p.name), c->file->head.version >= 7 ? "section %u (%s)" : "part %u (%s)",
		 id, dat_id_find(id)->section);
	if (ret) {
		check_found(c, ret, p.where->offset, p.name, "%s", why.text);
	} else {
		p.at = cursor_over(text.data, text.len, c->file->head.order);
		check_content(&p);
		if (cursor_left(&p.at) && c->found == found)
			part_wrong(&p, p.at.pos, "bytes behind all that belongs here");
	}
	if (formats && (ret || p.at.failed))
		forget_events(c);
	return p.no_memory ? -ENOMEM : 0;
}

int check_parts(struct check *c)
{
	unsigned int id;
	int ret = 0;

	c->events = calloc(CHECK_IDS, sizeof(*c->events));
	if (!c->events)
		return -ENOMEM;
	for (id = 0; !ret && id < IN_PART_COUNT; id++)
		if (c->file->part[id].present)
			ret = check_part(c, id);
	if (!c->file->part[DAT_EVENT_FORMATS].present || !c->file->part[DAT_FTRACE_EVENTS].present)
		forget_events(c);
	return ret;
}
