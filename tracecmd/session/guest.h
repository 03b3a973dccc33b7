/*
 * guest.h - one guest of a recording, seen from the host: its agent's connection,
 * its clock, its data.
 *
 * Layer 5. Calls come in the order of the protocol; a guest that fails is marked
 * lost, keeps what came, and never holds up the host or other guests beyond its
 * deadlines. Code: guest-connect.c has the connection, the request and its answer, guest.c the metadata
 * and the end, guest-sync.c the clock, guest-data.c the CPUs' data.
 *
 * With --proxy (conf->proxy) it is the other way round: "the guest" in here is our host, whose agent
 * is a proxy, and the guest is this machine. What is different then is in guest-proxy.c.
 */
#ifndef SESSION_GUEST_H
#define SESSION_GUEST_H

#include <errno.h>
#include <stdbool.h>

#include "net/addr.h"
#include "net/channel.h"
#include "net/drain.h"
#include "net/tunnel.h"
#include "session/local.h"
#include "session/note.h"
#include "session/plan.h"
#include "session/stop.h"
#include "tsync/tsync.h"
#include "wire/opt-tsync.h"

struct guest {
	const struct plan *plan;
	const struct plan_guest *conf;
	struct local *local;		/* for its journal */
	struct note *note;
	struct note_guest *own;		/* the guest's part of the note */
	int index;			/* among the plan's guests */
	struct stop *stop;		/* the user's: set by the caller */
	struct turns *turns;		/* for comparing clocks, see guests.h; NULL: not while connecting */
	struct net_addr addr;
	pid_t vm_pid;			/* the process that runs it here; -1: none known */
	struct channel ctl;
	struct tunnels tunnels;		/* --auth: of all connections */
	struct msg_trace_resp resp;
	struct tsync_session *sync;
	struct tsync_samples samples;
	const struct tsync_proto *sync_proto;	/* that gave them; NULL without samples */
	int *fifos, nr_fifos;		/* the data's, see virt.h; NULL: it comes over the network */
	struct drain *drain;
	int *sockets, *files;		/* one a CPU */
	int64_t began_ns;		/* CLOCK_MONOTONIC: when its data was connected */
	struct deadline close_by;	/* it has been asked to stop: the answer */
	unsigned int odd;		/* messages while recording, where there should be none */
	bool connected;			/* TRACE_RESP has come */
	bool meta_file;			/* the unfinished output exists */
	uint64_t meta_len;		/* --proxy: bytes of it, the first part of two */
	bool data_ended;		/* all of its data, before it was asked to stop */
	bool lost;
	bool broke;			/* it did not keep to the protocol */
};

/* Find out where the guest is, and what it and its file are called. 0; -errno described in @err. */
int guest_find(struct guest *g, struct err *err);

/*
 * It did not keep to the protocol (guest->broke): hang up, forget what it sent. It counts as lost,
 * and nothing else depends on it.
 */
void guest_drop(struct guest *g);

/*
 * Connect to the agent, ask it to trace, start the clock synchronisation and wait for its
 * first pass. 0; -ECANCELED: the user stops; -errno described in @err.
 */
int guest_connect(struct guest *g, struct err *err);

/* Take in the metadata and connect the data of each CPU. Returns the same. */
int guest_receive(struct guest *g, struct err *err);

/* Descriptors that become readable when the agent, or all its data, ends by itself; -1: none. */
int guest_fd(const struct guest *g);
int guest_data_fd(const struct guest *g);

/*
 * While recording, when one of these is readable: look what it is about. 0: nothing
 * that matters; -errno described in @err: the guest is lost, or its data has ended.
 */
int guest_check(struct guest *g, struct err *err);

/* Ask the agent to stop; does not wait. */
void guest_ask_close(struct guest *g);

/*
 * Final synchronisation, CLOSE_RESP, the last data. 0; -errno described in @err: what came until then
 * is kept.
 */
int guest_wait_close(struct guest *g, struct err *err);

/* Write the guest's trace.dat. 0; -errno described in @err. */
int guest_write(struct guest *g, struct err *err);

void guest_release(struct guest *g);

/* --- between the parts -------------------------------------------------------- */

#define GUEST_CONNECT_MS 5000	/* for one connection */
#define GUEST_LOOK_MS	100	/* between looks whether the user stops */

/* What it is, for messages. */
static inline const char *guest_kind(const struct guest *g)
{
	return g->conf->proxy ? "host" : "guest";
}

/* What becomes of the others when it is lost. */
static inline const char *guest_others(const struct guest *g)
{
	return g->conf->proxy ? "this machine is recorded on" : "the host and other guests go on";
}

/* Of what goes wrong with the control connection: what an agent that is merely busy, or refuses an option, does not do. */
static inline bool guest_is_breach(int error)
{
	return error == -EBADMSG || error == -EPROTO || error == -ENOTSUP || error == -ETIMEDOUT ||
	       error == -EFBIG;
}

/* What hanging up looks like. */
static inline bool guest_is_gone(int error)
{
	return error == -ENODATA || error == -EPIPE || error == -ECONNRESET;
}

/* What comes as SEND_DATA up to FIN_DATA. */
struct guest_stream {
	int fd;				/* where to */
	struct deadline first, total;	/* for its first message, and all of it */
	uint64_t max_bytes;
	bool (*ends)(struct stop *s);	/* what of the user's ends it */
};

/* 0; -ECANCELED: the user ends it; -EFBIG; -EPROTO; -ETIMEDOUT; -errno. */
int guest_receive_stream(struct guest *g, const struct guest_stream *s);

/* The last message: CLOSE_RESP. 0; -ECANCELED: the user does not want to wait; -errno. */
int guest_wait_response(struct guest *g);

/*
 * By when the guest is to have done something: in @ms, or never (--notimeout). Waits for that see the user's
 * wish to stop; connecting and handshakes, which don't, keep their own deadlines.
 */
struct deadline guest_in_ms(const struct guest *g, int ms);

/* The protocols to offer: as tsync_offer(). */
const char **guest_sync_offer(const struct guest *g);
/* The agent has chosen a protocol: 0, whatever comes of it, but -ECANCELED. */
int guest_sync_start(struct guest *g);

/*
 * Connect to where the agent compares clocks and make an instance for it. @fill: all but that of
 * @conf, with own_id the id wanted. 0; -errno described in @err.
 */
int guest_sync_connect(struct guest *g, struct tsync_conf *conf,
		       int (*fill)(struct guest *g, struct tsync_conf *conf, struct err *err),
		       struct err *err);
/* Wait until that is over, at most @ms, and no longer than anybody cares. */
void guest_sync_wait_end(struct guest *g, int ms);

/* guest-proxy.c: the same for --proxy. */
const char **guest_proxy_offer(const struct guest *g);
int guest_proxy_sync_start(struct guest *g);
/* Options for the agent besides the user's own, into @argv: at most PROXY_WORDS_MAX. Returns how many. */
#define PROXY_WORDS_MAX 4
int guest_proxy_words(const struct guest *g, char **argv);
/* How long the metadata may take to begin: the clocks are compared before. */
int guest_proxy_first_ms(const struct guest *g);
/* All that comes behind CLOSE, but for the CPUs' data: up to CLOSE_RESP. 0; -errno. @ret_data: of the data. */
int guest_proxy_close(struct guest *g, int *ret_data);

/* The last comparison of the clocks, and what all of them found. */
void guest_sync_finish(struct guest *g);

/*
 * What the file gets of it: the samples for readers, and how well the clock is known. Without
 * CPUs or groups: nothing. The caller releases both. 0; -errno described in @err.
 */
int guest_sync_result(const struct guest *g, struct timeshift *ret_shift,
		      struct opt_tsync *ret_model, struct err *err);

/* One line about it for the user: about the guest's clock, or with --proxy about ours. */
void guest_sync_tell(const struct guest *g, const struct opt_tsync *model);

/* Open the guest's FIFOs, if it has any. */
void guest_fifos_open(struct guest *g);
/* The agent's response has come: use them, or not. */
void guest_fifos_agree(struct guest *g);

/* Connect each CPU's data and start to take it in. 0; -ECANCELED; -errno described in @err. */
int guest_data_connect(struct guest *g, struct err *err);

/*
 * Has all data ended before it should? 0: no; -EPIPE: by its sender; other -errno, described
 * in @err.
 */
int guest_data_check(struct guest *g, struct err *err);

/* Has it sent more than it may? */
bool guest_data_too_much(const struct guest *g);

/* Wait for the last of it. 0; -errno. */
int guest_data_finish(struct guest *g);

void guest_data_release(struct guest *g);

#endif
