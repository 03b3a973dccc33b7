/*
 * listener-parts.h - what the files of listener.h share, and nobody else.
 *
 * Layer 5.
 */
#ifndef SESSION_LISTENER_PARTS_H
#define SESSION_LISTENER_PARTS_H

#include "net/tunnel.h"
#include "session/listener.h"
#include "wire/tinit.h"

#define LISTENER_CONNECT_MS	5000	/* a connection; each answer of the greeting */

/* One connection. */
struct listener {
	struct listeners *all;
	struct local_instance *instance;
	struct net_addr addr;
	struct net_peer peer;
	char name[300];		/* of the listener, for messages */
	struct channel ctl;
	struct tunnels tunnels;	/* --auth: of all connections */
	struct tinit want;
	uint32_t *ports;	/* one a CPU */
	int protocol;		/* 3 or 1 */
	bool closed;		/* we have said all */
	bool lost;
};

static inline struct deadline listener_in_ms(const struct listener *l, int ms)
{
	return deadline_in_ms(l->all->plan->no_timeout ? -1 : ms);
}

/* For what has to be done before anything is recorded: the user may have enough of it. */
struct deadline listener_connect_by(const struct listener *l);

/* What is said of it when the user had. -EINTR, described in @err. */
int listener_interrupted(struct err *err);

/* Connect, greet, agree on the protocol and get the ports (listener-greet.c). 0; -EINTR; -errno; described in @err. */
int listener_greet(struct listener *l, struct err *err);

#endif
