/*
 * maps.h - the address maps of the processes traced, as they are when these end (--proc-map).
 *
 * Layer 5. A process of ours, the watcher, has the kernel stop each of them at its end
 * (ptrace), notes its maps and lets it go. What it notes is in a memory file that
 * guardian and worker share, so that either can store it. A watcher that is killed
 * leaves the processes running.
 */
#ifndef SESSION_MAPS_H
#define SESSION_MAPS_H

#include <sys/types.h>

#include "base/err.h"
#include "out/out.h"
#include "session/note.h"
#include "session/plan.h"

struct maps {
	pid_t pid;	/* the watcher, 0: none */
	int end_fd;	/* closed: it is to end */
};

#define MAPS_NONE ((struct maps){ 0, -1 })

/* The memory file, if the plan wants any maps; else -1. */
int maps_file(const struct plan *p);

/*
 * Begin to watch the command @command (0: none) and the tasks of -P of those instances that want
 * it. Warns of processes that cannot be watched: their maps are those at the end of the
 * recording, if they are still there. Before there are threads: the watcher is a new process, and would wait
 * for ever for a lock that one of them has just then. 0; -errno.
 */
int maps_start(struct maps *m, const struct plan *p, const struct note *note, pid_t command);

/* Note the maps of those that haven't ended, and stop watching. */
void maps_stop(struct maps *m);

/* Store what was noted: an option PROCMAPS for each process. 0; -errno. */
int maps_put(struct out_file *o, const struct note *note);

/* Append the text of process @pid's maps to @b, NUL included. 0; -errno: it is gone, ... */
int maps_text(struct buf *b, pid_t pid);

#endif
