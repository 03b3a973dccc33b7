/*
 * msg-parts.h - what the codecs of messages (msg.c, msg-req.c) share. Layer 1, pure.
 */
#ifndef WIRE_MSG_PARTS_H
#define WIRE_MSG_PARTS_H

#include "wire/msg.h"

#define MSG_FIXED_MAX	40	/* the longest fixed part that we know */

/*
 * A cursor over the fixed part of @m as long as we know it, in @copy: fields
 * that an older peer does not send are zero, what a newer one adds is left out.
 */
struct cursor msg_fixed_part(const struct msg *m, uint8_t copy[MSG_FIXED_MAX]);

#endif
