/*
 * listen-data.h - the data of a client's CPUs, from the network into files.
 *
 * Layer 5. A port and a file for each CPU. Connections count only if they come from the
 * client's host, and the first one to a port has it.
 */
#ifndef SESSION_LISTEN_DATA_H
#define SESSION_LISTEN_DATA_H

#include <poll.h>
#include <stdbool.h>

#include "net/addr.h"
#include "net/awaited.h"
#include "net/drain.h"
#include "net/tunnel.h"
#include "session/note.h"
#include "session/plan.h"
#include "session/stop.h"

struct listen_data {
	const struct plan *plan;
	const struct note_guest *note;
	const struct net_peer *peer;
	enum net_kind kind;
	uint64_t max_bytes;	/* of all CPUs together; UINT64_MAX: no limit */
	int n;			/* CPUs */
	int *listen;		/* one a CPU: where the connection is awaited, -1: no more */
	struct awaited awaited;	/* at these */
	int *sockets;		/* the connection, -1: none, or the drain has it */
	int *files;
	uint32_t *ports;
	int *cpus;		/* of the drain's connections */
	int nr_cpus;
	struct drain *drain;	/* NULL: not started */
	bool ended;		/* no connection is left, as has been told */
};

/* Create files and ports for note->nr_cpus CPUs, and at most @max_bytes of data (0: no limit). 0; -errno described in @err. */
int listen_data_open(struct listen_data *d, const struct plan *p, const struct note_guest *note,
		     const struct net_peer *peer, enum net_kind kind, struct tunnels *tunnels,
		     uint64_t max_bytes, struct err *err);

/*
 * Descriptors to wait for: fills @fds (at most @max; d->n + AWAITED_MAX are enough), returns how many; and until when
 * at most.
 */
int listen_data_poll_fds(const struct listen_data *d, struct pollfd *fds, int max);
struct deadline listen_data_deadline(const struct listen_data *d);

/* Take what connections are there now; with the last one, data is taken in. 0; -errno described in @err. */
int listen_data_look(struct listen_data *d, struct err *err);

/* Wait for no more connections: take in the data of those that are there. 0; -errno, described. */
int listen_data_start(struct listen_data *d, struct err *err);

/* The same, once those who have connected have proven themselves or had their time for it; not when @stop is wanted. */
int listen_data_start_last(struct listen_data *d, struct stop *stop, struct err *err);

/* Why no connection is left, if none is: 0 there is one, or all ended well; -errno described in @err. */
int listen_data_check(struct listen_data *d, struct err *err);

/*
 * Wait for the last data, as long as it comes; if @hurry, hardly. 0; -errno described in @err: some of it is
 * missing, and what is there can be used.
 */
int listen_data_finish(struct listen_data *d, bool hurry, struct stop *stop, struct err *err);

void listen_data_release(struct listen_data *d);

#endif
