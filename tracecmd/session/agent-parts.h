/*
 * agent-parts.h - a host's session at the agent, as its parts share it. Private to agent-*.c.
 *
 * Layer 5.
 */
#ifndef SESSION_AGENT_PARTS_H
#define SESSION_AGENT_PARTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "net/addr.h"
#include "net/auth.h"
#include "net/channel.h"
#include "net/tunnel.h"
#include "out/out.h"
#include "session/agent.h"
#include "session/early.h"
#include "session/local.h"
#include "session/note.h"
#include "session/plan.h"
#include "session/stop.h"
#include "session/sync-wait.h"
#include "tsync/tsync.h"
#include "wire/msg.h"

/* Deadlines, ms, of more than one part. */
#define AGENT_REPLY_MS		5000
#define AGENT_META_MS		300000

/* Most metadata that is sent. */
#define AGENT_META_MAX_BYTES	(256 << 20)

/* With TRACE_PROXY, what is different: the peer is a guest, and we are its host. */
struct proxy {
	bool on;
	pid_t vm_pid;			/* the process that runs the guest here; -1: none known */
	struct note_guest *guest;	/* it, for the GUEST option; in the note */
	int meta_fd;			/* the file that is sent in two parts */
	struct out_file *meta;
	uint64_t sent;			/* bytes of it */
	struct tsync_samples samples;
	const struct tsync_proto *sync_proto;	/* that gave them */
};

struct session {
	const struct agent_conf *conf;
	const struct net_peer *peer;
	struct channel *ctl;
	struct stop *stop;
	struct tunnels *tunnels;	/* --auth: of all connections */
	struct msg_trace_req req;
	struct plan plan;
	struct note *note;
	struct local local;
	struct local_instance *top;
	struct early *early;	/* reads the metadata; NULL: it is read when it is sent */
	const struct tsync_proto *proto;
	struct tsync_session *sync;
	int sync_listen;	/* -1: none */
	uint32_t sync_port;
	int *listen;		/* one a CPU, until its data is connected to; with FIFOs, these */
	bool fifos;		/* the data goes through virtio ports */
	uint32_t *ports;
	int nr_cpus;
	bool closed;		/* the host has said CLOSE */
	struct proxy proxy;
};

/* --- agent-request.c -------------------------------------------------------------- */

/* Is @m a request that can be obeyed? Into s->req. 0; -EPROTO; -EINVAL; described in @err. */
int agent_take_request(struct session *s, const struct msg *m, struct err *err);

/* The options in the request make the plan. 0; -errno described in @err, but for -ENOMEM. */
int agent_make_plan(struct session *s, struct err *err);

/* The best protocol that the request offers and our options allow, for @role; NULL if there is none. */
const struct tsync_proto *agent_choose_proto(const struct session *s, enum tsync_role role,
					     char *const *names);

/* What the host wants of the clock comparison counts more than what our user said: PTP_FLAG_* and so on. */
uint32_t agent_sync_flags(const struct session *s);

/* --- agent-session.c -------------------------------------------------------------- */

/* True if the host is gone or our user wants us to end. */
bool agent_must_end(struct session *s);

/* Take the connection for it. 0; -errno: there is none, which has been told. */
int agent_accept_sync(struct session *s, int *ret_fd);

/* How to wait for it, at most @ms. */
struct sync_wait agent_sync_wait(struct session *s, int ms);

/* Compare over @conf's connection, which is used up, with an instance of its own. 0; -errno described in @err. */
int agent_run_sync(struct session *s, struct tsync_conf *conf,
		   int (*start)(const struct tsync_conf *conf, struct tsync_session **ret, struct err *err),
		   struct err *err);

/* Bytes as SEND_DATA messages, then FIN_DATA. 0; -errno. */
int agent_send_stream(struct session *s, const void *data, size_t len);

/* --- agent-proxy.c ------------------------------------------------------------------- */

/* The request is TRACE_PROXY: who is it, and which clock is best? 0; -errno described in @err. */
int proxy_begin(struct session *s, struct err *err);

const struct tsync_proto *proxy_choose_proto(const struct session *s);

/* Compare the clocks for the first time; without it the session goes on. */
void proxy_start_sync(struct session *s);

/* The first part of the metadata. 0; -errno described in @err. */
int proxy_send_meta(struct session *s, struct err *err);

/* CLOSE has come: begin with the last comparison. */
void proxy_closing(struct session *s);

/* Tracing has ended: all that is left but CLOSE_RESP. 0; -errno described in @err. */
int proxy_finish(struct session *s, struct err *err);

void proxy_end(struct session *s);

#endif
