/*
 * listener.h - the listeners a recording is sent to, instead of a file: record -N and -V.
 *
 * Layer 5. Each instance that takes part has a connection of its own, by which the listener
 * writes a file for it: the protocol knows nothing of instances. A connection has a control part
 * (greeting, metadata, CLOSE) and one for the data of each CPU, which recorders write to.
 */
#ifndef SESSION_LISTENER_H
#define SESSION_LISTENER_H

#include <poll.h>
#include <stdbool.h>

#include "net/addr.h"
#include "net/channel.h"
#include "session/local.h"
#include "session/note.h"
#include "session/plan.h"
#include "session/stop.h"

struct listener;

struct listeners {
	const struct plan *plan;
	struct local *local;
	const struct note *note;
	struct stop *stop;
	struct listener *each;	/* one for each instance that takes part */
	int nr;
};

/*
 * Connect, send the metadata, start the recorders; tracing is off yet. 0; -EINTR: the user
 * does not want to wait; -errno; described in @err.
 */
int listeners_start(struct listeners *l, struct err *err);

/* Descriptors that become readable when a listener is gone: fills @fds (at most @max), returns how many. */
int listeners_poll_fds(const struct listeners *l, struct pollfd *fds, int max);

/* Has one gone before it should? 0; -ECONNRESET described in @err. */
int listeners_check(struct listeners *l, struct err *err);

/*
 * The recorders have ended: see the data delivered, then close. 0; -errno described in @err if
 * a listener may not have all of it.
 */
int listeners_finish(struct listeners *l, struct err *err);

void listeners_release(struct listeners *l);

#endif
