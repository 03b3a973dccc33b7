/*
 * command.h - the command of a run: who it is, what is said of its end.
 *
 * Layer 5. On top of child.h, for record and start.
 */
#ifndef SESSION_COMMAND_H
#define SESSION_COMMAND_H

#include <stdbool.h>

#include "base/err.h"
#include "session/child.h"
#include "session/note.h"
#include "session/plan.h"

struct command_run {
	struct child_conf conf;
	struct child child;	/* CHILD_NONE without a command */
};

/* Fork it, if the plan has one; it waits. Before there are threads. 0; -errno. */
int command_start(struct command_run *c, const struct plan *p, const struct note *note);

/* Let it go. 0; -errno, described in @err, the banner of a command that cannot be executed printed. */
int command_go(struct command_run *c, const struct plan *p, struct err *err);

/*
 * The command has ended, or is to end now (@stopped: the user wished so): it gets @patience_ms to do
 * so by itself, then a SIGTERM. Says how it ended unless it ended well, by the user's wish, or
 * under -q. Returns its exit status, 128 + N if signal N killed it; 0 if there was none.
 */
int command_reap(struct command_run *c, const struct plan *p, bool stopped, int patience_ms);

#endif
