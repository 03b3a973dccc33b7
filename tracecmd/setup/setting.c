/*
 * setting.c - see setting.h. Layer 3.
 */
#include <stdlib.h>
#include <string.h>

#include "setup/tracefile.h"
#include "setup/setting.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Cut @text down to the @len bytes at @from. */
static void keep_only(char *text, const char *from, size_t len)
{
	memmove(text, from, len);
	text[len] = '\0';
}

/* Turn what reading the file @path gave into what has to be written to get it back. */
static void to_value(const char *path, char *text)
{
	const char *name = base_name(path);
	char *from;

	if (strcmp(name, "trace_clock") == 0) {
		/* "local [global] counter" */
		from = strchr(text, '[');
		if (from)
			keep_only(text, from + 1, strcspn(from + 1, "]"));
	} else if (strcmp(name, "buffer_size_kb") == 0) {
		/* "7 (expanded: 1408)": will have that size once it is used */
		from = strstr(text, "expanded: ");
		if (from)
			keep_only(text, from + 10, strspn(from + 10, "0123456789"));
	} else if (strcmp(name, "filter") == 0) {
		/* a system's says "### global filter ###"; a rejected one is shown, not used */
		if (strcmp(text, "none") == 0 || text[0] == '#' || strstr(text, "parse_error:"))
			keep_only(text, "0", 1);
	} else if (strcmp(name, "enable") == 0) {
		/* "1*": a trigger has a share in it */
		keep_only(text, text, strspn(text, "01X"));
	} else if (strcmp(text, "no pid") == 0) {
		text[0] = '\0';
	}
}

/* Is @path ".../events/SYSTEM/filter"? */
static bool is_system_filter(const char *path)
{
	const char *end = base_name(path);

	if (strcmp(end, "filter") != 0 || end == path)
		return false;
	for (end--; end > path && end[-1] != '/'; end--)
		;
	return end - path >= 8 && strncmp(end - 8, "/events/", 8) == 0;
}

/* A list of pids, which when empty may mean all tasks or none (all that it named have ended). */
static bool is_pid_list(const char *path)
{
	size_t len = strlen(path);

	return len > 4 && strcmp(path + len - 4, "_pid") == 0;
}

/*
 * May writing the value that @path shows by its content @text change something? A system's
 * filter doesn't tell what its events have, a rejected one is shown until another is written,
 * and a list of pids that have all ended lets nobody be traced, but looks as if there was none.
 */
static bool is_unclean(const char *path, const char *text)
{
	if (!text[0] && is_pid_list(path))
		return true;
	return strstr(text, "parse_error:") || is_system_filter(path) ||
	       (strcmp(base_name(path), "set_event_pid") == 0 && !text[0]) ||
	       (strcmp(base_name(path), "buffer_size_kb") == 0 && strstr(text, "expanded"));
}

int setting_read(const char *path, char **ret_value, bool *ret_clean)
{
	char *text = NULL;
	int ret;

	ret = tracefile_read(path, &text);
	if (ret)
		return ret;
	*ret_clean = !is_unclean(path, text);
	to_value(path, text);
	*ret_value = text;
	return 0;
}
