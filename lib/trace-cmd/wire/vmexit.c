/*
 * vmexit.c - see vmexit.h. Layer 1, pure.
 */
#include <errno.h>

#include "wire/cursor.h"
#include "wire/vmexit.h"

int vmexit_start_parse(const void *data, size_t len, struct vmexit_start *ret)
{
	struct cursor c = cursor_over(data, len, ORDER_BIG);
	struct vmexit_start s = { .mark = cursor_u16(&c) };

	s.base = cursor_u32(&c);
	s.count = cursor_u32(&c);
	if (c.failed || cursor_left(&c) || !s.count || s.count > VMEXIT_TAGS_MAX)
		return -EBADMSG;
	*ret = s;
	return 0;
}

int vmexit_stamps_parse(const void *data, size_t len, struct vmexit_stamps *ret)
{
	struct cursor c = cursor_over(data, len, ORDER_BIG);
	uint32_t base = cursor_u32(&c), i;
	int32_t cpu = cursor_s32(&c);
	uint32_t count = cursor_u32(&c);

	if (c.failed || count > VMEXIT_TAGS_MAX)
		return -EBADMSG;
	for (i = 0; i < count; i++) {
		struct vmexit_stamp *one = &ret->stamp[i];

		one->number = cursor_u32(&c);
		one->before = cursor_s64(&c);
		one->after = cursor_s64(&c);
		if (one->number >= VMEXIT_TAGS_MAX || one->after < one->before)
			return -EBADMSG;
	}
	if (c.failed || cursor_left(&c))
		return -EBADMSG;
	ret->base = base;
	ret->cpu = cpu;
	ret->count = count;
	return 0;
}

void vmexit_start_put(struct buf *b, const struct vmexit_start *s)
{
	put_u16(b, ORDER_BIG, s->mark);
	put_u32(b, ORDER_BIG, s->base);
	put_u32(b, ORDER_BIG, s->count);
}

void vmexit_stamps_put(struct buf *b, const struct vmexit_stamps *s)
{
	uint32_t i;

	put_u32(b, ORDER_BIG, s->base);
	put_u32(b, ORDER_BIG, (uint32_t)s->cpu);
	put_u32(b, ORDER_BIG, s->count);
	for (i = 0; i < s->count; i++) {
		put_u32(b, ORDER_BIG, s->stamp[i].number);
		put_u64(b, ORDER_BIG, (uint64_t)s->stamp[i].before);
		put_u64(b, ORDER_BIG, (uint64_t)s->stamp[i].after);
	}
}
