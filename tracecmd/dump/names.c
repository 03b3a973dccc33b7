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

static void unref(struct in_file **f)
{
	in_file_unref(*f);
}

/* Part @id of the file @path, in @text, and the file's byte order. 0; -errno. */
static int load(const char *path, unsigned int id, struct buf *text, enum byte_order *order)
{
	_cleanup_(unref) struct in_file *f = NULL;
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
	/* of the caller; or, for one event, what it is called and its format */
	int (*each)(void *data, const char *system, const char *event);
	void *data;
	const char *wanted;
	char *format;
	const char *system;
};

static int on_system(void *data, const char *name, uint32_t events)
{
	struct events *e = data;

	e->system = name;
	return 0;
}

/* The heap string "EVENT" out of a format; NULL: it has none. */
static char *name_of(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);

	if (len <= 6 || memcmp(text, "name: ", 6))
		return NULL;
	return strndup(text + 6, (end ? (size_t)(end - text) : len) - 6);
}

static bool is_wanted(const struct events *e, const char *event)
{
	const char *colon = strchr(e->wanted, ':');

	if (!colon)
		return !strcmp(event, e->wanted);
	return !strcmp(event, colon + 1) && strlen(e->system) == (size_t)(colon - e->wanted) &&
	       !strncmp(e->system, e->wanted, colon - e->wanted);
}

static int on_event(void *data, const char *text, size_t len)
{
	_cleanup_free_ char *name = name_of(text, len);
	struct events *e = data;

	if (!name)
		return 0;
	if (e->each)
		return e->each(e->data, e->system, name);
	if (!is_wanted(e, name))
		return 0;
	e->format = strndup(text, len);
	return 1;
}

static int walk(const char *path, struct events *e)
{
	const struct formats_visitor v = { .system = on_system, .event = on_event, .data = e };
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

int names_events(const char *path, int (*each)(void *data, const char *system, const char *event),
		 void *data)
{
	struct events e = { .each = each, .data = data };

	return walk(path, &e);
}

int names_format(const char *path, const char *event, char **ret)
{
	struct events e = { .wanted = event };
	int r = walk(path, &e);

	if (!e.format)
		return r ? r : -ENOENT;
	*ret = e.format;
	return 0;
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
