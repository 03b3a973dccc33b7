/*
 * link.h - what a plugin gets to work with: the connection, the clock, the series of the round.
 *
 * Layer 4. One side of one session, used by that session's thread alone.
 */
#ifndef TSYNC_LINK_H
#define TSYNC_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/channel.h"
#include "tsync/clock.h"
#include "tsync/debug.h"
#include "tsync/series.h"
#include "tsync/tsync.h"

/* The messages of the loop have this instead of a protocol's name. */
#define LOOP_NAME "none"

enum loop_msg {
	LOOP_PROBE = 1,		/* host: begin a round; u16 native: guest CPU */
	LOOP_STOP = 2,		/* host: the session is over */
	/* ours, for sessions whose ends can go over to another protocol: see switch.h */
	LOOP_USE = 3,		/* host: the rounds to come are of the protocol named; guest: agreed */
	LOOP_CANNOT = 4,	/* guest: the protocol at hand does not work here */
};

/* Patience with the peer. An emulated guest may take hundreds of milliseconds for a message. */
#define LINK_MSG_MS	2000	/* within a round */
#define LINK_START_MS	5000	/* the host's, for a round to begin */
#define LINK_NEVER	(-1)

struct tsync_link {
	struct channel ch;
	const struct tsync_conf *conf;
	const struct tsync_proto *proto;	/* in use */
	void *state;			/* the plugin's own, freed by its release() */
	bool guest;			/* the side: a guest understands LOOP_STOP anywhere */
	char use[TSYNC_NAME_LEN];	/* guest: what the host's LOOP_USE named; "": none came */
	struct tsync_clock clock;
	struct tsync_debug debug;
	struct series series;		/* of the round at hand */
	struct bounds bounds;		/* host: what the round makes sure; the loop adds the CPUs */
	uint32_t rounds;		/* begun so far, the one at hand included */
	int cpu;			/* the guest's CPU that the round is about */
	bool may_spin;			/* set by the loop: not on one CPU with the peer */
	bool spin;			/* set by the plugin: wait for the peer without sleeping */
	bool check;			/* host, set by the loop: a short round will do */
	int64_t limit_us;		/* and it should take no longer */
	unsigned int missed;		/* times in a row that spinning was not enough */
	struct buf out;			/* of the message to send */
	struct err err;			/* why the session failed, if a callee knew */
};

/* Take over @fd. The link keeps referring to @conf. 0; -ENOMEM; -errno described in @err. */
int link_init(struct tsync_link *link, const struct tsync_conf *conf, bool guest, int fd,
	      int stop_fd, struct err *err);
void link_release(struct tsync_link *link);

/* Free the plugin's state, before another protocol takes over. */
void link_release_proto(struct tsync_link *link);

/* Build a message, e.g. ahead of time, and send what is built. 0; -errno. */
int link_build(struct tsync_link *link, const char *proto, uint32_t id, const void *data,
	       size_t len);
int link_send_built(struct tsync_link *link);
int link_send(struct tsync_link *link, const char *proto, uint32_t id, const void *data,
	      size_t len);

/*
 * Receive any message of time synchronisation. 0; -ETIMEDOUT; -ENODATA at the
 * connection's end; -EPROTO for other messages; -ESHUTDOWN when the host said
 * STOP to a guest; -EOPNOTSUPP when the peer says that this protocol does not work
 * (LOOP_USE to a guest, LOOP_CANNOT to a host); -ECANCELED; -errno.
 */
int link_recv(struct tsync_link *link, struct msg_tsync *ret, int timeout_ms);

/* Receive message @id of @proto; any other is -EPROTO. */
int link_expect(struct tsync_link *link, const char *proto, uint32_t id, int timeout_ms,
		struct msg_tsync *ret);

#endif
