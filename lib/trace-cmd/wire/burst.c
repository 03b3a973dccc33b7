/*
 * burst.c - see burst.h. Layer 1, pure.
 */
#include <errno.h>

#include "wire/burst.h"
#include "wire/cursor.h"

#define BE ORDER_BIG

#define BEGIN_LEN	12
#define READY_LEN	8
#define STAMPS_HEAD_LEN	12
#define STAMP_LEN	16

/* Where a message has its command; no command has this number. */
#define PACKET_CMD	0x62757273

int burst_begin_parse(const void *data, size_t len, struct burst_begin *ret)
{
	struct cursor c = cursor_over(data, len, BE);
	struct burst_begin m;

	m.series = cursor_u32(&c);
	m.probes = cursor_u32(&c);
	m.limit_us = cursor_u32(&c);
	if (len != BEGIN_LEN || !m.probes || m.probes > BURST_PROBES || !m.limit_us ||
	    m.limit_us > BURST_LIMIT_US)
		return -EBADMSG;
	*ret = m;
	return 0;
}

int burst_ready_parse(const void *data, size_t len, struct burst_ready *ret)
{
	struct cursor c = cursor_over(data, len, BE);
	struct burst_ready m;

	m.series = cursor_u32(&c);
	m.flags = cursor_u32(&c);
	if (len != READY_LEN || m.flags & ~BURST_FL_STAMPS)
		return -EBADMSG;
	*ret = m;
	return 0;
}

int burst_stamps_parse(const void *data, size_t len, struct burst_stamps *ret)
{
	struct cursor c = cursor_over(data, len, BE);
	uint32_t i;

	ret->series = cursor_u32(&c);
	ret->first = cursor_u32(&c);
	ret->count = cursor_u32(&c);
	if (c.failed || !ret->count || ret->count > BURST_STAMPS_MAX || !ret->first ||
	    ret->first > BURST_PROBES || ret->count > BURST_PROBES + 1 - ret->first ||
	    len != STAMPS_HEAD_LEN + ret->count * STAMP_LEN)
		return -EBADMSG;
	for (i = 0; i < ret->count; i++) {
		ret->send[i] = cursor_s64(&c);
		ret->receive[i] = cursor_s64(&c);
	}
	return 0;
}

void burst_begin_put(struct buf *b, const struct burst_begin *m)
{
	put_u32(b, BE, m->series);
	put_u32(b, BE, m->probes);
	put_u32(b, BE, m->limit_us);
}

void burst_ready_put(struct buf *b, const struct burst_ready *m)
{
	put_u32(b, BE, m->series);
	put_u32(b, BE, m->flags);
}

void burst_stamps_put(struct buf *b, const struct burst_stamps *m)
{
	uint32_t count = m->count <= BURST_STAMPS_MAX ? m->count : BURST_STAMPS_MAX;
	uint32_t i;

	put_u32(b, BE, m->series);
	put_u32(b, BE, m->first);
	put_u32(b, BE, count);
	for (i = 0; i < count; i++) {
		put_u64(b, BE, (uint64_t)m->send[i]);
		put_u64(b, BE, (uint64_t)m->receive[i]);
	}
}

bool burst_is_packet(const uint8_t *data)
{
	struct cursor c = cursor_over(data, 8, BE);

	return cursor_u32(&c) == BURST_PACKET_LEN && cursor_u32(&c) == PACKET_CMD;
}

int burst_packet_parse(const uint8_t *data, struct burst_packet *ret)
{
	struct cursor c = cursor_over(data, BURST_PACKET_LEN, BE);
	struct burst_packet p;
	uint16_t kind;

	if (!burst_is_packet(data))
		return -EBADMSG;
	cursor_bytes(&c, 8);
	kind = cursor_u16(&c);
	p.number = cursor_u16(&c);
	p.series = cursor_u32(&c);
	p.send = cursor_s64(&c);
	p.receive = cursor_s64(&c);
	if (kind < BURST_PROBE || kind > BURST_END || !p.number || p.number > BURST_PROBES)
		return -EBADMSG;
	p.kind = kind;
	*ret = p;
	return 0;
}

void burst_packet_put(uint8_t *data, const struct burst_packet *p)
{
	store_u32(data, BE, BURST_PACKET_LEN);
	store_u32(data + 4, BE, PACKET_CMD);
	store_u16(data + 8, BE, p->kind);
	store_u16(data + 10, BE, p->number);
	store_u32(data + 12, BE, p->series);
	store_u64(data + 16, BE, (uint64_t)p->send);
	store_u64(data + 24, BE, (uint64_t)p->receive);
}
