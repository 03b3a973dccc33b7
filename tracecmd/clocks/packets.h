/*
 * packets.h - vsock packets that both machines have recorded, paired.
 *
 * Layer 5, pure. A stream keeps its order, so the n-th packet sent is the n-th received;
 * where recording begins in the midst of it, the lengths tell which belongs to which.
 */
#ifndef CLOCKS_PACKETS_H
#define CLOCKS_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct packet {
	uint64_t src_cid, dst_cid;
	uint32_t src_port, dst_port;
	uint32_t len;		/* of its data */
	bool received;		/* by who recorded it; else sent */
	int64_t time;		/* raw, of who recorded it */
};

struct packets {
	struct packet *at;
	size_t count, alloc;
};

void packets_release(struct packets *p);

/* In the order of time. 0; -ENOMEM. */
int packets_add(struct packets *p, const struct packet *one);

/* A packet at both ends. A return value other than 0 ends the pairing. */
typedef int (*packets_fn)(void *data, const struct packet *sent, const struct packet *received);

/*
 * Pair what one machine sent (@sent) with what the other one received. Streams whose packets
 * could belong together in more than one way are left out: no pair is a guess. Sorts both. What
 * @fn returned; 0.
 */
int packets_pair(struct packets *sent, struct packets *received, packets_fn fn, void *data);

#endif
