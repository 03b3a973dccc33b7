/*
 * section.c - sections of version 7: descriptions, and payloads in one block.
 *
 * Layer 2. The sections follow each other without a gap, so that the strings can
 * be found by walking them.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "out/file.h"

int32_t out_describe(struct out_file *o, const char *text, const char *more)
{
	uint64_t id = (uint64_t)o->strings_base + o->strings.len;

	if (id > INT32_MAX)
		return -1;
	buf_add_str(&o->strings, text);
	buf_add_cstr(&o->strings, more);
	return (int32_t)id;
}

/* Append @payload as a compressed block: u32 compressed size, u32 size, bytes. */
static int block_put(struct buf *b, const struct zip_algo *zip, enum byte_order order,
		     const struct buf *payload)
{
	size_t bound = zip->bound(payload->len), at = b->len, n;
	int ret;

	if (payload->len > UINT32_MAX || bound > UINT32_MAX)
		return -EFBIG;
	/* what is not needed of so much must not be touched */
	if (!buf_extend_raw(b, 8 + bound))
		return b->error;
	ret = zip->compress(payload->data, payload->len, b->data + at + 8, bound, &n);
	if (ret) {
		b->len = at;
		return ret;
	}
	store_u32(b->data + at, order, n);
	store_u32(b->data + at + 4, order, payload->len);
	b->len = at + 8 + n;
	return 0;
}

int out_pack_part(const struct zip_algo *zip, const struct buf *payload, struct buf *ret)
{
	return payload->error ? payload->error : block_put(ret, zip, ORDER_NATIVE, payload);
}

int out_stream_begin(struct out_stream *s, const struct zip_algo *zip, struct buf *ret)
{
	if (!zip->stream_add)
		return -EOPNOTSUPP;
	*s = (struct out_stream){ .zip = zip, .ret = ret, .at = ret->len };
	if (!buf_extend(ret, 8))
		return ret->error;
	s->tables = zip->tables_new();
	return s->tables ? 0 : -ENOMEM;
}

int out_stream_add(struct out_stream *s, const void *data, size_t len)
{
	s->raw_len += len;
	return s->zip->stream_add(s->tables, data, len, false, s->ret);
}

int out_stream_end(struct out_stream *s, const void *lead, size_t len)
{
	int ret = s->zip->stream_add(s->tables, NULL, 0, true, s->ret);
	uint64_t size;

	if (!ret)
		ret = s->zip->stream_lead(s->ret, s->at + 8, lead, len);
	if (ret)
		return ret;
	size = s->ret->len - s->at - 8;
	s->raw_len += len;
	if (size > UINT32_MAX || s->raw_len > UINT32_MAX)
		return -EFBIG;
	store_u32(s->ret->data + s->at, ORDER_NATIVE, size);
	store_u32(s->ret->data + s->at + 4, ORDER_NATIVE, s->raw_len);
	return 0;
}

void out_stream_release(struct out_stream *s)
{
	if (s->tables)
		s->zip->tables_free(s->tables);
	s->tables = NULL;
}

int out_section(struct out_file *o, unsigned int id, const struct buf *payload, bool packed,
		uint64_t *ret_offset)
{
	struct dat_section s = { .id = id, .flags = o->zip ? DAT_SECTION_COMPRESSED : 0 };
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t described = o->strings.len;
	uint64_t offset = o->end;
	int ret = payload->error;

	if (ret)
		return ret;
	s.description = out_describe(o, dat_id_find(id)->section, "");
	dat_section_put(&b, o->order, &s);
	if (o->zip && !packed)
		ret = block_put(&b, o->zip, o->order, payload);
	else
		buf_add(&b, payload->data, payload->len);
	if (!ret && !b.error) {
		store_u64(b.data + DAT_SECTION_HEADER_LEN - 8, o->order,
			  b.len - DAT_SECTION_HEADER_LEN);
		ret = out_append_bytes(o, &b);
	}
	if (!ret)
		ret = b.error ? b.error : o->strings.error;
	if (ret) {
		o->strings.len = described;
		return ret;
	}
	*ret_offset = offset;
	return 0;
}
