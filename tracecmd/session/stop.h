/*
 * stop.h - the user's wish to end: SIGINT, SIGTERM or SIGHUP, once or again.
 *
 * Layer 5. The first one ends what is going on in good order. Another one, later
 * than those that one Ctrl-C or one kill of a process group can bring, means that waiting
 * for peers shall end, too.
 */
#ifndef SESSION_STOP_H
#define SESSION_STOP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A kill of the process group reaches us directly and through the guardian, timeout(1)
 * makes three of it: what comes within this time of the first is the same wish.
 */
#define STOP_SAME_WISH_NS 500000000LL

struct stop {
	int fd;			/* a signalfd: readable when a signal has come; -1: none */
	int64_t first_ns;	/* CLOCK_MONOTONIC of the first, 0: none yet */
	bool urgent;
	/* the fd is one that somebody else makes readable, and that stays so: an urgent wish */
	bool relay;
};

#define STOP_NONE ((struct stop){ .fd = -1 })

/* Block those signals and have them read by @s instead. 0; -errno. */
int stop_open(struct stop *s);

/*
 * The same, and *@ret_child_fd, the caller's, is readable when a child process may have ended. What
 * a size limit of files would kill us for is an error of write() from here on. 0; -errno.
 */
int stop_open_children(struct stop *s, int *ret_child_fd);
void stop_close(struct stop *s);

/* Has one come? */
bool stop_wanted(struct stop *s);

/* Has another one come, well after the first? NULL: never. */
bool stop_urgent(struct stop *s);

#endif
