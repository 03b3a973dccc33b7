/*
 * apply.c - bring an instance into the state asked for. See setup.h. Layer 3.
 *
 * Most writes make the kernel wait for a grace period (2 to 40 ms each), so
 * everything is read first and only what differs is written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tracefs.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "setup/events.h"
#include "setup/instance.h"
#include "setup/tracefile.h"

/* Write what nobody asked for, so that it may fail where the kernel has it not or locks it. */
static int write_optional(struct setup_instance *s, const char *file, const char *value)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "%s", file);
	int ret;

	if (!path)
		return -ENOMEM;
	ret = journal_write(s->journal, path, value, NULL);
	if (ret && ret != -ENOMEM) {
		log_debug("%s is left as it is: %s", path, strerror(-ret));
		ret = 0;
	}
	return ret;
}

/* Write what was asked for. A failure is described as "@what: reason". */
static int write_asked(struct setup_instance *s, const char *file, const char *value,
		       const char *what, struct err *err)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "%s", file);
	int ret;

	if (!path)
		return err_set(err, -ENOMEM, "no memory");
	ret = journal_write(s->journal, path, value, NULL);
	return ret ? err_set(err, ret, "%s\n%s: %s", what, path, strerror(-ret)) : 0;
}

/* --- reset */

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
static int clear_events(struct setup_instance *s)
{
	_cleanup_free_ char *list = tracefile_path(s->dir, "set_event");
	_cleanup_free_ char *all = tracefile_path(s->dir, "events/enable");
	_cleanup_buf_ struct buf enabled = BUF_INIT;
	int ret;

	if (!list || !all)
		return -ENOMEM;
	ret = read_enabled(s, list, &enabled);
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

/* Functions and stack traces of a tracer we don't use; the files may be locked or missing. */
static int clear_tracer(struct setup_instance *s, const struct setup_conf *c)
{
	int ret;

	ret = write_optional(s, "options/func_stack_trace", "0");
	/* the one asked for is written later: no need to leave it before */
	if (!ret && (!c->tracer || strcmp(c->tracer, "nop") == 0))
		ret = write_optional(s, "current_tracer", "nop");
	if (!ret)
		ret = write_optional(s, "set_ftrace_pid", "");
	if (!ret)
		ret = write_optional(s, "set_event_pid", "");
	return ret;
}

static int reset(struct setup_instance *s, const struct setup_conf *c)
{
	int ret;

	ret = write_optional(s, "tracing_on", "0");
	if (!ret)
		ret = clear_tracer(s, c);
	if (!ret)
		ret = clear_events(s);
	return ret;
}

/* Throw away what was recorded before us. The old content can't be put back. */
static int empty_buffer(struct setup_instance *s)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "trace");
	int ret;

	if (!path)
		return -ENOMEM;
	if (instance_is_empty(s))
		return 0;
	ret = tracefile_write(path, "", false);
	if (ret)
		log_debug("%s can't be emptied: %s", path, strerror(-ret));
	return 0;
}

/* --- filters */

/*
 * Take away the filters that the events of @t have. With @by_system a filter will be written to
 * the whole system: then also events without one are noted if the system's own restore would
 * give them one.
 */
static int clear_filters(struct setup_instance *s, const struct event_list *list,
			 const struct event_target *t, bool by_system)
{
	bool note_all = false;
	int ret = 0;

	if (by_system) {
		_cleanup_free_ char *path = tracefile_path(s->dir, "events/%s/filter", t->system);
		_cleanup_free_ char *text = NULL;

		if (path && tracefile_read(path, &text) == 0)
			note_all = text[0] != '#' && strcmp(text, "none") != 0;
	}
	for (size_t i = t->first; i < t->first + t->count && !ret; i++) {
		_cleanup_free_ char *path = tracefile_path(s->dir, "events/%s/%s/filter",
							   list->id[i].system, list->id[i].name);
		_cleanup_free_ char *text = NULL;

		if (!path)
			return -ENOMEM;
		if (tracefile_read(path, &text))
			continue;
		if (strcmp(text, "none") != 0)
			ret = journal_write(s->journal, path, "0", NULL);
		else if (note_all)
			ret = journal_note(s->journal, path, "0");
	}
	return ret == -ENOMEM ? ret : 0;
}

/*
 * Has any event of the system @t got a filter? Kernels may say that they took a system's filter
 * when no event had use for it.
 */
static bool filter_suits_any(struct setup_instance *s, const struct event_list *list,
			     const struct event_target *t)
{
	for (size_t i = t->first; i < t->first + t->count; i++) {
		_cleanup_free_ char *path = tracefile_path(s->dir, "events/%s/%s/filter",
							   list->id[i].system, list->id[i].name);
		_cleanup_free_ char *text = NULL;

		/* what can't be read has to be believed */
		if (!path || tracefile_read(path, &text))
			return true;
		if (strcmp(text, "none") != 0 && !strstr(text, "parse_error:"))
			return true;
	}
	return false;
}

static int write_filter(struct setup_instance *s, const struct event_list *list,
			const struct event_target *t, const char *filter, struct err *err)
{
	_cleanup_free_ char *dir = NULL;
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *said = NULL;
	int ret;

	dir = t->name ? tracefile_path(s->dir, "events/%s/%s", t->system, t->name) :
			tracefile_path(s->dir, "events/%s", t->system);
	path = dir ? tracefile_path(dir, "filter") : NULL;
	if (!path)
		return err_set(err, -ENOMEM, "no memory");
	ret = journal_write(s->journal, path, filter, NULL);
	if (!ret && !t->name && !filter_suits_any(s, list, t))
		ret = -EINVAL;
	if (!ret)
		return 0;
	said = tracefile_complaint(path, filter);
	return err_set(err, ret, "Failed filter of %s: %s\n%s", dir, strerror(-ret),
		       said ? said : filter);
}

/*
 * Set the filter of one -e. Where a name means several events it need not suit all of them, as it
 * is in the kernel when it is given for a system; then those it doesn't suit have none.
 */
static int apply_filter(struct setup_instance *s, const struct event_list *list,
			const struct event_targets *targets, const char *filter, struct err *err)
{
	struct err first = { 0 };
	size_t suited = 0;

	for (size_t i = 0; i < targets->count; i++) {
		const struct event_target *t = &targets->target[i];
		int ret;

		/* a new instance has no filters */
		if (!s->created || filter) {
			ret = clear_filters(s, list, t, filter && !t->name);
			if (ret)
				return err_set(err, ret, "no memory");
		}
		if (!filter)
			continue;
		ret = write_filter(s, list, t, filter, &first);
		if (ret == -ENOMEM)
			return err_set(err, ret, "no memory");
		suited += ret == 0;
	}
	if (filter && targets->count && !suited)
		return err_set(err, first.code, "%s", first.text);
	return 0;
}

/* --- events */

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

static int apply_event(struct setup_instance *s, const struct event_list *list,
		       const struct setup_event *ev, struct err *err)
{
	_cleanup_event_targets_ struct event_targets targets = { 0 };
	int ret;

	ret = event_list_match(list, ev->name, &targets);
	if (ret)
		return err_set(err, ret, "no memory");
	/* one that is to be off may have a filter all the same */
	if (!ev->disable || ev->filter)
		ret = apply_filter(s, list, &targets, ev->filter, err);
	if (!ret && targets.all)
		return switch_target(s, NULL, ev->disable ? "0" : "1", err);
	for (size_t i = 0; i < targets.count && !ret; i++)
		ret = switch_target(s, &targets.target[i], ev->disable ? "0" : "1", err);
	return ret;
}

/* First all that are to be on, then those to be off. */
static int apply_events(struct setup_instance *s, const struct setup_conf *c, struct err *err)
{
	_cleanup_event_list_ struct event_list list = { 0 };
	int ret;

	if (!c->nr_events)
		return 0;
	ret = event_list_read(tracefs_tracing_dir(), &list);
	if (ret)
		return err_set(err, ret, "cannot read %s/available_events: %s",
			       tracefs_tracing_dir(), strerror(-ret));
	for (int disable = 0; disable < 2; disable++)
		for (int i = 0; i < c->nr_events && !ret; i++)
			if (c->events[i].disable == disable)
				ret = apply_event(s, &list, &c->events[i], err);
	return ret;
}

/* --- clock, size, tracer, options */

/* Also empties the buffer: a new clock does, else it is done here. */
static int apply_clock(struct setup_instance *s, const struct setup_conf *c, struct err *err)
{
	_cleanup_buf_ struct buf what = BUF_INIT;
	int ret;

	if (c->clock) {
		buf_printf(&what, "Clock %s cannot be set", c->clock);
		if (what.error)
			return err_set(err, what.error, "no memory");
		ret = write_asked(s, "trace_clock", c->clock, (char *)what.data, err);
		if (ret)
			return ret;
	}
	ret = empty_buffer(s);
	return ret ? err_set(err, ret, "no memory") : 0;
}

/* CPUs may have buffers of different sizes ("X"): remember each. */
static int remember_sizes(struct setup_instance *s)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "buffer_size_kb");
	_cleanup_free_ char *text = NULL;
	int ret;

	if (!path)
		return -ENOMEM;
	ret = tracefile_read(path, &text);
	if (ret || text[0] != 'X')
		return ret ? ret : journal_remember(s->journal, path);
	ret = instance_learn(s);
	for (int cpu = 0; cpu < s->nr_cpus && !ret; cpu++) {
		_cleanup_free_ char *of_cpu = tracefile_path(s->dir,
							     "per_cpu/cpu%d/buffer_size_kb", cpu);

		ret = of_cpu ? journal_remember(s->journal, of_cpu) : -ENOMEM;
		if (ret == -ENOENT)
			ret = 0;
	}
	return ret;
}

static int apply_size(struct setup_instance *s, const struct setup_conf *c, struct err *err)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "buffer_size_kb");
	_cleanup_free_ char *now = NULL;
	_cleanup_buf_ struct buf kb = BUF_INIT;
	int ret;

	if (c->buffer_kb <= 0)
		return 0;
	if (!path || buf_printf(&kb, "%d", c->buffer_kb))
		return err_set(err, -ENOMEM, "no memory");
	if (tracefile_read(path, &now) == 0 && strcmp(now, (char *)kb.data) == 0)
		return 0;
	ret = remember_sizes(s);
	if (!ret)
		ret = tracefile_write(path, (char *)kb.data, false);
	if (ret)
		return err_set(err, ret, "cannot set the buffer to %d KB per CPU: %s\n%s",
			       c->buffer_kb, strerror(-ret), path);
	return 0;
}

static bool is_latency_tracer(const char *tracer)
{
	static const char *const names[] = {
		"irqsoff", "preemptoff", "preemptirqsoff", "wakeup", "wakeup_rt", "wakeup_dl",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(tracer, names[i]) == 0)
			return true;
	return false;
}

static int apply_tracer(struct setup_instance *s, const struct setup_conf *c, struct err *err)
{
	_cleanup_buf_ struct buf what = BUF_INIT;
	int ret;

	if (!c->tracer || strcmp(c->tracer, "nop") == 0)
		return 0;
	s->latency = is_latency_tracer(c->tracer);
	buf_printf(&what, "Plugin '%s' cannot be used%s%s", c->tracer,
		   s->name[0] ? " in instance " : "", s->name);
	if (what.error)
		return err_set(err, what.error, "no memory");
	ret = write_asked(s, "current_tracer", c->tracer, (char *)what.data, err);
	/* a new worst case is what these look for */
	if (!ret && s->latency)
		ret = write_optional(s, "tracing_max_latency", "0");
	return ret;
}

static bool has_option(struct setup_instance *s, const char *name)
{
	_cleanup_free_ char *path = strchr(name, '/') ? NULL :
							tracefile_path(s->dir, "options/%s", name);

	return path && name[0] && access(path, F_OK) == 0;
}

/* "NAME" or "noNAME"; an option's own name may begin with "no". */
static int apply_option(struct setup_instance *s, const char *option, struct err *err)
{
	const char *name = option, *value = "1";
	_cleanup_buf_ struct buf what = BUF_INIT;
	_cleanup_buf_ struct buf file = BUF_INIT;

	if (strncmp(option, "no", 2) == 0 && !has_option(s, option)) {
		name = option + 2;
		value = "0";
	}
	buf_printf(&what, "Failed to  set ftrace option %s", option);
	buf_printf(&file, "options/%s", name);
	if (what.error || file.error)
		return err_set(err, -ENOMEM, "no memory");
	if (!has_option(s, name))
		return err_set(err, -EINVAL, "%s\nthe file trace_options of the tracing directory lists those of this kernel",
			       (char *)what.data);
	return write_asked(s, (char *)file.data, value, (char *)what.data, err);
}

/* --- all of it */

static int apply(struct setup_instance *s, const struct setup_conf *c, struct err *err)
{
	int ret;

	ret = reset(s, c);
	if (ret)
		return err_set(err, ret, "no memory");
	ret = apply_clock(s, c, err);
	if (!ret)
		ret = apply_events(s, c, err);
	if (!ret)
		ret = apply_size(s, c, err);
	if (!ret)
		ret = apply_tracer(s, c, err);
	for (int i = 0; i < c->options.nr && !ret; i++)
		ret = apply_option(s, c->options.item[i], err);
	if (!ret && instance_learn(s))
		ret = err_set(err, -ENOMEM, "no memory");
	return ret;
}

int setup_apply(const struct setup_conf *c, struct journal *j, struct setup_instance **ret,
		struct err *err)
{
	struct setup_instance *s = NULL;
	int error;

	error = instance_open(c->name, j, &s, err);
	if (error)
		return error;
	error = apply(s, c, err);
	if (error) {
		setup_free(s);
		return error;
	}
	*ret = s;
	return 0;
}
