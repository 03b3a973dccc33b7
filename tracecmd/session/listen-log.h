/*
 * listen-log.h - what the listener says, on the terminal or in its log.
 *
 * Layer 5. In a log, each line begins with the process that said it, and complaints are
 * marked as such.
 */
#ifndef SESSION_LISTEN_LOG_H
#define SESSION_LISTEN_LOG_H

#include "base/err.h"

/* Have stdout, stderr and complaints go to the file @path, behind what it holds. 0; -errno. */
int listen_log_open(const char *path);

/* One line on stdout, at once. */
void listen_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Complain of what is in @err (or of @code, if it is silent). Peers' words may be in it: what a terminal would
 * obey is not printed. Returns the exit status for it.
 */
int listen_complain(int code, struct err *err);

#endif
