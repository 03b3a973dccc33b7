/*
 * message.c - see message.h. Layer 6.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

/* One write, so that the messages of several processes don't mix. */
static void message_print(int code, const char *fmt, va_list ap)
{
	char text[ERR_TEXT_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	fflush(stdout);
	if (code)
		fprintf(stderr, "trace-cmd: %s\n  %s\n", strerror(abs(code)), text);
	else
		fprintf(stderr, "  %s\n", text);
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
