/*
 * tracefile.c - see tracefile.h. Layer 3.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "setup/tracefile.h"

/* set_event of a kernel with all events on holds 60 KB, saved filters less */
#define MAX_CONTENT	(4 * 1024 * 1024)
#define WRITE_MS	60000
/* how much of a rejected value must be found in error_log to take the entry for ours */
#define COMPLAINT_MATCH	100

char *tracefile_path(const char *dir, const char *fmt, ...)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char file[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(file, sizeof(file), fmt, ap);
	va_end(ap);
	if (n < 0 || n >= (int)sizeof(file))
		return NULL;
	buf_printf(&b, "%s/%s", dir, file);
	return buf_take_str(&b);
}

int tracefile_read(const char *path, char **ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_buf_ struct buf b = BUF_INIT;
	char part[4096];
	ssize_t n;

	if (fd < 0)
		return -errno;
	b.cap = MAX_CONTENT;
	/* small steps: most of these files hold a word, and there may be thousands */
	while ((n = read(fd, part, sizeof(part))) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && buf_add(&b, part, n))
			return b.error;
	}
	if (b.len && b.data[b.len - 1] == '\n')
		b.len--;
	*ret = buf_take_str(&b);
	return *ret ? 0 : -ENOMEM;
}

int tracefile_write(const char *path, const char *value, bool append)
{
	_cleanup_close_ int fd = -1;

	fd = open(path, O_WRONLY | O_CLOEXEC | (append ? O_APPEND : O_TRUNC));
	if (fd < 0)
		return -errno;
	/* lists take one word per write() and say so by a short count: goes on with the rest */
	return value[0] ? io_write_full(fd, value, strlen(value), deadline_in_ms(WRITE_MS)) : 0;
}

/* The last entry of an error_log: from the last line that begins with "[" on. */
static char *last_entry(char *log)
{
	char *entry = log[0] == '[' ? log : NULL;

	for (char *nl = strstr(log, "\n["); nl; nl = strstr(nl + 1, "\n["))
		entry = nl + 1;
	return entry;
}

char *tracefile_complaint(const char *path, const char *value)
{
	_cleanup_free_ char *dir = strdup(path);
	char *slash;

	/* each instance has its log; that of older kernels is only in the top directory */
	while (dir && (slash = strrchr(dir, '/')) && slash != dir) {
		_cleanup_free_ char *log_path = NULL;
		_cleanup_free_ char *log = NULL;
		char *entry, start[COMPLAINT_MATCH + 1];

		*slash = '\0';
		log_path = tracefile_path(dir, "error_log");
		if (!log_path || tracefile_read(log_path, &log))
			continue;
		snprintf(start, sizeof(start), "%s", value);
		entry = last_entry(log);
		if (entry && strstr(entry, start))
			return strdup(entry);
	}
	return NULL;
}
