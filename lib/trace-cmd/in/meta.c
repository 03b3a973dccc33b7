/*
 * meta.c - see meta.h. Layer 2.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "in/blk.h"
#include "in/format-check.h"
#include "in/meta.h"
#include "in/parse.h"

#define FORMAT_MAX	(1u << 20)	/* bytes of one event's format */

int in_meta_new(struct in_file *f, struct tep_handle **ret_tep)
{
	struct tep_handle *tep = tep_alloc();

	if (!tep)
		return -ENOMEM;
	tep_set_file_bigendian(tep, f->head.order == ORDER_BIG ? TEP_BIG_ENDIAN : TEP_LITTLE_ENDIAN);
	tep_set_local_bigendian(tep, ORDER_NATIVE == ORDER_BIG ? TEP_BIG_ENDIAN : TEP_LITTLE_ENDIAN);
	tep_set_long_size(tep, f->long_size);
	tep_set_page_size(tep, f->head.page_size);
	*ret_tep = tep;
	return 0;
}

/* --- lines of text ------------------------------------------------------- */

/* One line, NUL-terminated in place. */
typedef int (*line_fn)(struct tep_handle *tep, char *line);

/* Call @fn for each line of @text, behind which is a NUL. 0; -ENOMEM. */
static int each_line(struct tep_handle *tep, char *text, size_t len, line_fn fn)
{
	char *end = text + len, *next;

	for (; text < end; text = next) {
		char *nl = memchr(text, '\n', end - text);

		next = nl ? nl + 1 : end;
		if (nl)
			*nl = 0;
		if (*text && fn(tep, text) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

/* libtraceevent tells by errno why it did not take something. */
static int taken(int ret)
{
	return ret && errno == ENOMEM ? -ENOMEM : 0;
}

/* 0xffffffff81000000 : "format" */
static int printk_line(struct tep_handle *tep, char *line)
{
	char *end, *text;
	unsigned long long addr = strtoull(line, &end, 16);

	if (end == line)
		return 0;
	end += strspn(end, " \t");
	if (*end != ':')
		return 0;
	text = end + 1 + strspn(end + 1, " \t");
	/* libtraceevent looks at the last characters behind the opening quote without counting */
	if (strlen(text) < 4)
		return 0;
	/* nor does it mind a record that wants a number to be a billion columns wide */
	if (!format_widths_check(text, strlen(text), false))
		return 0;
	return taken(tep_register_print_string(tep, text, addr));
}

/* "123 command" */
static int cmdline_line(struct tep_handle *tep, char *line)
{
	char *end;
	long pid = strtol(line, &end, 10);

	if (end == line || *end != ' ' || pid < 0 || pid > INT_MAX)
		return 0;
	return taken(tep_register_comm(tep, end + 1, (int)pid));
}

/* @len, or as much of it as there is, which is noted. */
static uint64_t text_length(struct in_file *f, uint64_t len, const struct cursor *c)
{
	if (len <= cursor_left(c))
		return len;
	in_file_note(f, -EBADMSG, "a text of %llu bytes has only %zu", (unsigned long long)len,
		     cursor_left(c));
	return cursor_left(c);
}

/* The part @id: a size of @size_len bytes, and the text. 0; -ENOMEM. */
static int read_text(struct in_file *f, struct tep_handle *tep, struct buf *b, size_t size_len,
		     line_fn fn)
{
	struct cursor c = cursor_over(b->data, b->len, f->head.order);
	uint64_t len = size_len == 8 ? cursor_u64(&c) : cursor_u32(&c);

	if (c.failed)
		return 0;
	len = text_length(f, len, &c);
	return each_line(tep, (char *)b->data + size_len, len, fn);
}

/* --- formats --------------------------------------------------------------- */

/* Parsed by libtraceevent without harm, and found to be beyond it: records then show their fields. */
static const char no_print[] = "print fmt: \"\", not_understood()\n";

/*
 * Give the format @text, whose memory has room for no_print behind its end, to libtraceevent.
 * 0; -ENOMEM.
 */
static int take_format(struct in_file *f, struct tep_handle *tep, const char *system, char *text)
{
	enum format_verdict verdict;
	size_t before_print;
	enum tep_errno ret;

	if (!*text)
		return 0;
	if (format_check(text, &verdict, &before_print))
		return -ENOMEM;
	switch (verdict) {
	case FORMAT_GOOD:
		break;
	case FORMAT_NO_PRINT:
		log_debug("%s: the print format of an event of system %.64s is not understood",
			  f->src.name, system);
		memcpy(text + before_print, no_print, sizeof(no_print));
		break;
	case FORMAT_BAD:
		in_file_note(f, -EBADMSG, "the format of an event of system %.64s is damaged", system);
		return 0;
	}
	ret = tep_parse_event(tep, text, strlen(text), system);
	if (ret == TEP_ERRNO__MEM_ALLOC_FAILED)
		return -ENOMEM;
	if (ret)
		log_debug("%s: a format of system %.64s cannot be parsed", f->src.name, system);
	return 0;
}

/* The format of @len bytes at @text, which is left as it is. 0; -ENOMEM. */
static int copy_format(struct in_file *f, struct tep_handle *tep, const char *system,
		       const char *text, size_t len)
{
	_cleanup_free_ char *copy = calloc(1, len + sizeof(no_print));

	if (!copy)
		return -ENOMEM;
	/* parsers of strings stop at a NUL */
	memcpy(copy, text, strnlen(text, len));
	return take_format(f, tep, system, copy);
}

int in_meta_formats(struct in_file *f, struct tep_handle *tep, struct in_formats *later, int id)
{
	struct in_format *one;
	unsigned int at = 0;

	while ((one = in_formats_take(later, id, &at))) {
		if (copy_format(f, tep, one->system, one->text, one->len))
			return -ENOMEM;
	}
	return 0;
}

/* libtraceevent's now, or noted for later. 0; -ENOMEM. */
static int now_or_later(struct in_file *f, struct tep_handle *tep, struct in_formats *later,
			const char *system, const char *text, size_t len)
{
	bool now = !later || !tep_get_events_count(tep);

	if (!now) {
		if (in_formats_add(later, system, text, len))
			return -ENOMEM;
		if (later->item[later->count - 1].id >= 0)
			return 0;
		later->item[later->count - 1].taken = true;
	}
	return copy_format(f, tep, system, text, len);
}

/* u32 count, then so many formats with u64 sizes. 0; -EBADMSG; -ENOMEM. */
static int take_formats(struct in_file *f, struct tep_handle *tep, struct in_formats *later,
			const char *system, struct cursor *c)
{
	uint32_t i, count = cursor_u32(c);

	for (i = 0; i < count; i++) {
		uint64_t len = cursor_u64(c);
		const char *text = cursor_bytes(c, len);

		if (!text)
			return -EBADMSG;
		if (len > FORMAT_MAX) {
			in_file_note(f, -EBADMSG, "an event format of %zu bytes in system %.64s",
				     (size_t)len, system);
			continue;
		}
		if (now_or_later(f, tep, later, system, text, len))
			return -ENOMEM;
	}
	return c->failed ? -EBADMSG : 0;
}

static int take_systems(struct in_file *f, struct tep_handle *tep, struct in_formats *later,
			struct cursor *c)
{
	uint32_t i, count = cursor_u32(c);

	for (i = 0; i < count; i++) {
		const char *system = cursor_cstr(c, cursor_left(c));
		int ret = system ? take_formats(f, tep, later, system, c) : -EBADMSG;

		if (ret)
			return ret;
	}
	return c->failed ? -EBADMSG : 0;
}

/* The ftrace events are there: know those that have no format, too. 0; -ENOMEM. */
static int add_unwritten(struct in_file *f, struct tep_handle *tep, struct in_formats *later)
{
	char text[IN_BLK_FORMAT_MAX];
	char *kept;

	if (!in_blk_format(tep, text, sizeof(text)))
		return 0;
	if (!later)
		return copy_format(f, tep, "ftrace", text, strlen(text));
	kept = strdup(text);
	if (!kept || in_formats_add(later, "ftrace", kept, strlen(kept))) {
		free(kept);
		return -ENOMEM;
	}
	later->unwritten = kept;
	return 0;
}

/* --- parts ------------------------------------------------------------------- */

static int take_header(struct in_file *f, struct tep_handle *tep, struct buf *b)
{
	struct in_header_page page;
	_cleanup_free_ char *copy = NULL;
	const char *text, *event;
	size_t len, event_len;

	if (in_header_info_parse(b->data, b->len, f->head.order, &text, &len, &event, &event_len, &page))
		return 0;
	copy = strndup(text, len);
	if (!copy)
		return -ENOMEM;
	/* also sets the size of long, and the old format if there is no text */
	tep_parse_header_page(tep, copy, strlen(copy), f->head.long_size);
	return 0;
}

static int take_part(struct in_file *f, struct tep_handle *tep, struct in_formats *later,
		     unsigned int id, struct buf *b)
{
	struct cursor c = cursor_over(b->data, b->len, f->head.order);
	int ret;

	switch (id) {
	case DAT_HEADER_INFO:
		return take_header(f, tep, b);
	case DAT_FTRACE_EVENTS:
		/* they are few, and asked for by name */
		ret = take_formats(f, tep, NULL, "ftrace", &c);
		return ret ? ret : add_unwritten(f, tep, later);
	case DAT_EVENT_FORMATS:
		return take_systems(f, tep, later, &c);
	case DAT_PRINTK:
		return read_text(f, tep, b, 4, printk_line);
	default:
		return read_text(f, tep, b, 8, cmdline_line);
	}
}

/* 0, also for what is damaged and noted; -ENOMEM. */
static int read_part(struct in_file *f, struct tep_handle *tep, struct in_formats *later,
		     unsigned int id)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct err why = { 0 };
	int ret;

	if (!f->part[id].present)
		return 0;
	ret = in_file_load(f, id, &b, &why);
	if (!ret) {
		ret = take_part(f, tep, later, id, &b);
		if (ret == -EBADMSG)
			err_set(&why, ret, "%s: damaged metadata at offset %llu", f->src.name,
				(unsigned long long)f->part[id].offset);
	}
	/* what is kept for later points into it */
	if (later && id == DAT_EVENT_FORMATS && in_formats_keep(later, &b))
		return -ENOMEM;
	if (ret == -ENOMEM)
		return ret;
	if (ret)
		err_set(&f->damage, ret, "%s", why.text);
	return 0;
}

int in_meta_read(struct in_file *f, struct tep_handle *tep, struct in_formats *later)
{
	unsigned int id;

	for (id = DAT_HEADER_INFO; id <= DAT_CMDLINES; id++) {
		int ret = id == DAT_KALLSYMS ? 0 : read_part(f, tep, later, id);

		if (ret)
			return ret;
	}
	return 0;
}

/* The size in front of the text, and @c behind it. False: there is none. */
static bool ksyms_length(struct in_file *f, struct cursor *c, uint64_t left, uint32_t *ret_len)
{
	uint64_t len = cursor_u32(c);

	if (c->failed)
		return false;
	left -= 4;
	if (len > left)
		in_file_note(f, -EBADMSG, "a text of %llu bytes has only %llu", (unsigned long long)len,
			     (unsigned long long)left);
	*ret_len = len < left ? len : left;
	return true;
}

/* Of the @size bytes at @offset, which stay in the file. */
static int ksyms_of_file(struct in_file *f, uint64_t offset, uint64_t size, struct in_ksyms *ret,
			 struct err *err)
{
	uint8_t head[4];
	size_t n = size < sizeof(head) ? size : sizeof(head);
	struct cursor c = cursor_over(head, n, f->head.order);
	int error = in_file_read(f, head, n, offset, "a section", err);
	uint32_t len;

	if (error)
		return error;
	if (!ksyms_length(f, &c, size, &len))
		return in_ksyms_parse(ret, &(struct buf)BUF_INIT, 0, 0);
	error = in_ksyms_open(ret, f, offset + sizeof(head), len);
	return error ? err_set(err, error, "%s: cannot read a section at offset %llu: %s", f->src.name,
			       (unsigned long long)offset, strerror(-error)) : 0;
}

/* Of a packed part. */
static int ksyms_of_part(struct in_file *f, struct in_ksyms *ret, struct err *err)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	int error = in_file_load(f, DAT_KALLSYMS, &b, err);
	struct cursor c = cursor_over(b.data, b.len, f->head.order);
	uint32_t len;

	if (error)
		return error;
	if (!ksyms_length(f, &c, b.len, &len))
		return in_ksyms_parse(ret, &(struct buf)BUF_INIT, 0, 0);
	return in_ksyms_parse(ret, &b, 4, len);
}

int in_meta_ksyms(struct in_file *f, struct in_ksyms *ret)
{
	uint64_t offset, size;
	struct err why = { 0 };
	int error;

	if (!f->part[DAT_KALLSYMS].present)
		return in_ksyms_parse(ret, &(struct buf)BUF_INIT, 0, 0);
	if (in_file_plain(f, DAT_KALLSYMS, &offset, &size))
		error = ksyms_of_file(f, offset, size, ret, &why);
	else
		error = ksyms_of_part(f, ret, &why);
	if (!error || error == -ENOMEM)
		return error;
	err_set(&f->damage, error, "%s", why.text);
	return in_ksyms_parse(ret, &(struct buf)BUF_INIT, 0, 0);
}
