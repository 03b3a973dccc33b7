/*
 * options.c - the options of a file: version 6's list, version 7's chain of sections.
 *
 * Layer 2. Each payload is copied so that a NUL follows it, which lets the texts
 * be used as strings. Known writers only ever append, so a chain that does
 * not lead forwards is damaged; that also rules out loops.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "in/parse.h"

#define V6_HEAD_LEN	6	/* u16 id, u32 size */
#define DONE_SIZE	8
#define DONE_SWAPPED	0x08000000	/* DONE's size as stock converters of foreign files leave it */

/*
 * Room for one more than @count items of @size bytes: the array doubles whenever
 * the count is a power of two. NULL: out of memory, @array is as it was.
 */
static void *grow(void *array, unsigned int count, size_t size)
{
	if (count & (count - 1))
		return array;
	return reallocarray(array, count ? 2 * (size_t)count : 1, size);
}

/* Keep a heap block of @len bytes that options lead into. It is owned by the file on success. */
static int keep_block(struct in_file *f, uint8_t *block, size_t len)
{
	uint8_t **more;

	if (len > IN_OPTION_BYTES_MAX - f->option_bytes)
		return -E2BIG;
	more = grow(f->option_data, f->nr_option_data, sizeof(*more));
	if (!more)
		return -ENOMEM;
	f->option_bytes += len;
	f->option_data = more;
	f->option_data[f->nr_option_data++] = block;
	return 0;
}

static int add_option(struct in_file *f, const struct in_option *o)
{
	struct in_option *more;

	if (f->nr_options >= IN_OPTIONS_MAX)
		return -E2BIG;
	more = grow(f->options, f->nr_options, sizeof(*more));
	if (!more)
		return -ENOMEM;
	f->options = more;
	f->options[f->nr_options++] = *o;
	return 0;
}

/* The size word of an option at @c; DONE's may be in the wrong order. */
static uint32_t option_size(struct cursor *c, unsigned int id)
{
	uint32_t size = cursor_u32(c);

	return id == DAT_DONE && size == DONE_SWAPPED ? DONE_SIZE : size;
}

/* Bytes that copies of all payloads take, each with a NUL behind. */
static size_t copy_size(struct cursor c)
{
	size_t total = 0;

	while (cursor_left(&c)) {
		unsigned int id = cursor_u16(&c);
		uint32_t size = option_size(&c, id);

		if (!cursor_bytes(&c, size))
			break;
		total += (size_t)size + 1;
		if (id == DAT_DONE)
			break;
	}
	return total;
}

/*
 * Take the options of one v7 section apart. In @ret_next where DONE leads, 0 if there
 * is none. What follows a broken option is left out.
 */
static int section_parse(struct in_file *f, uint64_t section, struct cursor c, uint64_t *ret_next)
{
	size_t len = copy_size(c) + 1;
	uint8_t *block = calloc(1, len);
	uint8_t *at = block;
	int ret;

	*ret_next = 0;
	ret = block ? keep_block(f, block, len) : -ENOMEM;
	if (ret) {
		free(block);
		return ret;
	}
	while (cursor_left(&c)) {
		struct in_option o = { .section = section };
		size_t start = c.pos;
		const void *data;

		o.id = cursor_u16(&c);
		o.size = option_size(&c, o.id);
		data = cursor_bytes(&c, o.size);
		if (!data) {
			in_file_note(f, -EBADMSG,
				     "option %u at byte %zu of the section at offset %llu leaves it",
				     o.id, start, (unsigned long long)section);
			return 0;
		}
		memcpy(at, data, o.size);
		o.data = at;
		at += (size_t)o.size + 1;
		ret = add_option(f, &o);
		if (ret)
			return ret;
		if (o.id != DAT_DONE)
			continue;
		if (o.size >= DONE_SIZE) {
			struct cursor d = cursor_over(o.data, o.size, f->head.order);

			*ret_next = cursor_u64(&d);
			return 0;
		}
		break;
	}
	/* all writers end it, so more may have followed */
	in_file_note(f, -EBADMSG, "the options at offset %llu have no end", (unsigned long long)section);
	return 0;
}

/* Read the OPTIONS section at @offset. */
static int section_read(struct in_file *f, uint64_t offset, uint64_t *ret_next, struct err *err)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct in_section s;
	int ret = in_file_section_at(f, offset, &s, err);

	if (ret)
		return ret;
	if (s.head.id != DAT_OPTIONS)
		return err_set(err, -EBADMSG, "%s: no options at offset %llu but section %u",
			       f->src.name, (unsigned long long)offset, s.head.id);
	ret = in_section_load(f, &s, &b, err);
	if (ret)
		return ret;
	ret = section_parse(f, offset, cursor_over(b.data, b.len, f->head.order), ret_next);
	if (ret)
		return err_set(err, ret, "%s: options at offset %llu: %s", f->src.name,
			       (unsigned long long)offset, strerror(-ret));
	return 0;
}

/* A failure behind the first section only hides what follows. */
static int chain_broken(struct in_file *f, int code, const struct err *why)
{
	if (code == -ENOMEM)
		return code;
	err_set(&f->damage, code, "%s", why->text);
	return 0;
}

int in_options_read7(struct in_file *f, struct err *err)
{
	uint64_t at = f->head.options_offset, next;
	unsigned int count;
	struct err why = { 0 };
	int ret;

	if (at < f->head_len)
		return err_set(err, -EBADMSG, "%s: first options at offset %llu, within the header",
			       f->src.name, (unsigned long long)at);
	ret = section_read(f, at, &next, err);
	if (ret)
		return ret;
	for (count = 1; next; count++) {
		if (next <= at || count >= IN_OPTION_SECTIONS_MAX) {
			in_file_note(f, -EBADMSG, "the options at offset %llu lead back to offset %llu",
				     (unsigned long long)at, (unsigned long long)next);
			return 0;
		}
		at = next;
		ret = section_read(f, at, &next, &why);
		if (ret)
			return chain_broken(f, ret, &why) ? err_set(err, ret, "%s", why.text) : 0;
	}
	return 0;
}

/* One option of the v6 list at @*at. 1 an option; 0 the end of the list. */
static int option_read6(struct in_file *f, uint64_t list, uint64_t *at, struct err *err)
{
	uint8_t head[V6_HEAD_LEN];
	struct cursor c = cursor_over(head, sizeof(head), f->head.order);
	struct in_option o = { .section = list };
	_cleanup_free_ uint8_t *block = NULL;
	int ret = in_file_read(f, head, 2, *at, "an option", err);

	if (ret)
		return ret;
	o.id = cursor_u16(&c);
	if (o.id == DAT_DONE) {
		*at += 2;
		return 0;
	}
	ret = in_file_read(f, head + 2, 4, *at + 2, "an option", err);
	if (ret)
		return ret;
	o.size = cursor_u32(&c);
	*at += V6_HEAD_LEN;
	if (!in_source_has(&f->src, *at, o.size))
		return in_file_err_truncated(f, *at + o.size, err);
	block = malloc((size_t)o.size + 1);
	if (!block)
		return err_set(err, -ENOMEM, "%s: out of memory", f->src.name);
	ret = in_file_read(f, block, o.size, *at, "an option", err);
	if (ret)
		return ret;
	block[o.size] = 0;
	*at += o.size;
	o.data = block;
	ret = keep_block(f, block, o.size);
	if (!ret) {
		block = NULL;
		ret = add_option(f, &o);
	}
	return ret ? err_set(err, ret, "%s: options: %s", f->src.name, strerror(-ret)) : 1;
}

int in_options_read6(struct in_file *f, uint64_t offset, uint64_t *ret_end, struct err *err)
{
	uint64_t at = offset;
	struct err why = { 0 };
	int ret;

	do
		ret = option_read6(f, offset, &at, &why);
	while (ret > 0);
	if (ret && ret != -ENODATA)
		return err_set(err, ret, "%s", why.text);
	if (ret) {
		/* cut off: what came before is good, the data is not there */
		err_set(&f->damage, ret, "%s", why.text);
		at = f->src.size;
	}
	*ret_end = at;
	return 0;
}
