/*
 * out.c - see out.h. Layer 5.
 */
#include <errno.h>

#include "base/io.h"
#include "dump/out.h"

#define OUT_BLOCK (256u << 10)

static ssize_t out_write(void *cookie, const char *data, size_t len)
{
	struct dump_out *o = cookie;

	/* after a failure the rest is thrown away */
	if (!o->error)
		o->error = io_write_full(o->fd, data, len, DEADLINE_NEVER);
	return len;
}

int dump_out_open(struct dump_out *o, int fd)
{
	const cookie_io_functions_t io = { .write = out_write };

	*o = (struct dump_out){ .fd = fd };
	o->file = fopencookie(o, "w", io);
	if (!o->file)
		return -ENOMEM;
	setvbuf(o->file, NULL, _IOFBF, OUT_BLOCK);
	return 0;
}

int dump_out_close(struct dump_out *o)
{
	if (fclose(o->file) && !o->error)
		o->error = -EIO;
	o->file = NULL;
	return o->error == -EPIPE ? 0 : o->error;
}
