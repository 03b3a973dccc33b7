/*
 * triggers.c - see triggers.h. Layer 3.
 *
 * The kernel shows the newest trigger first, but the newest histogram last, and not as they
 * were written: a count as ":count=N", its absence as ":unlimited", the state of a histogram
 * behind it. One write sets one trigger; "!TRIGGER" takes it away. What a histogram holds is lost
 * with it.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/strlist.h"
#include "setup/tracefile.h"
#include "setup/triggers.h"

static bool is_histogram(const char *trigger)
{
	return strncmp(trigger, "hist:", 5) == 0;
}

/* Add @line of the file to @b as it has to be written. */
static int put_trigger(struct buf *b, const char *line)
{
	static const char active[] = " [active]", paused[] = " [paused]";
	static const char unlimited[] = ":unlimited", count[] = ":count=";
	size_t len = strlen(line);
	bool is_paused = false;
	const char *cond, *at;

	if (len >= strlen(active) && strcmp(line + len - strlen(active), active) == 0) {
		len -= strlen(active);
	} else if (len >= strlen(paused) && strcmp(line + len - strlen(paused), paused) == 0) {
		len -= strlen(paused);
		is_paused = true;
	}
	cond = strstr(line, " if ");
	if (!cond || cond > line + len)
		cond = line + len;
	at = !is_histogram(line) ? strstr(line, unlimited) : NULL;
	if (at && at + strlen(unlimited) == cond)
		return buf_printf(b, "%.*s%.*s", (int)(at - line), line,
				  (int)(line + len - cond), cond);
	at = !is_histogram(line) ? strstr(line, count) : NULL;
	if (at && at < cond)
		return buf_printf(b, "%.*s:%.*s", (int)(at - line), line,
				  (int)(line + len - at - strlen(count)), at + strlen(count));
	return buf_printf(b, "%.*s%s%.*s", (int)(cond - line), line, is_paused ? ":pause" : "",
			  (int)(line + len - cond), cond);
}

/* The triggers of the file as they have to be written, in its order. 0; -errno. */
static int read_list(const char *path, struct strlist *ret)
{
	_cleanup_free_ char *text = NULL;
	char *rest, *line;
	int error;

	error = tracefile_read(path, &text);
	if (error)
		return error;
	for (rest = text; (line = strsep(&rest, "\n")) && !error;) {
		_cleanup_buf_ struct buf b = BUF_INIT;

		if (!line[0] || line[0] == '#')
			continue;
		error = put_trigger(&b, line);
		if (!error)
			error = buf_add(&b, "", 1);
		if (!error)
			error = strlist_add(ret, (const char *)b.data);
	}
	return error;
}

int triggers_read(const char *path, char **ret)
{
	_cleanup_(strlist_release) struct strlist list = { 0 };
	_cleanup_buf_ struct buf b = BUF_INIT;
	int error = read_list(path, &list);

	for (int i = list.nr; i-- > 0 && !error;)
		if (!is_histogram(list.item[i]))
			error = buf_printf(&b, "%s%s", b.len ? "\n" : "", list.item[i]);
	for (int i = 0; i < list.nr && !error; i++)
		if (is_histogram(list.item[i]))
			error = buf_printf(&b, "%s%s", b.len ? "\n" : "", list.item[i]);
	if (error)
		return error;
	*ret = buf_take_str(&b);
	return *ret ? 0 : -ENOMEM;
}

int triggers_add(const char *path, const char *trigger)
{
	return tracefile_write(path, trigger, true);
}

/* One that another one needs can be taken away only after that: as long as any goes. */
static int clear(const char *path)
{
	int nr = -1, ret;

	for (;;) {
		_cleanup_(strlist_release) struct strlist list = { 0 };
		int error = 0;

		ret = read_list(path, &list);
		if (ret || !list.nr)
			return ret;
		for (int i = 0; i < list.nr; i++) {
			_cleanup_buf_ struct buf b = BUF_INIT;

			if (buf_printf(&b, "!%s", list.item[i]) || buf_add(&b, "", 1))
				return -ENOMEM;
			ret = tracefile_write(path, (const char *)b.data, true);
			error = error ? error : ret;
		}
		if (nr >= 0 && list.nr >= nr)
			return error ? error : -EBUSY;
		nr = list.nr;
	}
}

int triggers_set(const char *path, const char *text)
{
	_cleanup_free_ char *now = NULL;
	_cleanup_free_ char *lines = strdup(text);
	char *rest = lines, *line;
	int ret, error;

	if (!lines)
		return -ENOMEM;
	ret = triggers_read(path, &now);
	if (ret || strcmp(now, text) == 0)
		return ret;
	ret = clear(path);
	while ((line = strsep(&rest, "\n"))) {
		error = line[0] ? triggers_add(path, line) : 0;
		ret = ret ? ret : error;
	}
	return ret;
}
