/*
 * ptp.h - payloads of the "ptp" time synchronisation protocol.
 *
 * Layer 1, pure. Big endian throughout.
 */
#ifndef WIRE_PTP_H
#define WIRE_PTP_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define PTP_NAME	"ptp"
#define PTP_PROBES	339		/* a round; slots in PROBES are twice that */
#define PTP_SLOTS	(2 * PTP_PROBES)

enum ptp_msg {
	PTP_START = 1, PTP_PROBE = 2, PTP_PROBES_LIST = 3, PTP_OFFSET = 4, PTP_END = 5,
};

#define PTP_FLAG_FASTEST_RESPONSE	1
#define PTP_FLAG_USE_MARKER		2

struct ptp_start {
	uint32_t series;
	uint32_t flags;
};

/* A stamp of one probe. */
struct ptp_stamp {
	int64_t time;
	uint32_t probe;		/* 1..PTP_PROBES, 0 = none */
};

struct ptp_list {
	uint32_t series;
	uint32_t count;				/* 0..PTP_SLOTS */
	struct ptp_stamp slot[PTP_SLOTS];	/* those from count on are zero */
};

struct ptp_offset {
	int64_t time;
	int64_t offset;
};

/*
 * 0; -EBADMSG: not the length defined, a probe number out of 1..PTP_PROBES, or
 * more slots announced than are there. A slot of the list whose number is out of
 * range reads as empty: stock peers leave garbage where they lost a stamp.
 */
int ptp_start_parse(const void *data, size_t len, struct ptp_start *ret);
int ptp_probe_parse(const void *data, size_t len, uint32_t *ret_number);
int ptp_list_parse(const void *data, size_t len, struct ptp_list *ret);
int ptp_offset_parse(const void *data, size_t len, struct ptp_offset *ret);

void ptp_start_put(struct buf *b, const struct ptp_start *s);
void ptp_probe_put(struct buf *b, uint32_t number);
/* Always all PTP_SLOTS slots, the unused ones zero, as stock peers expect 8144 bytes. */
void ptp_list_put(struct buf *b, const struct ptp_list *l);
void ptp_offset_put(struct buf *b, const struct ptp_offset *o);

#endif
