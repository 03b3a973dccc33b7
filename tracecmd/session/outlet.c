/*
 * outlet.c - see outlet.h. Layer 5.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "message.h"
#include "session/outlet.h"

/* What poll() calls writable takes this much without blocking. */
#define PIPE_STEP	PIPE_BUF
#define TTY_STEP	256

/* Both are of the process as its standard output is. */
static struct stop *user;
static bool given_up;		/* what isn't taken at once is dropped */

/* Until @fd takes something. False: the user doesn't want to wait for that. */
static bool is_taken(int fd)
{
	for (;;) {
		struct pollfd fds[2] = {
			{ .fd = fd, .events = POLLOUT }, { .fd = user ? user->fd : -1, .events = POLLIN },
		};

		if (poll(fds, ARRAY_SIZE(fds), given_up ? 0 : -1) < 0 && errno != EINTR)
			return true;
		/* an error is write()'s to tell */
		if (fds[0].revents)
			return true;
		if (given_up || fds[1].revents & POLLNVAL || (user && stop_urgent(user))) {
			given_up = true;
			return false;
		}
	}
}

ssize_t outlet_write(int fd, const void *data, size_t len)
{
	size_t step = isatty(fd) ? TTY_STEP : PIPE_STEP, done = 0;

	while (done < len && is_taken(fd)) {
		ssize_t n = write(fd, (const char *)data + done, len - done < step ? len - done : step);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -1;
		done += n > 0 ? n : 0;
	}
	return len;
}

/* --- the C library's streams --------------------------------------------------------- */

static ssize_t say(void *cookie, const char *data, size_t len)
{
	/* 0 is an error here */
	return outlet_write(cookie ? STDERR_FILENO : STDOUT_FILENO, data, len) < 0 ? 0 : (ssize_t)len;
}

static void take_streams(void)
{
	const cookie_io_functions_t io = { .write = say };
	FILE *out = fopencookie(NULL, "w", io);
	FILE *err = fopencookie(&given_up, "w", io);

	if (!out || !err) {
		if (out)
			fclose(out);
		if (err)
			fclose(err);
		return;
	}
	setvbuf(out, NULL, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, BUFSIZ);
	setvbuf(err, NULL, _IONBF, 0);
	stdout = out;
	stderr = err;
}

void outlet_open(struct stop *stop)
{
	static bool taken;

	fflush(stdout);
	user = stop;
	message_write_by(outlet_write);
	/* a log has streams of its own, which come here in the end */
	if (!taken && fileno(stdout) == STDOUT_FILENO)
		take_streams();
	taken = true;
}

void outlet_close(void)
{
	fflush(stdout);
	user = NULL;
}
