/*
 * guest.h - one guest of a recording, seen from the host: its agent's connection,
 * its clock, its data.
 *
 * Layer 5. Calls come in the order of the protocol; a guest that fails is marked
 * lost, keeps what came, and never holds up the host or other guests beyond its deadlines.
 */
#ifndef SESSION_GUEST_H
#define SESSION_GUEST_H

#include <stdbool.h>

#include "net/addr.h"
#include "net/channel.h"
#include "net/drain.h"
#include "session/local.h"
#include "session/note.h"
#include "session/plan.h"
#include "tsync/tsync.h"

struct guest {
	const struct plan *plan;
	const struct plan_guest *conf;
	struct local *local;		/* for its journal */
	struct note *note;
	struct note_guest *own;		/* the guest's part of the note */
	int index;			/* among the plan's guests */
	struct net_addr addr;
	struct channel ctl;
	struct msg_trace_resp resp;
	struct tsync_session *sync;
	struct tsync_samples samples;
	uint32_t sync_flags;		/* of the protocol, TIMESHIFT_FL_* */
	int stop_fd;			/* readable: give up connecting; set by the caller */
	struct drain *drain;
	int *sockets, *files;		/* one a CPU */
	bool connected;			/* TRACE_RESP has come */
	bool meta_file;			/* the unfinished output exists */
	bool lost;
};

/*
 * Connect to the agent, ask it to trace, start the clock synchronisation and wait for its
 * first pass. 0; -ECANCELED: stop_fd; -errno described in @err.
 */
int guest_connect(struct guest *g, struct err *err);

/* Take in the metadata and connect the data of each CPU. Returns the same. */
int guest_receive(struct guest *g, struct err *err);

/* The descriptor that becomes readable when the agent ends by itself; -1 if lost already. */
int guest_fd(const struct guest *g);

/* Ask the agent to stop; does not wait. */
void guest_ask_close(struct guest *g);

/* Final synchronisation, CLOSE_RESP, the last data. 0; -errno described in @err (what came is kept). */
int guest_wait_close(struct guest *g, struct err *err);

/* Write the guest's trace.dat. 0; -errno described in @err. */
int guest_write(struct guest *g, struct err *err);

void guest_release(struct guest *g);

#endif
