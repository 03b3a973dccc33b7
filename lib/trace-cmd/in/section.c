/*
 * section.c - the sections of version 7: headers, unpacking, the walk for strings.
 *
 * Layer 2.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "in/parse.h"

#define SAME_PIECE	(64u << 10)	/* bytes of either file that are compared at once */
#define PACKED_HEAD	8	/* u32 compressed size, u32 uncompressed size */
/* More than texts ever shrink; keeps a few bytes from asking for a lot of memory. */
#define RATIO_MAX	4096
#define RATIO_SLACK	(1u << 20)

/*
 * The two sizes in front of packed bytes, checked against the @left bytes
 * that the head and they may take.
 */
static int packed_sizes(struct in_file *f, uint64_t offset, uint64_t left, uint32_t *ret_packed,
			uint32_t *ret_raw, struct err *err)
{
	uint8_t head[PACKED_HEAD];
	struct cursor c = cursor_over(head, sizeof(head), f->head.order);
	uint32_t packed, raw;
	int ret;

	if (left < PACKED_HEAD)
		return err_set(err, -EBADMSG, "%s: compressed section of %llu bytes at offset %llu",
			       f->src.name, (unsigned long long)left, (unsigned long long)offset);
	ret = in_file_read(f, head, sizeof(head), offset, "a compressed section", err);
	if (ret)
		return ret;
	packed = cursor_u32(&c);
	raw = cursor_u32(&c);
	if (packed > left - PACKED_HEAD)
		return err_set(err, -EBADMSG, "%s: %u compressed bytes at offset %llu leave their section",
			       f->src.name, packed, (unsigned long long)offset);
	if (raw > IN_META_MAX || raw > (uint64_t)packed * RATIO_MAX + RATIO_SLACK)
		return err_set(err, -E2BIG, "%s: %u uncompressed bytes at offset %llu are too many",
			       f->src.name, raw, (unsigned long long)offset);
	*ret_packed = packed;
	*ret_raw = raw;
	return 0;
}

/* What could not be read is zeros: later strings keep their places, and no stale memory is shown. */
static int no_data(uint8_t *to, size_t len, int ret)
{
	memset(to, 0, len);
	return ret;
}

/* Append one packed block, whose head is at @offset, to @out. In @ret_used what it takes. */
static int load_block(struct in_file *f, uint64_t offset, uint64_t left, struct buf *out,
		      uint64_t *ret_used, struct err *err)
{
	_cleanup_free_ uint8_t *packed = NULL;
	uint32_t packed_len, raw_len;
	uint8_t *raw;
	int ret = packed_sizes(f, offset, left, &packed_len, &raw_len, err);

	if (ret)
		return ret;
	if (!f->zip)
		return err_set(err, -EBADMSG, "%s: compressed section at offset %llu of a file that "
			       "names no compression", f->src.name, (unsigned long long)offset);
	if (!in_source_has(&f->src, offset + PACKED_HEAD, packed_len))
		return in_file_err_truncated(f, offset + PACKED_HEAD + packed_len, err);
	packed = malloc(packed_len + 1);
	raw = buf_extend_raw(out, raw_len);
	if (!packed || !raw)
		return err_set(err, -ENOMEM, "%s: out of memory", f->src.name);
	ret = in_file_read(f, packed, packed_len, offset + PACKED_HEAD, "a compressed section", err);
	if (ret)
		return no_data(raw, raw_len, ret);
	*ret_used = PACKED_HEAD + (uint64_t)packed_len;
	ret = raw_len || packed_len ? f->zip->decompress(packed, packed_len, raw, raw_len) : 0;
	if (ret)
		return err_set(err, no_data(raw, raw_len, ret),
			       "%s: cannot uncompress the section at offset %llu: %s", f->src.name,
			       (unsigned long long)offset, strerror(-ret));
	return 0;
}

/* Append @len bytes as they are. */
static int load_plain(struct in_file *f, uint64_t offset, uint64_t len, struct buf *out,
		      struct err *err)
{
	uint8_t *to;
	int ret;

	if (len > IN_META_MAX)
		return err_set(err, -E2BIG, "%s: section of %llu bytes at offset %llu is too large",
			       f->src.name, (unsigned long long)len, (unsigned long long)offset);
	if (!in_source_has(&f->src, offset, len))
		return in_file_err_truncated(f, offset + len, err);
	to = buf_extend_raw(out, len);
	if (!to)
		return err_set(err, -ENOMEM, "%s: out of memory", f->src.name);
	ret = in_file_read(f, to, len, offset, "a section", err);
	return ret ? no_data(to, len, ret) : 0;
}

int in_section_load(struct in_file *f, const struct in_section *s, struct buf *out, struct err *err)
{
	uint64_t at = s->offset + DAT_SECTION_HEADER_LEN, used;

	if (s->head.flags & DAT_SECTION_COMPRESSED)
		return load_block(f, at, s->head.size, out, &used, err);
	return load_plain(f, at, s->head.size, out, err);
}

/* Uncompressed size of a section, as far as a look at its first bytes tells. */
static uint64_t raw_size(struct in_file *f, const struct in_section *s)
{
	uint32_t packed, raw;

	if (!(s->head.flags & DAT_SECTION_COMPRESSED))
		return s->head.size;
	if (s->head.id == DAT_BUFFER || s->head.id == DAT_BUFFER_TEXT)
		return 0;
	if (packed_sizes(f, s->offset + DAT_SECTION_HEADER_LEN, s->head.size, &packed, &raw, NULL))
		return 0;
	return raw;
}

/* The header at @offset; its payload may lead out of the file. */
static int header_at(struct in_file *f, uint64_t offset, struct in_section *ret_section,
		     struct err *err)
{
	uint8_t head[DAT_SECTION_HEADER_LEN];
	int ret = in_file_read(f, head, sizeof(head), offset, "a section header", err);

	if (ret)
		return ret;
	ret_section->offset = offset;
	dat_section_parse(head, f->head.order, &ret_section->head);
	return 0;
}

int in_file_section_at(struct in_file *f, uint64_t offset, struct in_section *ret_section,
		       struct err *err)
{
	struct in_section s;
	uint64_t payload;
	int ret;

	if (offset < f->head_len)
		return err_set(err, -EBADMSG, "%s: section at offset %llu, within the header",
			       f->src.name, (unsigned long long)offset);
	ret = header_at(f, offset, &s, err);
	if (ret)
		return ret;
	payload = offset + DAT_SECTION_HEADER_LEN;
	/* CPU data may be cut off, which is found out for each CPU */
	if (s.head.id != DAT_BUFFER && !in_source_has(&f->src, payload, s.head.size))
		return in_file_err_truncated(f, payload > UINT64_MAX - s.head.size ? UINT64_MAX :
					     payload + s.head.size, err);
	s.raw_size = raw_size(f, &s);
	*ret_section = s;
	return 0;
}

/* A header that may well follow another section. */
static bool plausible_at(struct in_file *f, uint64_t offset)
{
	struct in_section s;

	if (offset == f->src.size)
		return true;
	return !in_file_section_at(f, offset, &s, NULL) && !(s.head.flags & ~DAT_SECTION_COMPRESSED) &&
	       (s.head.id == DAT_OPTIONS || s.head.id == DAT_BUFFER ||
		(s.head.id >= DAT_STRINGS && s.head.id < IN_PART_COUNT));
}

/*
 * Where the section behind @s starts. A recorder that finds no kallsyms leaves
 * the size at 0 although the payload's 4-byte word follows.
 */
static uint64_t next_section(struct in_file *f, const struct in_section *s)
{
	uint64_t next = s->offset + DAT_SECTION_HEADER_LEN + s->head.size;
	uint8_t word[4];

	if (s->head.id != DAT_KALLSYMS || s->head.size || !in_source_has(&f->src, next, 4))
		return next;
	if (!in_source_read(&f->src, word, 4, next) && !memcmp(word, "\0\0\0\0", 4) &&
	    plausible_at(f, next + 4))
		return next + 4;
	return next;
}

int in_file_sections(struct in_file *f, struct in_section **ret_sections, unsigned int *ret_count,
		     struct err *err)
{
	_cleanup_free_ struct in_section *list = NULL;
	unsigned int count = 0, alloc = 0;
	uint64_t at = f->head_len;
	struct err why = { 0 };

	while (f->head.version >= 7 && at < f->src.size) {
		struct in_section s;
		int ret = in_file_section_at(f, at, &s, &why);

		if (!ret && count >= IN_SECTIONS_MAX)
			ret = err_set(&why, -E2BIG, "%s: too many sections", f->src.name);
		if (ret) {
			err_set(&f->damage, ret, "%s", why.text);
			break;
		}
		if (count == alloc) {
			struct in_section *more;

			alloc = alloc ? 2 * alloc : 32;
			more = reallocarray(list, alloc, sizeof(*more));
			if (!more)
				return err_set(err, -ENOMEM, "%s: out of memory", f->src.name);
			list = more;
		}
		list[count++] = s;
		at = next_section(f, &s);
		if (at < s.offset)
			break;
	}
	*ret_sections = take_ptr(list);
	*ret_count = count;
	return 0;
}

int in_file_strings(struct in_file *f, struct buf *out, struct err *err)
{
	_cleanup_free_ struct in_section *list = NULL;
	unsigned int i, count;
	int ret = in_file_sections(f, &list, &count, err);

	for (i = 0; !ret && i < count; i++) {
		struct err why = { 0 };

		if (list[i].head.id != DAT_STRINGS)
			continue;
		if (out->len > IN_META_MAX)
			break;
		ret = in_section_load(f, &list[i], out, &why);
		if (!ret)
			continue;
		if (ret == -ENOMEM)
			return err_set(err, ret, "%s", why.text);
		/* ids of later sections count on this one's size, so there is no going on */
		err_set(&f->damage, ret, "%s", why.text);
		break;
	}
	if (ret == -ENOMEM)
		return ret;
	return buf_add(out, "", 1);
}

const char *in_strings_get(const struct buf *strings, int32_t id)
{
	if (id < 0 || (size_t)id >= strings->len)
		return "";
	return (const char *)strings->data + id;
}

/* The part that option @i points to. A bad pointer hides the part and is noted. */
static void part_take(struct in_file *f, unsigned int i)
{
	const struct in_option *o = &f->options[i];
	struct cursor c = cursor_over(o->data, o->size, f->head.order);
	uint64_t offset = cursor_u64(&c);
	struct err why = { 0 };
	struct in_section s;

	if (c.failed || in_file_section_at(f, offset, &s, &why)) {
		in_file_note(f, why.code ? why.code : -EBADMSG, "option %u: %s", o->id,
			     why.code ? why.text : "too short");
		return;
	}
	if (s.head.id != o->id) {
		/* converters keep stale offsets of these two: no damage */
		if (o->id != DAT_BTF_FILE && o->id != DAT_MODULES_FILE)
			in_file_note(f, -EBADMSG, "option %u points to section %u at offset %llu",
				     o->id, s.head.id, (unsigned long long)offset);
		return;
	}
	f->part[o->id] = (struct in_part){
		.present = true, .offset = offset, .size = s.head.size, .flags = s.head.flags,
		.description = s.head.description, .option = i,
	};
}

int in_parts_read7(struct in_file *f, struct err *err)
{
	unsigned int i;

	for (i = 0; i < f->nr_options; i++) {
		const struct dat_id_info *info = dat_id_find(f->options[i].id);

		if (info && info->kind == DAT_KIND_SECTION && info->id < IN_PART_COUNT)
			part_take(f, i);
	}
	return 0;
}

/* Part @id as a section of version 7. */
static struct in_section part_section(const struct in_file *f, unsigned int id)
{
	const struct in_part *p = &f->part[id];
	struct in_section s = { .offset = p->offset, .head = {
		.id = id, .flags = p->flags, .size = p->size } };

	/* see next_section() */
	if (id == DAT_KALLSYMS && !s.head.size)
		s.head.size = in_source_has(&f->src, p->offset + DAT_SECTION_HEADER_LEN, 4) ? 4 : 0;
	return s;
}

bool in_file_plain(const struct in_file *f, unsigned int id, uint64_t *ret_offset, uint64_t *ret_size)
{
	const struct in_part *p = &f->part[id];
	struct in_section s = part_section(f, id);
	uint64_t offset = p->offset, size = p->size;

	if (f->head.version >= 7) {
		if (s.head.flags & DAT_SECTION_COMPRESSED)
			return false;
		offset += DAT_SECTION_HEADER_LEN;
		size = s.head.size;
	}
	if (!p->present || size > IN_META_MAX || !in_source_has(&f->src, offset, size))
		return false;
	*ret_offset = offset;
	*ret_size = size;
	return true;
}

int in_file_load(struct in_file *f, unsigned int id, struct buf *out, struct err *err)
{
	const struct in_part *p = id < IN_PART_COUNT ? &f->part[id] : NULL;
	struct in_section s;

	if (!p || !p->present)
		return err_set(err, -ENOENT, "%s: the file has no part %u", f->src.name, id);
	if (f->head.version < 7)
		return load_plain(f, p->offset, p->size, out, err);
	s = part_section(f, id);
	return in_section_load(f, &s, out, err);
}

bool in_file_same_part(struct in_file *a, struct in_file *b, unsigned int id)
{
	const struct in_part *p = &a->part[id], *q = &b->part[id];
	uint64_t skip = a->head.version < 7 ? 0 : DAT_SECTION_HEADER_LEN, at;
	_cleanup_free_ uint8_t *data = NULL;

	if (!p->present && !q->present)
		return true;
	/* what 0 means of functions depends on what is behind them */
	if (!p->present || !q->present || p->size != q->size || (!p->size && id == DAT_KALLSYMS) ||
	    a->head.order != b->head.order || a->head.version != b->head.version ||
	    p->flags != q->flags || a->zip != b->zip)
		return false;
	data = malloc(2 * SAME_PIECE);
	for (at = 0; data && at < p->size; at += SAME_PIECE) {
		size_t n = p->size - at < SAME_PIECE ? p->size - at : SAME_PIECE;

		if (in_source_read(&a->src, data, n, p->offset + skip + at) ||
		    in_source_read(&b->src, data + SAME_PIECE, n, q->offset + skip + at) ||
		    memcmp(data, data + SAME_PIECE, n))
			return false;
	}
	return data;
}
