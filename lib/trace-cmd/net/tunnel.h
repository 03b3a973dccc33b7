/*
 * tunnel.h - connections of an authenticated session: encrypted outside, plain sockets for who uses them.
 *
 * Layer 3. After the handshake (auth.h) a thread for each connection moves bytes between the network and a
 * socket pair, of which the user gets one end; all that works on sockets works on it. Bytes that were
 * changed, left out or repeated end the connection; an end that the peer has not
 * confirmed is told from a good one (see TUNNEL_IN).
 */
#ifndef NET_TUNNEL_H
#define NET_TUNNEL_H

#include "net/auth.h"

/* The connections of one session. */
struct tunnels {
	const struct auth_secret *key;	/* NULL: nothing is encrypted, all functions do nothing */
	struct auth_secret session;	/* known once there is a control connection */
	struct tunnel *first;
};

enum tunnel_use {
	TUNNEL_BOTH,
	/*
	 * The user only receives: of the peer's orderly end it sees the end of the stream, of
	 * any other -ECONNRESET.
	 */
	TUNNEL_IN,
};

/*
 * Shake hands on *@fd and put the user's end of a tunnel in its place. @index: the CPU of AUTH_DATA, else
 * 0. 0; -errno described in @err: *@fd is as it was, and only good for closing.
 */
int tunnels_wrap(struct tunnels *t, int *fd, bool server, enum auth_purpose purpose,
		 uint32_t index, enum tunnel_use use, struct deadline d, struct err *err);

/* The same where the handshake is done: that of @h, whose secrets are wiped. */
int tunnels_add(struct tunnels *t, int *fd, struct auth_hand *h, enum tunnel_use use);

/*
 * Wait until all that was sent has arrived and the peer has ended, too, @timeout_ms at most, and forget
 * all tunnels. The user's ends are closed or shut down before. 0; -ETIMEDOUT; -EPIPE or another -errno: one
 * of them ended without that.
 */
int tunnels_finish(struct tunnels *t, int timeout_ms);

#endif
