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

/*
 * Serve the host @peer on its connection @ctl, which has sent @request, until it says
 * CLOSE, vanishes, or @stop is wanted. @ctl stays the caller's. @mirror_fd: the guardian's
 * pipe. 0; -errno described in @err.
 */
int agent_session(const struct agent_conf *conf, struct channel *ctl, const struct msg *request,
		  const struct net_peer *peer, struct stop *stop, int mirror_fd,
		  struct tunnels *tunnels, struct err *err);

#endif
