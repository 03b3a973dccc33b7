/*
 * append.c - continuing a trace.dat that holds metadata only.
 *
 * Layer 2. The file came from a machine we don't trust. It is walked just far
 * enough to know where to go on: sections and the chain of options, or the sizes
 * of the parts of version 6. No text in it is looked at. Offsets must increase,
 * so that nothing loops.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "out/file.h"

#define APPEND_FILE_MAX		(256u << 20)	/* bytes of metadata we accept */
#define APPEND_STRINGS_MAX	(16u << 20)	/* bytes of descriptions */
#define APPEND_NAME_MAX		4096		/* bytes of a system's name */

/* The file in memory, and where to complain. */
struct walk {
	struct out_file *o;
	struct buf file;
	struct err *err;
	uint64_t bare_len;	/* version 6: bytes up to the command lines */
};

static int bad(const struct walk *w, const char *what, uint64_t offset)
{
	return err_set(w->err, -EBADMSG, "damaged trace file: %s at offset %" PRIu64, what, offset);
}

/* A cursor over the file from @offset on, which may be beyond its end. */
static struct cursor cursor_at(const struct walk *w, uint64_t offset)
{
	struct cursor c = cursor_over(w->file.data, w->file.len, w->o->order);

	if (offset > w->file.len)
		c.failed = true;
	else
		c.pos = offset;
	return c;
}

/* --- options, both versions --------------------------------------------- */

/* "local [mono] global": the clock in brackets, if it looks like one. */
static void take_clock(struct out_file *o, struct cursor payload)
{
	size_t len = cursor_left(&payload), size;
	const char *text = cursor_bytes(&payload, len);
	const char *open = text ? memchr(text, '[', len) : NULL;
	const char *close = open ? memchr(open, ']', text + len - open) : NULL;
	const char *at;

	if (!close || close - open - 1 < 1 || (size_t)(close - open) > sizeof(o->clock))
		return;
	size = close - open - 1;
	for (at = open + 1; at < close; at++)
		if (*at <= ' ' || *at > '~')
			return;
	memcpy(o->clock, open + 1, size);
	o->clock[size] = 0;
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
		take_clock(w->o, payload);
		return 0;
	case DAT_CPUCOUNT:
		n = cursor_u32(&payload);
		if (payload.failed || n < 1 || n > DAT_CPU_LIMIT)
			return bad(w, "impossible number of CPUs", at);
		w->o->nr_cpus = n;
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

		if (id != DAT_DONE || w->o->version >= 7)
			size = cursor_u32(c);
		if (c->failed)
			return bad(w, "options without an end", at);
		if (id == DAT_DONE && (w->o->version < 7 || size == 8))
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
	if (n > APPEND_STRINGS_MAX || w->o->strings_base + n > APPEND_STRINGS_MAX)
		return bad(w, "too many descriptions", at);
	w->o->strings_base += n;
	return 0;
}

/* Whether a section of the file could start at @at. */
static bool section_fits(const struct walk *w, uint64_t at)
{
	struct cursor c = cursor_at(w, at);
	const uint8_t *header = cursor_bytes(&c, DAT_SECTION_HEADER_LEN);
	struct dat_section s;

	if (!header)
		return false;
	dat_section_parse(header, w->o->order, &s);
	return dat_id_find(s.id) && s.size <= cursor_left(&c);
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
	ret = out_patch_u64(w->o, size_at, 4);
	if (ret)
		return err_set(w->err, ret, "cannot mend the trace file: %s", strerror(-ret));
	store_u64(w->file.data + size_at, w->o->order, 4);
	s->size = 4;
	return 0;
}

static int sections_walk(struct walk *w, uint64_t at)
{
	while (at < w->file.len) {
		struct cursor c = cursor_at(w, at);
		const uint8_t *header = cursor_bytes(&c, DAT_SECTION_HEADER_LEN);
		struct dat_section s;
		int ret;

		if (!header)
			return bad(w, "cut off section", at);
		dat_section_parse(header, w->o->order, &s);
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
	while (at < w->file.len) {
		struct cursor c = cursor_at(w, at);
		struct dat_section s;
		int ret;

		dat_section_parse(cursor_bytes(&c, DAT_SECTION_HEADER_LEN), w->o->order, &s);
		ret = s.description == -1 ? 0 : out_patch_u32(w->o, at + 4, UINT32_MAX);
		if (ret)
			return err_set(w->err, ret, "cannot mend the trace file: %s",
				       strerror(-ret));
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
		dat_section_parse(header, w->o->order, &s);
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
		w->o->link_pos = payload.pos;
		next = cursor_u64(&payload);
		if (payload.failed)
			return bad(w, "options without an end", at);
		if (next && next <= at)
			return bad(w, "pointer back to earlier options", at);
		at = next;
	}
	return 0;
}

static int v7_walk(struct walk *w, const struct dat_header *h, size_t header_len)
{
	int ret = sections_walk(w, header_len);

	if (!ret && !w->o->strings_base)
		ret = descriptions_drop(w, header_len);
	if (ret)
		return ret;
	if (h->options_offset < header_len)
		return bad(w, "no options", h->options_offset);
	ret = chain_walk(w, h->options_offset);
	if (ret)
		return ret;
	w->o->options_written = true;
	w->o->zip = zip_find(h->compression);
	/* what we cannot compress is stored as it is, which each section says of itself */
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
	w->bare_len = c->pos;
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
		return bad(w, "broken command lines", w->bare_len);
	n = cursor_u32(&c);
	if (c.failed || n < 1 || n > DAT_CPU_LIMIT)
		return bad(w, "impossible number of CPUs", c.pos);
	w->o->nr_cpus = n;
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
	w->o->options_written = true;
	return 0;
}

/* --- both --------------------------------------------------------------- */

static int file_read(struct walk *w)
{
	struct stat st;
	int ret;

	if (fstat(w->o->fd, &st))
		return err_set(w->err, -errno, "cannot read the trace file: %s", strerror(errno));
	if (st.st_size > APPEND_FILE_MAX)
		return err_set(w->err, -EFBIG, "the metadata has more than %u bytes",
			       APPEND_FILE_MAX);
	if (!buf_extend(&w->file, st.st_size))
		return err_set(w->err, w->file.error, "out of memory");
	ret = io_pread_full(w->o->fd, w->file.data, st.st_size, 0);
	if (ret)
		return err_set(w->err, ret, "cannot read the trace file: %s", strerror(-ret));
	return 0;
}

static int header_walk(struct walk *w, struct dat_header *ret_h, size_t *ret_len)
{
	int ret = dat_header_parse(w->file.data, w->file.len, ret_h, ret_len);

	if (ret == -ENOTSUP)
		return err_set(w->err, ret, "trace file of an unknown version");
	if (ret)
		return bad(w, "no header of a trace file", 0);
	w->o->version = ret_h->version;
	w->o->order = ret_h->order;
	w->o->page_size = ret_h->page_size;
	w->o->end = w->file.len;
	return 0;
}

static int file_walk(struct walk *w)
{
	struct dat_header h;
	size_t len;
	int ret = header_walk(w, &h, &len);

	if (ret)
		return ret;
	return h.version < 7 ? v6_walk(w, len) : v7_walk(w, &h, len);
}

/* Read a file of version 6, or the beginning of one; w->bare_len is then known. */
static int bare_walk(struct walk *w)
{
	struct dat_header h;
	struct cursor c;
	size_t len;
	int ret = file_read(w);

	if (!ret)
		ret = header_walk(w, &h, &len);
	if (ret)
		return ret;
	if (h.version > 6)
		return err_set(w->err, -ENOTSUP,
			       "trace file of version %u where only 6 can be", h.version);
	c = cursor_at(w, len);
	return v6_metadata_walk(w, &c);
}

int out_bare_len(int fd, uint64_t *ret, struct err *err)
{
	struct out_file o = { .fd = fd };
	struct walk w = { .o = &o, .err = err };
	int error = bare_walk(&w);

	buf_release(&w.file);
	if (!error)
		*ret = w.bare_len;
	return error;
}

int out_bare_complete(int fd, uint32_t nr_cpus, struct err *err)
{
	struct out_file o = { .fd = fd };
	struct walk w = { .o = &o, .err = err };
	uint8_t rest[8 + 4] = { 0 };
	int error = bare_walk(&w);

	if (!error && w.bare_len == w.file.len) {
		store_u32(rest + 8, o.order, nr_cpus);
		error = io_pwrite_full(fd, rest, sizeof(rest), w.file.len);
		if (error)
			err_set(err, error, "cannot complete the metadata: %s", strerror(-error));
	}
	buf_release(&w.file);
	return error;
}

const char *out_clock(const struct out_file *o)
{
	return o->clock;
}

int out_append(int fd, struct out_file **ret, struct err *err)
{
	_cleanup_free_ struct out_file *o = calloc(1, sizeof(*o));
	struct walk w = { .o = o, .err = err };
	int error;

	if (!o)
		return err_set(err, -ENOMEM, "out of memory");
	o->fd = fd;
	error = file_read(&w);
	if (!error)
		error = file_walk(&w);
	buf_release(&w.file);
	if (error)
		return error;
	*ret = take_ptr(o);
	return 0;
}
