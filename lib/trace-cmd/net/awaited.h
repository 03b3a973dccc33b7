/*
 * awaited.h - connections that a session's peer is to make: one to each of some ports, for the data of a CPU each
 * or for its clock.
 *
 * Layer 3. With --auth whoever connects has to prove that it knows the session's key, for this very
 * port; several may try at once, and one that says nothing keeps nobody from it. Nothing here blocks: the caller
 * polls what awaited_poll_fds() names, until awaited_deadline() at most, and looks.
 */
#ifndef NET_AWAITED_H
#define NET_AWAITED_H

#include <poll.h>

#include "net/addr.h"
#include "net/tunnel.h"

#define AWAITED_HAND_MS	3000	/* for a connection to prove itself */
#define AWAITED_MAX	64	/* that may be at it at once; beyond that, who came first has had most time */

/* Somebody who has connected and not yet proven anything. */
struct awaited_hand {
	int fd;
	int index;
	struct deadline until;
	struct auth_hand hand;
};

struct awaited {
	/* the caller's: ports, -1: not or no longer awaited; what is here counts only from @peer's host */
	int *listen;
	int n;
	const struct net_peer *peer;
	struct tunnels *tunnels;
	enum auth_purpose purpose;
	enum tunnel_use use;
	struct awaited_hand *hands[AWAITED_MAX];	/* oldest first */
	int nr_hands;
};

/* Is any connection still awaited? */
bool awaited_any(const struct awaited *w);

/* Descriptors to wait for: fills @fds (at most @max; w->n + AWAITED_MAX are enough), returns how many. */
int awaited_poll_fds(const struct awaited *w, struct pollfd *fds, int max);

/* When to look again, whatever comes. */
struct deadline awaited_deadline(const struct awaited *w);

/*
 * What has come by now? To be called until it gives 0. 1: the connection of port *@ret_index is there, *@ret_fd
 * is the caller's, and its port is closed. -errno described in @err: somebody was refused, or a port had
 * to be given up.
 */
int awaited_look(struct awaited *w, int *ret_index, int *ret_fd, struct err *err);

/* Turn away all who have not proven themselves yet. The ports stay the caller's. */
void awaited_release(struct awaited *w);

#endif
