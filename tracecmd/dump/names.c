/*
 * names.c - see names.h. Layer 5.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "dump/formats.h"
#include "dump/names.h"
#include "in/file.h"

/* Part @id of the file @path, in @text, and the file's byte order. 0; -errno. */
static int load(const char *path, unsigned int id, struct buf *text, enum byte_order *order)
{
	_cleanup_(in_file_unrefp) struct in_file *f = NULL;
	struct err err = { 0 };
	struct stat st;
	int ret;

	/* who opens a pipe may wait for ever */
	if (stat(path, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	ret = in_file_open(path, &f, &err);
	if (ret)
		return ret;
	*order = f->head.order;
	return in_file_load(f, id, text, &err);
}

struct events {
	names_event_fn each;
	void *data;
	const char *system;
};

static int on_system(void *data, const char *name, uint32_t events)
{
	struct events *e = data;

	e->system = name;
	return 0;
}

static int on_event(void *data, const char *text, size_t len)
{
	const struct events *e = data;
	_cleanup_free_ char *format = strndup(text, len), *name = NULL;

	if (!format)
		return -ENOMEM;
	if (strncmp(format, "name: ", 6))
		return 0;
	name = strndup(format + 6, strcspn(format + 6, "\n"));
	return name ? e->each(e->data, e->system, name, format) : -ENOMEM;
}

int names_events(const char *path, names_event_fn each, void *data)
{
	struct events e = { .each = each, .data = data };
	const struct formats_visitor v = { .system = on_system, .event = on_event, .data = &e };
	_cleanup_buf_ struct buf text = BUF_INIT;
	enum byte_order order;
	struct cursor c;
	int ret = load(path, DAT_EVENT_FORMATS, &text, &order);

	if (ret)
		return ret;
	c = cursor_over(text.data, text.len, order);
	ret = formats_walk(&c, true, &v);
	return ret < 0 ? ret : 0;
}

int names_tasks(const char *path, int (*each)(void *data, int pid, const char *comm), void *data)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_free_ char *list = NULL;
	enum byte_order order;
	char *line, *next;
	struct cursor c;
	uint64_t size;
	int ret = load(path, DAT_CMDLINES, &text, &order);

	if (ret)
		return ret;
	c = cursor_over(text.data, text.len, order);
	size = cursor_u64(&c);
	if (c.failed || size > cursor_left(&c))
		return -EBADMSG;
	list = strndup(cursor_bytes(&c, size), size);
	if (!list)
		return -ENOMEM;
	/* "PID NAME" */
	for (line = list; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (strchr(line, ' ') && each(data, strtol(line, NULL, 10), strchr(line, ' ') + 1))
			break;
	}
	return 0;
}
