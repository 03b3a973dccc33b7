/*
 * machine.c - options about the machine that recorded: see out.h. Layer 2.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "out/out.h"
#include "wire/dat.h"

int out_option_buf(struct out_file *o, unsigned int id, struct buf *b)
{
	int ret = b->error ? b->error : out_option(o, id, b->data, b->len);

	buf_release(b);
	return ret;
}

int out_option_text(struct out_file *o, unsigned int id, const char *text)
{
	return out_option(o, id, text, strlen(text) + 1);
}

int out_option_clock(struct out_file *o, const char *dir, const char *clock)
{
	_cleanup_free_ char *path = NULL;
	struct buf b = BUF_INIT;

	if (asprintf(&path, "%s/trace_clock", dir) < 0)
		return -ENOMEM;
	if (io_read_path(path, &b) || !b.len) {
		buf_reset(&b);
		buf_printf(&b, "[%s]\n", clock);
	}
	buf_add(&b, "", 1);
	return out_option_buf(o, DAT_TRACECLOCK, &b);
}

int out_option_machine(struct out_file *o)
{
	struct utsname u;
	char text[5 * sizeof(u.sysname)];
	int ret;

	if (uname(&u))
		return -errno;
	snprintf(text, sizeof(text), "%s %s %s %s", u.sysname, u.nodename, u.release, u.machine);
	ret = out_option_text(o, DAT_UNAME, text);
	return ret ? ret : out_option_text(o, DAT_VERSION, VERSION " host/guest");
}
