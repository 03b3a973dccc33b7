/*
 * functions.c - see functions.h. Layer 3.
 *
 * Writing instead of appending empties what the kernel has of functions, but not of commands:
 * these are taken away by "!FUNCTION:COMMAND", and those with a count only if some count is told
 * then, too. The newest command of a function is shown first.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/strlist.h"
#include "setup/functions.h"
#include "setup/tracefile.h"

#define WRITE_MS	60000

static const char unlimited[] = ":unlimited", count[] = ":count=";

/* "NAME", "NAME:mod:MODULE", but not "NAME:COMMAND..." */
static bool is_command(const char *item)
{
	const char *colon = strchr(item, ':');

	return colon && strncmp(colon, ":mod:", 5) != 0;
}

/* Add @line of the file to @list as it has to be written. 0; -ENOMEM. */
static int add_line(struct strlist *list, const char *line)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const char *module = strstr(line, " [");
	const char *at = strstr(line, count);
	size_t len = strlen(line);

	if (is_command(line) && len > strlen(unlimited) &&
	    strcmp(line + len - strlen(unlimited), unlimited) == 0)
		buf_printf(&b, "%.*s", (int)(len - strlen(unlimited)), line);
	else if (is_command(line) && at)
		buf_printf(&b, "%.*s:%s", (int)(at - line), line, at + strlen(count));
	else if (module && line[len - 1] == ']')
		buf_printf(&b, "%.*s:mod:%.*s", (int)(module - line), line,
			   (int)(line + len - 1 - module - 2), module + 2);
	else
		buf_add_str(&b, line);
	return buf_add(&b, "", 1) ? -ENOMEM : strlist_add(list, (const char *)b.data);
}

/* In the order of the file. 0; -errno. */
static int read_list(const char *path, struct strlist *functions, struct strlist *commands)
{
	_cleanup_free_ char *text = NULL;
	char *rest, *line;
	int error;

	error = tracefile_read(path, &text);
	if (error)
		return error;
	for (rest = text; (line = strsep(&rest, "\n")) && !error;)
		if (line[0] && line[0] != '#')
			error = add_line(is_command(line) ? commands : functions, line);
	return error;
}

/* The lines of @text, taken apart. 0; -ENOMEM. */
static int split(const char *text, struct strlist *functions, struct strlist *commands)
{
	_cleanup_free_ char *lines = strdup(text);
	char *rest = lines, *line;
	int error = lines ? 0 : -ENOMEM;

	while (!error && (line = strsep(&rest, "\n")))
		if (line[0])
			error = strlist_add(is_command(line) ? commands : functions, line);
	return error;
}

int functions_read(const char *path, char **ret)
{
	_cleanup_(strlist_release) struct strlist functions = { 0 }, commands = { 0 };
	_cleanup_buf_ struct buf b = BUF_INIT;
	int error = read_list(path, &functions, &commands);

	for (int i = 0; i < functions.nr && !error; i++)
		error = buf_printf(&b, "%s%s", b.len ? "\n" : "", functions.item[i]);
	for (int i = commands.nr; i-- > 0 && !error;)
		error = buf_printf(&b, "%s%s", b.len ? "\n" : "", commands.item[i]);
	if (error)
		return error;
	*ret = buf_take_str(&b);
	return *ret ? 0 : -ENOMEM;
}

int functions_write(const char *path, char *const *names, int nr, bool append,
		    const char **ret_bad)
{
	_cleanup_close_ int fd = -1;
	int ret = 0, error;

	fd = open(path, O_WRONLY | O_CLOEXEC | (append ? O_APPEND : O_TRUNC));
	if (fd < 0)
		return -errno;
	for (int i = 0; i < nr; i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;

		/* without the newline the kernel would find a mistake only when the file is closed */
		if (buf_printf(&b, "%s\n", names[i]))
			return b.error;
		error = io_write_full(fd, b.data, b.len, deadline_in_ms(WRITE_MS));
		if (error && !ret && ret_bad)
			*ret_bad = names[i];
		ret = ret ? ret : error;
	}
	return ret;
}

static bool has(const struct strlist *l, const char *item)
{
	for (int i = 0; i < l->nr; i++)
		if (strcmp(l->item[i], item) == 0)
			return true;
	return false;
}

static bool is_same(const struct strlist *a, const struct strlist *b)
{
	for (int i = 0; i < a->nr && i < b->nr; i++)
		if (strcmp(a->item[i], b->item[i]) != 0)
			return false;
	return a->nr == b->nr;
}

/* Take away the commands of @now that are not in @want, add those missing. */
static int set_commands(const char *path, const struct strlist *now, const struct strlist *want)
{
	int ret = 0, error;

	for (int i = 0; i < now->nr; i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		char *item;

		if (has(want, now->item[i]))
			continue;
		if (buf_printf(&b, "!%s", now->item[i]) || buf_add(&b, "", 1))
			return -ENOMEM;
		item = (char *)b.data;
		error = functions_write(path, &item, 1, true, NULL);
		ret = ret ? ret : error;
	}
	for (int i = 0; i < want->nr; i++) {
		if (has(now, want->item[i]))
			continue;
		error = functions_write(path, &want->item[i], 1, true, NULL);
		ret = ret ? ret : error;
	}
	return ret;
}

int functions_set(const char *path, const char *text)
{
	_cleanup_(strlist_release) struct strlist functions = { 0 }, commands = { 0 };
	_cleanup_(strlist_release) struct strlist want = { 0 }, want_commands = { 0 };
	int ret, error = 0;

	ret = read_list(path, &functions, &commands);
	if (!ret)
		ret = split(text, &want, &want_commands);
	if (ret)
		return ret;
	if (!is_same(&functions, &want))
		error = functions_write(path, want.item, want.nr, false, NULL);
	ret = set_commands(path, &commands, &want_commands);
	return error ? error : ret;
}
