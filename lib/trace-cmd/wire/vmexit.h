/*
 * vmexit.h - payloads of the "vmexit" time synchronisation protocol, which is ours.
 *
 * Layer 1, pure. Big endian throughout.
 */
#ifndef WIRE_VMEXIT_H
#define WIRE_VMEXIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define VMEXIT_NAME	"vmexit"
#define VMEXIT_TAGS_MAX	256		/* a round */

enum vmexit_msg { VMEXIT_START = 1, VMEXIT_STAMPS = 2 };

/* CPUID's function of all tags; the low half is the host's choice. */
#define VMEXIT_FUNCTION	0x4c5a0000u

struct vmexit_start {
	uint16_t mark;		/* low half of the function */
	uint32_t base;		/* index of the first tag; that of the n-th is n more */
	uint32_t count;		/* 1..VMEXIT_TAGS_MAX */
};

/* The guest's clock before and after a tag. */
struct vmexit_stamp {
	uint32_t number;	/* 0.. */
	int64_t before, after;
};

struct vmexit_stamps {
	uint32_t base;		/* of START */
	int32_t cpu;		/* all of them were on; -1: several */
	uint32_t count;
	struct vmexit_stamp stamp[VMEXIT_TAGS_MAX];
};

/* 0; -EBADMSG: not the length defined, a count or number beyond its limits, after < before. */
int vmexit_start_parse(const void *data, size_t len, struct vmexit_start *ret);
int vmexit_stamps_parse(const void *data, size_t len, struct vmexit_stamps *ret);

void vmexit_start_put(struct buf *b, const struct vmexit_start *s);
void vmexit_stamps_put(struct buf *b, const struct vmexit_stamps *s);

#endif
