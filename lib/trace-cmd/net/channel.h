/*
 * channel.h - messages over one connection, each by a deadline.
 *
 * Layer 3. One write per message; reads never go beyond the message at hand,
 * so that a descriptor can be handed on between messages.
 */
#ifndef NET_CHANNEL_H
#define NET_CHANNEL_H

#include <stdbool.h>

#include "base/io.h"
#include "wire/msg.h"

struct channel {
	int fd;				/* owned */
	int stop_fd;			/* -1, or: becomes readable when waiting shall end (-ECANCELED) */
	uint8_t in[MSG_MAX_LEN];	/* the message received last */
	size_t in_len;			/* bytes of it that have come */
	struct buf out;
};

void channel_init(struct channel *c, int fd);
void channel_close(struct channel *c);

/* Send one message. 0; -ETIMEDOUT; -EPIPE; -EMSGSIZE; -errno. */
int channel_send(struct channel *c, uint32_t cmd, const void *fixed, size_t fixed_len,
		 const void *var, size_t var_len, struct deadline d);

/* Send bytes built with a msg_..._put() function. */
int channel_send_raw(struct channel *c, const struct buf *b, struct deadline d);

/*
 * Receive one message; it stays valid until the next call. 0; -ETIMEDOUT (a
 * part may have come; the next call goes on from there); -ENODATA on an orderly end; -EPIPE; -EBADMSG;
 * -ECANCELED.
 */
int channel_recv(struct channel *c, struct msg *ret, struct deadline d);

/* The same, polling without sleeping for up to @spin_us first: the reply of a peer that spins, too, is due. */
int channel_recv_spin(struct channel *c, struct msg *ret, struct deadline d, int spin_us);

/* Send @len bytes as SEND_DATA messages. */
int channel_send_data(struct channel *c, const void *data, size_t len, struct deadline d);

#endif
