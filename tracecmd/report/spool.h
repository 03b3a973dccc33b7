/*
 * spool.h - a trace that comes from a pipe: kept in a file without a name, as it is read
 * back and forth.
 *
 * Layer 5.
 */
#ifndef REPORT_SPOOL_H
#define REPORT_SPOOL_H

#include "base/err.h"

/*
 * A seekable descriptor of all that the standard input has: itself if it is a file. Else it is
 * copied to $TMPDIR, or /var/tmp. fd; -errno, described in @err.
 */
int spool_stdin(struct err *err);

#endif
