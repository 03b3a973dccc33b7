/*
 * burst-link.h - what both ends of a burst do: stamps, packets, and waiting for them.
 *
 * Layer 4, for trace-timesync-burst.c. The state of a session is in link->state.
 */
#ifndef TSYNC_BURST_LINK_H
#define TSYNC_BURST_LINK_H

#include "tsync/bridge.h"
#include "tsync/burst.h"
#include "tsync/direct.h"
#include "tsync/link.h"
#include "tsync/spin.h"
#include "wire/burst.h"

#define BRIDGE_MARKS	32	/* before a burst, and behind it */

struct burst_state {
	struct tsync_direct direct;
	bool marker;			/* the trace clock can't be read directly: markers show it, */
	bool bridged;			/* which are not needed for each stamp */
	bool may_hold;			/* the connection keeps back a packet if it is told to */
	int64_t hold_ns;		/* surely for so long */
	struct spin spin;
	unsigned int asleep;		/* bursts to come in which we sleep, as nothing else helped */
	unsigned int steps;		/* host: bursts in a row that contradict themselves */
	uint32_t series;
	unsigned int nr;		/* probes so far */
	struct burst_sum sum;		/* host: what the direct stamps say */
	struct burst_probe last;	/* host: of the last one, direct stamps */
	struct burst_probe probe[BURST_PROBES];	/* stamps that count */
	struct bridge_mark mark[2 * BRIDGE_MARKS];	/* of the round, */
	unsigned int nr_marks;		/* so many */
	uint8_t packet[BURST_PACKET_LEN];	/* received */
	struct burst_stamps stamps;	/* scratch space */
};

/* Note a stamp that counts. Numbers out of range are no probe's, and unsure stamps are none. */
void burst_note(struct burst_state *b, unsigned int number, enum burst_field field, int64_t time);

/* Once, when link->state is there. */
void burst_link_init(struct tsync_link *link);

/* A round of series @series begins, ends: markers, of before forgotten; priorities, CPUs. */
void burst_round_begin(struct tsync_link *link, uint32_t series);
void burst_round_end(struct tsync_link *link);

/* Stamp (but for END) and send a packet. @ret_time (NULL for END): the direct stamp. 0; -errno. */
int burst_send(struct tsync_link *link, const struct burst_packet *p, enum burst_field field,
	       int64_t *ret_time);

/*
 * Receive a packet of this series, stamped as @field of probe @number the moment it is there. 0;
 * -EPROTO; -EBADMSG; -ETIMEDOUT; what link_recv() says.
 */
int burst_recv(struct tsync_link *link, unsigned int number, enum burst_field field,
	       struct burst_packet *ret_packet, int64_t *ret_time);

/*
 * After the round: have all stamps that count by the trace clock, or, with a bridge that does not hold, none of ours. 0; -ESTALE:
 * a clock stepped, or the kernel goes by another counter now: no bridge from now on; -errno.
 */
int burst_collect(struct tsync_link *link);

#endif
