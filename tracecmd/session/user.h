/*
 * user.h - the user that a command is run as.
 *
 * Layer 5.
 */
#ifndef SESSION_USER_H
#define SESSION_USER_H

#include "base/err.h"

/* Is there such a user? 0; -ENOENT, -errno: described in @err. */
int user_check(const char *name, struct err *err);

/*
 * Become that user, for good: groups, ids, HOME, USER and LOGNAME. Only for a
 * forked process that is to be a command. 0; -errno: nothing is certain then.
 */
int user_become(const char *name);

#endif
