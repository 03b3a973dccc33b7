/*
 * event.h - one event of a ring buffer as the inner layers pass it on.
 *
 * Layer 2. No allocation: the bytes stay where the page is.
 */
#ifndef IN_EVENT_H
#define IN_EVENT_H

#include <stdint.h>

/* Bytes behind the last event of a stream that are there to be read, whatever they are. */
#define IN_EVENT_SLACK	96

/* A time as the ring buffer counts it; ns only if its clock does. */
struct raw_time {
	uint64_t count;
};

struct in_event {
	struct raw_time time;
	const uint8_t *data;	/* the payload, in file byte order; valid until the stream moves */
	uint32_t size;		/* bytes of payload */
	uint32_t length;	/* bytes in the page, header included */
	uint32_t pos;		/* of the header, bytes from the start of the page */
	int64_t missed;		/* events lost just before it: count, -1 unknown, else 0 */
	uint64_t key;		/* unique in the buffer, increasing on a CPU (streams set it) */
};

#endif
