/*
 * body6.c - the body of a version 6 file: parts in a fixed order, without framing.
 *
 * Layer 2. Only finds where each part is; the texts are read when asked for.
 * Also the parser of the header information, which both versions share.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "in/parse.h"

#define TAG_PAGE	"header_page"
#define TAG_EVENT	"header_event"
#define WINDOW		4096

/* A place in the file that moves forwards, with the bytes around it at hand. */
struct walk {
	struct in_file *f;
	struct err *err;
	uint64_t pos;
	uint64_t start;		/* of the window */
	size_t len;
	uint8_t window[WINDOW];
};

/* The next @len (at most WINDOW) bytes in place, stepping over them. NULL with an error set. */
static const uint8_t *walk_bytes(struct walk *w, size_t len)
{
	const uint8_t *at;
	uint64_t left;

	if (!in_source_has(&w->f->src, w->pos, len)) {
		in_file_err_truncated(w->f, w->pos + len, w->err);
		return NULL;
	}
	if (w->pos < w->start || w->pos + len > w->start + w->len) {
		left = w->f->src.size - w->pos;
		w->start = w->pos;
		w->len = left < WINDOW ? left : WINDOW;
		if (in_file_read(w->f, w->window, w->len, w->pos, "the metadata", w->err)) {
			w->len = 0;
			return NULL;
		}
	}
	at = w->window + (w->pos - w->start);
	w->pos += len;
	return at;
}

/* The next integer of @len bytes; 0 with an error set. */
static uint64_t walk_int(struct walk *w, size_t len)
{
	const uint8_t *at = walk_bytes(w, len);
	struct cursor c = cursor_over(at, at ? len : 0, w->f->head.order);

	return len == 8 ? cursor_u64(&c) : cursor_u32(&c);
}

/* Step over @len bytes. 0; -ENODATA. */
static int walk_skip(struct walk *w, uint64_t len)
{
	if (!in_source_has(&w->f->src, w->pos, len))
		return in_file_err_truncated(w->f, len > UINT64_MAX - w->pos ? UINT64_MAX :
					     w->pos + len, w->err);
	w->pos += len;
	return 0;
}

/* Step over a size of @size_len bytes and the text it counts. */
static int walk_text(struct walk *w, size_t size_len)
{
	uint64_t len = walk_int(w, size_len);

	return w->err->code ? w->err->code : walk_skip(w, len);
}

/* Step over the string @tag with its NUL, which must be there. */
static int walk_tag(struct walk *w, const char *tag, size_t len)
{
	uint64_t pos = w->pos;
	const uint8_t *at = walk_bytes(w, len);

	if (!at)
		return w->err->code;
	if (memcmp(at, tag, len))
		return err_set(w->err, -EBADMSG, "%s: no '%s' at offset %llu", w->f->src.name, tag,
			       (unsigned long long)pos);
	return 0;
}

/* Step over a string of any length. */
static int walk_string(struct walk *w)
{
	const uint8_t *at;

	do {
		at = walk_bytes(w, 1);
		if (!at)
			return w->err->code;
	} while (*at);
	return 0;
}

static int walk_header_info(struct walk *w)
{
	int ret = walk_tag(w, TAG_PAGE, sizeof(TAG_PAGE));

	if (!ret)
		ret = walk_text(w, 8);
	if (!ret)
		ret = walk_tag(w, TAG_EVENT, sizeof(TAG_EVENT));
	return ret ? ret : walk_text(w, 8);
}

/* u32 count, then so many texts with u64 sizes. */
static int walk_formats(struct walk *w)
{
	uint32_t i, count = walk_int(w, 4);
	int ret = w->err->code;

	for (i = 0; !ret && i < count; i++)
		ret = walk_text(w, 8);
	return ret;
}

static int walk_systems(struct walk *w)
{
	uint32_t i, count = walk_int(w, 4);
	int ret = w->err->code;

	for (i = 0; !ret && i < count; i++) {
		ret = walk_string(w);
		if (!ret)
			ret = walk_formats(w);
	}
	return ret;
}

static int walk_text32(struct walk *w)
{
	return walk_text(w, 4);
}

static int walk_text64(struct walk *w)
{
	return walk_text(w, 8);
}

/* The parts 1 to 6. */
static int walk_parts(struct walk *w)
{
	static const struct {
		unsigned int id;
		int (*walk)(struct walk *w);
	} parts[] = {
		{ DAT_HEADER_INFO, walk_header_info },
		{ DAT_FTRACE_EVENTS, walk_formats },
		{ DAT_EVENT_FORMATS, walk_systems },
		{ DAT_KALLSYMS, walk_text32 },
		{ DAT_PRINTK, walk_text32 },
		{ DAT_CMDLINES, walk_text64 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		uint64_t start = w->pos;
		int ret = parts[i].walk(w);

		if (ret)
			return ret;
		w->f->part[parts[i].id] = (struct in_part){
			.present = true, .offset = start, .size = w->pos - start,
			.description = -1,
		};
	}
	return 0;
}

/* The tag at the walk's place into @ret_tag, "" if the file ends there. */
static int next_tag(struct walk *w, char ret_tag[DAT_TAG_LEN])
{
	uint64_t left = w->f->src.size - w->pos;
	const uint8_t *at;

	memset(ret_tag, 0, DAT_TAG_LEN);
	if (!left)
		return 0;
	if (left < DAT_TAG_LEN) {
		in_file_note_truncated(w->f, w->pos + DAT_TAG_LEN);
		w->pos = w->f->src.size;
		return 0;
	}
	at = walk_bytes(w, DAT_TAG_LEN);
	if (!at)
		return w->err->code;
	memcpy(ret_tag, at, DAT_TAG_LEN);
	return 0;
}

/* The parts 8 and 9. */
static int walk_tags(struct walk *w)
{
	struct in_file *f = w->f;
	char tag[DAT_TAG_LEN];
	int ret = next_tag(w, tag);

	if (!ret && !memcmp(tag, DAT_TAG_OPTIONS, DAT_TAG_LEN)) {
		f->v6.options_offset = w->pos;
		ret = in_options_read6(f, w->pos, &w->pos, w->err);
		if (!ret)
			ret = next_tag(w, tag);
	}
	if (ret || !tag[0])
		return ret;
	f->v6.latency = !memcmp(tag, DAT_TAG_LATENCY, DAT_TAG_LEN);
	if (f->v6.latency || !memcmp(tag, DAT_TAG_FLYRECORD, DAT_TAG_LEN))
		f->v6.data_offset = w->pos - DAT_TAG_LEN;
	else
		in_file_note(f, -EBADMSG, "no trace data at offset %llu",
			     (unsigned long long)w->pos - DAT_TAG_LEN);
	return 0;
}

int in_body6_read(struct in_file *f, struct err *err)
{
	struct err why = { 0 };
	struct walk w = { .f = f, .err = err ? err : &why, .pos = f->head_len };
	int ret = walk_parts(&w);

	if (ret)
		return ret;
	f->v6.cpus = walk_int(&w, 4);
	return w.err->code ? w.err->code : walk_tags(&w);
}

/* The number behind @key in the line, 0 if it is not there. */
static uint32_t line_number(const char *line, size_t len, const char *key)
{
	const char *at = memmem(line, len, key, strlen(key));
	uint32_t v = 0;

	if (!at)
		return 0;
	for (at += strlen(key); at < line + len && *at >= '0' && *at <= '9'; at++) {
		if (v > 100000000)
			return 0;
		v = v * 10 + (uint32_t)(*at - '0');
	}
	return v;
}

/* True if the line declares a field called @name: "field: type name;". */
static bool line_is_field(const char *line, size_t len, const char *name)
{
	const char *end = memchr(line, ';', len);
	size_t n = strlen(name);

	return end && (size_t)(end - line) > n && !memcmp(end - n, name, n) &&
	       (end[-(ptrdiff_t)n - 1] == ' ' || end[-(ptrdiff_t)n - 1] == '\t');
}

static void header_page_parse(const char *text, size_t len, struct in_header_page *ret)
{
	*ret = (struct in_header_page){ .empty = !len };
	while (len) {
		const char *nl = memchr(text, '\n', len);
		size_t n = nl ? (size_t)(nl - text) : len;
		uint32_t size = line_number(text, n, "size:");

		if (line_is_field(text, n, "timestamp")) {
			ret->timestamp_size = size;
		} else if (line_is_field(text, n, "commit")) {
			ret->commit_size = size;
		} else if (line_is_field(text, n, "data")) {
			ret->data_offset = line_number(text, n, "offset:");
			ret->page_size = ret->data_offset + size;
		}
		n += nl ? 1 : 0;
		text += n;
		len -= n;
	}
}

int in_header_info_parse(const void *data, size_t len, enum byte_order order,
			 const char **ret_page_text, size_t *ret_page_len,
			 const char **ret_event_text, size_t *ret_event_len,
			 struct in_header_page *ret)
{
	struct cursor c = cursor_over(data, len, order);
	const char *tag = cursor_cstr(&c, sizeof(TAG_PAGE));
	const char *page, *event;
	uint64_t page_len, event_len;

	if (!tag || strcmp(tag, TAG_PAGE))
		return -EBADMSG;
	page_len = cursor_u64(&c);
	page = cursor_bytes(&c, page_len);
	tag = cursor_cstr(&c, sizeof(TAG_EVENT));
	if (!page || !tag || strcmp(tag, TAG_EVENT))
		return -EBADMSG;
	event_len = cursor_u64(&c);
	event = cursor_bytes(&c, event_len);
	if (!event)
		return -EBADMSG;
	header_page_parse(page, page_len, ret);
	*ret_page_text = page;
	*ret_page_len = page_len;
	*ret_event_text = event;
	*ret_event_len = event_len;
	return 0;
}
