/*
 * message.c - see message.h. Layer 6.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "message.h"

static ssize_t (*write_by)(int fd, const void *data, size_t len) = write;

void message_write_by(ssize_t (*fn)(int fd, const void *data, size_t len))
{
	write_by = fn;
}

/* One write, so that the messages of several processes don't mix. */
static void message_print(int code, const char *fmt, va_list ap)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT;
	char text[ERR_TEXT_MAX];
	const char *at = text;
	size_t len;

	vsnprintf(text, sizeof(text), fmt, ap);
	if (code)
		buf_printf(&b, "trace-cmd: %s\n", strerror(abs(code)));
	/* each line two blanks in */
	while (*at) {
		len = strcspn(at, "\n");
		buf_printf(&b, "  %.*s\n", (int)len, at);
		at += len + (at[len] == '\n');
	}
	fflush(stdout);
	(void)!write_by(STDERR_FILENO, b.data, b.len);
}

int cmd_fail(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message_print(code, fmt, ap);
	va_end(ap);
	return code && abs(code) < 255 ? abs(code) : 255;
}

int cmd_fail_err(int code, const struct err *err)
{
	if (err->text[0])
		return cmd_fail(err->code, "%s", err->text);
	return cmd_fail(code, "the command failed without a message");
}

void cmd_warn(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message_print(code, fmt, ap);
	va_end(ap);
}

void cmd_warn_err(int code, const struct err *err)
{
	cmd_warn(err->text[0] ? err->code : code, "%s", err->text[0] ? err->text : "no details");
}

void tell_cpu_data(int cpu, uint64_t offset, uint64_t size, const uint64_t *raw_size)
{
	fprintf(stderr, "CPU%d data recorded at offset=0x%" PRIx64 "\n    %" PRIu64 " bytes in size",
		cpu, offset, size);
	if (raw_size)
		fprintf(stderr, " (%" PRIu64 " uncompressed)", *raw_size);
	fputc('\n', stderr);
}
