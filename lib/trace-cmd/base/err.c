/*
 * err.c - see err.h. Layer 0.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err || err->text[0])
		return code;
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return code;
}

int err_prefix(struct err *err, int code, const char *fmt, ...)
{
	char said[ERR_TEXT_MAX];
	va_list ap;
	int n;

	if (!err)
		return code;
	snprintf(said, sizeof(said), "%s", err->text[0] ? err->text : strerror(-code));
	err->code = code;
	va_start(ap, fmt);
	n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	if (n >= 0 && n < (int)sizeof(err->text))
		snprintf(err->text + n, sizeof(err->text) - n, ": %s", said);
	return code;
}

void err_clear(struct err *err)
{
	if (err)
		*err = (struct err){ 0 };
}
