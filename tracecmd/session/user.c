/*
 * user.c - see user.h. Layer 5.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session/user.h"

int user_check(const char *name, struct err *err)
{
	errno = 0;
	if (getpwnam(name))
		return 0;
	/* what "not found" leaves in errno depends on who was asked */
	if (!errno || errno == ENOENT || errno == ESRCH || errno == EPERM)
		return err_set(err, -ENOENT, "Failed to change user to %s: there is no such user",
			       name);
	return err_set(err, -errno, "Failed to change user to %s: the user cannot be looked up",
		       name);
}

int user_become(const char *name)
{
	struct passwd *pw;

	errno = 0;
	pw = getpwnam(name);
	if (!pw)
		return errno ? -errno : -ENOENT;
	if (initgroups(name, pw->pw_gid) || setgid(pw->pw_gid) || setuid(pw->pw_uid))
		return -errno;
	if (setenv("HOME", pw->pw_dir, 1) || setenv("USER", name, 1) || setenv("LOGNAME", name, 1))
		return -ENOMEM;
	return 0;
}
