/*
 * spin.h - waiting for a peer's packet without sleeping, as long as that helps.
 *
 * Layer 4. Waking up takes longer than a packet's way, and differently long on two machines;
 * so both ends of a burst look for the answer again and again instead, for the few
 * milliseconds that it takes, with real-time priority if the session has it. Where it does not
 * help - one CPU for both ends, a path whose kernel threads need our CPU - it is given up
 * step by step: another CPU, normal priority, sleeping. No wait is longer than its deadline.
 */
#ifndef TSYNC_SPIN_H
#define TSYNC_SPIN_H

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

#include "net/channel.h"

#define SPIN_USELESS	8	/* misses in a row: it does not help here */

enum spin_level {
	SPIN_REALTIME,	/* never sleep, with the priority that we have */
	SPIN_NORMAL,	/* never sleep, offer the CPU to others */
	SPIN_SLEEP,	/* as everybody else */
};

struct spin {
	struct channel *ch;
	enum spin_level level;
	unsigned int misses;	/* waits in a row that spinning was not enough for */
	bool may_move, moved;
	unsigned int moves;	/* to other CPUs */
	unsigned int slept;	/* waits that ended asleep */
	cpu_set_t mask;		/* as found */
	bool normal;		/* no real-time priority for now; we had: */
	int policy;
	struct sched_param param;
};

/*
 * For the calling thread, until spin_end(). @may_spin false: only sleep. @host: not in a guest,
 * where its kernel's threads have CPUs of their own; the CPU is changed if another thread that
 * spins shares it.
 */
void spin_begin(struct spin *s, struct channel *ch, bool may_spin, bool host);
/* Priority and CPUs as they were. Twice does no harm. */
void spin_end(struct spin *s);

/*
 * Wait until there is something to take, or the connection's end, or its error. 0; -ETIMEDOUT;
 * -ECANCELED; -errno.
 */
int spin_wait(struct spin *s, struct deadline d);

/* Take what is there, at most @len bytes. Returns how many; -EAGAIN: nothing; -EPIPE at the end; -errno. */
ssize_t spin_take(struct spin *s, void *data, size_t len);

#endif
