/*
 * output.c - see output.h. Layer 5.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live/output.h"

/* A pipe or terminal that poll() calls writable takes as much without blocking. */
#define STEP PIPE_BUF

void live_output_init(struct live_output *o, int fd)
{
	struct stat st;

	*o = (struct live_output){ .fd = fd, .text = BUF_INIT };
	o->may_block = !fstat(fd, &st) && !S_ISREG(st.st_mode);
}

void live_output_release(struct live_output *o)
{
	buf_release(&o->text);
	o->done = 0;
}

int live_output_add(void *output, const void *text, size_t len)
{
	struct live_output *o = output;

	return buf_add(&o->text, text, len);
}

int live_output_push(struct live_output *o)
{
	while (live_output_pending(o)) {
		struct pollfd pfd = { .fd = o->fd, .events = POLLOUT };
		size_t len = o->text.len - o->done;
		ssize_t n;

		if (o->may_block && len > STEP)
			len = STEP;
		if (o->may_block && poll(&pfd, 1, 0) == 0)
			return 0;
		n = write(o->fd, o->text.data + o->done, len);
		if (n >= 0)
			o->done += n;
		else if (errno == EAGAIN)
			return 0;
		else if (errno != EINTR)
			return -errno;
	}
	buf_reset(&o->text);
	o->done = 0;
	return 0;
}
