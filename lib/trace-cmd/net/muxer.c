/*
 * muxer.c - see muxer.h. Layer 3.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "net/muxer.h"

#define ANSWER_MAX	64	/* bytes of a line */

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

pid_t muxer_pid(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return -errno;
	return cred.pid > 0 ? cred.pid : -ESRCH;
}
