/*
 * session.h - one side of the synchronisation with one peer, and its thread.
 *
 * Layer 4, inside of tsync/. session.c has the life of it, host.c and guest.c what the
 * thread does. The thread alone uses link and pins; what others see of it is under the lock.
 */
#ifndef TSYNC_SESSION_H
#define TSYNC_SESSION_H

#include <pthread.h>

#include "tsync/link.h"
#include "tsync/pins.h"
#include "tsync/tsync.h"

struct tsync_session {
	struct tsync_conf conf;		/* its strings and arrays are ours */
	struct tsync_link link;
	struct pins pins;
	int wake_fd;			/* eventfd: the host's loop shall make its final pass */
	int abort_fd;			/* eventfd: all waits shall end at once */
	pthread_t thread;
	bool started;
	int policy;			/* of the thread, as it began */
	struct sched_param param;
	bool *apart;			/* host: guest CPUs with an offset of their own, or NULL */
	unsigned int next_check;	/* host: guest CPU to check next */
	int wait_ms;			/* host: between the last two passes, if that is ours to say */
	bool refused;			/* the protocol's prepare() has said -EOPNOTSUPP */

	pthread_mutex_t lock;
	pthread_cond_t changed;		/* one of the following, on CLOCK_MONOTONIC */
	bool first_done;		/* the first pass is over */
	bool finished;			/* the thread ends */
	int error;			/* why; 0: as told */
	struct err err;
	const struct tsync_proto *proto;	/* in use now */
	struct err why;			/* the negotiated one is not */
	struct tsync_samples samples;	/* the thread's until it has finished */
};

/* The loops. Both return when the session is over: 0 as told, else -errno. */
int host_loop(struct tsync_session *s);
int guest_loop(struct tsync_session *s);

/* So long after a comparison nobody is likely to wait for us or our instance. */
#define SHRINK_MS	2000

/* Rounds that yield nothing, before giving up for a pass. */
#define ROUND_TRIES	3

/*
 * Host: a round on guest CPU @guest_cpu, of the protocol in use or of the next one if that turns out not
 * to work. As host_round() of a plugin, -EOPNOTSUPP if there is none left.
 */
int host_ask(struct tsync_session *s, int guest_cpu, struct tsync_result *ret);

/* From the loop: @proto is in use from now on, because of the link's err. */
void session_uses(struct tsync_session *s, const struct tsync_proto *proto);

/* From the loop: the first pass is over. */
void session_first_done(struct tsync_session *s);

#endif
