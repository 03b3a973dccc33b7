/*
 * parting.h - a list of tasks emptied by a process that may be left alone in the kernel.
 *
 * Layer 3. Emptying set_event_notrace_pid unhooks the list at once, and then takes the kernel some 40 ms, of grace
 * periods, until it can free it. It does both under a lock that everybody waits for who looks at such a
 * list, or at which events are on. So from when it waits for the grace periods nobody can see the list as it was, and
 * whoever has begun this need not stay until the end.
 */
#ifndef SETUP_PARTING_H
#define SETUP_PARTING_H

#include <stdatomic.h>
#include <stdbool.h>

/* All zero: not begun. The process may outlive its parent, and then uses this memory until its own end. */
struct parting {
	atomic_int stage;
	atomic_int pid;
};

/*
 * Empty the list @path, which both stay where they are until the end of the calling process if that doesn't wait for
 * this. To be called by a thread of its own with all signals blocked: the thread stands still until it's done, or the
 * process ends. The process that does it has none of the descriptors of ours, and so no locks. 0; -errno.
 */
int parting_empty(struct parting *p, const char *path);

/* To be asked by another thread: is the list empty for all who look, and only memory is yet to be freed? */
bool parting_is_left(struct parting *p);

#endif
