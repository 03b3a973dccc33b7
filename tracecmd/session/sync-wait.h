/*
 * sync-wait.h - waiting for a comparison of clocks, which the user, or the end of a peer, may cut short.
 *
 * Layer 5. For all four who compare: host and agent, and with a proxy the other way round.
 */
#ifndef SESSION_SYNC_WAIT_H
#define SESSION_SYNC_WAIT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/io.h"
#include "tsync/tsync.h"

struct sync_wait {
	struct deadline by;
	bool (*ends)(void *who);	/* asked now and then: no more waiting */
	void *who;
};

/*
 * Host's part: wait for the first pass. 0; -EINPROGRESS: it goes on, but the time is up; -ECANCELED: @w->ends
 * says so; -errno that ended the session, described in @err.
 */
int sync_wait_first(struct tsync_session *s, const struct sync_wait *w, struct err *err);

/* Either part: wait for the end of the session. True: it has ended; false: the time is up, or @w->ends says so. */
bool sync_wait_end(struct tsync_session *s, const struct sync_wait *w);

#endif
