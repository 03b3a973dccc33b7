/*
 * channel.h - messages over one connection, each by a deadline.
 *
 * Layer 3. One write per message. channel_recv() never reads beyond the message
 * at hand, so that the descriptor may be polled and handed on between messages;
 * channel_recv_spin() reads as much as is there, because the one system call it
 * saves is a good part of a round trip, and keeps the surplus for the next call
 * of either: from its first use on only the channel knows what has come. After
 * any error but -ETIMEDOUT and -ECANCELED of a receive, the connection is only
 * good for closing; -ETIMEDOUT of a send may have left half a message there, too.
 */
#ifndef NET_CHANNEL_H
#define NET_CHANNEL_H

#include <stdbool.h>

#include "base/io.h"
#include "wire/msg.h"

struct channel {
	int fd;				/* owned; a stream socket */
	int stop_fd;			/* -1, or: readable when waiting shall end (-ECANCELED) */
	/*
	 * Stock peers write a message in two parts; those without TCP_NODELAY hold
	 * the second back until the first is acknowledged, which we would delay by
	 * some 40 ms. With this set (the default over TCP) we acknowledge at
	 * once when a wait begins, but not when our own message will do that.
	 */
	bool quickack;
	bool ack_due;			/* bytes came since we last sent or acknowledged */
	size_t in_len;			/* bytes in in[] */
	size_t msg_len;			/* of these, the message handed out last; 0: none */
	uint8_t in[MSG_MAX_LEN];
	struct buf out;
};

void channel_init(struct channel *c, int fd);
/* Close the descriptor and free what is held. Safe to call twice. */
void channel_close(struct channel *c);

/* Send one message. 0; -ETIMEDOUT; -EPIPE; -EMSGSIZE; -ECANCELED; -errno. */
int channel_send(struct channel *c, uint32_t cmd, const void *fixed, size_t fixed_len,
		 const void *var, size_t var_len, struct deadline d);

/* Send bytes built with a msg_..._put() function. -errno if the buffer has an error. */
int channel_send_raw(struct channel *c, const struct buf *b, struct deadline d);

/*
 * Receive one message; it stays valid until the next call. 0; -ETIMEDOUT (a
 * part may have come; the next call goes on from there); -ENODATA on an orderly
 * end; -EPIPE (an end inside a message, or a reset); -EBADMSG; -ECANCELED.
 */
int channel_recv(struct channel *c, struct msg *ret, struct deadline d);

/*
 * The same, polling without sleeping for up to @spin_us first: for when the
 * reply of a peer that spins, too, is due.
 */
int channel_recv_spin(struct channel *c, struct msg *ret, struct deadline d, int spin_us);

/*
 * For who reads the descriptor itself for a while: whether the channel has read nothing beyond the
 * last message; and to return bytes read, of which the next message will begin. 0; -EMSGSIZE.
 */
bool channel_is_empty(const struct channel *c);
int channel_unread(struct channel *c, const void *data, size_t len);

/* Send @len bytes as SEND_DATA messages. */
int channel_send_data(struct channel *c, const void *data, size_t len, struct deadline d);

#endif
