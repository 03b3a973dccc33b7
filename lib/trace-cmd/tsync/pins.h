/*
 * pins.h - a vCPU's thread and our own, on one host CPU for the length of a round.
 *
 * Layer 4. Moving threads that belong to others obliges to move them back: a
 * small process of ours, the guard, remembers their masks and restores
 * them if we die in between.
 */
#ifndef TSYNC_PINS_H
#define TSYNC_PINS_H

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

struct pins {
	pid_t guard;		/* 0: none */
	int guard_fd;		/* orders for it */
	bool pinned;
	pid_t tid;		/* of the vCPU's thread */
	cpu_set_t vcpu_mask, own_mask;	/* as found */
};

void pins_init(struct pins *p);

/* Start the guard; from the thread that starts the session, before others do. 0; -errno. */
int pins_guard_start(struct pins *p);

/* Move the calling thread and @tid to @host_cpu. 0; -errno, and nothing is moved. */
int pins_set(struct pins *p, pid_t tid, int host_cpu);

/* Move both back. Does nothing if they are. The calling thread must be that of pins_set(). */
void pins_restore(struct pins *p);

/* Restore the vCPU's thread if still needed (from any thread), and end the guard. */
void pins_release(struct pins *p);

#endif
