/*
 * btf.c - see btf.h. Layer 1.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire/btf.h"

#define MAGIC		0xeb9f
#define HEADER_LEN	24
#define TYPE_LEN	12	/* what each type begins with */
#define NAME_MAX_LEN	512	/* of a function; the kernel's limit. More of two names isn't compared */

/* A part of the blob behind its header. 0; -EBADMSG. */
static int part(const uint8_t *data, size_t len, uint32_t offset, uint32_t part_len,
		const uint8_t **ret)
{
	if (offset > len || part_len > len - offset)
		return -EBADMSG;
	*ret = data + offset;
	return 0;
}

static int parse_header(struct btf *b, const void *data, size_t len)
{
	struct cursor c = cursor_over(data, len, ORDER_LITTLE);
	uint32_t head_len, type_off, str_off;

	if (len > BTF_BYTES_MAX)
		return -E2BIG;
	if (cursor_left(&c) < HEADER_LEN)
		return -EINVAL;
	if (cursor_u16(&c) != MAGIC) {
		c = cursor_over(data, len, ORDER_BIG);
		if (cursor_u16(&c) != MAGIC)
			return -EINVAL;
	}
	b->order = c.order;
	if (cursor_u8(&c) != 1)
		return -EINVAL;
	cursor_u8(&c);		/* flags: there are none */
	head_len = cursor_u32(&c);
	type_off = cursor_u32(&c);
	b->types_len = cursor_u32(&c);
	str_off = cursor_u32(&c);
	b->strings_len = cursor_u32(&c);
	if (head_len < HEADER_LEN || head_len > len)
		return -EBADMSG;
	data = (const uint8_t *)data + head_len;
	len -= head_len;
	if (part(data, len, type_off, b->types_len, &b->types) ||
	    part(data, len, str_off, b->strings_len, &b->strings))
		return -EBADMSG;
	if (b->strings_len > BTF_STRINGS_MAX)
		return -E2BIG;
	/* a module may have no names of its own */
	if (!b->strings_len)
		return b->base ? 0 : -EBADMSG;
	return b->strings[b->strings_len - 1] ? -EBADMSG : 0;
}

/* Bytes that follow a type of @kind with @count members. */
static size_t more_len(unsigned int kind, uint32_t count)
{
	switch (kind) {
	case BTF_INT:
	case BTF_VAR:
	case BTF_DECL_TAG:
		return 4;
	case BTF_ARRAY:
		return 12;
	case BTF_STRUCT:
	case BTF_UNION:
	case BTF_DATASEC:
	case BTF_ENUM64:
		return 12 * (size_t)count;
	case BTF_ENUM:
	case BTF_FUNC_PROTO:
		return 8 * (size_t)count;
	default:
		return 0;
	}
}

/* The type at the cursor, stepping over it. 0; -EBADMSG. */
static int read_type(const struct btf *b, struct cursor *c, struct btf_type *ret)
{
	uint32_t name = cursor_u32(c), info = cursor_u32(c), kind = info >> 24 & 31;

	if (kind == BTF_VOID || kind > BTF_ENUM64)
		return -EBADMSG;
	*ret = (struct btf_type){
		.kind = kind, .flag = info >> 31, .count = info & 0xffff, .size = cursor_u32(c),
	};
	ret->more = cursor_sub(c, more_len(kind, ret->count));
	if (c->failed)
		return -EBADMSG;
	ret->name = btf_string(b, name);
	return 0;
}

/* Count the types, or, if @b has room for them, note where they are and which are functions. */
static int walk(struct btf *b)
{
	struct cursor c = cursor_over(b->types, b->types_len, b->order);
	uint32_t n = 0, nr_funcs = 0;
	struct btf_type t;

	while (cursor_left(&c)) {
		size_t at = c.pos;

		if (read_type(b, &c, &t))
			return -EBADMSG;
		if (b->first_id + n >= BTF_TYPES_MAX)
			return -E2BIG;
		if (b->offset)
			b->offset[n] = at;
		if (t.kind == BTF_FUNC && *t.name) {
			if (b->funcs)
				b->funcs[nr_funcs] = n;
			nr_funcs++;
		}
		n++;
	}
	b->nr_types = n;
	b->nr_funcs = nr_funcs;
	return 0;
}

/* The name of the @i-th own type. */
static const char *name_of(const struct btf *b, uint32_t i)
{
	struct cursor c = cursor_over(b->types + b->offset[i], TYPE_LEN, b->order);

	return btf_string(b, cursor_u32(&c));
}

static int by_name(const void *a, const void *b, void *data)
{
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	int order = strncmp(name_of(data, i), name_of(data, k), NAME_MAX_LEN);

	/* of several, the first one is found, as the kernel does it */
	return order ? order : i < k ? -1 : i > k;
}

int btf_init(struct btf *b, const struct btf *base, const void *data, size_t len)
{
	int ret;

	*b = (struct btf){ .base = base, .first_id = base ? base->first_id + base->nr_types : 1 };
	ret = parse_header(b, data, len);
	if (!ret)
		ret = walk(b);
	if (ret)
		return ret;
	b->offset = calloc(b->nr_types + 1, sizeof(*b->offset));
	b->funcs = calloc(b->nr_funcs + 1, sizeof(*b->funcs));
	if (!b->offset || !b->funcs) {
		btf_release(b);
		return -ENOMEM;
	}
	walk(b);
	qsort_r(b->funcs, b->nr_funcs, sizeof(*b->funcs), by_name, b);
	return 0;
}

void btf_release(struct btf *b)
{
	free(b->offset);
	free(b->funcs);
	*b = (struct btf){ .base = NULL };
}

const char *btf_string(const struct btf *b, uint32_t offset)
{
	if (b->base && offset < b->base->strings_len)
		return btf_string(b->base, offset);
	offset -= b->base ? b->base->strings_len : 0;
	return offset < b->strings_len ? (const char *)b->strings + offset : "?";
}

int btf_type(const struct btf *b, uint32_t id, struct btf_type *ret)
{
	struct cursor c;

	if (!id) {
		*ret = (struct btf_type){ .kind = BTF_VOID, .name = "void" };
		return 0;
	}
	if (b->base && id < b->first_id)
		return btf_type(b->base, id, ret);
	id -= b->first_id;
	if (id >= b->nr_types)
		return -EBADMSG;
	c = cursor_over(b->types + b->offset[id], b->types_len - b->offset[id], b->order);
	return read_type(b, &c, ret);
}

uint32_t btf_find_function(const struct btf *b, const char *name)
{
	uint32_t from = 0, to = b->nr_funcs;

	while (from < to) {
		uint32_t mid = from + (to - from) / 2;

		if (strncmp(name_of(b, b->funcs[mid]), name, NAME_MAX_LEN) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	if (from == b->nr_funcs || strncmp(name_of(b, b->funcs[from]), name, NAME_MAX_LEN))
		return 0;
	return b->first_id + b->funcs[from];
}
