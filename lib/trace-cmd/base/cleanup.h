/*
 * cleanup.h - destructors for locals, and handing ownership out of them.
 *
 * Layer 0. A local marked with one of these is released when it goes out of
 * scope; take_ptr() and take_fd() give the value away and disarm it.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose(FILE **fp)
{
	if (*fp)
		fclose(*fp);
}

static inline void cleanup_closedir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define _cleanup_(fn)		__attribute__((cleanup(fn)))
#define _cleanup_free_		_cleanup_(cleanup_free)
#define _cleanup_close_		_cleanup_(cleanup_close)
#define _cleanup_fclose_	_cleanup_(cleanup_fclose)
#define _cleanup_closedir_	_cleanup_(cleanup_closedir)

#define take_ptr(p) ({ __typeof__(p) taken_ = (p); (p) = NULL; taken_; })

static inline int take_fd_(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}
#define take_fd(fd) take_fd_(&(fd))

/* Close *@fd if it is open, and mark it closed. Safe to call twice. */
static inline void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
