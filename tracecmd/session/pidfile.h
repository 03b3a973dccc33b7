/*
 * pidfile.h - a file that names a process in the background, for who wants to end it.
 *
 * Layer 5. There is one path for all recordings, another one for all listeners: the latest is named.
 */
#ifndef SESSION_PIDFILE_H
#define SESSION_PIDFILE_H

#include <sys/types.h>

#include "base/err.h"

/* The process that @path names, if it is alive; 0: none. */
pid_t pidfile_alive(const char *path);

/* Name @pid in @path; whoever reads it meanwhile finds that or what it said before. 0; -errno described in @err. */
int pidfile_write(const char *path, pid_t pid, struct err *err);

/* Remove it, if it still names @pid. */
void pidfile_remove(const char *path, pid_t pid);

#endif
