/*
 * putback.h - tracing put back for those that were killed, before somebody else traces.
 *
 * Layer 5.
 */
#ifndef SESSION_PUTBACK_H
#define SESSION_PUTBACK_H

#include "base/err.h"
#include "setup/leftover.h"

/*
 * Put back what others have left (see setup/leftover.h), or we would put back to that in the end, and say so,
 * with @advice behind it (or NULL). 0; -ETIMEDOUT described in @err.
 */
int put_back_leftovers(const char *advice, struct err *err);

/* Say so of @k, which leftover_restore() has met. */
void put_back_tell(const struct killed *k, const char *advice);

#endif
