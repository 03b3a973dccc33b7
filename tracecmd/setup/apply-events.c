/*
 * apply-events.c - events: off, on, with their filters and triggers. See apply.h. Layer 3.
 */
#include <errno.h>
#include <string.h>

#include <tracefs.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "setup/apply.h"
#include "setup/tracefile.h"

/* Is the "SYSTEM:EVENT" @line of set_event really on, not only watched by a trigger? */
static bool event_is_on(struct setup_instance *s, const char *line)
{
	const char *colon = strchr(line, ':');
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *enable = NULL;

	/* ":mod:..." and what we don't know: to be written back as it is */
	if (!colon || colon == line)
		return true;
	path = tracefile_path(s->dir, "events/%.*s/%s/enable", (int)(colon - line), line,
			      colon + 1);
	if (!path || tracefile_read(path, &enable))
		return true;
	return enable[0] != '0';
}

/* The lines of set_event that have to be written to get the same events again. */
static int read_enabled(struct setup_instance *s, const char *path, struct buf *ret)
{
	_cleanup_free_ char *text = NULL;
	char *rest, *line;
	int error;

	error = tracefile_read(path, &text);
	if (error)
		return error;
	for (rest = text; (line = strsep(&rest, "\n"));)
		if (line[0] && event_is_on(s, line))
			buf_printf(ret, "%s%s", ret->len ? "\n" : "", line);
	return buf_add(ret, "", 1);
}

/* Switch off what others have switched on, to be on again afterwards. */
int apply_events_reset(struct setup_instance *s)
{
	_cleanup_free_ char *list = tracefile_path(s->dir, "set_event");
	_cleanup_free_ char *all = tracefile_path(s->dir, "events/enable");
	_cleanup_buf_ struct buf enabled = BUF_INIT;
	int ret;

	if (!list || !all)
		return -ENOMEM;
	/* a new one has none on, and shall not if somebody keeps it from being removed */
	ret = s->created ? buf_add(&enabled, "", 1) : read_enabled(s, list, &enabled);
	if (!ret)
		ret = journal_note(s->journal, list, (const char *)enabled.data);
	s->events_noted = ret == 0;
	if (!ret && enabled.data[0])
		ret = tracefile_write(all, "0", false);
	if (ret && ret != -ENOMEM) {
		log_debug("%s: events stay as they are: %s", s->dir, strerror(-ret));
		ret = 0;
	}
	return ret;
}

/* A failure for one event counts; of many, some may be impossible (locked down) if others work. */
static int switch_target(struct setup_instance *s, const struct event_target *t, const char *value,
			 struct err *err)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *now = NULL;
	int ret;

	if (!t)
		path = tracefile_path(s->dir, "events/enable");
	else if (t->name)
		path = tracefile_path(s->dir, "events/%s/%s/enable", t->system, t->name);
	else
		path = tracefile_path(s->dir, "events/%s/enable", t->system);
	if (!path)
		return err_set(err, -ENOMEM, "no memory");
	/* a file that says "X", some on and some off, can't be noted this way */
	ret = s->events_noted ? tracefile_write(path, value, false) :
				journal_write(s->journal, path, value, NULL);
	if (!ret)
		return 0;
	if ((!t || !t->name) && tracefile_read(path, &now) == 0 && now[0] != '0') {
		log_debug("%s: not for all events: %s", path, strerror(-ret));
		return 0;
	}
	return err_set(err, ret, "cannot switch %s%s%s %s: %s\n%s", t ? t->system : "all events",
		       t && t->name ? ":" : "", t && t->name ? t->name : "",
		       value[0] == '0' ? "off" : "on", strerror(-ret), path);
}

/* One that is to be off may have a filter and triggers all the same. */
static int apply_condition(struct setup_instance *s, const struct event_list *list,
			   const struct event_targets *targets, const struct setup_event *ev,
			   struct err *err)
{
	_cleanup_buf_ struct buf both = BUF_INIT;
	const char *filter = ev->filter;
	int ret = 0;

	/* a kernel without set_event_pid */
	if (s->pid_filter && !ev->disable) {
		buf_printf(&both, filter ? "(%s)&&(%s)" : "%s%s", filter ? filter : "",
			   s->pid_filter);
		if (buf_add(&both, "", 1))
			return err_set(err, -ENOMEM, "no memory");
		filter = (const char *)both.data;
	}
	if (!ev->disable || filter)
		ret = filters_apply(s, list, targets, filter, err);
	if (!ret && ev->trigger)
		ret = apply_triggers(s, list, targets, ev->trigger, err);
	return ret;
}

static int apply_event(struct setup_instance *s, const struct event_list *list,
		       const struct setup_event *ev, bool only_conditions, struct err *err)
{
	_cleanup_event_targets_ struct event_targets targets = { 0 };
	int ret;

	ret = event_list_match(list, ev->name, &targets);
	if (ret)
		return err_set(err, ret, "no memory");
	ret = apply_condition(s, list, &targets, ev, err);
	if (ret || only_conditions)
		return ret;
	if (targets.all)
		return switch_target(s, NULL, ev->disable ? "0" : "1", err);
	for (size_t i = 0; i < targets.count && !ret; i++)
		ret = switch_target(s, &targets.target[i], ev->disable ? "0" : "1", err);
	return ret;
}

/* First all that are to be on, then those to be off. */
static int apply_all(struct setup_instance *s, const struct setup_conf *c, bool only_conditions,
		     struct err *err)
{
	_cleanup_event_list_ struct event_list list = { 0 };
	int ret;

	if (!c->nr_events)
		return 0;
	ret = event_list_read_for(tracefs_tracing_dir(), c->events, c->nr_events, &list);
	if (ret)
		return err_set(err, ret, "cannot read %s/available_events: %s",
			       tracefs_tracing_dir(), strerror(-ret));
	ret = apply_triggers_reset(s, &list, c);
	if (ret)
		return err_set(err, ret, "no memory");
	for (int disable = 0; disable < 2; disable++)
		for (int i = 0; i < c->nr_events && !ret; i++)
			if (c->events[i].disable == disable)
				ret = apply_event(s, &list, &c->events[i], only_conditions, err);
	return ret;
}

int apply_events(struct setup_instance *s, const struct setup_conf *c, struct err *err)
{
	return apply_all(s, c, false, err);
}

int apply_conditions(struct setup_instance *s, const struct setup_conf *c, struct err *err)
{
	return apply_all(s, c, true, err);
}
