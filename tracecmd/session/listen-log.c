/*
 * listen-log.c - see listen-log.h. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "message.h"
#include "session/listen-log.h"
#include "session/outlet.h"

/* True once stdout and stderr are the log: they are the process's, and so is this. */
static bool logging;

/* Lines of a stream, each with our number in front; one write, so that processes don't mix. */
static ssize_t write_lines(void *cookie, const char *data, size_t size)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const char *end = data + size;
	const char *at = data;

	while (at < end) {
		const char *line = memchr(at, '\n', end - at);
		size_t len = (line ? line : end) - at;

		buf_printf(&b, "[%d]%.*s\n", (int)getpid(), (int)len, at);
		at += len + (line ? 1 : 0);
	}
	if (b.error || outlet_write(STDERR_FILENO, b.data, b.len) < 0)
		return 0;
	return size;
}

int listen_log_open(const char *path)
{
	const cookie_io_functions_t io = { .write = write_lines };
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	FILE *out, *err;

	if (fd < 0)
		return -errno;
	out = fopencookie(NULL, "w", io);
	err = fopencookie(NULL, "w", io);
	if (!out || !err || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
		return -ENOMEM;
	close(fd);
	setvbuf(out, NULL, _IOLBF, 4096);
	setvbuf(err, NULL, _IOLBF, 4096);
	stdout = out;
	stderr = err;
	logging = true;
	return 0;
}

void listen_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
}

static void make_printable(char *text)
{
	for (; *text; text++) {
		if (*text != '\n' && (*text < ' ' || *text > '~'))
			*text = '?';
	}
}

int listen_complain(int code, struct err *err)
{
	const char *why = strerror(abs(err->code ? err->code : code));

	if (!err->text[0])
		err_set(err, code, "the listener failed: %s", why);
	make_printable(err->text);
	if (!logging)
		return cmd_fail_err(code, err);
	fprintf(stderr, "Error: %s (%s)\n", err->text, why);
	fflush(stderr);
	return abs(code) < 255 ? abs(code) : 255;
}
