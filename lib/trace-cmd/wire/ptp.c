/*
 * ptp.c - see ptp.h. Layer 1, pure.
 */
#include <errno.h>
#include <string.h>

#include "wire/cursor.h"
#include "wire/ptp.h"

#define BE ORDER_BIG

#define START_LEN	8
#define PROBE_LEN	4
#define OFFSET_LEN	16
#define LIST_HEAD_LEN	8
#define SLOT_LEN	12

int ptp_start_parse(const void *data, size_t len, struct ptp_start *ret)
{
	struct cursor c = cursor_over(data, len, BE);

	if (len != START_LEN)
		return -EBADMSG;
	ret->series = cursor_u32(&c);
	ret->flags = cursor_u32(&c);
	return 0;
}

int ptp_probe_parse(const void *data, size_t len, uint32_t *ret_number)
{
	struct cursor c = cursor_over(data, len, BE);
	uint32_t number = cursor_u32(&c);

	if (len != PROBE_LEN || number < 1 || number > PTP_PROBES)
		return -EBADMSG;
	*ret_number = number;
	return 0;
}

int ptp_list_parse(const void *data, size_t len, struct ptp_list *ret)
{
	struct cursor c = cursor_over(data, len, BE);
	uint32_t series = cursor_u32(&c);
	uint32_t count = cursor_u32(&c);
	uint32_t i;

	if (c.failed || count > PTP_SLOTS || count > cursor_left(&c) / SLOT_LEN)
		return -EBADMSG;
	memset(ret, 0, sizeof(*ret));
	ret->series = series;
	ret->count = count;
	for (i = 0; i < count; i++) {
		struct ptp_stamp s;

		s.time = cursor_s64(&c);
		s.probe = cursor_u32(&c);
		/* a stock sender that lost a stamp leaves stack garbage in its slot */
		if (s.probe >= 1 && s.probe <= PTP_PROBES)
			ret->slot[i] = s;
	}
	return 0;
}

int ptp_offset_parse(const void *data, size_t len, struct ptp_offset *ret)
{
	struct cursor c = cursor_over(data, len, BE);

	if (len != OFFSET_LEN)
		return -EBADMSG;
	ret->time = cursor_s64(&c);
	ret->offset = cursor_s64(&c);
	return 0;
}

void ptp_start_put(struct buf *b, const struct ptp_start *s)
{
	put_u32(b, BE, s->series);
	put_u32(b, BE, s->flags);
}

void ptp_probe_put(struct buf *b, uint32_t number)
{
	put_u32(b, BE, number);
}

void ptp_list_put(struct buf *b, const struct ptp_list *l)
{
	uint32_t count = l->count <= PTP_SLOTS ? l->count : PTP_SLOTS;
	uint8_t *p = buf_extend(b, LIST_HEAD_LEN + PTP_SLOTS * SLOT_LEN);
	uint32_t i;

	if (!p)
		return;
	store_u32(p, BE, l->series);
	store_u32(p + 4, BE, count);
	/* buf_extend() has zeroed the slots that stay unused */
	for (i = 0; i < count; i++) {
		uint8_t *slot = p + LIST_HEAD_LEN + i * SLOT_LEN;

		store_u64(slot, BE, (uint64_t)l->slot[i].time);
		store_u32(slot + 8, BE, l->slot[i].probe);
	}
}

void ptp_offset_put(struct buf *b, const struct ptp_offset *o)
{
	put_u64(b, BE, (uint64_t)o->time);
	put_u64(b, BE, (uint64_t)o->offset);
}
