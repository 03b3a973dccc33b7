/*
 * formats.c - see formats.h. Layer 5.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event-parse.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "setup/tracefile.h"
#include "state/formats.h"

#define FORMAT_MAX	(16u << 20)	/* bytes of one format */

struct check {
	const char *tracing;
	struct tep_handle *tep;
	struct tep_plugin_list *plugins;
	unsigned int events, failed;
	int error;
};

/* One that failed: @what is "SYSTEM:EVENT". */
static void complain(struct check *c, const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	c->failed++;
}

/* Load @file. False: that was told. */
static bool load(struct check *c, const char *what, const char *file, struct buf *text)
{
	_cleanup_free_ char *path = tracefile_path(c->tracing, "events/%s", file);
	int ret;

	text->cap = FORMAT_MAX;
	ret = path ? io_read_path(path, text) : -ENOMEM;
	/* events of modules and probes may go meanwhile */
	if (ret && ret != -ENOENT)
		complain(c, what, strerror(-ret));
	return !ret;
}

static void parse(struct tep_handle *tep, const char *system, const struct buf *text)
{
	/* libtraceevent takes any for the reason of what it has to say */
	errno = 0;
	tep_parse_event(tep, (char *)text->data, text->len, system);
}

/*
 * Parse once more, for libtraceevent to say what it doesn't like: on stderr, behind the name.
 */
static void explain(struct check *c, const char *system, const struct buf *text)
{
	struct tep_handle *tep = tep_alloc();
	struct tep_plugin_list *plugins = tep && c->plugins ? tep_load_plugins(tep) : NULL;

	if (!tep)
		return;
	fflush(stderr);
	tep_set_loglevel(TEP_LOG_WARNING);
	parse(tep, system, text);
	tep_set_loglevel(TEP_LOG_CRITICAL);
	tep_unload_plugins(plugins, tep);
	tep_free(tep);
}

static void check_event(struct check *c, const char *system, const char *name)
{
	_cleanup_buf_ struct buf text = BUF_INIT, what = BUF_INIT, file = BUF_INIT;
	const struct tep_event *event;

	buf_printf(&what, "%s:%s", system, name);
	buf_printf(&file, "%s/%s/format", system, name);
	if (what.error || file.error) {
		c->error = -ENOMEM;
		return;
	}
	if (!load(c, (char *)what.data, (char *)file.data, &text))
		return;
	c->events++;
	parse(c->tep, system, &text);
	event = tep_find_event_by_name(c->tep, system, name);
	if (event && (!(event->flags & TEP_EVENT_FL_FAILED) || event->handler))
		return;
	complain(c, (char *)what.data, event ? "its format is not understood" :
					       "this is no format of an event");
	/* at these levels libtraceevent has said it before */
	if (log_get_level() < LOG_INFO)
		explain(c, system, &text);
}

/* Directories below @dir that have the file @file, by name. How many; @ret is the caller's. */
static int entries(const char *dir, const char *file, struct dirent ***ret)
{
	struct dirent **all;
	int i, n = scandir(dir, &all, NULL, alphasort), kept = 0;

	for (i = 0; i < n; i++) {
		_cleanup_free_ char *path = tracefile_path(dir, "%s/%s", all[i]->d_name, file);

		if (all[i]->d_name[0] != '.' && path && !access(path, F_OK))
			all[kept++] = all[i];
		else
			free(all[i]);
	}
	if (n < 0)
		return -errno;
	*ret = all;
	return kept;
}

static void check_system(struct check *c, const char *system)
{
	_cleanup_free_ char *dir = tracefile_path(c->tracing, "events/%s", system);
	struct dirent **events;
	int i, n = dir ? entries(dir, "format", &events) : -ENOMEM;

	for (i = 0; i < n; i++) {
		check_event(c, system, events[i]->d_name);
		free(events[i]);
	}
	if (n >= 0)
		free(events);
	else if (n != -ENOENT)
		c->error = n;
}

static void check_all(struct check *c)
{
	_cleanup_free_ char *dir = tracefile_path(c->tracing, "events");
	_cleanup_buf_ struct buf header = BUF_INIT;
	struct dirent **systems;
	int i, n;

	if (load(c, "header_page", "header_page", &header) &&
	    tep_parse_header_page(c->tep, (char *)header.data, header.len, sizeof(long)))
		complain(c, "header_page", "it is not understood");
	n = dir ? entries(dir, "", &systems) : -ENOMEM;
	for (i = 0; i < n; i++) {
		check_system(c, systems[i]->d_name);
		free(systems[i]);
	}
	if (n >= 0)
		free(systems);
	else
		c->error = n;
}

int formats_check(const char *tracing, bool plugins, struct err *err)
{
	struct check c = { .tracing = tracing, .tep = tep_alloc() };

	if (!c.tep)
		return err_set(err, -ENOMEM, "out of memory");
	if (log_get_level() < LOG_INFO)
		tep_set_loglevel(TEP_LOG_CRITICAL);
	if (plugins)
		c.plugins = tep_load_plugins(c.tep);
	check_all(&c);
	tep_unload_plugins(c.plugins, c.tep);
	tep_free(c.tep);
	tep_set_loglevel((enum tep_loglevel)log_get_level());
	if (c.error)
		return err_set(err, c.error, "cannot read the formats of %s/events", tracing);
	if (!c.failed)
		return 0;
	return err_set(err, -EINVAL, "%u of %u formats cannot be parsed", c.failed, c.events);
}
