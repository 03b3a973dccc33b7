/*
 * text.c - see text.h. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "session/text.h"

struct text_source {
	struct out_source source;	/* first: it is given back to us */
	int fd;
};

/* The next of it: short reads are the rule in tracefs, and no end. */
static ssize_t text_next(struct out_source *source, void *data, size_t size,
			 struct out_range *ret_range)
{
	struct text_source *s = (struct text_source *)source;
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(s->fd, (char *)data + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += n;
	}
	return len;
}

int text_put(struct out_file *o, const struct note_instance *in, struct err *err)
{
	struct text_source s = { .source.next = text_next, .fd = -1 };
	_cleanup_free_ char *path = NULL;
	int ret;

	if (asprintf(&path, "%s/trace", in->dir) < 0)
		return -ENOMEM;
	s.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (s.fd < 0)
		return err_set(err, -errno, "cannot read the tracer's text in '%s'", path);
	ret = out_text(o, in->name, in->clock[0] ? in->clock : "local", &s.source, err);
	close(s.fd);
	return ret;
}
