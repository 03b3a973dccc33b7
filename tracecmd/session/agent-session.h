/*
 * agent-session.h - one host's session at the agent.
 *
 * Layer 5.
 */
#ifndef SESSION_AGENT_SESSION_H
#define SESSION_AGENT_SESSION_H

#include "net/addr.h"
#include "session/agent.h"

/*
 * Serve the host on the accepted connection @fd until it says CLOSE, vanishes,
 * or @signal_fd becomes readable. @mirror_fd: the guardian's pipe. 0; -errno described in @err.
 */
int agent_session(const struct agent_conf *conf, int fd, const struct net_peer *peer,
		  int signal_fd, int mirror_fd, struct err *err);

#endif
