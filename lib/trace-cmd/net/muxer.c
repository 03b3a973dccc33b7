/*
 * muxer.c - see muxer.h. Layer 3.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "net/muxer.h"

#define ANSWER_MAX	64	/* bytes of a line */
#define PORT_TRIES	10000	/* ports that others may have */

static int connect_path(const char *path, struct deadline d, int *ret_fd)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	strncpy(sa.sun_path, path, sizeof(sa.sun_path) - 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* EAGAIN: as many wait to be accepted as may */
	while (connect(fd, (const struct sockaddr *)&sa, sizeof(sa))) {
		struct pollfd stop = { .fd = d.stop - 1, .events = POLLIN };

		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (deadline_passed(d))
			return -ETIMEDOUT;
		if (poll(&stop, 1, 10) > 0)
			return -ECANCELED;
	}
	*ret_fd = take_fd(fd);
	return 0;
}

/* Read up to the end of the line, and not a byte more: what follows is the guest's. 0; -errno. */
static int read_line(int fd, char *line, struct deadline d)
{
	size_t len = 0;

	while (len < ANSWER_MAX - 1) {
		int ret = io_read_full(fd, &line[len], 1, d);

		if (ret)
			return ret;
		if (line[len] == '\n') {
			line[len] = 0;
			return 0;
		}
		len++;
	}
	return -EPROTO;
}

int muxer_connect(const char *path, uint32_t port, struct deadline d, int *ret_fd, struct err *err)
{
	_cleanup_close_ int fd = -1;
	char line[ANSWER_MAX];
	int ret = connect_path(path, d, &fd);

	if (ret)
		return err_set(err, ret, "cannot connect to %s: %s", path, strerror(-ret));
	snprintf(line, sizeof(line), "CONNECT %u\n", port);
	ret = io_write_full(fd, line, strlen(line), d);
	if (!ret)
		ret = read_line(fd, line, d);
	/* that is how they say that nobody listens there */
	if (ret == -ENODATA || ret == -EPIPE || ret == -ECONNRESET)
		return err_set(err, -ECONNREFUSED, "nobody listens on port %u of the guest behind %s",
			       port, path);
	if (!ret && (strncmp(line, "OK ", 3) || !line[3] || line[3 + strspn(line + 3, "0123456789")]))
		ret = -EPROTO;
	if (ret)
		return err_set(err, ret, ret == -EPROTO ?
			       "%s answers CONNECT %u as no vsock of a guest does" :
			       "%s does not answer CONNECT %u", path, port);
	*ret_fd = take_fd(fd);
	return 0;
}

/* --- the other way ------------------------------------------------------------------ */

/* Does nobody listen at the socket @sa any more? What is no socket is not ours to judge. */
static bool is_stale(const struct sockaddr_un *sa)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct stat st;

	return fd >= 0 && !lstat(sa->sun_path, &st) && S_ISSOCK(st.st_mode) &&
	       connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) && errno == ECONNREFUSED;
}

/*
 * Give the new socket @sa to the owner of @path, whose process is to connect. That one may own the directory, too:
 * what it could have put in the socket's place meanwhile is left alone. 0; -errno.
 */
static int give_to_owner(const struct sockaddr_un *sa, const char *path)
{
	_cleanup_close_ int fd = -1;
	struct stat owner, own;

	/* the machine may not have been started yet */
	if (stat(path, &owner) || owner.st_uid == geteuid())
		return 0;
	fd = open(sa->sun_path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &own))
		return -errno;
	if (!S_ISSOCK(own.st_mode) || own.st_uid != geteuid() || own.st_nlink != 1)
		return -EPERM;
	return fchownat(fd, "", owner.st_uid, owner.st_gid, AT_EMPTY_PATH) ? -errno : 0;
}

static int bind_path(const struct sockaddr_un *sa, const char *path, int *ret_fd)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int ret;

	/* the file gets the mode that the socket has by then */
	if (fd < 0 || fchmod(fd, 0600))
		return -errno;
	if (bind(fd, (const struct sockaddr *)sa, sizeof(*sa))) {
		if (errno != EADDRINUSE || !is_stale(sa))
			return -errno;
		if (unlink(sa->sun_path) ||
		    bind(fd, (const struct sockaddr *)sa, sizeof(*sa)))
			return -errno;
	}
	ret = listen(fd, SOMAXCONN) ? -errno : give_to_owner(sa, path);
	if (ret) {
		unlink(sa->sun_path);
		return ret;
	}
	*ret_fd = take_fd(fd);
	return 0;
}

int muxer_listen(const char *path, uint32_t port, int *ret_fd, struct err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int ret = 0;

	if (snprintf(sa.sun_path, sizeof(sa.sun_path), "%s_%u", path, port) >=
	    (int)sizeof(sa.sun_path))
		ret = -ENAMETOOLONG;
	if (!ret)
		ret = bind_path(&sa, path, ret_fd);
	return ret ? err_set(err, ret, "cannot listen at the socket %s_%u: %s", path, port,
			     strerror(-ret)) : 0;
}

int muxer_listen_data(const char *path, uint32_t first, int *ret_fd, uint32_t *ret_port,
		      struct err *err)
{
	uint32_t port;

	for (port = first; ; port++) {
		int ret = muxer_listen(path, port, ret_fd, err);

		if (ret == -EADDRINUSE && port - first < PORT_TRIES) {
			err_clear(err);
			continue;
		}
		if (!ret)
			*ret_port = port;
		return ret;
	}
}

/* The file that @fd is bound to, "" if it is none. */
static void bound_path(int fd, struct sockaddr_un *ret)
{
	socklen_t len = sizeof(*ret);

	memset(ret, 0, sizeof(*ret));
	if (getsockname(fd, (struct sockaddr *)ret, &len) || ret->sun_family != AF_UNIX ||
	    len <= offsetof(struct sockaddr_un, sun_path))
		ret->sun_path[0] = 0;
	ret->sun_path[sizeof(ret->sun_path) - 1] = 0;
}

int muxer_accepted(int fd, struct sockaddr_un *ret)
{
	struct sockaddr_un sa;
	char *end;

	bound_path(fd, &sa);
	end = strrchr(sa.sun_path, '_');
	if (!end)
		return -EAFNOSUPPORT;
	*end = 0;
	*ret = sa;
	return 0;
}

void muxer_unlink(int fd)
{
	struct sockaddr_un sa;

	bound_path(fd, &sa);
	if (sa.sun_path[0])
		unlink(sa.sun_path);
}

pid_t muxer_pid(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return -errno;
	return cred.pid > 0 ? cred.pid : -ESRCH;
}
