/*
 * agent-session.h - one host's session at the agent.
 *
 * Layer 5.
 */
#ifndef SESSION_AGENT_SESSION_H
#define SESSION_AGENT_SESSION_H

#include "net/addr.h"
#include "net/channel.h"
#include "net/tunnel.h"
#include "session/agent.h"
#include "session/stop.h"

/* Where a session notes how to put back what it changes. */
struct session_journal {
	int mirror_fd;		/* the agent's pipe */
	int file_fd;		/* a file, see setup/leftover.h; -1: none */
};

/*
 * Serve the host @peer on its connection @ctl, which has sent @request, until it says
 * CLOSE, vanishes, or @stop is wanted. @ctl stays the caller's. @journal: where
 * changes are noted. 0; -errno described in @err.
 */
int agent_session(const struct agent_conf *conf, struct channel *ctl, const struct msg *request,
		  const struct net_peer *peer, struct stop *stop,
		  const struct session_journal *journal, struct tunnels *tunnels,
		  struct err *err);

#endif
