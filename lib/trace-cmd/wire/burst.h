/*
 * burst.h - messages and packets of the "burst" time synchronisation protocol.
 *
 * Layer 1, pure. Big endian throughout. Before and after a burst there are TIME_SYNC
 * messages as in any protocol. In between each message is a packet of 32 bytes
 * which begins as all messages do, with its size and a command that no message
 * has, so that a receiver tells the two apart.
 */
#ifndef WIRE_BURST_H
#define WIRE_BURST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define BURST_NAME	"burst"
#define BURST_PROBES	1024		/* at most, in a burst */
#define BURST_LIMIT_US	1000000		/* the longest burst a host may ask for */

/* TIME_SYNC messages. */
enum burst_msg {
	BURST_BEGIN = 1,	/* host: burst_begin */
	BURST_READY = 2,	/* guest: burst_ready */
	BURST_STAMPS = 3,	/* guest: burst_stamps, after a burst whose READY announced them */
};

struct burst_begin {
	uint32_t series;
	uint32_t probes;	/* the host will end the burst by this one: 1..BURST_PROBES */
	uint32_t limit_us;	/* and after this time: 1..BURST_LIMIT_US */
};

#define BURST_FL_STAMPS	1	/* the stamps that count come after the burst */

struct burst_ready {
	uint32_t series;
	uint32_t flags;		/* BURST_FL_*; receivers refuse others */
};

/* Stamps of one message: 16 bytes each beside 12, so that they fit a TIME_SYNC message. */
#define BURST_STAMPS_MAX 500
#define BURST_NO_STAMP	INT64_MIN

struct burst_stamps {
	uint32_t series;
	uint32_t first;		/* number of the first probe, from 1 on */
	uint32_t count;		/* 1..BURST_STAMPS_MAX, up to number BURST_PROBES */
	int64_t send[BURST_STAMPS_MAX], receive[BURST_STAMPS_MAX];	/* or BURST_NO_STAMP */
};

/* 0; -EBADMSG: not the length defined, or a value out of its range. */
int burst_begin_parse(const void *data, size_t len, struct burst_begin *ret);
int burst_ready_parse(const void *data, size_t len, struct burst_ready *ret);
int burst_stamps_parse(const void *data, size_t len, struct burst_stamps *ret);

void burst_begin_put(struct buf *b, const struct burst_begin *m);
void burst_ready_put(struct buf *b, const struct burst_ready *m);
void burst_stamps_put(struct buf *b, const struct burst_stamps *m);

#define BURST_PACKET_LEN 32

enum burst_kind {
	BURST_PROBE = 1,	/* guest: probe @number; its stamps of the one before */
	BURST_ECHO = 2,		/* host: the answer; go on */
	BURST_LAST = 3,		/* host: the answer; that was the last one */
	BURST_END = 4,		/* guest: its stamps of the last one */
};

struct burst_packet {
	enum burst_kind kind;
	uint16_t number;	/* 1..BURST_PROBES */
	uint32_t series;
	int64_t send, receive;	/* of probe @number - 1, or of @number in END; else 0 */
};

/* Whether 8 bytes begin a packet rather than a message. */
bool burst_is_packet(const uint8_t *data);

/* BURST_PACKET_LEN bytes. 0; -EBADMSG. */
int burst_packet_parse(const uint8_t *data, struct burst_packet *ret);
void burst_packet_put(uint8_t *data, const struct burst_packet *p);

#endif
