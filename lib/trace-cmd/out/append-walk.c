/*
 * append-walk.c - see append-walk.h. Layer 2.
 *
 * The file is walked just far enough to know where to go on: sections and the chain of options,
 * or the sizes of the parts of version 6. No text in it is looked at. Offsets must increase, so
 * that nothing loops. Nothing is allocated here.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "out/append-walk.h"
#include "wire/cursor.h"

#define APPEND_NAME_MAX		4096		/* bytes of a system's name */

/* The file in memory, and where to complain. */
struct walk {
	struct append_found *found;
	uint8_t *data;
	uint64_t len;
};

static int bad(const struct walk *w, const char *what, uint64_t offset)
{
	return err_set(&w->found->err, -EBADMSG, "damaged trace file: %s at offset %" PRIu64, what, offset);
}

/* Note that an integer has to be stored. 0; -EBADMSG: there are too many. */
static int patch(struct walk *w, uint64_t at, uint64_t value, uint32_t len)
{
	struct append_found *f = w->found;

	if (f->nr_patches == APPEND_PATCHES_MAX)
		return bad(w, "too many things to mend", at);
	f->patches[f->nr_patches++] = (struct append_patch){ at, value, len };
	return 0;
}

/* A cursor over the file from @offset on, which may be beyond its end. */
static struct cursor cursor_at(const struct walk *w, uint64_t offset)
{
	struct cursor c = cursor_over(w->data, w->len, w->found->head.order);

	if (offset > w->len)
		c.failed = true;
	else
		c.pos = offset;
	return c;
}

/* --- options, both versions --------------------------------------------- */

/* "local [mono] global": the clock in brackets, if it looks like one. */
static void take_clock(struct append_found *f, struct cursor payload)
{
	size_t len = cursor_left(&payload), size;
	const char *text = cursor_bytes(&payload, len);
	const char *open = text ? memchr(text, '[', len) : NULL;
	const char *close = open ? memchr(open, ']', text + len - open) : NULL;
	const char *at;

	if (!close || close - open - 1 < 1 || (size_t)(close - open) > sizeof(f->clock))
		return;
	size = close - open - 1;
	for (at = open + 1; at < close; at++)
		if (*at <= ' ' || *at > '~')
			return;
	memcpy(f->clock, open + 1, size);
	f->clock[size] = 0;
}

/* Learn what we need from one option. */
static int option_take(struct walk *w, unsigned int id, struct cursor payload, uint64_t at)
{
	uint32_t n;

	switch (id) {
	case DAT_BUFFER:
	case DAT_BUFFER_TEXT:
		return bad(w, "trace data where only metadata was expected", at);
	case DAT_TRACECLOCK:
		take_clock(w->found, payload);
		return 0;
	case DAT_CPUCOUNT:
		n = cursor_u32(&payload);
		if (payload.failed || n < 1 || n > DAT_CPU_LIMIT)
			return bad(w, "impossible number of CPUs", at);
		w->found->nr_cpus = n;
		return 0;
	default:
		return 0;
	}
}

/* Take the options up to DONE; @c is then behind its id and (version 7) its size. */
static int options_walk(struct walk *w, struct cursor *c)
{
	for (;;) {
		uint64_t at = c->pos;
		unsigned int id = cursor_u16(c);
		uint32_t size = 0;
		int ret;

		if (id != DAT_DONE || w->found->head.version >= 7)
			size = cursor_u32(c);
		if (c->failed)
			return bad(w, "options without an end", at);
		if (id == DAT_DONE && (w->found->head.version < 7 || size == 8))
			return 0;
		if (id == DAT_DONE || size > cursor_left(c))
			return bad(w, "option of impossible size", at);
		ret = option_take(w, id, cursor_sub(c, size), at);
		if (ret)
			return ret;
	}
}

/* --- version 7 ---------------------------------------------------------- */

/* Bytes of descriptions in the STRINGS section at @at. */
static int strings_count(struct walk *w, const struct dat_section *s, uint64_t at)
{
	uint64_t n = s->size;

	if (s->flags & DAT_SECTION_COMPRESSED) {
		struct cursor c = cursor_at(w, at + DAT_SECTION_HEADER_LEN);

		if (s->size < 8)
			return bad(w, "section of impossible size", at);
		cursor_u32(&c);
		n = cursor_u32(&c);
	}
	if (n > APPEND_STRINGS_MAX || w->found->strings_base + n > APPEND_STRINGS_MAX)
		return bad(w, "too many descriptions", at);
	w->found->strings_base += n;
	return 0;
}

/* Whether a section of the file could start at @at. */
static bool section_fits(const struct walk *w, uint64_t at)
{
	struct cursor c = cursor_at(w, at);
	const uint8_t *header = cursor_bytes(&c, DAT_SECTION_HEADER_LEN);
	const struct dat_id_info *info;
	struct dat_section s;

	if (!header)
		return false;
	dat_section_parse(header, w->found->head.order, &s);
	info = dat_id_find(s.id);
	return info && info->id <= DAT_MODULES_FILE && s.size <= cursor_left(&c);
}

/*
 * Some writers store the size word of symbols they couldn't read without
 * counting it in the section's size, which makes all sections behind unfindable.
 * Put that right.
 */
static int kallsyms_mend(struct walk *w, struct dat_section *s, uint64_t at)
{
	uint64_t size_at = at + DAT_SECTION_HEADER_LEN - 8;
	struct cursor c = cursor_at(w, at + DAT_SECTION_HEADER_LEN);
	int ret;

	if (s->id != DAT_KALLSYMS || s->size || s->flags)
		return 0;
	if (section_fits(w, c.pos) || cursor_u32(&c) || !section_fits(w, c.pos))
		return 0;
	ret = patch(w, size_at, 4, 8);
	if (ret)
		return ret;
	store_u64(w->data + size_at, w->found->head.order, 4);
	s->size = 4;
	return 0;
}

static int sections_walk(struct walk *w, uint64_t at)
{
	while (at < w->len) {
		struct cursor c = cursor_at(w, at);
		const uint8_t *header = cursor_bytes(&c, DAT_SECTION_HEADER_LEN);
		struct dat_section s;
		int ret;

		if (!header)
			return bad(w, "cut off section", at);
		dat_section_parse(header, w->found->head.order, &s);
		ret = kallsyms_mend(w, &s, at);
		if (ret)
			return ret;
		if (s.size > cursor_left(&c))
			return bad(w, "section beyond the end of the file", at);
		ret = s.id == DAT_STRINGS ? strings_count(w, &s, at) : 0;
		if (ret)
			return ret;
		at += DAT_SECTION_HEADER_LEN + s.size;
	}
	return 0;
}

/*
 * Clients of a listener don't send the descriptions that their sections refer to. Ours would be
 * taken for them: there shall be none.
 */
static int descriptions_drop(struct walk *w, uint64_t at)
{
	while (at < w->len) {
		struct cursor c = cursor_at(w, at);
		struct dat_section s;
		int ret;

		dat_section_parse(cursor_bytes(&c, DAT_SECTION_HEADER_LEN), w->found->head.order, &s);
		ret = s.description == -1 ? 0 : patch(w, at + 4, UINT32_MAX, 4);
		if (ret)
			return ret;
		at += DAT_SECTION_HEADER_LEN + s.size;
	}
	return 0;
}

/* Follow the chain of OPTIONS from @at; the last one's pointer is where we link to. */
static int chain_walk(struct walk *w, uint64_t at)
{
	while (at) {
		struct cursor payload, c = cursor_at(w, at);
		const uint8_t *header = cursor_bytes(&c, DAT_SECTION_HEADER_LEN);
		struct dat_section s;
		uint64_t next;
		int ret;

		if (!header)
			return bad(w, "pointer to options beyond the end", at);
		dat_section_parse(header, w->found->head.order, &s);
		if (s.id != DAT_OPTIONS || s.size > cursor_left(&c))
			return bad(w, "pointer to options that are none", at);
		if (s.flags & DAT_SECTION_COMPRESSED)
			return bad(w, "compressed options", at);
		/* the cursor ends with the section, but counts from the file's start */
		payload = c;
		payload.len = c.pos + s.size;
		ret = options_walk(w, &payload);
		if (ret)
			return ret;
		w->found->link_pos = payload.pos;
		next = cursor_u64(&payload);
		if (payload.failed)
			return bad(w, "options without an end", at);
		if (next && next <= at)
			return bad(w, "pointer back to earlier options", at);
		/* a proxy points to what it means to send in the end, and may not have come so far */
		if (next == w->len)
			return patch(w, w->found->link_pos, 0, 8);
		at = next;
	}
	return 0;
}

static int v7_walk(struct walk *w, size_t header_len)
{
	int ret = sections_walk(w, header_len);

	if (!ret && !w->found->strings_base)
		ret = descriptions_drop(w, header_len);
	if (ret)
		return ret;
	if (w->found->head.options_offset < header_len)
		return bad(w, "no options", w->found->head.options_offset);
	ret = chain_walk(w, w->found->head.options_offset);
	if (ret)
		return ret;
	w->found->options_written = true;
	return 0;
}

/* --- version 6 ---------------------------------------------------------- */

/* Step over a size of 4 or 8 bytes, and as many bytes as it says. */
static void skip_sized(struct cursor *c, int size_len)
{
	uint64_t size = size_len == 8 ? cursor_u64(c) : cursor_u32(c);

	if (size > cursor_left(c))
		c->failed = true;
	else
		cursor_bytes(c, size);
}

/* Step over a count, and as many texts with sizes. */
static void skip_texts(struct cursor *c)
{
	uint32_t i, n = cursor_u32(c);

	for (i = 0; i < n && !c->failed; i++)
		skip_sized(c, 8);
}

/* Step over @tag. */
static void skip_tag(struct cursor *c, const char *tag, size_t len)
{
	const void *p = cursor_bytes(c, len);

	if (!p || memcmp(p, tag, len))
		c->failed = true;
}

static int v6_metadata_walk(struct walk *w, struct cursor *c)
{
	uint32_t i, systems;

	skip_tag(c, "header_page", 12);
	skip_sized(c, 8);
	skip_tag(c, "header_event", 13);
	skip_sized(c, 8);
	if (c->failed)
		return bad(w, "broken page and event headers", c->pos);
	skip_texts(c);
	if (c->failed)
		return bad(w, "broken ftrace formats", c->pos);
	systems = cursor_u32(c);
	for (i = 0; i < systems && !c->failed; i++) {
		cursor_cstr(c, APPEND_NAME_MAX);
		skip_texts(c);
	}
	if (c->failed)
		return bad(w, "broken event formats", c->pos);
	skip_sized(c, 4);
	skip_sized(c, 4);
	if (c->failed)
		return bad(w, "broken symbols", c->pos);
	w->found->bare_len = c->pos;
	w->found->bare_known = true;
	return 0;
}

static int v6_walk(struct walk *w, size_t header_len)
{
	struct cursor c = cursor_at(w, header_len);
	int ret = v6_metadata_walk(w, &c);
	uint32_t n;

	if (ret)
		return ret;
	skip_sized(&c, 8);
	if (c.failed)
		return bad(w, "broken command lines", w->found->bare_len);
	n = cursor_u32(&c);
	if (c.failed || n < 1 || n > DAT_CPU_LIMIT)
		return bad(w, "impossible number of CPUs", c.pos);
	w->found->nr_cpus = n;
	if (!cursor_left(&c))
		return 0;
	skip_tag(&c, DAT_TAG_OPTIONS, DAT_TAG_LEN);
	if (c.failed)
		return bad(w, "trace data where only metadata was expected", c.pos);
	ret = options_walk(w, &c);
	if (ret)
		return ret;
	if (cursor_left(&c))
		return bad(w, "trace data where only metadata was expected", c.pos);
	w->found->options_written = true;
	return 0;
}

/* --- both --------------------------------------------------------------- */

static int header_walk(struct walk *w, size_t *ret_len)
{
	int ret = dat_header_parse(w->data, w->len, &w->found->head, ret_len);

	if (ret == -ENOTSUP)
		return err_set(&w->found->err, ret, "trace file of an unknown version");
	return ret ? bad(w, "no header of a trace file", 0) : 0;
}

void append_walk(uint8_t *data, uint64_t len, struct append_found *ret)
{
	struct walk w = { .found = ret, .data = data, .len = len };
	size_t header_len;

	ret->error = header_walk(&w, &header_len);
	if (!ret->error)
		ret->error = ret->head.version < 7 ? v6_walk(&w, header_len) :
			     v7_walk(&w, header_len);
}

void append_walk_bare(uint8_t *data, uint64_t len, struct append_found *ret)
{
	struct walk w = { .found = ret, .data = data, .len = len };
	struct cursor c;
	size_t header_len;

	ret->error = header_walk(&w, &header_len);
	if (!ret->error && ret->head.version > 6)
		ret->error = err_set(&ret->err, -ENOTSUP,
				     "trace file of version %u where only 6 can be",
				     ret->head.version);
	if (ret->error)
		return;
	c = cursor_at(&w, header_len);
	ret->error = v6_metadata_walk(&w, &c);
}

/* --- what it says --------------------------------------------------------- */

/* A text of at most @size bytes: it ends, and has nothing that a terminal would obey. */
static void tame(char *text, size_t size)
{
	size_t i;

	text[size - 1] = 0;
	for (i = 0; text[i]; i++) {
		if (text[i] != '\n' && (text[i] < ' ' || text[i] > '~'))
			text[i] = '?';
	}
}

int append_check(struct append_found *f, uint64_t len)
{
	uint32_t i;

	tame(f->err.text, sizeof(f->err.text));
	tame(f->clock, sizeof(f->clock));
	tame(f->head.compression, sizeof(f->head.compression));
	if (f->error > 0 || f->error < -4095)
		return -EBADMSG;
	if (f->error)
		return 0;
	if (f->head.version < DAT_VERSION_MIN || f->head.version > DAT_VERSION_MAX ||
	    (f->head.order != ORDER_LITTLE && f->head.order != ORDER_BIG) ||
	    (f->head.long_size != 4 && f->head.long_size != 8) ||
	    !dat_page_size_ok(f->head.page_size) || f->nr_cpus > DAT_CPU_LIMIT ||
	    f->strings_base > APPEND_STRINGS_MAX || f->bare_len > len ||
	    f->nr_patches > APPEND_PATCHES_MAX)
		return -EBADMSG;
	if (f->options_written && f->head.version >= 7 &&
	    (f->link_pos > len || len - f->link_pos < 8))
		return -EBADMSG;
	for (i = 0; i < f->nr_patches; i++) {
		const struct append_patch *p = &f->patches[i];

		if ((p->len != 4 && p->len != 8) || p->at > len || len - p->at < p->len)
			return -EBADMSG;
	}
	return 0;
}
